"""Taking and ending the posture of a ground."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.duties.api import Unit
from qipan.journal.api import queue_message, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal

from .. import rules
from ..models import Declaration, Posture
from ..queries.declared import grounds_of
from ..terms import PostureKind, ResponseLevel


class PostureNeedsDeclaration(Refusal):
    code = "posture_needs_declaration"
    sentence = _("The emergency posture needs a declaration in force (Emergency Response Law 2024, art. 72).")


class DeclarationNotRunning(Refusal):
    code = "declaration_not_running"
    sentence = _("Declaration %(number)s is not in force at this moment.")


class OutsideDeclaredGround(Refusal):
    code = "outside_declared_ground"
    sentence = _("Declaration %(number)s does not cover all of this ground.")


class PostureEndMissing(Refusal):
    code = "posture_end_missing"
    sentence = _("A posture cannot be open-ended: say until when it is expected to hold.")
    status = 400


class PostureBasisMissing(Refusal):
    code = "posture_basis_missing"
    sentence = _("The standing posture needs its basis: the plan or decision that it rests on.")
    status = 400


class TakenByHigherOrgan(Refusal):
    code = "taken_by_higher_organ"
    sentence = _("A higher organ put this ground into its posture; only that organ, or one above it, may end it.")
    status = 403


def _rank_of(by: Actor, *, declaration: Declaration | None) -> int:
    """The authority of who acts; a job has no organ of its own and acts for the declaration's."""
    unit_id = by.unit_id or (declaration.issuer_id if declaration else None)
    unit = Unit.objects.select_related("organ_type").filter(pk=unit_id).first() if unit_id else None
    return unit.organ_type.authority_rank if unit else 0


