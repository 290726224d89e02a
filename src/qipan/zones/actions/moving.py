"""Zones follow the map: what a merged or divided area had goes on in the areas that own its ground now (ORG-5)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, DISTRICT, Range
from qipan.kernel.scoped import overlapping
from qipan.laws.api import Cited, Use, cite_all, cited_by, end_citations
from qipan.territory.api import AreaView, area_at, areas_within

from ..models import RiskZone
from ..queries.counts import area_on
from ..queries.zones import cut

AT_ONCE = 50  # ranges in one question

Piece = tuple[datetime, datetime | None, RiskZone]


@dataclass(frozen=True)
class ZoneChanged:
    """The level of one range becomes another one at a moment; None is no zone. It may lie ahead (``at``)."""

    ground: Range
    hazard: str
    before: int | None
    after: int | None
    at: datetime


@dataclass(frozen=True)
class ZoneLost:
    """The map has lost an area and names nobody who took it over: its level ended then. ``ranges`` is where it held."""

    code: str
    ranges: tuple[Range, ...]
    hazard: str
    at: datetime


@transaction.atomic
def leave_closed(codes: Collection[str], *, by: Actor, at: datetime) -> None:
    """This function will end the levels of areas that an import took off the map, as far as nobody owns their ground now.

    What another area owns goes on there (``follow_map``). For the import, which has checked its right.
    """
    closed = set(codes)
    rows = RiskZone.objects.everywhere("the map under the zones has changed")
    rows = rows.filter(Q(ends_at=None) | Q(ends_at__gt=at)).exclude(ends_at=F("starts_at"))
    held = rows.order_by("first").values_list("code", "first", "last")
    ground = sorted({Range(first, last) for code, first, last in held if code in closed})
    for begin in range(0, len(ground), AT_ONCE):
        follow_map(ground[begin : begin + AT_ONCE], by=by, at=at)


@transaction.atomic
def follow_map(ground: Sequence[Range], *, by: Actor, at: datetime) -> list[str]:
    """This function will let the zones on a ground go on as zones of the areas that own it now; returns their codes.

    An area has one level: of several on its ground the gravest holds, with its reasons and whoever confirmed it, until
    an official confirms another. Where no area owns the ground any more, the level ends. Where every zone is as its area
    is, nothing changes. For acts that have checked their right: the one that changed the map, and the confirmation of a
    level.
    """
    changed = []
    for size in range(DISTRICT, COMMUNITY + 1):
        near = _open_rows(overlapping(ground), size, at=at)
        if not near:
            continue
        codes = {row.code for row in near}
        under = areas_within([Range(row.first, row.last) for row in near], size)
        places = {part.first for part in ground} | {row.first for row in _open_rows(Q(code__in=codes), size, at=at)}
        known = [*under, *(area_on(code) for code in codes), *(area_at(place, size) for place in sorted(places))]
        areas = {area.code: area for area in known if area is not None}
        owned = [part for area in areas.values() for part in area.ranges]
        rows = _open_rows(overlapping([*ground, *owned]) | Q(code__in=codes), size, at=at)
        lost = [row for row in rows if row.code in codes - set(areas) and not _owned(row, owned)]
        _end_lost(lost, by=by, at=at)
        for hazard in sorted({row.hazard for row in rows}):
            changed += _redraw([row for row in rows if row.hazard == hazard], areas, by=by, at=at)
    return changed


def _open_rows(which: Q, size: int, *, at: datetime) -> list[RiskZone]:
    """What holds or will hold, and what a rule set that ended left without an end of its own."""
    rows = RiskZone.objects.everywhere("the map under the zones has changed").select_for_update(of=("self",))
    rows = rows.filter(which, Q(ends_at=None) | Q(ends_at__gt=at), area_level=size).exclude(ends_at=F("starts_at"))
    return list(rows.select_related("rule_set").order_by("pk"))


def _owned(row: RiskZone, owned: Sequence[Range]) -> bool:
    return any(part.meets(Range(row.first, row.last)) for part in owned)


def _end_lost(rows: Sequence[RiskZone], *, by: Actor, at: datetime) -> None:
    """Ends the levels on ground that is no area's; what held stays in the history until this moment."""
    end_citations([f"zones.RiskZone:{row.pk}" for row in rows], at=at)
    by_area: dict[tuple[str, str], list[RiskZone]] = {}
    for row in rows:
        until = at if row.starts_at <= at else row.starts_at
        RiskZone.objects.everywhere("the map has its area no more").filter(pk=row.pk).update(ends_at=until)
        by_area.setdefault((row.code, row.hazard), []).append(row)
    for (code, hazard), own in sorted(by_area.items()):
        held = [row for row in own if _holds(row, at) and (row.rule_set.ends_at is None or row.rule_set.ends_at > at)]
        record(
            "zones.lose_zone",
            subject=own[0],
            by=by,
            at=at,
            place=own[0].place,
            data={"code": code, "hazard": hazard, "level": held[0].level if held else None},
        )
        for row in held:
            publish(ZoneChanged(Range(row.first, row.last), hazard, row.level, None, at))
        publish(ZoneLost(code, tuple(sorted({Range(row.first, row.last) for row in own})), hazard, at))


