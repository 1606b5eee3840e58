from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from crf.lab_import import NEEDED, OPTIONAL, import_samples
from trial.models import User


class Command(BaseCommand):
    help = (
        "Import lab samples from a CSV file (UTF-8, one row per result, all or nothing). "
        f"Columns: {', '.join(NEEDED)}; optional: {', '.join(OPTIONAL)}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", required=True, help="user name the history will show")
        parser.add_argument("--dry-run", action="store_true", help="check only, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["by"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['by']}; give a user name of this study.")
        path: Path = options["file"]
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                report = import_samples(file, by=user, source=path.name, dry=options["dry_run"])
        except OSError as problem:
            raise CommandError(f"{path}: {problem.strerror}.") from None
        except UnicodeDecodeError:
            raise CommandError(f"{path} is not UTF-8 text; save it as CSV UTF-8.") from None
        except PermissionDenied as problem:
            raise CommandError(str(problem)) from None
        for rejection in report.rejections:
            self.stderr.write(str(rejection))
        self.stdout.write(str(report))
        if report.rejections:
            raise CommandError("Nothing was imported. Correct the lines above and run it again.")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was written.")
