"""Runs the local mail sink until it is stopped."""

import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config import mail_sink


class Command(BaseCommand):
    help = "Receives mail on this machine and keeps it as .eml files (started by `up`)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8025)
        parser.add_argument("--folder", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        stop = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, stop)  # before the server's thread starts
        server = mail_sink.controller(options["folder"], "127.0.0.1", options["port"])
        server.start()
        self.stdout.write(f"Mail sink on 127.0.0.1:{options['port']}, folder {options['folder']}.")
        signal.sigwait(stop)
        server.stop()
