"""What every release does with its items: take in what was found open, close one, give one to its owner by name."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext, override

from qipan.desk.api import Admission, TaskKind, send_task
from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.opened import OpenLine
from qipan.kernel.place import Range
from qipan.kernel.refusal import Refusal, kept, worded

from ..models import Activation, ActivationItem, ReleasePlan
from ..queries import in_order, others_over, step_of, titles_of
from ..terms import OUTLASTING, StepKind
from .closing import CLOSERS, Closing

# What the right to run a release includes for the things that were opened.
CLOSING_ACTS = frozenset(
    {
        "account.manage",
        "admission.apply",
        "campaign.open",
        "declaration.issue",
        "directive.recall",
        "form.open",
        "measure.impose",
        "pass.issue",
        "team.manage",
        "warning.issue",
    }
)


def take_in(lines: Iterable[OpenLine], *, activation: Activation | None = None, plan: ReleasePlan | None = None) -> int:
    """This function will put what was found open into a release, each thing once; returns how many are new.

    In the caller's transaction, which holds the activation or the plan.
    """
    lines = list(lines)
    of = {"activation": activation} if activation is not None else {"plan": plan}
    last = ActivationItem.objects.filter(**of).aggregate(last=Max("order"))["last"] or 0
    titles = titles_of(lines)
    made = ActivationItem.objects.bulk_create(
        ActivationItem(
            **of,
            order=order,
            key=line.reference,
            kind=line.kind,
            reference=line.reference,
            title=titles[line.reference][0],
            title_en=titles[line.reference][1],
            owner_id=line.owner,
            count=line.count,
            detail={**line.detail, "by_ground": True} if line.by_ground else line.detail,
            opened_at=line.since,
        )
        for order, line in enumerate(lines, last + 1)
    )
    return len(made)


def close_item(pk: int, *, grounds: list[Range], by: Actor, at: datetime) -> bool:
    """This function will close one item by its room's act, in a transaction of its own; else its reason is kept.

    It acts for the unit that activated it, or for the issuer of the declaration. Says whether it is closed now.
    """
    try:
        with transaction.atomic():
            item = ActivationItem.objects.select_for_update(of=("self",)).get(pk=pk)
            if item.closed_at is not None:
                return False
            closing = _closing(item, grounds=grounds, by=by, at=at)
            before = (item.still_open, dict(item.detail), item.owner_id)
            told = _disputed(closing) or CLOSERS[item.kind](closing)
            reason = kept(told) if told is not None else None
            if reason and (reason, item.detail, item.owner_id) == before:
                return False  # as the last run left it: nothing to write down again
            item.still_open = reason
            item.closed_at = None if reason else at
            item.save(update_fields=["still_open", "closed_at", "detail", "owner"])
            record(
                "command.close_item" if not reason else "command.keep_item",
                subject=item,
                by=closing.by,
                at=at,
                data={"kind": item.kind, "reference": item.reference, "reason": reason["code"] if reason else ""},
                drill=_is_drill(closing),
            )
            return not reason
    except Refusal as refusal:
        ActivationItem.objects.filter(pk=pk, closed_at=None).update(still_open=kept(refusal))
        return False


def _closing(item: ActivationItem, *, grounds: list[Range], by: Actor, at: datetime) -> Closing:
    if item.activation_id is not None:
        item.activation = Activation.objects.select_related("playbook", "declaration", "unit").get(
            pk=item.activation_id
        )
        unit, declaration = item.activation.unit, item.activation.declaration
        what = item.activation.playbook.label
        of = ActivationItem.objects.filter(activation=item.activation_id)
    else:
        declaration = ReleasePlan.objects.select_related("declaration__issuer").get(pk=item.plan_id or 0).declaration
        unit, what = declaration.issuer, declaration.number
    if item.plan_id is not None:
        of = ActivationItem.objects.filter(plan=item.plan_id)
    others = of.filter(closed_at=None, handed_over=None).exclude(pk=item.pk).exclude(opened_at=None)
    if item.kind == StepKind.POSTURE:
        # Postures do not wait for each other, nor for what an organ above holds: that stays with it.
        others = others.exclude(kind__in=[*OUTLASTING, StepKind.POSTURE]).filter(by.scope.q("owner__place"))
    return Closing(
        item=item,
        step=step_of(item),
        unit=unit,
        declaration=declaration,
        grounds=grounds,
        by=replace(by, acts=by.acts | CLOSING_ACTS, unit_id=unit.pk),
        at=at,
        others_open=others.count() if item.kind == StepKind.POSTURE else 0,
        what=what,
    )


def _disputed(closing: Closing) -> Refusal | None:
    """Why it is not for this release alone to close it; None where it is."""
    if not closing.item.detail.get("by_ground") or closing.declaration is None:
        return None
    return others_over(closing.declaration, at=closing.at)


def _is_drill(closing: Closing) -> bool:
    if closing.item.activation is not None:
        return closing.item.activation.drill
    return closing.declaration is not None and closing.declaration.drill


def give_to_owners(
    items: QuerySet[ActivationItem], *, asker: Unit, admission: Admission | None, by: Actor, at: datetime
) -> list[ActivationItem]:
    """This function will put each item that is left open as a task on its owner's desk; returns them.

    The posture stays with who releases, records with the clock, and what an organ holds whose desk is out of reach with
    that organ: nobody below gives it work. In the caller's transaction.
    """
    left = items.filter(closed_at=None, handed_over=None).exclude(opened_at=None)
    left = left.exclude(kind__in=[StepKind.POSTURE, StepKind.RECORDS]).select_related("owner__organ_type", "activation")
    every = in_order(left.select_related("activation__playbook", "plan__declaration"))
    given = [item for item in every if item.owner.place in by.scope]
    for item in given:
        of = item.activation or item.plan
        declared = item.plan.declaration.drill if item.plan is not None else False
        with override(settings.LANGUAGE_CODE):  # a task is a document of the city
            title = gettext("Close: %(title)s") % {"title": item.title[:180]}
            basis = worded(item.still_open)[:300] or str(of)
        item.handed_over = send_task(
            kind=TaskKind.RELEASE,
            source=f"release:{item.pk}",
            title=title,
            # Who only executes is asked by itself: closing its own needs no admission.
            asker=item.owner if item.activation is None and item.owner.organ_type.executes_only else asker,
            owner=item.owner,
            place=item.owner.place,
            basis=basis,
            admission=admission,
            by=by,
            at=at,
            drill=item.activation.drill if item.activation is not None else declared,
        )
        item.save(update_fields=["handed_over"])
    return given
