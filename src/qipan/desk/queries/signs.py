"""Reading what may hang at the door, and what was reported."""

from datetime import datetime

from django.db.models import Q
from django.utils.timezone import localdate

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from ..models import Sign, SignReport
from ..terms import SignState


def listed(at: datetime) -> list[Sign]:
    """This function will return the list of what may hang at a community's door on the day of ``at``, by name."""
    today = localdate(at)
    holds = Q(valid_to=None) | Q(valid_to__gt=today)
    return list(Sign.objects.filter(holds, valid_from__lte=today).order_by("name", "pk"))


def get_sign(pk: int) -> Sign:
    """This function will return a line that is on the list; raises ``NotFound``."""
    sign = Sign.objects.filter(pk=pk, valid_to=None).first()
    if sign is None:
        raise NotFound
    return sign


def sign_reports(actor: Actor, *, limit: int = 200) -> list[SignReport]:
    """This function will return what was reported on the actor's ground: what waits first, then the newest."""
    rows = SignReport.objects.within(actor.scope).select_related("unit", "demander")
    waiting = list(rows.filter(state=SignState.REPORTED).order_by("reported_at", "pk")[:limit])
    return [*waiting, *rows.exclude(state=SignState.REPORTED).order_by("-decided_at", "-pk")[: limit - len(waiting)]]


def get_report(pk: int, *, actor: Actor) -> SignReport:
    """This function will return a report on the actor's ground; raises ``NotFound``."""
    report = SignReport.objects.within(actor.scope).filter(pk=pk).first()
    if report is None:
        raise NotFound
    return report
