"""ORG-5: an organ whose own area an import closed begins on what the map still has there, or reads who can."""

import pytest
from django.utils.timezone import localtime

from qipan.access.testing import Cast
from qipan.kernel import clock
from qipan.posture.api import Declaration, Measure, declare
from qipan.territory.testing import close

from .conftest import Entry, response

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-8", "ORG-5")]
PAGES = ("/declarations/new", "/measures/new")
ZH = (
    "“锦江区”已从区划中撤销，原辖区内也已没有其他区划，%(unit)s不能再在此新办事项；"
    "可由%(other)s办理，或由区划维护人员录入接替它的区划。"
)
EN = (
    "“Jinjiang” is on the map no more, and no area of the map lies on its ground, so %(unit)s begins nothing new there. "
    "%(other)s can, or whoever keeps the map enters the area that stands in its place."
)
LANGUAGES = (("zh-hans", ZH), ("en", EN))


def counted() -> tuple[int, int, int]:
    return Declaration.objects.count(), Measure.objects.count(), Entry.objects.count()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("language", "sentence"), LANGUAGES)
def test_where_the_map_has_nothing_left_the_page_says_why_and_who_can(
    cast: Cast, page: str, language: str, sentence: str
) -> None:
    close("510104", at=clock.now(), whole=True)
    unit = cast.unit("510104:district-command")
    assert unit.valid_to is None and unit.parent is not None
    names = {"unit": unit, "other": unit.parent}
    said = sentence % {name: one.name_en if language == "en" else one.name for name, one in names.items()}
    client, before = cast.client("district_head"), counted()
    for answer in (
        client.get(page, headers={"accept-language": language}),
        client.post(page, {"areas": ["510104"]}, headers={"accept-language": language}),
    ):
        assert (answer.status_code, said in answer.content.decode()) == (409, True)
    assert counted() == before


@pytest.mark.parametrize("page", PAGES)
def test_what_the_map_still_has_on_its_ground_is_offered(cast: Cast, page: str) -> None:
    close("510104", at=clock.now())
    answer = cast.client("district_head").get(page)
    assert answer.status_code == 200
    offered = [code for code, _label in answer.context["form"].fields["areas"].choices]
    assert offered == ["510104001", "510104002"]


def test_a_response_begins_on_what_is_left(cast: Cast) -> None:
    close("510104", at=clock.now())
    at = localtime()
    form = {
        "number": "锦府发〔2026〕9号", "matter": "洪涝", "hazard": "flood", "level": "4", "basis": "应急预案",
        "areas": ["510104001"], "starts_at": f"{at:%Y-%m-%dT%H:%M}", "measures": "巡查",
        "expected_until": f"{at.replace(year=at.year + 1):%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    client, before = cast.client("district_head"), counted()
    refused = client.post("/declarations/new", form | {"areas": ["510104"]})
    assert (refused.status_code, counted()) == (400, before)
    assert client.post("/declarations/new", form).status_code == 302
    one = Declaration.objects.get()
    assert [ground.code for ground in one.grounds.all()] == ["510104001"]


def test_a_measure_of_a_declared_response_begins_on_the_ground_that_was_declared(cast: Cast) -> None:
    terms = {"issuer": cast.unit("510104:district-command"), "by": cast.district_head}
    one = declare(**response(cast, level=4, ground_codes=["510104"], **terms))
    close("510104", at=clock.now(), whole=True)
    page = cast.client("district_head").get(f"/measures/new?declaration={one.pk}")
    assert page.status_code == 200
    assert [code for code, _label in page.context["form"].fields["areas"].choices] == ["510104"]