def _on(area: AreaView, rows: Sequence[RiskZone]) -> list[RiskZone]:
    return [row for row in rows if any(part.meets(Range(row.first, row.last)) for part in area.ranges)]


def _fits(area: AreaView, rows: Sequence[RiskZone]) -> bool:
    return all(row.code == area.code for row in rows) and {Range(row.first, row.last) for row in rows} == set(
        area.ranges
    )


def _redraw(rows: list[RiskZone], areas: dict[str, AreaView], *, by: Actor, at: datetime) -> list[str]:
    """Ends the zones that lie otherwise than their areas, and begins what goes on in their place."""
    moved = [(area, own) for _code, area in sorted(areas.items()) if (own := _on(area, rows)) and not _fits(area, own)]
    ended = {row.pk: row for _area, own in moved for row in own}
    articles = cited_by("zones.RiskZone", ended)
    end_citations([f"zones.RiskZone:{pk}" for pk in ended], at=at)
    for row in ended.values():
        until = at if row.starts_at <= at else row.starts_at
        RiskZone.objects.everywhere("its area is another one now").filter(pk=row.pk).update(ends_at=until)
    for area, own in moved:
        for begins, ends, source in _pieces(area, own, at=at):
            zones = [_goes_on(area, part, source, begins=begins, ends=ends) for part in area.ranges]
            cited = [
                Cited(zone, article, zone.unit_id or 0, zone.place)
                for zone in zones
                for article in articles.get(source.pk, ())
            ]
            cite_all(cited, use=Use.ZONE, at=at)
            record(
                "zones.follow_map",
                subject=zones[0],
                by=by,
                at=at,
                place=area.place,
                data={
                    "code": area.code,
                    "hazard": source.hazard,
                    "level": source.level,
                    "of": sorted({row.code for row in own}),
                    "starts_at": begins.isoformat(),
                },
            )
            _tell(area, own, source, begins)
    return [area.code for area, _own in moved]


def _pieces(area: AreaView, rows: Sequence[RiskZone], *, at: datetime) -> list[Piece]:
    """The gravest zone of each stretch of time from ``at`` on; of two alike the area's own."""
    living = [row for row in rows if row.rule_set.ends_at is None or row.rule_set.ends_at > at]
    turns = {moment for row in living for moment in (row.starts_at, row.ends_at) if moment is not None and moment > at}
    moments = sorted({at, *turns})
    pieces: list[Piece] = []
    for begins, ends in zip(moments, [*moments[1:], None], strict=True):
        holding = [row for row in living if _holds(row, begins)]
        if not holding:
            continue
        gravest = max(holding, key=lambda row: (row.level, row.code == area.code, row.pk))
        if pieces and pieces[-1][2] is gravest and pieces[-1][1] == begins:
            begins = pieces.pop()[0]
        pieces.append((begins, ends, gravest))
    return pieces


def _holds(row: RiskZone, moment: datetime) -> bool:
    return row.starts_at <= moment and (row.ends_at is None or moment < row.ends_at)


def _goes_on(area: AreaView, part: Range, source: RiskZone, *, begins: datetime, ends: datetime | None) -> RiskZone:
    return RiskZone.objects.create(
        rule_set_id=source.rule_set_id,
        hazard=source.hazard,
        code=area.code,
        area_level=area.level,
        place=area.place,
        first=part.first,
        last=part.last,
        level=source.level,
        reasons=source.reasons,
        counted_to=source.counted_to,
        words=source.words,
        starts_at=begins,
        ends_at=ends,
        confirmed_at=source.confirmed_at,
        unit_id=source.unit_id,
        by_label=source.by_label,
    )


def _tell(area: AreaView, rows: Sequence[RiskZone], source: RiskZone, begins: datetime) -> None:
    held = [(Range(row.first, row.last), row.level) for row in rows if _holds(row, begins)]
    for part in area.ranges:
        for ground, before in cut(part, held):
            if before != source.level:
                publish(ZoneChanged(ground, source.hazard, before, source.level, begins))
