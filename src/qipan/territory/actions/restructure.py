"""Mergers and splits by date: ground changes its owner, history stays where it was (ORG-5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import publish
from qipan.kernel.actor import Actor
from qipan.kernel.place import CITY, CODE_LENGTHS, COMMUNITY, DISTRICT, Range, place_text, range_of
from qipan.kernel.refusal import Refusal

from ..ingest.counts import count_doors
from ..models import Area, AreaRange, Denominator
from ..queries import OFFICIAL, AreaView, denominator, get_area, joined, path_to
from ..rules.english import english_name
from ..terms import ChangeKind, DenominatorKind
from .changes import HeldIsNewer, check_day, check_ground, note


class CannotMerge(Refusal):
    """The two areas are one, or not of one level between district and community."""

    code = "cannot_merge"
    sentence = _("%(code)s cannot be merged into %(into)s: both must be districts, streets or communities.")


class CannotSplit(Refusal):
    """The new area has no usable code, or the parts that move are not some of the area's own."""

    code = "cannot_split"
    sentence = _("%(code)s cannot be split: %(new)s must be a free code beside it, with some but not all of its parts.")


@dataclass(frozen=True)
class AreaMerged:
    """Event: from the day ``on`` the ground of ``code`` belongs to ``into``; ordered at ``at``."""

    code: str
    into: str
    on: date
    at: datetime


@dataclass(frozen=True)
class AreaSplit:
    """Event: from the day ``on`` the area ``new`` stands on a part of the ground of ``code``; ordered at ``at``."""

    code: str
    new: str
    on: date
    at: datetime


def _end(rows: Iterable[Area | AreaRange], on: date) -> None:
    """This function will end versions on a day; one that began that very day leaves no trace."""
    for row in rows:
        if row.valid_from == on:
            row.delete()
        else:
            row.valid_to = on
            row.save(update_fields=["valid_to"])


def _give_ground(level: int, ranges: Iterable[Range], to: str, on: date) -> None:
    """This function will make ``to`` the owner of ranges at a level from a day on."""
    ranges = joined(ranges)
    held = AreaRange.objects.filter(hierarchy=OFFICIAL, valid_to=None).order_by("first")
    for row in [row for row in held if len(row.code) == CODE_LENGTHS[level]]:
        old = Range(row.first, row.last)
        if any(old.meets(part) for part in ranges):
            _end([row], on)
            rest = old.without(ranges)
            AreaRange.objects.bulk_create(
                AreaRange(code=row.code, first=part.first, last=part.last, valid_from=on) for part in rest
            )
    home = range_of(to)
    for part in ranges:
        if not home.covers(part):  # an area's own range needs no row
            AreaRange.objects.create(code=to, first=part.first, last=part.last, valid_from=on)


def return_ground(added: Iterable[str], on: date) -> None:
    """This function will give moved ground back where an import brought its old area back or ended its owner."""
    rows = list(AreaRange.objects.filter(hierarchy=OFFICIAL, valid_to=None))
    if not rows:
        return
    back = set(added)
    owners = set(
        Area.objects.filter(hierarchy=OFFICIAL, valid_to=None, code__in={row.code for row in rows}).values_list(
            "code", flat=True
        )
    )
    for row in rows:
        first = place_text(row.first)
        homes = {first[:length] for length in CODE_LENGTHS if length >= len(row.code)}
        returned = any(home in back and range_of(home).covers(Range(row.first, row.last)) for home in homes)
        if returned or row.code not in owners:
            _end([row], on)


def _move_children(codes: Sequence[str], to: str, on: date) -> None:
    """This function will give areas a new parent from a day on."""
    moved = list(Area.objects.filter(hierarchy=OFFICIAL, valid_to=None, code__in=codes))
    _end(moved, on)
    for area in moved:
        area.pk, area.parent_code, area.valid_from, area.valid_to = None, to, on, None
    Area.objects.bulk_create(moved)


def _check_held(codes: Iterable[str], on: date) -> None:
    """This function will raise ``HeldIsNewer`` when a version to be ended begins after the day."""
    codes = list(codes)
    newer = {"hierarchy": OFFICIAL, "valid_to": None, "valid_from__gt": on, "code__in": codes}
    if Area.objects.filter(**newer).exists() or AreaRange.objects.filter(**newer).exists():
        raise HeldIsNewer(day=on.isoformat())


def _children_of(code: str) -> list[str]:
    return list(
        Area.objects.filter(hierarchy=OFFICIAL, valid_to=None, parent_code=code)
        .order_by("code")
        .values_list("code", flat=True)
    )


