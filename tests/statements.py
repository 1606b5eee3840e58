"""Counting what a budget counts: SELECT, INSERT, UPDATE and DELETE, not savepoints."""

from django.test.utils import CaptureQueriesContext

COUNTED = ("SELECT", "INSERT", "UPDATE", "DELETE")


def count(seen: CaptureQueriesContext) -> int:
    return sum(query["sql"].lstrip().startswith(COUNTED) for query in seen.captured_queries)
