"""The demo study: its people, its setup, and eight participants, all by the write path."""

from config.demo.people import LOGINS

__all__ = ["LOGINS"]
