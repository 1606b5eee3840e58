from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.demo.load import NotEmptyError, load


class Command(BaseCommand):
    help = "Load the demo study into an empty database; where it is already, nothing happens."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = load(self.say)
        except NotEmptyError as found:
            raise CommandError(
                f"This database is in use ({found}) and not for a demo. "
                "Load the demo into an empty one: set DATABASE_URL or DATA_DIR."
            ) from None
        self.say("Demo study loaded." if loaded else "The demo study is already there.")

    def say(self, line: str) -> None:
        """At once, also when the output is a pipe."""
        self.stdout.write(line)
        self.stdout.flush()
