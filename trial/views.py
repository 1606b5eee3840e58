"""Pages outside the admin: where the link of a mail leads."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from trial.models import Participant, Reminder, User

State = Reminder.State


@never_cache
@require_GET
@login_required
def go(request: HttpRequest, token: UUID) -> HttpResponse:
    """From a mail to the form that fulfils the duty, or to the casebook.

    The address says nothing about the duty; who may not see the participant gets 404.
    """
    user = cast(User, request.user)
    reminder = get_object_or_404(
        Reminder.objects.select_related("participant"),
        token=token,
        participant__in=Participant.objects.visible_to(user),
    )
    if reminder.recipient_id == user.pk:
        Reminder.objects.filter(pk=reminder.pk, state__in=[State.PLANNED, State.SENT]).update(
            state=State.ACKNOWLEDGED, acknowledged_at=timezone.now()
        )
    app, model = reminder.form.split(".")
    done_or_moved = reminder.state == State.CANCELLED
    if reminder.visit_id or done_or_moved or not user.has_perm(f"{app}.add_{model}"):
        return redirect("casebook", reminder.participant.number)
    add = redirect(f"admin:{app}_{model}_add")
    add["Location"] += f"?participant={reminder.participant_id}"
    return add
