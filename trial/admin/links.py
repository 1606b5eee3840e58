"""Addresses of admin pages."""

from django.apps import apps
from django.urls import reverse

from trial.models import Tracked
from trial.registry import Blocker


def blocker_url(blocker: Blocker, participant: int) -> str:
    """The page that opens the way: the form in the way, or a new one for the participant."""
    name = apps.get_model(blocker.form)._meta.label_lower.replace(".", "_")
    if blocker.object_pk is not None:
        return reverse(f"admin:{name}_change", args=[blocker.object_pk])
    return f"{reverse(f'admin:{name}_add')}?participant={participant}"


def change_url(row: Tracked) -> str:
    return reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