@transaction.atomic
def take_posture(
    declaration: Declaration | None,
    *,
    grounds: Iterable[Range],
    kind: str = PostureKind.EMERGENCY,
    until: datetime | None = None,
    basis: str = "",
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> list[Posture]:
    """This function will put grounds into the emergency posture of a declaration, or into the standing one.

    An emergency posture has the level, the drill mark and (unless ``until`` is earlier) the expected end
    of its declaration. A standing posture has its own ``until`` and ``basis``. A ground that holds the
    posture already keeps it: taking it twice is harmless.

    Needs ``declaration.issue``. Raises ``NotAllowed``, ``NotFound``, ``PostureNeedsDeclaration``,
    ``DeclarationNotRunning``, ``OutsideDeclaredGround``, ``PostureEndMissing``, ``PostureBasisMissing``.
    """
    by.require("declaration.issue")
    ranges = [Range(*ground) for ground in grounds]
    if not ranges or any(ground.without(by.scope.ranges) for ground in ranges):
        raise NotFound
    level = None
    if kind == PostureKind.EMERGENCY:
        if declaration is None:
            raise PostureNeedsDeclaration
        level, drill = declaration.level, declaration.drill
    if declaration is not None:
        _check_declared(declaration, ranges, at=at)
        until = min(until or declaration.expected_until, declaration.expected_until)
    if until is None or until <= at:
        raise PostureEndMissing(field="until")
    if declaration is None and not basis.strip():
        raise PostureBasisMissing(field="basis")
    rank = _rank_of(by, declaration=declaration)
    taken = [
        _take(
            declaration, kind=kind, level=level, ground=ground, until=until, basis=basis, rank=rank, at=at, drill=drill
        )
        for ground in ranges
    ]
    record(
        "posture.take_posture",
        subject=declaration or taken[0],
        by=by,
        at=at,
        place=ranges[0].first,
        data={
            "kind": str(kind),
            "level": level,
            "until": until.isoformat(),
            "postures": [posture.pk for posture in taken],
        },
        drill=drill,
    )
    _tell([posture for posture in taken if posture.since == at], at=at)
    return taken


def _tell(postures: Sequence[Posture], *, at: datetime, over: bool = False) -> None:
    """Units with a channel on the ground are told: which posture, which level, by which declaration (ORG-11)."""
    if not postures:
        return
    first = postures[0]
    with override(settings.LANGUAGE_CODE):
        kind = PostureKind(first.kind).label
        what = f"{kind} · {ResponseLevel(first.level).label}" if first.level else str(kind)
        number = first.declaration.number if first.declaration else ""
        ended = _now("ended") if over else ""
        said = " · ".join(part for part in (what, number, ended) if part)
    payload = {
        "what": "posture.changed",
        "said": said,
        "path": "/board",
        "ranges": [[posture.first, posture.last] for posture in postures],
    }
    key = f"posture:{first.pk}:{'over' if over else 'taken'}"
    queue_message("notice", key=key, payload=payload, at=at, drill=first.drill)


def _check_declared(declaration: Declaration, ranges: Sequence[Range], *, at: datetime) -> None:
    if not rules.in_force(declaration.starts_at, declaration.expected_until, declaration.ended_at, at=at):
        raise DeclarationNotRunning(number=declaration.number)
    declared = grounds_of(declaration)
    if any(ground.without(declared) for ground in ranges):
        raise OutsideDeclaredGround(number=declaration.number)


def _take(
    declaration: Declaration | None,
    *,
    kind: str,
    level: int | None,
    ground: Range,
    until: datetime,
    basis: str,
    rank: int,
    at: datetime,
    drill: bool,
) -> Posture:
    held = Posture.objects.filter(
        declaration=declaration,
        kind=kind,
        level=level,
        first=ground.first,
        last=ground.last,
        ended_at=None,
        until__gt=at,
        drill=drill,
    ).first()
    if held is not None and held.rank < rank:
        held.rank = rank  # a higher organ takes it too: from now on the lower one alone cannot end it
        held.save(update_fields=["rank"])
    return held or Posture.objects.create(
        declaration=declaration,
        kind=kind,
        level=level,
        basis=basis if declaration is None else "",
        first=ground.first,
        last=ground.last,
        since=at,
        until=until,
        rank=rank,
        drill=drill,
    )


def change_posture_level(declaration: Declaration, *, at: datetime) -> int:
    """This function will end the running postures of a declaration and begin them at its new level; how many.

    The old rows stay, so what held yesterday can still be read.
    """
    running = list(
        Posture.objects.filter(declaration=declaration, kind=PostureKind.EMERGENCY, ended_at=None, until__gt=at)
    )
    Posture.objects.filter(pk__in=[posture.pk for posture in running]).update(ended_at=at)
    begun = Posture.objects.bulk_create(
        Posture(
            declaration=declaration,
            kind=posture.kind,
            level=declaration.level,
            first=posture.first,
            last=posture.last,
            since=at,
            until=posture.until,
            rank=posture.rank,
            drill=posture.drill,
        )
        for posture in running
    )
    _tell(begun, at=at)
    return len(running)


@transaction.atomic
def end_posture(
    postures: Posture | Declaration | Iterable[Posture],
    *,
    grounds: Iterable[Range] | None = None,
    by: Actor,
    at: datetime,
) -> int:
    """This function will end postures: one, several, or all of a declaration; returns how many still held.

    ``grounds`` keeps it to the postures that lie wholly inside. Ending twice is harmless. An organ ends what
    it took itself and what organs below it took, never what a higher one took (EMG-8).
    Needs ``declaration.issue`` or ``release.run``. Raises ``NotAllowed``, ``NotFound``, ``TakenByHigherOrgan``.
    """
    if not by.can("release.run"):
        by.require("declaration.issue")
    if isinstance(postures, Posture):
        rows = Posture.objects.filter(pk=postures.pk)
    elif isinstance(postures, Declaration):
        rows = Posture.objects.filter(declaration=postures)
    else:
        rows = Posture.objects.filter(pk__in=[posture.pk for posture in postures])
    chosen = list(rows.order_by("pk"))
    if grounds is not None:
        inside = [Range(*ground) for ground in grounds]
        chosen = [row for row in chosen if not Range(row.first, row.last).without(inside)]
    if any(Range(row.first, row.last).without(by.scope.ranges) for row in chosen):
        raise NotFound
    running = Posture.objects.filter(pk__in=[row.pk for row in chosen], ended_at=None, until__gt=at)
    if by.unit_id is not None and running.filter(rank__gt=_rank_of(by, declaration=None)).exists():
        raise TakenByHigherOrgan
    over = list(running.select_related("declaration").order_by("pk"))
    ended = running.update(ended_at=at)
    if ended:
        _tell(over, at=at, over=True)
        record(
            "posture.end_posture",
            subject=chosen[0],
            by=by,
            at=at,
            place=chosen[0].first,
            data={"postures": [row.pk for row in chosen], "ended": ended},
            drill=chosen[0].drill,
        )
    return ended
