"""The three rates with numerators and denominators, from the kept counts (users.md, section 6)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Sum

from qipan.kernel.actor import Scope
from qipan.kernel.place import Range
from qipan.kernel.rate import Rate

from ..models import Handling, StreetTally, Tally
from ..rules.limits import whole_streets
from ..terms import Closing, Confirmation, StepKind, Way


@dataclass(frozen=True)
class Figures:
    """What was reported and what became of it, on a ground, over months."""

    reported: int
    filed: int
    dispatched: int
    hops: int
    shelved: int
    reopened: int
    closed: dict[str, int]  # by closing kind, disputed ones apart
    declined: dict[str, int]
    ways: dict[str, int]
    response: Rate
    resolution: Rate
    satisfaction: Rate
    answers: Rate

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """How matters ended, in words: closed by kind with disputed ones apart, then declined by kind."""
        words = {**{one.value: str(one.label) for one in Closing}, "DISPUTED": str(Confirmation.DISPUTED.label)}
        return [(words[kind], n) for kind, n in [*self.closed.items(), *self.declined.items()] if n]

    @property
    def solved_by(self) -> list[tuple[str, int]]:
        """By which way matters were solved (PAR-9), all three ways, none left out."""
        return [(str(way.label), self.ways.get(way, 0)) for way in Way]


def figures(
    ranges: Iterable[Range],
    *,
    since: date,
    until: date,
    at: datetime,
    unit: int | None = None,
    category: int | None = None,
    channel: str = "",
) -> Figures:
    """This function will add up the kept counts of the months from ``since`` to before ``until``.

    Response: accepted in time, of those answered and of those whose time is over without an answer.
    Resolution: verified as solved and not disputed or reopened, of all that was closed; what was declined
    stands beside it by kind. Satisfaction: satisfied of those who said so, with the answer rate. Silence
    counts in neither.
    """
    scope = Scope(tuple(ranges))
    # Whole streets have their own sums, of which a city has hundreds of times fewer.
    kept: type[Any] = StreetTally if unit is None and category is None and whole_streets(scope.ranges) else Tally
    rows = kept.objects.within(scope).filter(month__gte=since, month__lt=until, drill=False)
    if unit is not None:
        rows = rows.filter(unit=unit)
    if category is not None:
        rows = rows.filter(category=category)
    if channel:
        rows = rows.filter(channel=channel)
    n: Counter[tuple[str, str]] = Counter()
    for kind, detail, total in rows.order_by().values_list("kind", "detail").annotate(total=Sum("n")):
        n[kind, detail] += total
    by_kind: Counter[str] = Counter()
    for (kind, _detail), total in n.items():
        by_kind[kind] += total
    ended: Counter[str] = Counter()
    for (kind, detail), total in n.items():
        if kind == StepKind.CLOSED:
            ended[detail] += total
        elif kind == StepKind.REOPENED:
            ended[detail] -= total
        elif kind == StepKind.DECLINED:
            ended[f"{detail}:"] += total
    closed: Counter[str] = Counter()
    declined: Counter[str] = Counter()
    for detail, total in ended.items():
        closing, _sep, word = detail.partition(":")
        if not word:
            declined[closing] += total
        else:
            closed["DISPUTED" if word == "DISPUTED" else closing] += total
    spoke = sum(total for detail, total in ended.items() if detail.endswith((":CONFIRMED", ":DISPUTED")))
    in_time, late = n[StepKind.RESPONDED, "IN_TIME"], n[StepKind.RESPONDED, "LATE"]
    silent = _unanswered(scope, at=at, unit=unit, category=category, channel=channel)
    said_yes, said_no = n[StepKind.CONFIRMED, "SATISFIED"], n[StepKind.CONFIRMED, "UNSATISFIED"]
    all_closed = sum(closed.values())
    ways: Counter[str] = Counter()
    for (kind, detail), total in n.items():
        if kind == StepKind.VERIFIED and detail.startswith(f"{Closing.SOLVED}:"):
            ways[detail.partition(":")[2]] += total
    return Figures(
        reported=by_kind[StepKind.REPORTED],
        filed=by_kind[StepKind.FILED],
        dispatched=by_kind[StepKind.DISPATCHED],
        hops=by_kind[StepKind.DISPATCHED] + by_kind[StepKind.ARBITRATED],
        shelved=by_kind[StepKind.SHELVED],
        reopened=by_kind[StepKind.REOPENED],
        closed=dict(closed),
        declined={kind: total for kind, total in declined.items() if total},
        ways=dict(ways),
        response=Rate(in_time, in_time + late + silent),
        resolution=Rate(closed[Closing.SOLVED], all_closed),
        satisfaction=Rate(said_yes, said_yes + said_no),
        answers=Rate(spoke, all_closed),
    )


def _unanswered(scope: Scope, *, at: datetime, unit: int | None, category: int | None, channel: str) -> int:
    """Parts whose time to accept is over without a word: due, and not contacted."""
    rows = Handling.objects.filter(responded_at=None, ended_at=None, accept_by__lt=at, matter__drill=False)
    rows = rows.filter(scope.q("matter__place"))
    if unit is not None:
        rows = rows.filter(unit=unit)
    if category is not None:
        rows = rows.filter(matter__category=category)
    if channel:
        rows = rows.filter(matter__channel=channel)
    return rows.count()
