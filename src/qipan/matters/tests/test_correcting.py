"""The point of a matter, put right by an office: who may, when, checked as at reporting; map and public list follow."""

import json

import pytest
from django.apps import apps
from django.test import Client

from qipan.kernel.refusal import NotAllowed, NotFound

from ..actions.filing import decline_matter
from ..actions.points import correct_point
from ..models import Matter, MatterStep, Tally
from ..queries.mapping import PointElsewhere
from ..rules.loop import NotNow, ReasonNeeded
from ..rules.points import Point
from ..terms import StepKind
from ..testing import draw_outlines

Entry = apps.get_model("journal", "Entry")
pytestmark = [pytest.mark.row("MAT-1"), pytest.mark.row("ORG-15")]
GATE = Point(104.02, 30.62)  # in 510104001001
BRIDGE = Point(104.03, 30.63)
FAR = Point(104.15, 30.62)


@pytest.fixture
def drawn(world):
    draw_outlines(world.cast)
    return world


def held(matter):
    return Matter.objects.everywhere("a test").get(pk=matter.pk)


def steps():
    return [(one.kind, one.detail, one.note) for one in MatterStep.objects.filter(kind=StepKind.POINT).order_by("pk")]


def test_the_office_and_the_handler_put_it_right_and_each_time_is_a_step(drawn):
    matter = drawn.matter("DISPATCHED")
    dispatcher = drawn.cast.dispatcher
    correct_point(matter, point=GATE, reason=" 上报时未设点 ", by=dispatcher, at=drawn.later(minutes=5))
    assert (held(matter).point, held(matter).changed_at) == (GATE, drawn.later(minutes=5))
    correct_point(matter, point=BRIDGE, reason="现场核对", by=drawn.handler(), at=drawn.later(minutes=6))
    assert held(matter).point == BRIDGE
    correct_point(matter, point=BRIDGE, reason="再发一次", by=drawn.handler(), at=drawn.later(minutes=7))
    correct_point(matter, point=None, reason="位置不明", by=dispatcher, at=drawn.later(minutes=8))
    assert (held(matter).point, held(matter).state, held(matter).place) == (None, "DISPATCHED", matter.place)
    assert steps() == [("POINT", "SET", "上报时未设点"), ("POINT", "MOVED", "现场核对"), ("POINT", "GONE", "位置不明")]
    assert Tally.objects.everywhere("a test").filter(kind=StepKind.POINT).count() == 3
    entries = Entry.objects.filter(act="matters.point").order_by("pk")
    assert [one.data["detail"] for one in entries] == ["SET", "MOVED", "GONE"]
    assert not any("104.0" in json.dumps(one.data) for one in entries)  # a journal holds no point


@pytest.mark.parametrize(
    ("point", "reason", "who", "refusal"),
    [
        (FAR, "现场核对", "dispatcher", PointElsewhere),
        (BRIDGE, "  ", "dispatcher", ReasonNeeded),
        (BRIDGE, "现场核对", "another unit", NotAllowed),
        (BRIDGE, "现场核对", "neighbour_dispatcher", NotFound),
    ],
)
def test_what_cannot_be_there_and_who_may_not_are_refused_and_nothing_is_written(drawn, point, reason, who, refusal):
    matter = drawn.reported(point=GATE).matter
    by = drawn.handler() if who == "another unit" else getattr(drawn.cast, who)
    entries = Entry.objects.count()
    with pytest.raises(refusal):
        correct_point(matter, point=point, reason=reason, by=by, at=drawn.later(minutes=5))
    assert (held(matter).point, held(matter).changed_at) == (GATE, drawn.at)
    assert steps() == [] and Entry.objects.count() == entries


def test_what_has_ended_stays_as_it_was(drawn):
    matter = drawn.reported(point=GATE).matter
    dispatcher = drawn.cast.dispatcher
    decline_matter(matter, kind="NOT_FOUND", reason="现场未见", by=dispatcher, at=drawn.later(minutes=1))
    with pytest.raises(NotNow):
        correct_point(matter, point=BRIDGE, reason="现场核对", by=dispatcher, at=drawn.later(minutes=2))
    assert held(matter).point == GATE and steps() == []
    page = drawn.cast.client("dispatcher").get(f"/matters/{matter.pk}").content.decode()
    assert "/point" not in page and f'action="/matters/{matter.pk}/reopen"' in page


def test_the_page_puts_it_right_and_both_maps_follow(drawn):
    matter = drawn.reported(point=GATE).matter
    client = drawn.cast.client("dispatcher")
    page = client.get(f"/matters/{matter.pk}").content.decode()
    assert f'action="/matters/{matter.pk}/point"' in page and "更正图上点位" in page
    assert 'id="point_point"' in page and 'value="104.02000,30.62000"' in page
    assert 'data-map="pick"' in page and 'data-into="point_point"' in page
    answer = client.post(f"/matters/{matter.pk}/point", {"point": "104.03,30.63", "reason": "现场核对"})
    assert (answer.status_code, answer["Location"]) == (302, f"/matters/{matter.pk}")
    page = client.get(f"/matters/{matter.pk}").content.decode()
    assert "30.63000° N, 104.03000° E" in page and "现场核对" in page
    assert 'data-spot="104.03000,30.63000"' in client.get("/matters/map").content.decode()
    public = Client().get("/public/matters").content.decode()
    assert 'data-spot="104.03000,30.63000"' in public and "现场核对" not in public


@pytest.mark.parametrize(
    ("point", "said"),
    [("104.15,30.62", "地图上的点在锦江一街一社区之外约"), ("104.15", "一个点须同时有经度和纬度")],
)
def test_what_is_wrong_is_said_beside_the_field_and_stays(drawn, point, said):
    matter = drawn.reported(point=GATE).matter
    answer = drawn.cast.client("dispatcher").post(f"/matters/{matter.pk}/point", {"point": point, "reason": "现场核对"})
    page = answer.content.decode()
    field = page[page.index('id="point_point"') : page.index('id="point_reason"')]
    assert answer.status_code == 400
    assert said in field and f'value="{point}"' in page and "现场核对" in page
    assert held(matter).point == GATE and steps() == []


def test_without_outlines_a_point_is_written_and_believed(world):
    matter = world.reported().matter
    client = world.cast.client("dispatcher")
    page = client.get(f"/matters/{matter.pk}", headers={"accept-language": "en"}).content.decode()
    assert "Put the point on the map right" in page and 'data-map="pick"' not in page
    assert client.post(f"/matters/{matter.pk}/point", {"point": "104.5,31", "reason": "现场核对"}).status_code == 302
    assert held(matter).point == (104.5, 31.0)
