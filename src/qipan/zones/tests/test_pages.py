"""The pages: who may open them, what they say, and what they do not say to whom."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate

from qipan.access.testing import Cast, make_city
from qipan.kernel.place import range_of
from qipan.zones.actions.rule_sets import publish_missing, publish_rule_set
from qipan.zones.actions.zones import confirm_zone
from qipan.zones.api import level_over
from qipan.zones.models import Count, RiskZone, RuleSet

from .conftest import COMMUNITY, RULE, everything, had
from .test_rule_sets import SHIPPED

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-15", "EMG-16")]


@pytest.fixture
def world(db: None) -> Cast:
    """The tiny city of the present hour: a zone in force, another proposed."""
    cast = make_city()
    rule_set = publish_rule_set(RULE, by=cast.city_commander, at=cast.at)
    today = localdate(cast.at)
    had(COMMUNITY, today - timedelta(days=1), 3)
    had("510104002001", today - timedelta(days=1), 12)
    had("510104002001", today - timedelta(days=2), 1, name="clusters")
    confirm_zone(rule_set, COMMUNITY, level=2, proposed=2, by=cast.district_head, at=cast.at)
    return cast


def rule_set() -> RuleSet:
    return RuleSet.objects.get(code="test-rule")


def page(cast: Cast, who: str, address: str, *, lang: str = "en", **query: str):
    client = cast.client(who)
    client.cookies["django_language"] = lang
    return client.get(address, query)


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_the_map_shows_levels_in_force_and_by_the_counts(world):
    answer = page(world, "city_commander", "/zones")
    said = text(answer)
    assert answer.status_code == 200
    assert said.count('data-step="3" data-text="medium risk"') == 1  # Jinjiang, from its one community
    assert "differs" in said  # the other community is proposed and not confirmed
    computed = text(page(world, "city_commander", "/zones", show="computed"))
    assert computed.count('data-step="5" data-text="high risk"') == 1
    street = text(page(world, "city_commander", "/zones", area="510104002", show="computed"))
    assert street.count('data-text="high risk"') == 1


def test_a_day_before_shows_what_held_then(world):
    day = localdate(world.at) - timedelta(days=1)
    said = text(page(world, "district_head", "/zones", day=day.isoformat(), area="510104001"))
    assert 'data-text="medium risk"' not in said  # confirmed only today
    assert "medium risk" in said  # by the counts of that day


def test_ground_that_is_not_ones_own_is_missing(world):
    for address in ("/zones", "/zones/compare"):
        assert page(world, "district_head", address, area="510105").status_code == 404
        assert page(world, "district_head", address, area="nonsense").status_code == 404
    assert page(world, "district_head", "/zones/areas/510105001001").status_code == 404


def test_an_area_tells_its_course_with_reasons(world):
    said = text(page(world, "district_head", f"/zones/areas/{COMMUNITY}"))
    assert "new confirmed cases: at least 1 in 14 days: reached by" in said
    assert "counted 3" in said
    assert "Confirmed by" in said
    masked = text(page(world, "worker", f"/zones/areas/{COMMUNITY}"))
    assert "counted fewer than 10" in masked
    assert "counted 3" not in masked


def test_the_page_for_everybody_tells_the_threshold_and_no_count(world):
    for lang, level, why in (
        ("en", "medium risk", "new confirmed cases: at least 1 in 14 days"),
        ("zh-hans", "中风险", "新增确诊病例：14天内至少1"),
    ):
        said = text(page(world, "anonymous", "/public/zones", lang=lang))
        assert level in said
        assert why in said
        assert ", counted" not in said and "，统计数" not in said
    assert "No risk level is in force here." in text(page(world, "anonymous", "/public/zones", area="510105"))
    assert page(world, "anonymous", "/public/zones", area="9").status_code == 404


def test_a_proposal_is_confirmed_on_its_page(world):
    client = world.client("district_head")
    said = text(client.get("/zones/proposals"))
    assert said.count("zone-proposal") == 1
    given = {"rule_set": rule_set().pk, "proposed": 3, "level": 3}
    answer = client.post("/zones/areas/510104002001/confirm", given)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/zones/proposals")
    assert "没有待确认的" in text(client.get("/zones/proposals"))
    assert RiskZone.objects.everywhere("a test").filter(level=3).count() == 1


def test_what_is_refused_is_said_beside_the_proposal(world):
    client, before = world.client("district_head"), everything()
    given = {"rule_set": rule_set().pk, "proposed": 3, "level": 2, "words": ""}
    answer = client.post("/zones/areas/510104002001/confirm", given)
    assert answer.status_code == 400
    assert "须写明理由" in text(answer)
    assert client.post("/zones/areas/510104002001/confirm", {"level": "9"}).status_code == 400
    assert client.post("/zones/areas/510105001001/confirm", given).status_code == 404
    assert world.client("worker").post("/zones/areas/510104002001/confirm", given).status_code == 403
    assert everything() == before


def test_counts_are_entered_on_a_page_and_by_file(world):
    client, day = world.client("dispatcher"), localdate(world.at).isoformat()
    one = {"one-area": COMMUNITY, "one-day": day, "one-input": "new_cases", "one-n": 2, "one-source": "CDC"}
    assert "新增：2" in text(client.post("/zones/counts", one))
    again = client.post("/zones/counts", {**one, "one-n": 1})
    assert again.status_code == 400
    assert "已报 2，此处为 1" in text(again)
    assert "更正：2 → 1" in text(client.post("/zones/counts", {**one, "one-n": 1, "one-reason": "one moved"}))
    rows = f"area,day,input,n\n510104001002,{day},new_cases,0\n{COMMUNITY},{day},new_cases,-4\n"
    bad = {"many-source": "CDC", "many-file": SimpleUploadedFile("counts.csv", rows.encode())}
    before = everything()
    answer = client.post("/zones/counts", bad)
    assert answer.status_code == 400
    assert "第 3 行：一天不可能少于零" in text(answer)
    assert everything() == before
    good = SimpleUploadedFile("counts.csv", rows.replace("-4", "1").encode())
    answer = client.post("/zones/counts", {"many-source": "CDC", "many-file": good})
    assert "已保存：新增1，更正0，已知1" in text(answer)
    assert Count.objects.everywhere("a test").get(place=range_of("510104001002").first).n == 0


def test_rule_sets_are_published_and_abolished_on_their_page(world):
    client = world.client("city_commander")
    answer = client.post("/zones/rules", {"text": json.dumps({**RULE, "code": "x", "unit": None, "trial": True})})
    assert answer.status_code == 400
    assert "缺少区域单元" in text(answer)
    assert "这不是 JSON 对象" in text(client.post("/zones/rules", {"text": "[1]"}))
    for unit in ([], {}, ["COMMUNITY"], 4, True):
        odd = client.post("/zones/rules", {"text": json.dumps({**RULE, "code": "x", "unit": unit, "trial": True})})
        assert odd.status_code == 400
    for name in ("title", "title_en", "basis", "source"):
        odd = client.post("/zones/rules", {"text": json.dumps({**RULE, "code": "x", name: {"a": "b"}, "trial": True})})
        assert odd.status_code == 400
    deep = '{"levels": ' + "[" * 9000 + "]" * 9000 + "}"
    assert "这不是 JSON 对象" in text(client.post("/zones/rules", {"text": deep}))
    assert RuleSet.objects.count() == 1
    wider = {**RULE, "code": "x", "trial": True, "unit": "STREET"}
    assert "须写明理由（unit_reason）" in text(client.post("/zones/rules", {"text": json.dumps(wider)}))
    given = json.dumps({**wider, "unit_reason": "人数按街道上报"})
    assert client.post("/zones/rules", {"text": given}).status_code == 302
    assert "人数按街道上报" in text(client.get("/zones/rules"))
    assert world.client("district_head").post("/zones/rules", {"text": "{}"}).status_code == 403
    tomorrow = localdate(world.at) + timedelta(days=1)
    end = f"/zones/rules/{rule_set().pk}/end"
    assert client.post(end, {"on": "2020-01-01", "basis": "order"}).status_code == 400
    assert client.post(end, {"on": tomorrow.isoformat(), "basis": "order 14"}).status_code == 302
    ground = [range_of(COMMUNITY)]
    assert level_over(ground, hazard="epidemic", at=rule_set().ends_at - timedelta(seconds=1))[0][1] == 2
    assert level_over(ground, hazard="epidemic", at=rule_set().ends_at)[0][1] is None


def test_two_rules_stand_side_by_side_and_nothing_is_kept(world, keeper):
    (shipped,) = publish_missing(SHIPPED, by=keeper, at=world.at)
    before = everything()
    given = {"a": str(rule_set().pk), "b": str(shipped.pk), "area": "510104"}
    answer = page(world, "district_head", "/zones/compare", **given)
    said = text(answer)
    assert answer.status_code == 200
    assert "1 area is judged differently" in said  # high only by the rule that asks for 10
    assert "new confirmed cases: at least 10 in all: reached by" in said
    changed = text(page(world, "district_head", "/zones/compare", **given, **{"HIGH.0.least": "10"}))
    assert "Both rules give the same everywhere." in changed
    bad = page(world, "district_head", "/zones/compare", **given, **{"HIGH.0.least": "-1", "unit": "PERSON"})
    assert bad.status_code == 400
    assert "the threshold “-1” is no whole number" in text(bad)
    assert "is no unit of area" in text(bad)
    assert everything() == before


def test_a_city_without_rules_says_so(db):
    cast = make_city()
    assert "No rule set was ever published" in text(page(cast, "city_commander", "/zones"))
    assert "No rule set was published yet." in text(page(cast, "city_commander", "/zones/compare"))
    assert "No rule set is in force" in text(page(cast, "city_commander", "/zones/proposals"))
    assert page(cast, "city_commander", f"/zones/areas/{COMMUNITY}").status_code == 200
    assert page(cast, "anonymous", "/public/zones").status_code == 200
