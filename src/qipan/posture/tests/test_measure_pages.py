"""Pages of measures: lists by state, imposing with the zones shown first, the acts on one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import localtime

from qipan.access.testing import Cast
from qipan.desk.api import Task
from qipan.posture.api import Declaration, Measure, impose_measure, lift_measure

from .conftest import restriction, zone

HERE = "510104001001"


def typed(at: datetime) -> str:
    return f"{localtime(at):%Y-%m-%dT%H:%M}"


def filled(cast: Cast, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "gate-control",
        "title": "小区出入管控",
        "article": "erl-2024-73",
        "hazard": "epidemic",
        "more_areas": HERE,
        "starts_at": typed(cast.at),
        "expires_at": typed(cast.at + timedelta(days=7)),
        "review_at": "",
        **changes,
    }


@pytest.fixture(autouse=True)
def issued_now(cast: Cast, clock_at: Callable[[datetime], None]) -> None:
    """Pages are filled in at the moment of the story: a measure is not dated back."""
    clock_at(cast.at)


@pytest.mark.parametrize("name", ["starts_at", "expires_at"])
@pytest.mark.parametrize("moment", ["9999-12-30T00:00", "0001-01-01T00:00"])
def test_a_moment_at_the_edge_of_time_is_refused_beside_its_field(cast: Cast, name: str, moment: str) -> None:
    answer = cast.client("city_commander").post("/measures/new", filled(cast, **{name: moment}))
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [name])
    assert Measure.objects.count() == 0


@pytest.mark.row("EMG-15")
def test_what_the_zones_justify_is_shown_before_anything_is_imposed(cast: Cast) -> None:
    client = cast.client("city_commander")
    assert client.get("/measures/new").status_code == 200
    zone(HERE, 2, at=cast.at)
    shown = client.post("/measures/new", {**filled(cast), "check": "1"})
    assert [(one.reaching, one.of, one.beyond) for one in shown.context["judged"]] == [(1, 1, "")]
    assert [(part.area, part.level) for part in shown.context["parts"]] == [("锦江一街一社区", 2)]
    wide = client.post("/measures/new", {**filled(cast, more_areas="510104"), "check": "1"})
    assert [(one.reaching, one.of, one.beyond) for one in wide.context["judged"]] == [(1, 4, "wide")]
    assert (shown.status_code, wide.status_code, Measure.objects.count()) == (200, 200, 0)
    refused = client.post("/measures/new", filled(cast, more_areas="510104"))
    assert refused.status_code == 409
    assert list(refused.context["form"].errors) == ["areas"]
    assert Measure.objects.count() == 0
    answer = client.post("/measures/new", filled(cast))
    measure = Measure.objects.get()
    assert answer["Location"] == f"/measures/{measure.pk}"
    assert measure.review_at == cast.at + timedelta(days=3)  # usual for its kind


def test_a_start_before_now_is_refused_beside_its_field(cast: Cast, clock_at: Callable[[datetime], None]) -> None:
    zone(HERE, 2, at=cast.at)
    clock_at(cast.at + timedelta(minutes=16))
    answer = cast.client("city_commander").post("/measures/new", filled(cast))
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["starts_at"])
    assert Measure.objects.count() == 0


def test_under_a_declaration_its_hazard_and_ground_are_taken(cast: Cast, declared: Declaration) -> None:
    zone(HERE, 2, at=cast.at)
    client, path = cast.client("city_commander"), f"/measures/new?declaration={declared.pk}"
    page = client.get(path)
    assert declared.number in page.content.decode()
    assert "hazard" not in page.context["form"].fields
    given = filled(cast)
    del given["hazard"]
    assert client.post(path, given).status_code == 302
    assert (Measure.objects.get().declaration, Measure.objects.get().hazard) == (declared, "epidemic")
    for wrong in ("0", "x", "999999"):
        assert client.get(f"/measures/new?declaration={wrong}").status_code == 404


@pytest.mark.parametrize("name", ["kind", "title", "article", "more_areas", "starts_at", "expires_at"])
def test_what_is_missing_stands_beside_its_field(cast: Cast, name: str) -> None:
    zone(HERE, 2, at=cast.at)
    answer = cast.client("city_commander").post("/measures/new", filled(cast, **{name: ""}))
    field = "areas" if name == "more_areas" else name
    found = list(answer.context["form"].errors)
    assert (answer.status_code, found) in ((400, [field]), (400, ["review_at"]))
    assert Measure.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "field"), [("日本語", "guidance_more"), ("ja:", "guidance_more"), ("ja: x", "guidance_zh")]
)
def test_words_in_other_languages_are_read_or_asked_again(cast: Cast, text: str, field: str) -> None:
    zone(HERE, 2, at=cast.at)
    answer = cast.client("city_commander").post("/measures/new", filled(cast, guidance_more=text))
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [field])
    given = {"guidance_zh": "东门", "guidance_en": "east", "guidance_more": "ja: 東門"}
    assert cast.client("city_commander").post("/measures/new", filled(cast, **given)).status_code == 302
    assert Measure.objects.get().guidance == {"zh": "东门", "en": "east", "ja": "東門"}


def test_who_sees_and_who_imposes(cast: Cast, imposed: Measure) -> None:
    for name, status in (("anonymous", 302), ("stranger", 403), ("guard", 200), ("worker", 200), ("auditor", 200)):
        assert cast.client(name).get(f"/measures/{imposed.pk}").status_code == status
        assert cast.client(name).get("/measures").status_code == status
    assert cast.client("neighbour_head").get(f"/measures/{imposed.pk}").status_code == 404
    assert cast.client("neighbour_head").get(f"/measures?area={HERE}").status_code == 404
    for name in ("guard", "worker", "auditor"):
        assert cast.client(name).get("/measures/new").status_code == 403
        for act in ("review", "extend", "lift", "tasks"):
            assert cast.client(name).post(f"/measures/{imposed.pk}/{act}").status_code == 403
    assert cast.client("city_commander").post(f"/measures/{imposed.pk}/unknown").status_code == 404


def test_the_list_says_what_holds_what_is_due_what_comes_and_what_has_ended(cast: Cast, imposed: Measure) -> None:
    past = cast.at - timedelta(days=4)
    due = impose_measure(**restriction(cast, starts_at=past, review_at=past, at=past))[0]
    come = impose_measure(**restriction(cast, starts_at=cast.at + timedelta(days=1)))[0]
    over = impose_measure(**restriction(cast))[0]
    lift_measure(over, by=cast.city_commander, at=cast.at)
    client = cast.client("worker")
    expected = {"force": {imposed, due}, "review": {due}, "coming": {come}, "ended": {over}}
    for show, rows in expected.items():
        answer = client.get(f"/measures?show={show}&area={HERE}")
        assert {measure for measure, _card in answer.context["rows"]} == rows
        assert [count for _name, _label, count in answer.context["shows"]] == [2, 1, 1, 1]
    assert client.get("/measures?show=none").status_code == 404


@pytest.mark.row("FRC-6", "EMG-16")
def test_a_measure_is_reviewed_worked_under_extended_and_lifted_on_its_page(cast: Cast, declared: Declaration) -> None:
    (measure,) = impose_measure(**restriction(cast, declaration=declared))
    client, path = cast.client("city_commander"), f"/measures/{measure.pk}"
    offered = client.get(path).context["forms"]
    assert set(offered) == {"review", "extend", "tasks", "lift"}
    # Proposed is what its kind has, never after its end; a later day is refused beside the field.
    assert offered["review"].initial["next_review_at"] == measure.expires_at
    assert offered["extend"].initial["review_at"] == measure.expires_at + timedelta(days=7)
    late = {"expires_at": typed(cast.at + timedelta(days=20)), "review_at": typed(cast.at + timedelta(days=16))}
    refused = client.post(f"{path}/extend", {**late, "article": "erl-2024-72"})
    assert (refused.status_code, list(refused.context["forms"]["extend"].errors)) == (400, ["review_at"])
    assert Measure.objects.count() == 1
    assert client.post(f"{path}/tasks", {"task": "GATE"}).status_code == 302
    assert Task.objects.everywhere("a test").filter(kind="GATE").count() == 2
    assert client.post(f"{path}/tasks", {"task": "SUPPLY"}).status_code == 400
    refused = client.post(f"{path}/review", {"reason": "", "next_review_at": typed(cast.at + timedelta(days=5))})
    assert (refused.status_code, refused.context["opened"]) == (400, "review")
    later = {"reason": "仍有新增", "next_review_at": typed(cast.at + timedelta(days=5))}
    assert client.post(f"{path}/review", later).status_code == 302
    assert Measure.objects.get().review_at == cast.at + timedelta(days=5)
    longer = {"expires_at": typed(cast.at + timedelta(days=14)), "review_at": typed(cast.at + timedelta(days=10))}
    assert client.post(f"{path}/extend", {**longer, "article": ""}).status_code == 400
    assert client.post(f"{path}/extend", {**longer, "expires_at": "", "article": "erl-2024-72"}).status_code == 400
    assert Measure.objects.count() == 1
    assert client.post(f"{path}/extend", {**longer, "article": "erl-2024-72"}).status_code == 302
    assert Measure.objects.count() == 2
    assert client.post(f"{path}/lift", {"reason": "形势好转"}).status_code == 302
    assert Measure.objects.filter(lifted_at=None).count() == 0
    assert client.get(path).context["forms"] == {}
