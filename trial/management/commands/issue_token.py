from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from knox.models import AuthToken

from trial.models import User

LONGEST = 365


class Command(BaseCommand):
    """Print a new API token of a person; it is shown this once, only its digest is kept."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--days", type=int, default=30, help=f"1 to {LONGEST}, default 30")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if not 1 <= days <= LONGEST:
            raise CommandError(f"--days is {days}; it must be 1 to {LONGEST}.")
        user = User.objects.filter(username__iexact=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user named {options['username']}.")
        _row, token = AuthToken.objects.create(user, expiry=timedelta(days=days))
        self.stdout.write(token)
