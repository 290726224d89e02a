"""The board of one area, cut out of a tick."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils import timezone

from qipan.command.api import Directive
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.sql import moment_of
from qipan.posture.api import PostureView, prevailing_posture
from qipan.screening.api import DoorState, Round
from qipan.territory.api import OFFICIAL, AreaView, Denominator, Rate
from qipan.warnings.api import Warning

from .. import rules
from ..rules import Share
from . import parts
from .tick import Tick, ticker

ACTS = ("board.view", "wall.view")
HOLDERS = 3  # units named beside the late tasks


@dataclass(frozen=True)
class Coverage:
    """How far a round has come in an area; ``states`` sum to ``doors``."""

    round: Round
    doors: int
    settled: int
    visits: int
    states: list[tuple[DoorState, int]]

    @property
    def share(self) -> Share:
        return Share(self.settled, self.doors)


@dataclass(frozen=True)
class DirectiveLine:
    """A directive and how far its receipts have come in an area."""

    directive: Directive
    asked: int
    delivered: int
    read: int
    last_s: float | None  # from the decision to the last node that has received

    @property
    def unread(self) -> int:
        return self.asked - self.read


@dataclass(frozen=True)
class Row:
    """An area right below, with what it has of each metric; ``area`` None is the level's own desks."""

    area: AreaView | None
    shares: dict[str, Share | None]
    share: Share | None  # of the metric that is shown

    @property
    def left(self) -> int:
        return self.share.left if self.share else 0

    @property
    def width(self) -> str:
        return self.share.width if self.share else "0"


@dataclass(frozen=True)
class Holder:
    """A unit, never a person, and how many late tasks it holds in an area."""

    unit: Unit
    late: int


@dataclass
class Board:
    """All that the board of an area shows; every figure is of ``at``."""

    area: AreaView
    hierarchy: str
    path: list[AreaView]
    at: datetime
    show: str
    drill: bool
    posture: PostureView | None
    coverage: Coverage | None
    directives: list[DirectiveLine]
    tasks: dict[str, int]
    holders: list[Holder]
    matters: dict[str, int] | None  # None below the communities, which they are counted by
    forces: dict[str, int]
    forms: int
    measures: int
    measures_ending: int
    warned: list[Warning]
    totals: dict[str, Share | None]
    people: tuple[Denominator, ...] = ()
    rows: list[Row] = field(default_factory=list)

    @property
    def total(self) -> Share | None:
        """The whole area's share of the metric that is shown, as the levels above see it."""
        return self.totals[self.show]

    @property
    def rate(self) -> Rate | None:
        """Open requests and task cards per 10,000 of the people served (else of the residents); None where neither is known."""
        return Rate(self.tasks["service_open"], 10_000, self.people[-1]) if self.people else None

    @property
    def squares(self) -> list[Row]:
        """The areas below in the order of their codes: a square keeps its place whatever the figures do."""
        return sorted((row for row in self.rows if row.area), key=lambda row: row.area.code if row.area else "")

    @property
    def available(self) -> list[str]:
        """The metrics that there is something of."""
        have = {"coverage": self.coverage is not None, "receipts": bool(self.directives), "tasks": True}
        return [metric for metric in rules.METRICS if have[metric]]

    @cached_property
    def shape(self) -> str:
        """What is on the page beside its figures: when it changes, the page is laid anew."""
        posture = self.posture
        told = [
            self.area.code,
            self.show,
            self.drill,
            posture and [posture.kind, posture.level, posture.number, posture.day],
            [one.identifier for one in self.warned],
            self.coverage and self.coverage.round.pk,
            [line.directive.pk for line in self.directives],
            sorted(row.area.code for row in self.rows if row.area),
        ]
        return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:12]

    def figures(self) -> dict[str, Any]:
        """This method will return every figure as plain numbers, for the endpoint and for its ETag."""
        coverage, newest = self.coverage, {line.directive.pk: line for line in self.directives}
        return {
            "code": self.area.code,
            "shape": self.shape,
            "show": self.show,
            "total": self.total and {"part": self.total.part, "whole": self.total.whole},
            "coverage": coverage
            and {
                "round": coverage.round.pk,
                "doors": coverage.doors,
                "settled": coverage.settled,
                "left": coverage.doors - coverage.settled,
                "visits": coverage.visits,
                "states": {state.name: count for state, count in coverage.states},
            },
            "directives": {
                str(pk): {
                    "asked": line.asked,
                    "delivered": line.delivered,
                    "read": line.read,
                    "unread": line.unread,
                    "last_s": line.last_s,
                }
                for pk, line in newest.items()
            },
            "tasks": self.tasks,
            "holders": [{"unit": h.unit.pk, "label": h.unit.label, "late": h.late} for h in self.holders],
            "matters": self.matters,
            "forces": self.forces,
            "rate": self.rate and round(self.rate.value, 2),
            "forms": self.forms,
            "measures": self.measures,
            "measures_ending": self.measures_ending,
            "areas": [
                {
                    "code": row.area.code if row.area else "",
                    **{
                        metric: share and {"part": share.part, "whole": share.whole}
                        for metric, share in row.shares.items()
                    },
                    "step": row.share.step if row.share else 0,
                    "part": row.share.part if row.share else None,
                    "whole": row.share.whole if row.share else None,
                    "left": row.left,
                }
                for row in self.rows
            ],
        }


