"""A lab sample is sent and read with its results."""

from typing import Any

from django.core.exceptions import ValidationError as Refused
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from rest_framework import serializers

from crf.api.base import FormRowSerializer, VisitFormSerializer
from crf.models import LabResult, LabSample
from trial.api.errors import sentences


class LabResultSerializer(FormRowSerializer):
    flag = serializers.CharField(
        read_only=True, help_text=_lazy("LOW or HIGH against the reported range; blank inside it.")
    )

    class Meta(FormRowSerializer.Meta):
        model = LabResult


class ResultOfSampleSerializer(LabResultSerializer):
    """A result inside its sample; the sample's request says why it changes."""

    change_reason = None

    class Meta(LabResultSerializer.Meta):
        read_only_fields = ["sample"]


class LabSampleSerializer(VisitFormSerializer):
    """Results are matched by `test`: a known one changes, a new one is added, others stay."""

    results: Any = ResultOfSampleSerializer(many=True, required=False)

    class Meta(VisitFormSerializer.Meta):
        model = LabSample

    def validate_results(self, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        tests = [result.get("test", "") for result in results]
        if "" in tests:
            raise serializers.ValidationError(_("Each result names its test."))
        if twice := sorted({test for test in tests if tests.count(test) > 1}):
            raise serializers.ValidationError(
                _("%(tests)s: one result per test.") % {"tests": ", ".join(twice)}
            )
        return results

    @transaction.atomic
    def write(self, row: LabSample, answers: dict[str, Any]) -> LabSample:
        results, reason = answers.pop("results", []), answers.get("change_reason", "")
        super().write(row, answers)
        known = {found.test: found for found in row.results.current()}
        rows = []
        for result in results:
            found = known.get(result["test"]) or LabResult()
            found.sample = row
            for name, value in result.items():
                setattr(found, name, value)
            rows.append(found)
        _check(rows)
        LabResult.bulk_write(rows, by=self.context["request"].user, reason=reason)
        return row


def _check(rows: list[LabResult]) -> None:
    """Raise ValidationError that says which result is refused, in the order they were sent."""
    problems: list[dict[str, Any]] = []
    for row in rows:
        row.derive()
        try:
            row.check_row(exclude=["changed_at"])
        except Refused as problem:
            problems.append(sentences(problem))
        else:
            problems.append({})
    if any(problems):
        raise serializers.ValidationError({"results": problems})
