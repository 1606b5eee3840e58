"""`/healthz`: is each part well, one word each; no login, no health data, no secret."""

import logging
from datetime import UTC, datetime, timedelta

import redis
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trial.models import Delivery, Heartbeat

logger = logging.getLogger(__name__)

SCHEDULER_LIMIT = timedelta(minutes=3)  # the heartbeat comes every 30 s, through beat and worker
DELIVERY_LIMIT = timedelta(minutes=15)
BROKER_SECONDS = 2


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 if every part says "ok", else 503."""
    now = timezone.now()
    try:
        stored = {"database": "ok", "scheduler": scheduler(now), "mail": mail(now)}
    except DatabaseError as error:
        logger.error("database unreachable: %s", type(error).__name__)
        stored = {"database": "unreachable", "scheduler": "unknown", "mail": "unknown"}
    parts = {"broker": broker(), **stored}
    well = all(word == "ok" for word in parts.values())
    return JsonResponse(
        {"status": "ok" if well else "failing", **parts}, status=200 if well else 503
    )


def broker() -> str:
    client = redis.Redis.from_url(
        settings.CELERY_BROKER_URL,
        socket_connect_timeout=BROKER_SECONDS,
        socket_timeout=BROKER_SECONDS,
        retry=None,
    )
    try:
        client.ping()
    except redis.RedisError as error:
        logger.error("broker unreachable: %s", type(error).__name__)
        return "unreachable"
    finally:
        client.close()
    return "ok"


def scheduler(now: datetime) -> str:
    """The last heartbeat that beat sent and a worker wrote: both live, or neither is sure."""
    last = Heartbeat.objects.order_by("-at").values_list("at", flat=True).first()
    if last is None:
        return "silent since the start"
    if now - last > SCHEDULER_LIMIT:
        return f"silent since {last.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return "ok"


def mail(now: datetime) -> str:
    """Mail that should have left: failed, or planned for longer ago than the limit."""
    unsent = Q(state__in=[Delivery.State.PLANNED, Delivery.State.SENDING])
    late = unsent & Q(created_at__lt=now - DELIVERY_LIMIT)
    overdue = Delivery.objects.filter(Q(state=Delivery.State.FAILED) | late).count()
    return f"{overdue} overdue" if overdue else "ok"
