import os
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from trial.models import User
from trial.roles import Role, System


class Command(BaseCommand):
    help = (
        "Make the first account of an installation, a system administrator. Whoever runs this "
        "vouches for the person's identity and training; both are dated today. The password is "
        "asked for, or read from BOOTSTRAP_PASSWORD."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", required=True)
        parser.add_argument("--full-name", required=True, help="as printed beside a signature")
        parser.add_argument("--language", default="en", choices=dict(settings.LANGUAGES))

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError(
                "There are accounts already. Ask a system administrator of this installation "
                "for one; this command makes the first only."
            )
        today = timezone.localdate()
        user = User(
            username=options["username"],
            full_name=options["full_name"],
            email=options["email"],
            language=options["language"],
            role=Role.ADMINISTRATOR,
            identity_verified_on=today,
            trained_on=today,
        )
        try:
            user.set_password(self._password(user))
            user.write(by=System("bootstrap_admin"), reason="First account of the installation")
        except ValidationError as problem:
            raise CommandError(" ".join(self._sentences(problem))) from None
        self.stdout.write(f"{user.username} can log in now and make the other accounts.")

    def _password(self, user: User) -> str:
        """From the environment, or typed twice. Raises ValidationError, CommandError."""
        password = os.environ.get("BOOTSTRAP_PASSWORD", "")
        if not password:
            password = getpass("Password: ")
            if getpass("Password again: ") != password:
                raise CommandError("The two passwords differ. Run the command again.")
        validate_password(password, user)
        return password

    def _sentences(self, problem: ValidationError) -> list[str]:
        if not hasattr(problem, "error_dict"):
            return problem.messages
        return [f"{name}: {' '.join(said)}" for name, said in problem.message_dict.items()]
