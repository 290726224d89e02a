"""Deciding which of two different filled forms under one id stands; erasing what is kept long enough."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal

from ..models import Submission
from ..terms import Standing

KEEP, REPLACE = "KEPT", "REPLACED"
AT_ONCE = 1000  # rows erased in one transaction


class AlreadyDecided(Refusal):
    code = "already_decided"
    sentence = _("This is decided already.")


class UnknownDecision(Refusal):
    code = "unknown_decision"
    sentence = _("Decide to keep the first one or to replace it.")
    status = 400


@transaction.atomic
def decide_dispute(waiting: Submission, *, decision: str, by: Actor, at: datetime) -> Submission:
    """This function will keep the filled form that came first, or let the other stand in its place.

    The one that is set aside stays until its day of erasure. Raises ``NotAllowed``, ``NotFound``,
    ``AlreadyDecided``, ``UnknownDecision``.
    """
    rows = Submission.objects.everywhere("the ground is checked here")
    both = list(rows.select_for_update().filter(instance_id=waiting.instance_id).order_by("pk"))
    chosen = next((one for one in both if one.pk == waiting.pk), None)
    first = next((one for one in both if one.standing == Standing.STANDS), None)
    if chosen is None or first is None or any(one.place not in by.scope for one in (chosen, first)):
        raise NotFound
    by.require("conflict.decide")
    if decision not in (KEEP, REPLACE):
        raise UnknownDecision
    if chosen.standing != Standing.DISPUTED:
        raise AlreadyDecided
    aside = chosen if decision == KEEP else first
    aside.standing = Standing.SET_ASIDE
    aside.save(update_fields=["standing"])
    if decision == REPLACE:
        chosen.standing = Standing.STANDS
        if not chosen.awaits:  # only a file differed: the others go with it
            mine = chosen.attachments.values("name")
            first.attachments.exclude(name__in=mine).update(submission=chosen)
    chosen.decided_at, chosen.decided_by = at, by.label
    chosen.save(update_fields=["standing", "decided_at", "decided_by"])
    record(
        "forms.decide_dispute",
        subject=f"forms.Submission:{chosen.digest[:32]}",
        by=by,
        at=at,
        data={"decision": decision, "digest": chosen.digest, "first": first.digest},
        drill=chosen.drill,
    )
    return chosen


@transaction.atomic
def erase_submissions(*, by: Actor, at: datetime) -> int:
    """This function will erase filled forms whose time is over, with their files; returns how many, at most 1,000."""
    by.require("form.erase")
    due = Submission.objects.everywhere("erasure knows no ground").filter(erase_at__lte=at)
    keys = list(due.order_by("erase_at", "pk").values_list("pk", flat=True)[:AT_ONCE])
    if not keys:
        return 0
    Submission.objects.everywhere("erasure knows no ground").filter(pk__in=keys).delete()
    record("forms.erase_submissions", subject="forms.Submission", by=by, at=at, data={"submissions": len(keys)})
    return len(keys)