def _ancestors(area: AreaView) -> dict[int, str]:
    return {step.level: step.code for step in path_to(area.code) if step.level > CITY}


def _join_populations(area: AreaView, target: AreaView, on: date) -> None:
    """This function will add up the populations of two merged areas where both are known."""
    for kind in (DenominatorKind.RESIDENT, DenominatorKind.SERVICE):
        one, two = denominator(area.code, kind, on=on), denominator(target.code, kind, on=on)
        if one is not None and two is not None:
            Denominator.objects.update_or_create(
                hierarchy=OFFICIAL,
                code=target.code,
                kind=kind,
                valid_from=on,
                defaults={
                    "value": one.value + two.value,
                    "definition": two.definition,
                    "source": f"{two.source} + {one.source}"[:200],
                    "synthetic": one.synthetic or two.synthetic,
                },
            )


@transaction.atomic
def merge_area(code: str, *, into: str, on: date, by: Actor, at: datetime) -> AreaView:
    """This function will merge an area into another of its level from a day on; returns the area that remains.

    The merged area ends, its parts get the new parent, its ground the new owner (also above, where the
    two lie under different districts). What was reported before the day stays under the old area.
    Raises ``CannotMerge``, ``DayNotReached``, ``HeldIsNewer``, ``NotAllowed``, ``NotFound``.
    """
    by.require("territory.import")
    area, target = get_area(code), get_area(into)
    check_ground(by, [*area.ranges, *target.ranges])
    if area.code == target.code or area.level != target.level or not DISTRICT <= area.level <= COMMUNITY:
        raise CannotMerge(code=code, into=into)
    check_day(on, at)
    parts = _children_of(code)
    _check_held([code, into, *parts], on)
    old_path, new_path = _ancestors(area), _ancestors(target)
    _end(Area.objects.filter(hierarchy=OFFICIAL, valid_to=None, code=code), on)
    _move_children(parts, into, on)
    for level in range(area.level, CITY, -1):
        if old_path.get(level) != new_path.get(level) and level in new_path:
            _give_ground(level, area.ranges, new_path[level], on)
    _join_populations(area, target, on)
    count_doors([*area.ranges, *target.ranges], on=on)
    note(
        "merge_area",
        ChangeKind.RESTRUCTURE,
        subject=f"territory.Area:{code}",
        source=f"{code} -> {into}",
        valid_from=on,
        synthetic=target.synthetic,
        place=area.place,
        data={"into": into, "parts": len(parts)},
        by=by,
        at=at,
    )
    publish(AreaMerged(code=code, into=into, on=on, at=at))
    return get_area(into)


@transaction.atomic
def split_area(
    code: str, *, new_code: str, name: str, name_en: str = "", parts: Sequence[str], on: date, by: Actor, at: datetime
) -> AreaView:
    """This function will make a new area beside an area, from a day on, out of some of its parts; returns the new one.

    Raises ``CannotSplit``, ``DayNotReached``, ``HeldIsNewer``, ``NotAllowed``, ``NotFound``.
    """
    by.require("territory.import")
    area = get_area(code)
    check_ground(by, area.ranges)
    held = set(_children_of(code))
    free = not Area.objects.filter(hierarchy=OFFICIAL, code=new_code).exists()
    fits = (
        free
        and new_code.isascii()
        and new_code.isdigit()
        and len(new_code) == len(code)
        and new_code.startswith(area.parent_code)
    )
    if not fits or not name or len(name) > 80 or not parts or not set(parts) < held or area.level >= COMMUNITY:
        raise CannotSplit(code=code, new=new_code)
    check_day(on, at)
    _check_held([code, *parts], on)
    Area.objects.create(
        code=new_code,
        parent_code=area.parent_code,
        level=area.level,
        name=name,
        name_en=name_en or english_name(name, area.level),
        valid_from=on,
        synthetic=area.synthetic,
    )
    ground = [part for child in parts for part in get_area(child).ranges]
    _move_children(parts, new_code, on)
    _give_ground(area.level, ground, new_code, on)
    count_doors(area.ranges, on=on)
    note(
        "split_area",
        ChangeKind.RESTRUCTURE,
        subject=f"territory.Area:{code}",
        source=f"{code} -> {new_code}",
        valid_from=on,
        synthetic=area.synthetic,
        place=area.place,
        data={"new": new_code, "parts": list(parts)},
        by=by,
        at=at,
    )
    publish(AreaSplit(code=code, new=new_code, on=on, at=at))
    return get_area(new_code)
