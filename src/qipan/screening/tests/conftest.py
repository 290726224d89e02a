"""A round over Jinjiang with two teams: ours in the first community, theirs in the second."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from qipan.access.testing import Cast, make_city
from qipan.deployment.api import Team, form_teams
from qipan.desk.testing import admitted
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.ids import uuid7
from qipan.kernel.place import Range, range_of
from qipan.screening.api import Round, assign_doors, open_campaign, open_round, store_visits

AT = datetime(2026, 8, 1, 8, tzinfo=UTC)
DISTRICT = range_of("510104")
COMMUNITY = "510104001001"


@dataclass
class Field:
    """The ground of the tests: who is there, the round, the two teams."""

    cast: Cast
    round: Round
    ours: Actor
    theirs: Actor
    at: datetime
    doors: list[int] = field(default_factory=list)  # of our team, by place

    def visit(self, place: int, outcome: str = "ANSWERED", **changes: Any) -> dict[str, Any]:
        """This method will return a visit as a device sends it."""
        said = {"id": str(uuid7()), "round": self.round.pk, "place": f"{place:019d}", "outcome": outcome}
        return {**said, "at": self.at.isoformat(), **changes}

    def send(self, *visits: Any, by: Actor | None = None, at: datetime | None = None, **body: Any) -> Any:
        """This method will store visits as our team (or ``by``) and return the whole answer."""
        raw = json.dumps({"sent_at": (at or self.at).isoformat(), "visits": list(visits), **body}).encode()
        return store_visits(raw, by=by or self.ours, at=at or self.at)

    def told(self, *visits: Any, **arguments: Any) -> list[str]:
        """This method will store visits and return each one's answer, or the code where it has one."""
        return [a.code or a.answer for a in self.send(*visits, **arguments).answers]


def doors_of(code: str) -> list[int]:
    ground = range_of(code)
    rows = apps.get_model("territory", "Door").objects.filter(place__range=ground).order_by("place")
    return list(rows.values_list("place", flat=True))


def make_field() -> Field:
    """This function will build the tiny city, a round over Jinjiang and two teams of screeners."""
    cast = make_city(at=AT)
    commander = cast.city_commander
    units = [cast.unit(f"{code}:community") for code in (COMMUNITY, "510104001002")]
    stands_down = AT + timedelta(days=30)
    formed_at = AT - timedelta(days=1)
    assert form_teams(units=units, per_doors=20, stands_down_at=stands_down, by=commander, at=formed_at) == 2
    teams = list(Team.objects.everywhere("a test").order_by("first"))
    command = cast.unit("5101:city-command")
    campaign = open_campaign(
        title="全员排查",
        basis="川府函〔2026〕1号",
        unit=command,
        form=None,
        admission=admitted(command, ground=range_of("5101"), at=AT),
        by=commander,
        at=AT,
    )
    opened = open_round(campaign, grounds=[DISTRICT], closes_at=AT + timedelta(days=3), by=commander, at=AT)
    assert assign_doors(opened, by=commander, at=AT) == 2
    actors = [
        Actor(
            label=f"排查组 {team.pk}",
            acts=frozenset({"visit.submit"}),
            scope=Scope((Range(team.first, team.last),)),
            pass_id=str(uuid.UUID(int=team.pk)),
            team_id=team.pk,
        )
        for team in teams
    ]
    return Field(cast, opened, *actors, at=AT + timedelta(hours=2), doors=doors_of(COMMUNITY))


@pytest.fixture
def ground(db) -> Field:
    return make_field()


@pytest.fixture
def shared_ground(transactional_db) -> Field:
    """The same, committed, for tests with threads."""
    return make_field()


def rows_of(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]
