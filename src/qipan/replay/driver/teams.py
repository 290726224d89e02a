"""Teams on their rounds: which doors today, what was found, in which uploads it goes out."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from qipan.kernel.ids import uuid7

from .doors import MOST_VISITS, SETTLED, household, outcome

OUTCOME_RANK = {
    "NOT_HOME": 1,
    "VACANT_UNKNOWN": 2,
    "VACANT_KNOWN": 3,
    "APPOINTMENT": 4,
    "LANGUAGE_HELP": 5,
    "REFUSED": 6,
    "BY_PROXY": 7,
    "BY_PHONE": 8,
    "ANSWERED": 9,
    "DEMOLISHED": 10,
}
PRESUMED_VACANT = 11
SETTLED_RANKS = frozenset(OUTCOME_RANK[name] for name in SETTLED)
USUAL, LARGE, LARGE_SHARE = 6, 100, 0.02
THIN_SHARE = 0.04  # teams short of hands, who leave doors unvisited
CLOCK_OFF_SHARE = 0.01
A_DAY = timedelta(days=1)


@dataclass(slots=True)
class Visit:
    """One visit as the phone keeps it."""

    id: str
    raw: bytes
    index: int  # of the door in the team's list
    place: str
    outcome: str
    at: datetime
    acknowledged: bool = False


@dataclass(slots=True)
class Upload:
    """Visits that go out together; kept until the server has answered for each of them."""

    team: "Team"
    round: int
    visits: list[Visit]
    tries: int = 0

    def body(self, shown: datetime) -> dict[str, object]:
        """This method will return the body of the upload, as the phone's clock says now."""
        off = self.team.clock_off
        return {
            "sent_at": shown + off,
            "visits": [
                {"id": v.id, "round": self.round, "place": v.place, "outcome": v.outcome, "at": v.at + off}
                for v in self.visits
            ],
        }


@dataclass(slots=True)
class Tour:
    """One team in one round: what it has found so far, and what the server has acknowledged of that."""

    found: bytearray  # highest rank per door, as the team knows
    visits: bytearray
    seen_on: bytearray  # the last day of a visit
    held: bytearray  # highest rank per door, as acknowledged
    held_visits: bytearray


@dataclass(slots=True)
class Team:
    """A team with its pass and its doors."""

    id: int
    token: str
    places: list[int]
    seed: int
    clock_off: timedelta = timedelta(0)
    thin: bool = False
    tours: dict[int, Tour] = field(default_factory=dict)

    @classmethod
    def of(cls, team_id: int, token: str, places: list[int], seed: int) -> "Team":
        """This method will make a team; a few have a clock that is a day off or are short of hands."""
        dice = random.Random(seed * 7919 ^ team_id)  # noqa: S311
        off = dice.choice((A_DAY, -A_DAY)) if dice.random() < CLOCK_OFF_SHARE else timedelta(0)
        return cls(team_id, token, places, seed, off, dice.random() < THIN_SHARE)

    def tour(self, round_id: int) -> Tour:
        """This method will return the books of a round, opened when first asked for."""
        if round_id not in self.tours:
            size = len(self.places)
            self.tours[round_id] = Tour(*(bytearray(size) for _column in range(5)))
        return self.tours[round_id]

    def day(self, round_id: int, day: int, days_left: int, dice: random.Random) -> list[int]:
        """This method will choose the doors of a day: new ones in their order, and again those that were not settled.

        ``days_left`` counts today. The last day of a round is for second and third visits only, unless it is the only one.
        """
        tour = self.tour(round_id)
        fresh = [index for index, count in enumerate(tour.visits) if not count]
        again = [
            index
            for index, count in enumerate(tour.visits)
            if 0 < count < MOST_VISITS and tour.found[index] not in SETTLED_RANKS and tour.seen_on[index] < day
        ]
        first_days = max(days_left - 1, 1)
        share = -(-len(fresh) // first_days)
        if self.thin:
            share = int(share * 0.8)
        return fresh[:share] + [index for index in again if dice.random() < 0.95]

    def visit(self, round_id: int, index: int, day: int, at: datetime, dice: random.Random) -> Visit:
        """This method will knock at a door and write down what was found."""
        tour, place = self.tour(round_id), self.places[index]
        found = outcome(household(self.seed, place), tour.visits[index] + 1, dice)
        tour.visits[index] += 1
        tour.seen_on[index] = day
        tour.found[index] = max(tour.found[index], OUTCOME_RANK[found])
        made = uuid7()
        return Visit(str(made), made.bytes, index, f"{place:019d}", found, at)

    def hold(self, round_id: int, visit: Visit) -> None:
        """This method will write down that the server holds a visit."""
        tour = self.tour(round_id)
        tour.held[visit.index] = max(tour.held[visit.index], OUTCOME_RANK[visit.outcome])
        tour.held_visits[visit.index] += 1

    def states(self, round_id: int) -> Iterator[tuple[int, int]]:
        """This method will give each door with the state that the server must show for it."""
        tour = self.tour(round_id)
        for place, highest, visits in zip(self.places, tour.held, tour.held_visits, strict=True):
            yield place, PRESUMED_VACANT if highest == 1 and visits >= MOST_VISITS else highest


def uploads(
    team: Team, round_id: int, visits: list[Visit], dice: random.Random, *, usual: int = USUAL
) -> Iterator[Upload]:
    """This function will cut a day's visits into uploads of about ``usual`` visits, now and then a large one."""
    start = 0
    while start < len(visits):
        size = LARGE if dice.random() < LARGE_SHARE else dice.randint(usual - usual // 3, usual + usual // 3)
        yield Upload(team, round_id, visits[start : start + size])
        start += size
