"""One action opens what a playbook lists, on the chosen ground and nowhere else (EMG-2)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import Admission
from qipan.duties.api import Unit
from qipan.journal.api import digest_of, publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal, kept
from qipan.posture.api import Declaration
from qipan.territory.api import AreaView

from .. import rules
from ..models import ActivatedGround, Activation, ActivationItem, Playbook
from ..queries import areas_of, grounds_of, lessons_of
from ..terms import StepKind
from .opening import OPENERS, Opening


class OldVersion(Refusal):
    code = "old_version"
    sentence = _("Version %(newest)s of this playbook is in force; it is the one to activate.")


class DeclarationMissing(Refusal):
    code = "declaration_missing"
    sentence = _(
        "An emergency playbook needs a declaration in force over the chosen areas (Emergency Response Law, art. 72)."
    )


class DeclarationNotInForce(Refusal):
    code = "declaration_not_in_force"
    sentence = _("Declaration %(number)s is not in force at this moment.")


class GroundNotDeclared(Refusal):
    code = "ground_not_declared"
    sentence = _("Declaration %(number)s does not cover %(area)s.")


class HazardDiffers(Refusal):
    code = "hazard_differs"
    sentence = _("Declaration %(number)s is about %(declared)s, the playbook about %(hazard)s.")


class DrillNotDeclared(Refusal):
    code = "drill_not_declared"
    sentence = _("A drill needs a declaration that is marked as a drill, and a real activation one that is not.")


class AdmissionMissing(Refusal):
    code = "admission_missing"
    sentence = _(
        "This playbook puts tasks on desks: without a declaration it needs an admission of the lead organisation."
    )


class AlreadyActive(Refusal):
    code = "already_active"
    sentence = _(
        "This playbook is already at work on a part of these areas (activation %(activation)s); release that one first."
    )


class ReleaseBegan(Refusal):
    code = "release_began"
    sentence = _("The release of this activation has begun; nothing more is opened.")


@dataclass(frozen=True)
class PlaybookActivated:
    """A playbook went to work."""

    activation_id: int
    drill: bool


# What the right to activate a playbook includes for the things that the playbook lists.
OPENING_ACTS = frozenset(
    {
        "admission.apply",
        "campaign.open",
        "declaration.issue",
        "directive.issue",
        "form.open",
        "measure.impose",
        "team.manage",
    }
)


def _areas(codes: Sequence[str], *, by: Actor) -> list[AreaView]:
    """This function will return the chosen areas; each must lie wholly in the actor's scope."""
    areas = areas_of(codes)
    if not areas or not all(by.scope.covers(ground) for area in areas for ground in area.ranges):
        raise NotFound
    return areas


def check_declaration(
    playbook: Playbook,
    *,
    areas: Sequence[AreaView],
    declaration: Declaration | None,
    drill: bool,
    at: datetime,
) -> None:
    """This function will refuse unless the declaration is in force over all areas and fits playbook and drill mark."""
    if declaration is None:
        if drill:
            raise DrillNotDeclared
        if playbook.posture != "STANDING":
            raise DeclarationMissing
        return
    if declaration.drill != drill:
        raise DrillNotDeclared
    if declaration.ended_at is not None or not declaration.starts_at <= at < declaration.expected_until:
        raise DeclarationNotInForce(number=declaration.number)
    if declaration.hazard != playbook.hazard:
        raise HazardDiffers(number=declaration.number, declared=declaration.hazard, hazard=playbook.hazard)
    declared = rules.merged(declaration.grounds.values_list("first", "last"))
    for area in areas:
        for ground in area.ranges:
            if not any(Range(*pair).covers(ground) for pair in declared):
                raise GroundNotDeclared(number=declaration.number, area=area)


@transaction.atomic
def _begin(
    playbook: Playbook,
    *,
    ground_codes: Sequence[str],
    declaration: Declaration | None,
    admission: Admission | None,
    drill: bool,
    by: Actor,
    at: datetime,
) -> Activation:
    """This function will write the activation and its planned items, or return the one that stands already."""
    by.require("playbook.activate")
    if by.unit_id is None:
        raise NotAllowed(act="playbook.activate")
    areas = _areas(ground_codes, by=by)
    # One activation of a playbook at a time: who pressed second finds the first, or its overlap.
    playbook = Playbook.objects.select_for_update().get(pk=playbook.pk)
    codes = sorted(area.code for area in areas)
    key = digest_of({"playbook": playbook.pk, "declaration": declaration and declaration.pk, "grounds": codes})
    standing = Activation.objects.filter(ground_key=key, released_at=None).first()
    if standing is not None:
        return standing
    newest = Playbook.objects.filter(code=playbook.code).order_by("-version").values_list("version", flat=True)[0]
    if newest != playbook.version:
        raise OldVersion(newest=newest)
    check_declaration(playbook, areas=areas, declaration=declaration, drill=drill, at=at)
    if declaration is None and admission is None and rules.asks_units(playbook.steps):
        raise AdmissionMissing
    grounds = [Range(*pair) for pair in rules.merged(ground for area in areas for ground in area.ranges)]
    _refuse_overlap(playbook, grounds=grounds, drill=drill)
    unit = Unit.objects.get(pk=by.unit_id)
    activation = Activation.objects.create(
        playbook=playbook,
        declaration=declaration,
        admission=admission,
        unit=unit,
        grounds=codes,
        ground_key=key,
        activated_at=at,
        activated_by=by.label,
        drill=drill,
    )
    ActivatedGround.objects.bulk_create(
        ActivatedGround(activation=activation, code=area.code, first=ground.first, last=ground.last)
        for area in areas
        for ground in area.ranges
    )
    steps = list(playbook.steps)
    if admission is None and rules.asks_units(steps):
        steps.insert(
            0,
            {"key": "admission", "kind": "ADMISSION", "title": "应急工作准入", "title_en": "Emergency work admission"},
        )
        # The posture stays the first that opens and the last that ends.
        steps.sort(key=lambda step: step["kind"] != StepKind.POSTURE)
    ActivationItem.objects.bulk_create(
        ActivationItem(
            activation=activation,
            order=order,
            key=step["key"],
            kind=step["kind"],
            title=step["title"],
            title_en=step["title_en"],
            owner=unit,
        )
        for order, step in enumerate(steps, 1)
    )
    record(
        "command.activate_playbook",
        subject=activation,
        by=by,
        at=at,
        place=unit.place,
        data={
            "playbook": playbook.code,
            "version": playbook.version,
            "grounds": codes,
            "declaration": declaration.number if declaration else None,
            "items": len(steps),
            # What the version rests on that an earlier emergency or a drill taught (EMG-18).
            "lessons": [lesson["number"] for lesson in lessons_of(playbook)],
        },
        drill=drill,
    )
    publish(PlaybookActivated(activation_id=activation.pk, drill=drill))
    return activation


