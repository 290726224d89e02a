"""A report names a district or something nearer: nobody can go and look at a whole city."""

import pytest
from django.core.cache import cache
from django.test import Client

from qipan.kernel.place import place_of

from ..actions.intake import PlaceUnknown
from ..models import Matter, Report
from .test_pages import filled
from .test_refusals import refused


@pytest.fixture(autouse=True)
def _forget_tries():
    cache.clear()


@pytest.mark.row("MAT-1")
@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("zh-hans", "请选择本市内的地点，至少具体到区（市）县。"),
        ("en", "Choose a place in this city: a district, or nearer."),
    ],
)
@pytest.mark.parametrize("code", ["5101", "510100000000"])
def test_the_whole_city_is_no_place_and_what_was_typed_stays(world, code, lang, says):
    client, here = Client(), {"HTTP_ACCEPT_LANGUAGE": lang}
    assert client.get(f"/report?place={code}", **here).context["where"].code == ""
    form = filled(client, place=code, text="全市都这样", spot="各处")
    answer = client.post("/report", form, **here)
    page = answer.content.decode()
    assert says in page and "全市都这样</textarea>" in page and 'value="各处"' in page
    office = world.cast.client("dispatcher").post("/matters/new", {**form, "channel": "HOTLINE"}, **here)
    assert office.status_code == 400 and says in office.content.decode()
    assert Report.objects.count() == Matter.objects.everywhere("a test").count() == 0
    assert client.get("/report?place=510104", **here).context["where"].code == "510104"


@pytest.mark.row("MAT-1")
def test_the_act_takes_no_city_and_a_district(world):
    with refused(PlaceUnknown):
        world.reported(place=place_of("5101"))
    assert world.reported(place=place_of("510104")).matter.place == place_of("510104")
