"""Saving one CRF: ours (rights, checks, gates, history) against the plain Django way.

Baseline in the same run, alternating: the same columns as a plain model with
django-simple-history, saved with `full_clean()` and `save()`. Prints medians and the ratio.
SQLite in memory, so that the disk does not hide the program.
"""

import os
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
os.environ["DATABASE_URL"] = "sqlite://:memory:"

import django

django.setup()

from django.core.management import call_command
from django.db import connection, models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from crf.models import Screening
from tests import factories as f
from trial.models import Participant, Visit

ROUNDS = 300


def plain_model() -> type[models.Model]:
    """Screening's columns and constraints without `Tracked`."""
    columns = {
        field.name: field.clone()
        for field in Screening._meta.concrete_fields
        if not (field.is_relation or field.primary_key or field.name == "absent")
    }

    class Meta:
        app_label = "crf"
        constraints = [
            c for c in Screening._meta.constraints if isinstance(c, models.CheckConstraint)
        ]

    parents = {
        "participant": models.ForeignKey(Participant, models.PROTECT, related_name="+"),
        "visit": models.ForeignKey(Visit, models.PROTECT, related_name="+", null=True, blank=True),
        "history": HistoricalRecords(),
    }
    return type(
        "PlainScreening",
        (models.Model,),
        {"__module__": "crf.models", "Meta": Meta, **columns, **parents},
    )


def main() -> None:
    Plain = plain_model()  # noqa: N806
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Plain)
        editor.create_model(Plain.history.model)
    f.make_study()
    site, version = f.make_site(), f.make_protocol()
    by = f.make_user(f.Role.COORDINATOR, site)
    person = f.register(by, site, version)
    f.consent(person, by, timezone.localdate())
    answers = {"haemodynamically_stable": "Y", "csf_given": "N", "gilbert": "N", "height_cm": 165}

    def ours() -> None:
        Screening(participant=person, visit=None, **answers).write(by=by)

    def plain() -> None:
        row = Plain(participant=person, visit=None, changed_at=timezone.now(), **answers)
        row.full_clean()
        row.save()

    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(ROUNDS):
        for name, save in (("ours", ours), ("plain", plain)):
            began = perf_counter()
            save()
            times[name].append(perf_counter() - began)
    pairs = [a / b for a, b in zip(times["ours"], times["plain"], strict=True)]
    print(f"plain django-simple-history  {median(times['plain']) * 1000:6.2f} ms")
    print(f"ours                         {median(times['ours']) * 1000:6.2f} ms")
    print(f"ratio, median of pairs       {median(pairs):6.2f}")


if __name__ == "__main__":
    main()