def _refuse_overlap(playbook: Playbook, *, grounds: Sequence[Range], drill: bool) -> None:
    working = ActivatedGround.objects.filter(
        activation__playbook__code=playbook.code, activation__released_at=None, activation__drill=drill
    )
    for ground in grounds:
        overlap = working.filter(first__lte=ground.last, last__gte=ground.first).order_by("pk").first()
        if overlap is not None:
            raise AlreadyActive(activation=overlap.activation_id)


def activate_playbook(
    playbook: Playbook,
    *,
    ground_codes: Sequence[str],
    declaration: Declaration | None,
    admission: Admission | None = None,
    drill: bool | None = None,
    by: Actor,
    at: datetime,
) -> Activation:
    """This function will open what a playbook lists on the chosen areas, and nothing elsewhere (EMG-2).

    Each step is a transaction of its own: a crash between two loses nothing, ``resume_activation`` goes
    on where it stopped, and a step that its room refuses is named on its item while the others open.
    The same call again is the same activation. ``drill`` is the declaration's unless said. Raises
    ``NotAllowed``, ``NotFound``, ``OldVersion``, ``DeclarationMissing``, ``DeclarationNotInForce``,
    ``GroundNotDeclared``, ``HazardDiffers``, ``DrillNotDeclared``, ``AdmissionMissing``, ``AlreadyActive``.
    """
    activation = _begin(
        playbook,
        ground_codes=ground_codes,
        declaration=declaration,
        admission=admission,
        drill=bool(declaration and declaration.drill) if drill is None else drill,
        by=by,
        at=at,
    )
    return activation if activation.release_started_at else resume_activation(activation, by=by, at=at)


class ActivationOfAnother(Refusal):
    """What a command above opened, the one below does not close (EMG-3)."""

    code = "activation_of_another"
    sentence = _("%(unit)s activated this; it, or a command above it, goes on with it and releases it.")
    status = 403


def require_charge(activation: Activation, *, by: Actor) -> None:
    """This function will refuse an actor who is neither in the activating unit nor in a command above it.

    Raises ``NotFound`` when the ground is not wholly the actor's, ``ActivationOfAnother``.
    """
    if not all(by.scope.covers(ground) for ground in grounds_of(activation)):
        raise NotFound
    if by.unit_id not in (None, activation.unit_id) and activation.unit.place not in by.scope:
        raise ActivationOfAnother(unit=activation.unit)


def resume_activation(activation: Activation, *, by: Actor, at: datetime) -> Activation:
    """This function will open the items that are planned and not open yet, in their order.

    Raises ``NotAllowed``, ``NotFound`` when the ground is not the actor's, ``ActivationOfAnother``, ``ReleaseBegan``.
    """
    by.require("playbook.activate")
    require_charge(activation, by=by)
    grounds = grounds_of(activation)
    acting = replace(by, acts=by.acts | OPENING_ACTS, unit_id=activation.unit_id)
    for pk in activation.items.filter(opened_at=None).order_by("order").values_list("pk", flat=True):
        _open_item(pk, grounds=grounds, by=acting, at=at)
    activation.refresh_from_db()
    return activation


def _open_item(pk: int, *, grounds: Sequence[Range], by: Actor, at: datetime) -> None:
    try:
        with transaction.atomic():
            item = ActivationItem.objects.select_for_update().get(pk=pk)
            if item.opened_at is not None:  # somebody else was faster
                return
            activation = Activation.objects.select_related("playbook", "declaration", "admission", "unit").get(
                pk=item.activation_id or 0
            )
            if activation.release_started_at is not None:
                raise ReleaseBegan
            step: dict[str, Any] = next((step for step in activation.playbook.steps if step["key"] == item.key), {})
            opening = Opening(activation=activation, item=item, step=step, grounds=list(grounds), by=by, at=at)
            opened = OPENERS[item.kind](opening)
            item.reference, item.count, item.detail = opened.reference, opened.count, opened.detail
            item.opened_at, item.blocked = at, None
            item.save(update_fields=["reference", "count", "detail", "opened_at", "blocked"])
            record(
                "command.open_item",
                subject=item,
                by=by,
                at=at,
                data={"kind": item.kind, "reference": item.reference, "count": item.count},
                drill=activation.drill,
            )
    except ReleaseBegan:
        raise
    except Refusal as refusal:
        ActivationItem.objects.filter(pk=pk, opened_at=None).update(blocked=kept(refusal))