def may_look(actor: Actor) -> None:
    """This function will raise ``NotAllowed`` unless the post gives the board or the wall."""
    actor.require(*ACTS)


def look(code: str, *, actor: Actor, hierarchy: str) -> tuple[AreaView, list[AreaView], list[AreaView]]:
    """This function will return an area that the actor may look at, its path as far as he may, and its children.

    Raises ``NotAllowed`` without the act, ``NotFound`` where the area is unknown or not wholly in scope.
    """
    may_look(actor)
    area, path, below = parts.family(code, hierarchy)
    if not in_scope(area, actor):
        raise NotFound
    return area, [step for step in path if in_scope(step, actor)], below


def in_scope(area: AreaView, actor: Actor) -> bool:
    """This function will say whether the actor's ground holds the whole area."""
    return bool(area.ranges) and all(actor.scope.covers(ground) for ground in area.ranges)


def home_of(actor: Actor) -> str:
    """This function will return the code of the largest area that lies wholly on the actor's ground.

    Raises ``NotFound`` when there is none: a steward's ground is compounds, not an area.
    """
    pending = [settings.CITY]
    while pending:
        area, _path, below = parts.family(pending.pop(0), OFFICIAL)
        if in_scope(area, actor):
            return area.code
        pending += [sub.code for sub in below if any(g.meets(r) for g in actor.scope.ranges for r in sub.ranges)]
    raise NotFound


