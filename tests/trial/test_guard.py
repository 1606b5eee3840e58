"""No statement of this program changes a tracked table past the write path (AUD-01, AUD-05)."""

from datetime import timedelta

import pytest
from django.db import connection, models, transaction
from django.utils import timezone

from crf.models import Screening
from tests import factories as f
from trial.models import Tracked
from trial.models.guard import tracked_tables, tracked_tables_open
from trial.querysets import UntracedWrite

TABLE = Screening._meta.db_table
HISTORY = Screening.history.model._meta.db_table


@pytest.fixture
def screening(participant, coordinator):
    f.consent(participant, coordinator, timezone.localdate() - timedelta(days=2))
    row = Screening(participant=participant, gilbert="N")
    row.write(by=coordinator)
    return row


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "write",
    [
        lambda row: row.save_base(),
        lambda row: models.QuerySet(Screening).update(gilbert="Y"),
        lambda row: models.QuerySet(Screening).bulk_update([row], ["gilbert"]),
        lambda row: models.QuerySet(Screening).bulk_create([Screening(participant_id=1)]),
        lambda row: Screening._base_manager.update(gilbert="Y"),
        lambda row: models.QuerySet(Screening).delete(),
        lambda row: models.QuerySet(Screening)._raw_delete("default"),
        lambda row: row.history.all().delete(),
        lambda row: row.history.update(gilbert="Y"),
        lambda row: row.history.first().save(),
        lambda row: row.history.first().delete(),
        lambda row: sql(f"UPDATE {TABLE} SET gilbert = 'Y'"),
        lambda row: sql(f"  update \"{TABLE}\" set gilbert = 'Y'"),
        lambda row: sql(f"DELETE FROM {TABLE}"),
        lambda row: sql(f"INSERT INTO {HISTORY} SELECT * FROM {HISTORY}"),
        lambda row: sql(f"DELETE FROM {HISTORY}"),
    ],
    ids=[
        "save_base",
        "plain update",
        "plain bulk_update",
        "plain bulk_create",
        "base manager",
        "plain delete",
        "raw delete",
        "history delete",
        "history update",
        "history row save",
        "history row delete",
        "sql update",
        "sql update quoted",
        "sql delete",
        "sql insert of a copy",
        "sql delete of history",
    ],
)
def test_whatever_goes_past_the_model_ends_at_the_connection(screening, write):
    screening.gilbert = "Y"
    with pytest.raises(UntracedWrite), transaction.atomic():
        write(screening)
    row = Screening.objects.get(pk=screening.pk)
    assert (row.gilbert, row.history.count()) == ("N", 1)


@pytest.mark.parametrize(
    "statement",
    [
        f"TRUNCATE {TABLE}",
        f'TRUNCATE TABLE "trial_heartbeat", "{HISTORY}"',
        f"INSERT OR REPLACE INTO {TABLE} DEFAULT VALUES",
        f"REPLACE INTO {TABLE} DEFAULT VALUES",
        f"UPDATE ONLY {TABLE} SET gilbert = 'Y'",
        f"DELETE FROM ONLY {TABLE}",
    ],
)
def test_every_spelling_is_known(db, statement):
    with pytest.raises(UntracedWrite):
        sql(statement)


def test_what_is_not_tracked_is_written_as_ever(db):
    sql("UPDATE trial_heartbeat SET name = name")
    with tracked_tables_open():
        sql(f"UPDATE {TABLE} SET gilbert = gilbert")


def test_the_guard_is_closed_again_after_a_write(screening):
    with pytest.raises(UntracedWrite):
        sql(f"UPDATE {TABLE} SET gilbert = 'Y'")


def test_every_tracked_model_is_watched_with_its_history():
    models_watched = list(tracked_models())
    tables = {model._meta.db_table for model in models_watched}
    tables |= {model.history.model._meta.db_table for model in models_watched}
    assert {TABLE, HISTORY, "trial_user", "trial_historicaluser"} <= tables <= tracked_tables()


def test_nothing_tracked_goes_away_with_another_row():
    """No cascade: a foreign key of a tracked row protects what it points at."""
    found = [
        f"{model.__name__}.{field.name}"
        for model in tracked_models()
        for field in model._meta.concrete_fields
        if field.is_relation and field.remote_field.on_delete is not models.PROTECT
    ]
    assert found == []


def tracked_models(parent=Tracked):
    for child in parent.__subclasses__():
        yield from tracked_models(child)
        if not child._meta.abstract:
            yield child
