"""What an act writes on the desks of others stands in the language of the city; what it refuses, in that of whoever acts."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils.translation import override

from qipan.duties.api import NotOnList
from qipan.kernel.refusal import Refusal

from ..actions.calls import call_units, end_call
from ..actions.dispatching import arbitrate_matter, dispatch_matter, object_to_matter
from ..rules import joint

pytestmark = [pytest.mark.django_db, pytest.mark.row("ORG-6", "MAT-2")]
HAN = re.compile("[\u4e00-\u9fff]")
LIGHTS = "5101:urban-management"


@pytest.fixture(autouse=True)
def _english(world):  # the city itself was set up in its own
    with override("en"):
        yield


def refused(kind: type[Refusal], verb, *given, **how) -> str:
    with pytest.raises(kind) as found:
        verb(*given, **how)
    return str(found.value)


def test_the_rule_that_a_unit_is_not_on_a_list_is_said_to_whoever_dispatches(world):
    matter, by, at = world.matter("FILED"), world.cast.dispatcher, world.later(minutes=5)
    said = refused(NotOnList, dispatch_matter, matter, unit=world.cast.unit("510104001001:community"), by=by, at=at)
    assert "what stands on no list of a unit is not given to it" in said and not HAN.search(said)


def test_who_has_not_said_who_came_reads_the_units_in_the_own_language(world):
    matter, by = world.matter("FILED"), world.cast.dispatcher
    call = call_units(
        matter, units=[world.cast.unit(LIGHTS)], what="看灯", meets_where="路口", meets_at=world.later(hours=3),
        urgency="PRESSING", by=by, at=world.later(minutes=5),
    )  # fmt: skip
    said = refused(joint.AttendanceOpen, end_call, call, result="已处置", by=by, at=world.later(hours=4))
    assert said.startswith("Note first who came: ") and not HAN.search(said)


def test_an_objection_and_its_ruling_stand_in_the_language_of_the_city(world):
    matter = world.matter("DISPATCHED")
    object_to_matter(matter, reason="非我单位管护", by=world.handler(), at=world.at + timedelta(hours=1))
    arbitrate_matter(matter, unit=world.cast.unit(LIGHTS), reason="按清单", by=world.cast.lead, at=world.later(hours=2))
    tasks = apps.get_model("desk", "Task").objects.everywhere("a test").order_by("pk")
    notes = apps.get_model("desk", "TaskStep").objects.exclude(note="").values_list("note", flat=True)
    where = f"路灯 · 锦江一街一社区1号院 ({matter.number})"
    assert [(one.title, one.basis) for one in tasks] == [
        (f"待立案派单: {where}", "目录 01003：损坏、缺失或危及安全"),
        (f"待办理: {where}", "“示例清单”列为主责 (城市照明管理规定)"),
        (f"待裁定派单异议: {where}", "一次有理由的异议，由牵头机构裁定，裁定为终局"),
    ]
    assert sorted(notes) == sorted(["已派至成都市城市管理委员会", "非我单位管护", "按清单", "已裁定"])