def board_of(
    code: str,
    *,
    actor: Actor,
    clock: Callable[[], datetime],
    show: str | None,
    hierarchy: str,
    drill: bool | None = None,
) -> Board:
    """This function will return the board of an area for an actor; ``show`` names the metric that shades it.

    Without ``drill`` the board shows a drill only where no real posture is in force. Raises as ``look``.
    """
    area, path, below = look(code, actor=actor, hierarchy=hierarchy)
    tick = ticker.current(clock)
    posture = prevailing_posture(tick.part(parts.postures), area.ranges, at=tick.at)
    if drill is None:
        drill = bool(posture and posture.drill)
    ground = parts.within(area, below)
    coverage, cover = _coverage(tick, area.ranges, drill, ground)
    lines, received = _directives(tick, area.ranges, drill, ground)
    desks = tick.part(parts.tasks, drill, ground)
    forces = tick.part(parts.on_duty, drill, ground).over(area.ranges)
    metric = rules.chosen(show, round_open=coverage is not None, directive_open=bool(lines))
    measured = [m for m in tick.part(parts.measures) if m.drill == drill and rules.meet(m.first, m.last, area.ranges)]
    forms = [f for f in tick.part(parts.forms_open) if f.drill == drill and rules.meet(f.first, f.last, area.ranges)]

    def row(sub: AreaView | None, ranges: tuple[Range, ...], minus: list[Row] | None = None) -> Row:
        shares: dict[str, Share | None] = {
            "coverage": _share(cover, ranges, "settled", "doors"),
            "receipts": _share(received, ranges, "read", "asked"),
            "tasks": _share(desks, ranges, "open", "open", "late"),
        }
        for other in minus or ():
            for name, share in other.shares.items():
                mine = shares[name]
                if mine and share:
                    shares[name] = Share(mine.part - share.part, mine.whole - share.whole)
        return Row(sub, shares, shares[metric])

    rows = [row(sub, sub.ranges) for sub in below]
    totals = row(None, area.ranges).shares
    own = row(None, area.ranges, rows)
    if own.share and own.share.whole > 0 and rows:
        rows.append(own)
    rows.sort(key=lambda r: (-r.left, r.area.code if r.area else ""))
    ends = parts.day_ends(tick.at)
    return Board(
        area=area,
        hierarchy=hierarchy,
        path=path,
        at=tick.at,
        show=metric,
        drill=drill,
        posture=posture,
        coverage=coverage,
        directives=lines,
        tasks=desks.over(area.ranges),
        holders=_holders(tick, area.ranges, drill, ground) if desks.over(area.ranges)["late"] else [],
        matters=None if area.level > COMMUNITY else tick.part(parts.matters, drill).over(area.ranges),
        forces={**forces, "uncovered": forces["shifts_now"] - forces["on_duty"]},
        forms=len(forms),
        measures=len(measured),
        warned=[
            one
            for one, told in tick.part(parts.warned)
            if one.drill == drill and any(part.meets(here) for part in told for here in area.ranges)
        ],
        measures_ending=sum(m.expires_at <= ends for m in measured),
        totals=totals,
        people=parts.people(area.code),
        rows=rows,
    )


def _share(tally: rules.Tally | None, ranges: tuple[Range, ...], part: str, whole: str, less: str = "") -> Share | None:
    if tally is None:
        return None
    counts = tally.over(ranges)
    return Share(counts[part] - (counts[less] if less else 0), counts[whole])


def _coverage(
    tick: Tick, ranges: tuple[Range, ...], drill: bool, ground: parts.Ground
) -> tuple[Coverage | None, rules.Tally | None]:
    opened = ((found, tick.part(parts.coverage, found.pk, ground)) for found in tick.part(parts.rounds, drill))
    current, tally = next(((found, tally) for found, tally in opened if tally.meets(ranges)), (None, None))
    if current is None or tally is None:
        return None, None
    counts = tally.over(ranges)
    states = [(state, counts[state.name]) for state in DoorState]
    return Coverage(current, counts["doors"], counts["settled"], counts["visits"], states), tally


def _directives(
    tick: Tick, ranges: tuple[Range, ...], drill: bool, ground: parts.Ground
) -> tuple[list[DirectiveLine], rules.Tally | None]:
    lines, first = [], None
    open_ones = tick.part(parts.directives, drill)
    here = [found for found, targets in open_ones if any(rules.meet(to.first, to.last, ranges) for to in targets)]
    for directive in here[: parts.DIRECTIVES]:
        tally = tick.part(parts.receipts, directive.source, ground)
        counts = tally.over(ranges)
        first = first or tally
        last = moment_of(tally.last(ranges))
        last_s = (last - directive.decided_at).total_seconds() if last else None
        lines.append(DirectiveLine(directive, counts["asked"], counts["delivered"], counts["read"], last_s))
    return lines, first


def _holders(tick: Tick, ranges: tuple[Range, ...], drill: bool, ground: parts.Ground) -> list[Holder]:
    most = tick.part(parts.late_holders, drill, ground).most(ranges, HOLDERS)
    units = parts.units(*(pk for pk, _late in most))
    return [Holder(units[pk], late) for pk, late in most]


def as_of_text(at: datetime) -> str:
    """This function will write a tick's moment for a header, in the city's time to the second."""
    return timezone.localtime(at).isoformat(timespec="seconds")
