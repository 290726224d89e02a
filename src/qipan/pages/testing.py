"""The tiny city of ``access.testing`` in an emergency: declared, ordered, under screening; for tests of pages."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from qipan.access.testing import CITY_CODE, Cast, make_city
from qipan.command.api import Directive, issue_directive
from qipan.deployment.api import fill_shift, open_shifts, shifts_now
from qipan.desk.api import Receipt, Task, TaskState, admit_emergency, receive, send_tasks
from qipan.duties.api import Unit
from qipan.forms.api import open_form, publish_form
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.place import place_text, range_of
from qipan.laws.testing import make_articles
from qipan.posture.api import declare, impose_measure, take_posture
from qipan.screening.api import Round, open_campaign, open_round, store_visits
from qipan.territory.api import doors_within

CITY = range_of(CITY_CODE)
BASIS = "Emergency Response Law, art. 72"


@dataclass
class Scene:
    """What was opened in the emergency, and the actors who did it."""

    cast: Cast
    at: datetime
    round: Round
    directive: Directive

    @property
    def visitor(self) -> Actor:
        """A post without a team that may record visits anywhere in the city."""
        return Actor.system("visitor", acts=["visit.submit"], ranges=[CITY])

    def visit(self, code: str, outcome: str, doors: int) -> None:
        """This method will store one visit to each of the first ``doors`` doors of an area."""
        places = list(doors_within([range_of(code)]).order_by("place").values_list("place", flat=True)[:doors])
        visits = [
            {
                "id": str(uuid7()),
                "round": self.round.pk,
                "place": place_text(place),
                "outcome": outcome,
                "at": self.at.isoformat(),
            }
            for place in places
        ]
        body = json.dumps({"sent_at": self.at.isoformat(), "visits": visits}).encode()
        answers = store_visits(body, by=self.visitor, at=self.at).answers
        assert {answer.answer for answer in answers} == {"stored"}, answers

    def read(self, code: str, tasks: int) -> None:
        """This method will let the first ``tasks`` recipients in an area read the directive."""
        owed = Task.objects.everywhere("a test").filter(source=self.directive.source, place__range=range_of(code))
        for task in owed.select_related("owner").order_by("place", "pk")[:tasks]:
            owner = Actor.system(task.owner.name, acts=["task.answer"], ranges=[CITY])
            owner = Actor(label=owner.label, acts=owner.acts, scope=owner.scope, unit_id=task.owner_id)
            receive([Receipt(task.pk, TaskState.READ, self.at)], by=owner, at=self.at)


def make_emergency(*, at: datetime, drill: bool = False) -> Scene:
    """This function will build the tiny city and open: declaration, posture, measures, admission, directive,

    requests that are late and due today, a form, shifts of which one is filled, and a screening round.
    """
    cast = make_city(at=at)
    make_articles()
    by, command = cast.city_commander, cast.unit(f"{CITY_CODE}:city-command")
    declaration = declare(
        number="E-2026-1",
        matter="Outbreak",
        hazard="epidemic",
        level=1,
        basis=BASIS,
        issuer=command,
        ground_codes=[CITY_CODE],
        starts_at=at - timedelta(hours=49),
        expected_until=at + timedelta(days=9),
        measures=["screening of every door"],
        by=by,
        at=at - timedelta(hours=49),
        drill=drill,
    )
    take_posture(declaration, grounds=[CITY], by=by, at=at - timedelta(hours=49))
    for code, hours in (("510104", 1), ("510105", 24 * 4)):
        impose_measure(
            kind="entry-check",
            title=f"entry control {code}",
            article="erl-2024-73",
            issuer=command,
            grounds=[range_of(code)],
            starts_at=at - timedelta(hours=1),
            expires_at=at + timedelta(hours=hours),
            review_at=at + timedelta(minutes=30),
            declaration=declaration,
            by=by,
            at=at - timedelta(hours=1),
            drill=drill,
        )
    admission = admit_emergency(
        title="screening and gates",
        declaration=declaration.number,
        basis=BASIS,
        valid_to=at + timedelta(days=9),
        by=by,
        at=at - timedelta(hours=48),
        drill=drill,
    )
    directive = issue_directive(
        number="D-1",
        title="Screen every door",
        body="Three rounds in eleven days.",
        basis=BASIS,
        organ_types=["district-command", "street-office", "community", "compound"],
        grounds=[CITY],
        decided_at=at - timedelta(minutes=2),
        due_at=at + timedelta(days=2),
        admission=admission,
        issuer=command,
        by=by,
        at=at,
        drill=drill,
    )
    _requests(command, by=by, at=at, drill=drill)
    open_shifts(
        organ_type="compound",
        grounds=[range_of("510104001")],
        periods=[(at, at + timedelta(hours=8))],
        title="gate",
        asker=command,
        basis=BASIS,
        source="shift:1",
        admission=admission,
        by=by,
        at=at - timedelta(minutes=30),
        drill=drill,
    )
    guarded = shifts_now([range_of("510104001001")], at=at).first()
    assert guarded is not None
    fill_shift(guarded, filled_by="first watch", by=by, at=at)
    form = publish_form(
        code="gate-log",
        title="Gate log",
        subject="UNIT",
        number="F-1",
        issuer=command,
        approval="approval 1",
        basis=BASIS,
        purpose="gates",
        valid_from=at - timedelta(days=1),
        valid_to=at + timedelta(days=30),
        by=by,
        at=at,
    )
    open_form(form, grounds=[range_of("510104")], closes_at=at + timedelta(days=3), by=by, at=at, drill=drill)
    campaign = open_campaign(
        title="First screening",
        basis=BASIS,
        unit=command,
        form=form,
        declaration=declaration,
        by=by,
        at=at,
        drill=drill,
    )
    current = open_round(campaign, grounds=[CITY], closes_at=at + timedelta(days=2), by=by, at=at)
    return Scene(cast, at, current, directive)


def _requests(asker: Unit, *, by: Actor, at: datetime, drill: bool) -> None:
    for source, code, due in (("request:1", "510104", -2), ("request:2", "510105", 1)):
        send_tasks(
            kind="REQUEST",
            source=source,
            title="Check the list of vulnerable households",
            asker=asker,
            organ_types=["street-office"],
            grounds=[range_of(code)],
            basis="annual plan, item 12",
            due_at=at + timedelta(minutes=due * 20),
            by=by,
            at=at - timedelta(days=1),
            drill=drill,
        )
