"""Which declarations excuse a demand at night for at once: those in force over the ground that is asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import get_default_timezone

from qipan.access.testing import Cast, make_city
from qipan.desk.api import ShortNoticeAtNight, Task, admit_emergency, send_task, send_tasks
from qipan.kernel.place import range_of
from qipan.laws.testing import make_articles
from qipan.posture.api import declare, declared_over, end_declaration

from .conftest import response

NIGHT = datetime(2026, 3, 3, 23, tzinfo=get_default_timezone()).astimezone(UTC)
HERE, ELSEWHERE = range_of("510104001001"), range_of("510105001001")


@pytest.fixture
def cast(db: None) -> Cast:
    cast = make_city(at=NIGHT)
    make_articles()
    return cast


def asked(cast: Cast, number: str, *, ground: Any = HERE, alone: bool = False, **changes: Any) -> int:
    """How many desks are asked to answer within the hour, by the command, under what was admitted for a declaration."""
    command, by, drill = cast.unit("5101:city-command"), cast.city_commander, changes.get("drill", False)
    at = changes.get("at", NIGHT)
    admission = admit_emergency(
        title="核查", declaration=number, basis="应对法", valid_to=NIGHT + timedelta(days=9), by=by, at=at, drill=drill
    )
    given = {
        "kind": "REQUEST", "source": "request:1", "title": "补报", "asker": command, "basis": "应对法",
        "admission": admission, "due_at": at + timedelta(hours=1), "by": by, "at": at,
    }  # fmt: skip
    if alone:
        owner = cast.unit("510104001001:community")
        return 1 if send_task(**given | changes, owner=owner, place=owner.place).pk else 0
    return send_tasks(**given | changes, organ_types=["community"], grounds=[ground])


@pytest.mark.row("SVC-9", "ORG-10")
@pytest.mark.parametrize("alone", [False, True])
def test_a_declaration_in_force_over_the_ground_excuses_and_no_other(cast: Cast, alone: bool) -> None:
    ours = declare(**response(cast, ground_codes=["510104"], level=4))
    assert asked(cast, ours.number, alone=alone) == 1
    for wrong in (
        {"number": "成府发〔2025〕9号"},  # of nobody's
        {"number": declare(**response(cast, number="drill", drill=True)).number},
        {"number": declare(**response(cast, number="there", ground_codes=["510105"], hazard="flood")).number},
    ):
        with pytest.raises(ShortNoticeAtNight):
            asked(cast, **wrong, source="request:2", alone=alone)
    end_declaration(ours, reason="解除", by=cast.city_commander, at=NIGHT + timedelta(minutes=1))
    with pytest.raises(ShortNoticeAtNight):
        asked(cast, ours.number, source="request:2", at=NIGHT + timedelta(minutes=1), alone=alone)
    assert Task.objects.everywhere("a test").filter(source="request:2").count() == 0


@pytest.mark.row("SVC-9")
def test_all_of_the_ground_that_is_asked_is_covered(cast: Cast) -> None:
    ours = declare(**response(cast, ground_codes=["510104"]))
    with pytest.raises(ShortNoticeAtNight):
        asked(cast, ours.number, ground=range_of("5101"))
    assert Task.objects.everywhere("a test").count() == 0
    # A leader who answers by name, and time until the morning, are taken as before.
    assert asked(cast, ours.number, ground=ELSEWHERE, named_person="陈主任") == 1
    assert asked(cast, ours.number, ground=range_of("510105002001"), due_at=NIGHT + timedelta(hours=10)) == 1


def test_a_drill_is_excused_by_a_drill(cast: Cast) -> None:
    drill = declare(**response(cast, drill=True))
    assert asked(cast, drill.number, drill=True) == 1


def test_what_is_in_force_is_exact_to_the_second(cast: Cast) -> None:
    ours = declare(**response(cast, ground_codes=["510104", "510105001"]))
    second = timedelta(seconds=1)
    grounds = [HERE, range_of("510105001")]
    assert declared_over(ours.number, grounds, at=ours.starts_at)
    assert not declared_over(ours.number, grounds, at=ours.starts_at - second)
    assert declared_over(ours.number, grounds, at=ours.expected_until - second)
    assert not declared_over(ours.number, grounds, at=ours.expected_until)
    assert not declared_over(ours.number, [*grounds, range_of("510105002")], at=ours.starts_at)
