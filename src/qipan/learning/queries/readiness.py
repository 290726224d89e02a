"""How ready communities are, each with its reasons (EMG-14, FOR-11). Of communities, never of a person."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F
from django.utils.timezone import localdate

from qipan.access.api import posts_by_unit
from qipan.command.api import Activation, activations_for, score_of
from qipan.deployment.api import shifts_between
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, Grounds, Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.sql import fetch_rows
from qipan.territory.api import AreaView, areas_within, children, get_area

from .. import rules
from ..terms import Light
from .provisions import communities_on, provided_on

PER_COMPOUND = 10_000  # places of one compound: its number and those of its doors


@dataclass(frozen=True)
class Readiness:
    """One community with its level and the lines that say why."""

    area: AreaView
    signals: tuple[rules.Signal, ...]

    @property
    def level(self) -> int | None:
        """The gravest line that is known."""
        return rules.level(self.signals)

    @property
    def known(self) -> int:
        """How many lines are known."""
        return sum(signal.light is not None for signal in self.signals)


@dataclass(frozen=True)
class Summed:
    """An area above communities: how many of them stand at which level."""

    area: AreaView
    communities: int
    counts: dict[int, int]


def _drilled(activation: Activation) -> rules.Drilled:
    score = score_of(activation)
    return rules.Drilled(activation.pk, localdate(activation.activated_at), score.met, score.judged)


class _Drills:
    """The drills whose release has begun, the newest first; each is scored once, when a community asks for it."""

    def __init__(self, actor: Actor) -> None:
        rows = (
            activations_for(actor).filter(drill=True, release_started_at__isnull=False).order_by("-activated_at", "-pk")
        )
        self._drills = [
            (one, [Range(r.first, r.last) for r in one.ranges.all()]) for one in rows.prefetch_related("ranges")
        ]
        self._scored: dict[int, rules.Drilled] = {}

    def last_on(self, ground: Sequence[Range]) -> rules.Drilled | None:
        """The last drill whose ground holds all of this one."""
        for activation, ranges in self._drills:
            if not any(part.without(ranges) for part in ground):
                if activation.pk not in self._scored:
                    self._scored[activation.pk] = _drilled(activation)
                return self._scored[activation.pk]
        return None


def readiness_on(ranges: Sequence[Range], *, actor: Actor, at: datetime) -> list[Readiness]:
    """This function will judge every community on a ground that lies in the actor's scope, in the order of places.

    A few statements for all of them: units, posts by unit, shifts ahead, drills, what each community holds.
    """
    ground = [part for whole in ranges for part in actor.scope.narrowed(whole).ranges]
    if not ground:
        return []
    areas = [area for area in areas_within(ground, COMMUNITY) if all(actor.scope.covers(part) for part in area.ranges)]
    units = dict(communities_on(ground).values_list("place", "pk"))
    posts = posts_by_unit(units.values(), at=at)
    shifts = _by_place(ground, at=at)
    places = sorted(shifts)
    provided, drills, on = provided_on(ground), _Drills(actor), localdate(at)
    found = []
    for area in areas:
        unit = units.get(area.place)
        held, said = (posts.get(unit, 0), provided.get(unit)) if unit else (0, None)
        asked, empty = _over(area.ranges, shifts, places)
        signals = (
            rules.roster_signal(held, shifts=asked, empty=empty),
            rules.backup_signal(held),
            rules.drill_signal(drills.last_on(area.ranges), on=on),
            rules.stock_signal(said, on=on),
            rules.helpers_signal(said, on=on),
        )
        found.append(Readiness(area, signals))
    return found


def _by_place(ground: Sequence[Range], *, at: datetime) -> dict[int, tuple[int, int]]:
    """Shifts of the hours ahead by compound: how many, and how many that nobody has taken; added up by the database."""
    until = at + timedelta(hours=rules.limits()["ahead_hours"])
    rows = shifts_between(ground, start=at, end=until).filter(drill=False).order_by()
    counted = rows.values_list(F("place") / PER_COMPOUND * PER_COMPOUND).annotate(
        n=Count("pk"), held=Count("filled_at")
    )
    return {place: (n, n - held) for place, n, held in fetch_rows(counted)}


def _over(ranges: Sequence[Range], shifts: dict[int, tuple[int, int]], places: Sequence[int]) -> tuple[int, int]:
    held = [
        shifts[place]
        for part in ranges
        for place in places[bisect_left(places, part.first) : bisect_right(places, part.last)]
    ]
    return sum(asked for asked, _empty in held), sum(empty for _asked, empty in held)


def readiness_area(code: str, *, actor: Actor) -> AreaView:
    """This function will return the area that a page of readiness is about; raises ``NotFound`` outside the scope."""
    area = get_area(code)
    if not any(actor.scope.narrowed(part).ranges for part in area.ranges):
        raise NotFound
    return area


def summed(area: AreaView, rows: Sequence[Readiness]) -> list[Summed]:
    """This function will sum the levels of communities over the areas right below one, those with none left out."""
    below = children(area.code)
    grounds = Grounds((part, one.code) for one in below for part in one.ranges)
    inside: dict[str | None, list[Readiness]] = defaultdict(list)
    for row in rows:
        inside[grounds.at(row.area.place)].append(row)
    found = []
    for one in below:
        counts = Counter(row.level for row in inside[one.code])
        if inside[one.code]:
            found.append(Summed(one, len(inside[one.code]), {light: counts[light] for light in Light.values}))
    return found
