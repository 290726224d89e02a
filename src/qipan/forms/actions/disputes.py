"""Deciding which of two different filled forms under one id stands."""

from datetime import datetime

from django.db import transaction

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from ..models import Submission
from ..queries.submissions import subject_of
from ..rules.submission import digest_of_stored
from ..rules.versions import flat, nested
from ..terms import HELD_BY_ID, Standing
from .versions import AlreadyDecided, UnknownDecision, beside, lock, lock_words, put_together, versions_of

KEEP, REPLACE = "KEPT", "REPLACED"


@transaction.atomic
def decide_dispute(waiting: Submission, *, decision: str, by: Actor, at: datetime) -> Submission:
    """This function will keep the filled form that came first, or let the other stand in its place.

    The one that is set aside stays until its day of erasure. Raises ``NotAllowed``, ``NotFound``,
    ``AlreadyDecided``, ``UnknownDecision``.
    """
    rows = Submission.objects.everywhere("the ground is checked here")
    places = rows.filter(instance_id=waiting.instance_id).values_list("place", flat=True)
    lock(waiting.instance_id, *lock_words(*places))
    both = list(rows.select_for_update().filter(instance_id=waiting.instance_id).order_by("pk"))
    chosen = next((one for one in both if one.pk == waiting.pk), None)
    first = next((one for one in both if one.standing in HELD_BY_ID), None)
    if chosen is None or first is None or any(one.place not in by.scope for one in (chosen, first)):
        raise NotFound
    by.require("conflict.decide")
    if decision not in (KEEP, REPLACE):
        raise UnknownDecision
    if chosen.standing != Standing.DISPUTED:
        raise AlreadyDecided
    versions = [one for one in versions_of([first.record_id or first.pk]) if one.pk != first.pk]
    aside = chosen if decision == KEEP else first
    aside.standing, aside.record, aside.merged, aside.contested = Standing.SET_ASIDE, None, None, False
    aside.save(update_fields=["standing", "record", "merged", "contested"])
    if decision == REPLACE:
        chosen.standing = Standing.STANDS
        if digest_of_stored(chosen.xml) == digest_of_stored(first.xml):  # only a file differed: the others go with it
            mine = set(chosen.attachments.values_list("name", flat=True))
            others = [pk for pk, name in first.attachments.values_list("pk", "name") if name not in mine]
            first.attachments.filter(pk__in=others).update(submission=chosen)
    chosen.decided_at, chosen.decided_by = at, by.label
    chosen.save(update_fields=["standing", "decided_at", "decided_by"])
    if decision == REPLACE:
        put_together([*versions, *_near(chosen, known=[*versions, chosen]), chosen])
    record(
        "forms.decide_dispute",
        subject=subject_of(chosen.digest),
        by=by,
        at=at,
        data={"decision": decision, "digest": chosen.digest, "first": first.digest},
        drill=chosen.drill,
    )
    return chosen


@transaction.atomic
def decide_held(row: Submission, *, path: str, decision: str, by: Actor, at: datetime) -> Submission:
    """This function will keep what the register holds, or let what was sent stand in this filled form and in the versions
    of it that say the same; the register itself stays as it is, whoever keeps it corrects it.

    Raises ``NotAllowed``, ``NotFound``, ``AlreadyDecided``, ``UnknownDecision``.
    """
    if row.place not in by.scope:
        raise NotFound
    by.require("conflict.decide")
    lock(*lock_words(row.place))
    rows = Submission.objects.everywhere("the ground is checked here")
    chosen = rows.select_for_update(of=("self",)).filter(pk=row.pk).first()
    if chosen is None or chosen.standing not in HELD_BY_ID or path not in (chosen.differs or {}):
        raise AlreadyDecided
    if decision not in (KEEP, REPLACE):
        raise UnknownDecision
    sent = chosen.differs[path]
    together = versions_of([chosen.record_id or chosen.pk])
    for one in together:  # a later version that says the same is decided with it
        waiting = dict(one.differs or {})
        if waiting.get(path) != sent:
            continue
        del waiting[path]
        if decision == REPLACE:
            one.answers = nested(dict(flat(one.answers)) | {path: sent})
        one.differs = waiting or None
        one.save(update_fields=["answers", "differs"])
    put_together(together)
    data = {"question": path, "decision": decision, "digest": chosen.digest}
    record("forms.decide_held", subject=subject_of(chosen.digest), by=by, at=at, data=data, drill=chosen.drill)
    return chosen


def _near(row: Submission, *, known: list[Submission]) -> list[Submission]:
    """The versions of what a filled form names as its base, and what was filled in beside it, where its record did not
    have them before."""
    based = Submission.objects.everywhere("one with it only at the same place").filter(
        instance_id=row.based_on, place=row.place, drill=row.drill, form__code=row.form.code, standing__in=HELD_BY_ID
    )
    near, here = [*based, *beside(row.form, place=row.place, opening=row.opening_id)], {one.pk for one in known}
    return [one for one in versions_of({one.record_id or one.pk for one in near}) if one.pk not in here]
