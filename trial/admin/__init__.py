"""Admin pages of the study, its people and its participants."""

from trial.admin import accounts, participants, protocol, reminders

__all__ = ["accounts", "participants", "protocol", "reminders"]
