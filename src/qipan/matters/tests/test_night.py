"""What is asked of communities at night: nothing at once but what is urgent by the catalogue or by its grade."""

from datetime import UTC, datetime

import pytest
from django.utils.timezone import get_default_timezone

from qipan.access.testing import make_city
from qipan.desk.api import Task

from ..actions.calls import call_units
from ..actions.dispatching import add_cooperating
from ..actions.hazards import grade_hazard
from ..models import Call, Called
from ..rules.joint import CallsAtNight
from ..testing import World, make_world

LOCAL = get_default_timezone()
COMMUNITY, LIGHTS = "510104001001:community", "5101:urban-management"
POSTERS, WALL = "12001", "05001"  # accepted in working time; by the clock


def world_at(hour: int) -> World:
    """The world of the tests at an hour of the city's clock."""
    return make_world(make_city(at=datetime(2026, 3, 3, hour, tzinfo=LOCAL).astimezone(UTC)))


def helped(world: World, code: str, *, grade: str = "", unit: str = COMMUNITY) -> Task:
    """The task of a unit that is asked to help within an hour."""
    matter = world.matter("DISPATCHED", code, "5101:housing" if code == WALL else LIGHTS)
    if grade:
        grade_hazard(matter, grade=grade, measure="已拉警戒线", by=world.cast.dispatcher, at=world.later(minutes=2))
    part = add_cooperating(
        matter, unit=world.cast.unit(unit), note="协助", due_at=world.later(hours=1), by=world.cast.dispatcher,
        at=world.later(minutes=5),
    )  # fmt: skip
    return part.task


@pytest.mark.django_db
@pytest.mark.row("SVC-9")
@pytest.mark.parametrize(
    ("_case", "hour", "code", "more", "waits"),
    [
        ("posters at night", 23, POSTERS, {}, 10),
        ("posters before the morning", 5, POSTERS, {}, 4),
        ("posters, only an ordinary hazard", 23, POSTERS, {"grade": "ORDINARY"}, 10),
        ("posters by day", 14, POSTERS, {}, 1),
        ("a wall that leans, by the clock", 23, WALL, {}, 1),
        ("a major hazard", 23, POSTERS, {"grade": "MAJOR"}, 1),
        ("an office is awake", 23, POSTERS, {"unit": "510104001:street-office"}, 1),
    ],
)
def test_what_is_not_urgent_is_due_in_the_morning_and_what_is_stays(_case, hour, code, more, waits):
    world = world_at(hour)
    task = helped(world, code, **more)
    assert (task.created_at, task.due_at) == (world.later(minutes=5), world.later(hours=waits))


def called(world: World, matter, *codes: str, **how) -> Call:
    given = {
        "what": "现场会商", "meets_where": "东门", "meets_at": world.later(hours=3), "urgency": "AT_ONCE",
        "by": world.cast.dispatcher, "at": world.later(minutes=5),
    }  # fmt: skip
    return call_units(matter, units=[world.cast.unit(code) for code in codes], **given | how)


@pytest.mark.django_db
@pytest.mark.row("SVC-9")
def test_a_community_is_called_out_at_night_only_for_what_is_urgent():
    world = world_at(23)
    matter = world.matter("FILED", POSTERS)
    for how in ({}, {"urgency": "PLANNED", "meets_at": world.later(hours=1)}):
        with pytest.raises(CallsAtNight) as refusal:
            called(world, matter, LIGHTS, COMMUNITY, **how)
        assert refusal.value.code == "calls_at_night"
    assert Call.objects.everywhere("a test").count() == Called.objects.count() == 0
    assert Task.objects.everywhere("a test").filter(source__startswith="call:").count() == 0
    # Two hours are given, or organs alone are called, at any hour.
    called(world, matter, COMMUNITY, urgency="DANGER")
    called(world, matter, LIGHTS)
    # Graded, it goes at once.
    grade_hazard(matter, grade="EXTREME", measure="已拉警戒线", by=world.cast.dispatcher, at=world.later(minutes=6))
    call = called(world, matter, COMMUNITY, at=world.later(minutes=7))
    assert call.called.get().task.due_at == world.later(minutes=37)
    assert called(world, world.matter("FILED", WALL), COMMUNITY).called.count() == 1


@pytest.mark.django_db
@pytest.mark.row("SVC-9")
def test_by_day_a_community_is_called_for_anything():
    world = world_at(14)
    assert called(world, world.matter("FILED", POSTERS), COMMUNITY).called.get().task.due_at == world.later(minutes=35)
