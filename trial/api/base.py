"""Bases of every resource: a serializer over `Tracked.write`, a viewset over `visible_to`."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models, transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from trial.api.fields import NAMED_BY, Key, Moment, Name
from trial.api.history import EntrySerializer
from trial.audit import timeline
from trial.roles import Area

TIMES = ("changed_at", "completed_at", "voided_at")


class State(serializers.ChoiceField):
    """draft, complete or voided, from the row's own times."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"source": "*", "read_only": True}
        super().__init__(
            choices=[
                ("draft", _lazy("draft")),
                ("complete", _lazy("complete")),
                ("voided", _lazy("voided")),
            ],
            **kwargs,
        )

    def to_representation(self, row: Any) -> str:
        if row.voided_at:
            return "voided"
        return "complete" if row.completed_at else "draft"


class TrackedSerializer(serializers.ModelSerializer):
    """Every column of a tracked model; what the server sets is read-only.

    Values are checked by the model alone (`Tracked.check_row`), so the admin and the API refuse
    the same things in the same words. A name nobody knows, or that the server sets, is refused.
    """

    serializer_related_field = Key
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.DateTimeField: Moment
    }

    state: Any = State()
    change_reason: Any = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        max_length=500,
        help_text=_lazy("Why; needed from the first change after completion."),
    )

    class Meta:
        model: Any
        validators: list[Any] = []  # the model's; DRF's own would cost a query each

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__doc__" not in cls.__dict__ or not cls.__doc__:
            cls.__doc__ = getattr(getattr(cls.Meta, "model", None), "__doc__", None)

    def get_field_names(self, declared_fields: Any, info: Any) -> list[str]:
        columns = [f.name for f in self.Meta.model._meta.concrete_fields if f.name not in TIMES]
        extra = [name for name in declared_fields if name not in columns]
        return [*columns, *extra, *TIMES]

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        kwargs.pop("validators", None)
        if issubclass(field_class, serializers.DecimalField):
            kwargs["normalize_output"] = True  # as people wrote it: 60, not 60.000
        return field_class, kwargs

    def build_relational_field(self, field_name: str, relation_info: Any) -> Any:
        field_class, kwargs = super().build_relational_field(field_name, relation_info)
        kwargs.pop("validators", None)
        if slug := NAMED_BY.get(relation_info.related_model):
            return Name, kwargs | {"slug_field": slug}
        return field_class, kwargs

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_foreign_names(data)
        return super().to_internal_value(data)

    def _refuse_foreign_names(self, data: Mapping[str, Any]) -> None:
        writable = {name for name, field in self.fields.items() if not field.read_only}
        problems = {
            name: [_("Set by the server.") if name in self.fields else _("No such field.")]
            for name in data
            if name not in writable
        }
        if problems:
            raise ValidationError(problems)

    def create(self, validated_data: dict[str, Any]) -> Any:
        return self.write(self.Meta.model(), validated_data)

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        return self.write(instance, validated_data)

    def write(self, row: Any, answers: dict[str, Any]) -> Any:
        """Set the answers and write the row in the user's name. Raises ValidationError."""
        reason, complete = answers.pop("change_reason", ""), answers.pop("complete", False)
        for name, value in answers.items():
            setattr(row, name, value)
        row.write(by=self.context["request"].user, reason=reason, complete=complete)
        return row


class ScopedViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Reads what the user may see: another site's row is a 404, a misspelt filter a 400."""

    queryset: Any
    area: ClassVar[Area | None]
    lookup_value_regex = r"\d+"
    metadata_class = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        rows: Any = cls.__dict__.get("queryset")
        if rows is not None and "area" not in cls.__dict__:
            cls.area = rows.model.area

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return rows.visible_to(self.request.user)

    def filter_queryset(self, queryset: Any) -> Any:
        if self.detail:
            return queryset
        known = {"lang", "format", *getattr(self.pagination_class, "parameters", ())}
        if filters := getattr(self, "filterset_class", None):
            known |= set(filters.base_filters)
        if unknown := set(self.request.query_params) - known:
            message = _("No such filter; there are: %(known)s.") % {
                "known": ", ".join(sorted(known - {"lang", "format"}))
            }
            raise ValidationError({name: [message] for name in sorted(unknown)})
        return super().filter_queryset(queryset)


class WithHistory(ScopedViewSet):
    """A tracked row can be asked for its history."""

    @extend_schema(responses=EntrySerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def history(self, request: Any, pk: str) -> Response:
        """Every write of this row, the latest first: who, in which role, when, why, what."""
        return Response(EntrySerializer(timeline(self.get_object()), many=True).data)


class Changeable(WithHistory):
    """PATCH through the model's own write path; rows are never replaced whole or deleted."""

    http_method_names = ["get", "head", "patch"]

    @transaction.atomic
    def partial_update(self, request: Any, pk: str) -> Response:
        """Change the fields given. A change that changes nothing writes nothing."""
        row = self.locked(pk)
        serializer = self.get_serializer(row, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return self.shown(row.pk)

    def locked(self, pk: str) -> Any:
        """The row under a lock, so that two changes at once do not undo each other."""
        rows = self.get_queryset().select_for_update(of=("self",))
        return get_object_or_404(rows, pk=pk)

    def shown(self, pk: Any, status: int = 200) -> Response:
        """The row as the database has it now."""
        row = self.get_queryset().get(pk=pk)
        return Response(self.get_serializer(row).data, status=status)


class VoidSerializer(serializers.Serializer):
    """Why a row is taken out of the record."""

    change_reason = serializers.CharField(max_length=500)


class Voidable(Changeable):
    """POST to `void/` with a reason: a row is never deleted."""

    http_method_names = ["get", "head", "post", "patch"]

    @extend_schema(request=VoidSerializer)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def void(self, request: Any, pk: str) -> Response:
        """Take the row out of the record, visibly; it stays readable with its history."""
        given = VoidSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = self.locked(pk)
        row.void(by=request.user, reason=given.validated_data["change_reason"])
        return self.shown(row.pk)


class TrackedViewSet(Changeable):
    """Also creates."""

    http_method_names = ["get", "head", "post", "patch"]

    def create(self, request: Any) -> Response:
        """Record a new row; a form stays a draft unless it is sent with `"complete": true`."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return self.shown(serializer.save().pk, status=201)


class FormViewSet(TrackedViewSet, Voidable):
    """Also voids."""
