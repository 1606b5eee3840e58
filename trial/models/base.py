"""`Tracked`: the base of every row that is audited, and its one write path."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from trial import registry
from trial.models.conditions import holds
from trial.models.guard import tracked_tables_open
from trial.models.history import Trail, record, tracked_fields, values
from trial.querysets import TrackedQuerySet, UntracedWrite
from trial.roles import AT_SITE, SEES_ALL_SITES, Area, System, may

if TYPE_CHECKING:
    from trial.models.user import User


STAYS = _("This stays as it was first recorded: void the row and record it anew.")
CONFLICT = _(
    "Somebody else changed this row in the meantime; nothing was saved. Look at its history, "
    "then save again."
)


class Tracked(models.Model):
    """A row whose every change leaves one history row: who, in which role, when, why.

    `write` is the only way to save one; it validates, asks for a reason from the first change
    after completion, and writes nothing when nothing changed. Rows are voided, never deleted.
    The audit chain, signatures and locks hang on `write` and `registry.before_write`.
    """

    area: ClassVar[Area]
    site_path: ClassVar[str | None] = None  # from the row to its site; "" is a site, None is global
    drafts: ClassVar[bool] = False  # True: saved as a draft first, completed later
    carries: ClassVar[Sequence[str]] = ()  # reverse names of the rows that are void with it
    fixed: ClassVar[Sequence[str]] = ()  # relations and codes that stay as first written
    required: ClassVar[Sequence[str]] = ()  # what must be answered to complete the form
    untracked: ClassVar[frozenset[str]] = frozenset({"changed_at"})  # not worth a history row
    cdash: ClassVar[dict[str, str]] = {}  # attribute: CDASH name

    changed_at = models.DateTimeField(_("last changed"), editable=False, db_index=True)
    completed_at = models.DateTimeField(_("completed"), null=True, editable=False)
    voided_at = models.DateTimeField(_("voided"), null=True, editable=False)

    objects = TrackedQuerySet.as_manager()
    history = Trail()

    class Meta:
        abstract = True

    _loaded: dict[str, Any]
    _loaded_at: datetime | None
    was_complete: bool  # when it was read, whatever became of it since

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._loaded, self._loaded_at, self.was_complete = {}, None, False

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        instance = super().from_db(*args, **kwargs)
        instance._remember()
        instance.was_complete = instance._loaded.get("completed_at") is not None
        return instance

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._remember()
        self.was_complete = self._loaded.get("completed_at") is not None

    def _remember(self) -> None:
        """Take the present values for those of the database."""
        self._loaded = values(self, tracked_fields(type(self)))
        self._loaded_at = self.__dict__.get("changed_at")

    # Reading -------------------------------------------------------------------------------

    @property
    def site_id_of_row(self) -> int | None:
        """The site this row belongs to; None for what belongs to the whole study."""
        if self.site_path is None:
            return None
        row: Any = self
        *parents, last = self.site_path.split("__")
        for name in [*parents, f"{last}_id" if last else "pk"]:
            if row is None:
                return None
            row = getattr(row, name, None) if name else row
        return row

    @property
    def zone(self) -> tzinfo:
        """The zone of the row's times: its site's, or the study's."""
        return timezone.get_default_timezone()

    def changes(self) -> dict[str, tuple[Any, Any]]:
        """Column: (value in the database, value now) for every difference."""
        now = values(self, tracked_fields(type(self)))
        return {
            name: (self._loaded.get(name), value)
            for name, value in now.items()
            if self._state.adding or name not in self._loaded or self._loaded[name] != value
        }

    @property
    def needs_reason(self) -> bool:
        """A change from here on must say why (AUD-04)."""
        return not self._state.adding and self._loaded.get("completed_at") is not None

    def unanswered(self) -> list[str]:
        """Required fields that hold no answer."""
        return [name for name in self.required if getattr(self, name) in (None, "")]

    # Checking ------------------------------------------------------------------------------

    def derive(self) -> None:
        """Set what follows from other columns; a subclass says how."""

    def check_row(self, exclude: Iterable[str] = ()) -> None:
        """Raise ValidationError for what may not be stored, beside the field it belongs to.

        As `full_clean`, without its one query per constraint and per loaded parent. "Today" is
        the date at the row's site.
        """
        with timezone.override(self.zone):
            self._check_row(exclude)

    def _check_row(self, exclude: Iterable[str]) -> None:
        errors: dict[str, list[ValidationError]] = {}

        def collect(problem: ValidationError) -> None:
            found = (
                problem.error_dict
                if hasattr(problem, "error_dict")
                else {NON_FIELD_ERRORS: problem.error_list}
            )
            for name, messages in found.items():
                errors.setdefault(name, []).extend(messages)

        columns: Any = self._meta.concrete_fields
        loaded_parents = [f.name for f in columns if f.is_relation and f.is_cached(self)]
        try:
            self.clean_fields(exclude={*exclude, *loaded_parents})
        except ValidationError as problem:
            collect(problem)
        try:
            self.clean()
        except ValidationError as problem:
            collect(problem)
        for name in self.fixed:
            column: Any = self._meta.get_field(name)
            if self._loaded.get(column.attname) not in (None, getattr(self, column.attname)):
                collect(ValidationError({name: STAYS}))
        checks = [c for c in self._meta.constraints if isinstance(c, models.CheckConstraint)]
        for broken in [] if errors else [c for c in checks if holds(c.condition, self) is False]:
            field = self.constraint_fields.get(broken.name, NON_FIELD_ERRORS)
            collect(ValidationError({field: broken.get_violation_error_message()}))
        if errors:
            raise ValidationError(errors)

    constraint_fields: ClassVar[dict[str, str]] = {}  # constraint name: field its message stands at

    def check_complete(self) -> None:
        """Raise ValidationError for every required field without an answer."""
        if missing := self.unanswered():
            raise ValidationError(
                {
                    name: ValidationError(
                        _("Needed before the form can be completed."), code="incomplete"
                    )
                    for name in missing
                }
            )

    def check_right(self, by: "User | System", action: str) -> None:
        """Raise PermissionDenied unless the role table and the site delegation allow it."""
        if isinstance(by, System):
            return
        if not (by.is_active and may(by.role, action, self.area)):
            raise PermissionDenied(
                _("Your role, %(role)s, may not do this.") % {"role": by.get_role_display()}
            )
        site = self.site_id_of_row
        if site and by.role not in SEES_ALL_SITES and site not in by.site_ids:
            raise PermissionDenied(_("You have no current delegation at this site."))
        if by.role in AT_SITE and self.site_path is None and action != "view":
            raise PermissionDenied(_("This belongs to the whole study, not to one site."))

    def before_write(self, by: "User | System") -> None:
        """Checks against other rows; a subclass adds its own. Raises ValidationError."""
        for veto in registry.before_write:
            veto(self, by)

    # Writing -------------------------------------------------------------------------------

    def write(self, *, by: "User | System", reason: str = "", complete: bool = False) -> bool:
        """Validate and save with one history row; False when nothing had changed.

        complete: also mark the form complete, which asks for every required answer.
        Raises ValidationError, PermissionDenied.
        """
        adding = self._state.adding
        self.check_right(by, "add" if adding else "change")
        self.derive()
        complete = complete or not self.drafts or bool(self.completed_at)
        if complete:
            self.completed_at = self.completed_at or timezone.now()
        if not adding and not self.changes():
            return False
        self.check_row()
        if complete:
            self.check_complete()
        reason = reason.strip()
        if self.needs_reason and not reason:
            raise ValidationError(
                {
                    "change_reason": ValidationError(
                        _("This form was completed before: say why it changes."), code="reason"
                    )
                }
            )
        with transaction.atomic():
            self.before_write(by)
            self.changed_at = timezone.now()
            changed = frozenset(self.changes())
            self._save(by, reason)
            for follow in registry.effects_of(type(self)):
                follow(self, by, changed)
        return True

    def _save(self, by: "User | System", reason: str) -> None:
        adding = self._state.adding
        self._writing = True
        try:
            with transaction.atomic():
                if adding:
                    self.save(force_insert=True)
                else:
                    self._update()
                record([self], "+" if adding else "~", by=by, reason=reason)
        except IntegrityError:
            self._state.adding = adding
            if adding:
                self.pk = None
            self.validate_unique()  # says in words which row is in the way
            self.validate_constraints()
            raise
        finally:
            del self._writing
        self._remember()

    def _update(self) -> None:
        """Write over the row that was read, and over no newer one."""
        columns = [f for f in self._meta.concrete_fields if not f.primary_key]
        as_read: models.QuerySet[Self] = models.QuerySet(type(self)).filter(
            pk=self.pk, changed_at=self._loaded_at
        )
        with tracked_tables_open():
            updated = as_read.update(**{f.attname: getattr(self, f.attname) for f in columns})
        if not updated:
            raise ValidationError(CONFLICT, code="conflict")

    def void(self, *, by: "User | System", reason: str) -> bool:
        """Take the row out of the record, visibly; it stays readable with its history."""
        if not reason.strip():
            raise ValidationError(
                {"change_reason": ValidationError(_("Say why this is voided."), code="reason")}
            )
        self.check_nothing_rests_on_it(besides=self.carries)
        self.voided_at = timezone.now()
        return self.write(by=by, reason=reason)

    def check_nothing_rests_on_it(self, *, besides: Sequence[str]) -> None:
        """Raise ValidationError if current rows point here; besides: reverse names left out."""
        relations: Any = self._meta.get_fields(include_hidden=True)
        for relation in relations:
            model: Any = relation.related_model
            if not (relation.auto_created and relation.one_to_many and issubclass(model, Tracked)):
                continue
            if relation.get_accessor_name() in besides:
                continue
            if row := model.objects.current().filter(**{relation.field.name: self.pk}).first():
                raise ValidationError(
                    _("%(row)s rests on this: void that first."), params={"row": str(row)}
                )

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Refuse every way in but `write`, save for columns that carry no history."""
        only = kwargs.get("update_fields")
        if not getattr(self, "_writing", False) and not (only and set(only) <= self.untracked):
            raise UntracedWrite("save()")
        with tracked_tables_open():
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise UntracedWrite("delete()")

    @classmethod
    def bulk_write(cls, rows: Iterable[Self], *, by: "User | System", reason: str = "") -> int:
        """Write many rows with one history row each, in a number of queries that does not grow.

        Rows without a difference are left alone. Returns how many were written.
        Raises ValidationError, PermissionDenied.
        """
        now, rows = timezone.now(), list(rows)
        new = [row for row in rows if row._state.adding]
        old = [row for row in rows if not row._state.adding and row.changes()]
        for row in [*new, *old]:
            row.check_right(by, "add" if row._state.adding else "change")
            row.derive()
            row.changed_at = now
            if not row.drafts:
                row.completed_at = row.completed_at or now
            row.check_row()
            if row.needs_reason and not reason.strip():
                raise ValidationError({"change_reason": _("Say why these rows change.")})
        plain: models.QuerySet[Self] = models.QuerySet(cls)
        columns = [f.name for f in cls._meta.concrete_fields if not f.primary_key]
        try:
            with transaction.atomic():
                for row in [*new, *old]:
                    row.before_write(by)
                changes = [(row, frozenset(row.changes())) for row in [*new, *old]]
                if old:
                    cls._none_newer(plain, old)
                with tracked_tables_open():
                    plain.bulk_create(new)
                    plain.bulk_update(old, columns, batch_size=200)
                record(new, "+", by=by, reason=reason)
                record(old, "~", by=by, reason=reason)
                for row, changed in changes:
                    for follow in registry.effects_of(cls):
                        follow(row, by, changed)
        except IntegrityError:
            for row in new:
                row._state.adding, row.pk = True, None
            for row in [*new, *old]:  # says in words which row is in the way
                row.validate_unique()
                row.validate_constraints()
            raise ValidationError(
                _("Two of these rows are about the same: keep one of them."), code="unique"
            ) from None
        for row in [*new, *old]:
            row._remember()
        return len(new) + len(old)

    @classmethod
    def _none_newer(cls, plain: models.QuerySet[Self], rows: list[Self]) -> None:
        """Lock the rows; raise ValidationError when one changed since it was read."""
        keys = [row.pk for row in rows]
        now = plain.select_for_update().filter(pk__in=keys).values_list("pk", "changed_at")
        at = dict(now)
        if any(at.get(row.pk) != row._loaded_at for row in rows):
            raise ValidationError(CONFLICT, code="conflict")


@receiver(pre_save)
def refuse_fixtures(sender: type[models.Model], raw: bool = False, **kwargs: Any) -> None:
    """A raw save (loaddata) goes past `save`; it is refused here."""
    if raw and issubclass(sender, Tracked):
        raise UntracedWrite("a fixture")
