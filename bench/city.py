"""A city of any size for the benchmarks of screening: register, teams, passes, an open round. Set-based."""

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from qipan.access.api import WorkerRow, enrol_workers, seed_roles
from qipan.deployment.api import Team
from qipan.desk.api import Admission, AdmissionState
from qipan.duties.api import OrganType, Unit
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.place import range_of
from qipan.screening.api import Outcome, Round, assign_doors, open_campaign, open_round

COMPOUNDS = 10  # in a community
DOORS = 290  # in a compound
STREETS, COMMUNITIES = 12, 16  # in a district, in a street
OUTCOMES = [
    *[Outcome.ANSWERED] * 13, *[Outcome.NOT_HOME] * 3, Outcome.BY_PHONE, Outcome.VACANT_KNOWN,
    Outcome.REFUSED, Outcome.APPOINTMENT,
]  # fmt: skip


@dataclass
class City:
    """What the load needs to know."""

    round: Round
    actor: Actor
    teams: list[tuple[int, str]]  # id, token
    grounds: list[list[int]]  # the compounds of each team
    at: datetime


def compounds_of(doors: int) -> list[int]:
    """This function will return the places of as many compounds as hold that many doors."""
    found = []
    for number in range(max(1, round(doors / DOORS))):
        community, compound = divmod(number, COMPOUNDS)
        street, community = divmod(community, COMMUNITIES)
        district, street = divmod(street, STREETS)
        code = f"5101{district + 1:02d}{street + 1:03d}{community + 1:03d}{compound + 1:03d}"
        found.append(range_of(code).first)
    return found


def write_register(compounds: list[int]) -> None:
    """This function will write compounds and doors, after those of an earlier call."""
    if not compounds:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO territory_compound (place, name, name_en, kind, doors, has_screen, synthetic)"
            " VALUES (%s, 'bench', '', 'ESTATE', %s, %s, %s)",
            [(place, DOORS, True, True) for place in compounds],
        )
        series = (
            f"generate_series(1, {DOORS}) AS n(n)"
            if connection.vendor == "postgresql"
            else f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {DOORS}) SELECT n FROM s) AS n"
        )
        cursor.execute(
            "INSERT INTO territory_door (place, building, entrance, label)"
            f" SELECT c.place + n.n, '1', '1', '1' FROM territory_compound c CROSS JOIN {series}"
            " WHERE c.place BETWEEN %s AND %s",
            [compounds[0], compounds[-1]],
        )


def let(unit: Unit, *, at: datetime) -> Admission:
    """This function will return the work admission on which a campaign of the bench rests."""
    return Admission.objects.create(
        demander=unit,
        title="bench",
        basis="bench",
        state=AdmissionState.ADMITTED,
        applied_at=at,
        valid_from=at,
        valid_to=at + timedelta(days=30),
    )


def build(doors: int, *, teams: int = 64, analyze: bool = True) -> City:
    """This function will write a city with that many doors and open a round with teams over all of it."""
    at = datetime.now(UTC)
    compounds = compounds_of(doors)
    known = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT place FROM territory_compound")
        known = {place for (place,) in cursor.fetchall()}
    write_register([place for place in compounds if place not in known])
    whole = range_of("5101")
    acts = ["campaign.open", "pass.issue", "team.manage", "visit.submit", "campaign.view"]
    actor = Actor.system("bench", acts=acts, ranges=[whole])
    seed_roles()
    kind, _made = OrganType.objects.get_or_create(
        code="bench", defaults={"name": "bench", "name_en": "bench", "level": 1}
    )
    unit, _made = Unit.objects.get_or_create(
        code="5101:bench",
        defaults={
            "organ_type": kind, "name": "bench", "place": whole.first, "first": whole.first, "last": whole.last,
            "valid_from": at.date(),
        },
    )  # fmt: skip
    standing = list(Team.objects.everywhere("bench").filter(released_at=None))
    for team in standing:
        team.released_at = at
        team.save()
    each = max(1, len(compounds) // teams)
    grounds = [compounds[start : start + each] for start in range(0, each * teams, each)]
    grounds = [ground for ground in grounds if ground]
    made = [
        Team.objects.create(
            unit=unit,
            number=number,
            place=ground[0],
            first=ground[0],
            last=ground[-1] + 9_999,
            formed_at=at - timedelta(hours=1),
            stands_down_at=at + timedelta(days=30),
        )
        for number, ground in enumerate(grounds, 1)
    ]
    rows = [WorkerRow(f"team {team.number}", "", team.pk) for team in made]
    enrolled = enrol_workers(
        rows, role_code="screening-worker", unit=unit, expires_at=at + timedelta(days=20), by=actor, at=at
    )
    campaign = open_campaign(
        title="bench", basis="bench", unit=unit, form=None, admission=let(unit, at=at), by=actor, at=at
    )
    opened = open_round(campaign, grounds=[whole], closes_at=at + timedelta(days=3), by=actor, at=at)
    assign_doors(opened, by=actor, at=at)
    if analyze:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    tokens = [(team.pk, worker.token) for team, worker in zip(made, enrolled, strict=True)]
    return City(opened, actor, tokens, grounds, at)


def visits_of(city: City, team: int, *, seed: int = 0) -> Iterator[dict[str, Any]]:
    """This function will return visits of one team, door after door along its compounds, round and round.

    Phones make ids of version 7 when the visit is made and upload them within the day, so ids reach the
    server near each other but not in order.
    """
    chance = random.Random(seed * 1000 + team)
    while True:
        for compound in city.grounds[team]:
            for door in range(1, DOORS + 1):
                earlier = int(chance.random() * 12 * 3_600_000) << 80
                yield {
                    "id": str(uuid.UUID(int=uuid7().int - earlier)),
                    "round": city.round.pk,
                    "place": f"{compound + door:019d}",
                    "outcome": chance.choice(OUTCOMES).name,
                    "at": city.at.isoformat(),
                }


class Uploads:
    """Bodies of uploads with their tokens, team after team; never the same door twice until all were visited."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.streams = [visits_of(city, team) for team in range(len(city.grounds))]
        self.turn = 0

    def take(self, uploads: int, visits: int) -> list[tuple[str, bytes]]:
        """This method will return that many uploads of that many visits each."""
        taken = []
        for _upload in range(uploads):
            team = self.turn % len(self.streams)
            self.turn += 1
            body = {"sent_at": self.city.at.isoformat(), "visits": [next(self.streams[team]) for _ in range(visits)]}
            taken.append((self.city.teams[team][1], json.dumps(body).encode()))
        return taken

    def rows(self, visits: int) -> list[dict[str, Any]]:
        """This method will return visits without uploads around them, in the same order of teams."""
        taken = []
        while len(taken) < visits:
            team = self.turn % len(self.streams)
            self.turn += 1
            taken += [next(self.streams[team]) for _ in range(100)]
        return taken[:visits]
