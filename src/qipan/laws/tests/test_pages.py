"""Pages of the register: search, one article with what cites it, acts, files (LAW-1)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate

from qipan.laws.api import Use, cite, flags_of, get_article, seed_laws
from qipan.laws.models import Article


@pytest.fixture(autouse=True)
def articles(city: Any) -> None:
    seed_laws(by=city.lead, at=city.at)


def english(client: Any) -> Any:
    client.cookies["django_language"] = "en"
    return client


def text(response: Any) -> str:
    return response.content.decode()


def test_the_register_is_searched_and_filtered(city):
    page = english(city.client("worker"))
    assert "Emergency Response Law (2024), art. 72" in text(page.get("/laws"))
    found = text(page.get("/laws?q=requisition"))
    assert "art. 76" in found and "art. 72<" not in found
    measures = text(page.get("/laws?use=MEASURE"))
    assert "art. 63" in measures and "Civil Code" not in measures.partition("<tbody>")[2]
    ended = text(page.get("/laws?state=ended"))
    assert "pidl-2013-42" in ended and "replaced" in ended
    assert "No article is like that." in text(page.get("/laws?q=nothing-like-this"))
    before = text(page.get("/laws?on=2024-12-01&law=pidl-2013"))
    assert "pidl-2013-42" in before
    assert city.client("guard").get("/laws").status_code == 200
    assert city.client("stranger").get("/laws").status_code == 403


@pytest.mark.row("LAW-1")
def test_an_article_shows_what_cites_it_by_kind_unit_and_page(city):
    head, worker = city.unit("510104:district-command"), city.unit("510104001001:community")
    for n in range(1, 121):
        owner = worker if n % 2 else head
        cite(f"posture.Measure:{n}", "erl-2024-73", use=Use.MEASURE, unit_id=owner.pk, place=owner.place, at=city.at)
    page = english(city.client("city_commander"))
    shown = text(page.get("/laws/articles/erl-2024-73"))
    assert "120 things on your ground" in shown and shown.count("posture.Measure:") == 50
    seen: list[str] = []
    address = "/laws/articles/erl-2024-73?use=MEASURE"
    while address:
        shown = text(page.get(address))
        seen += [part.partition("<")[0] for part in shown.split("posture.Measure:")[1:]]
        more = re.search(r"after=([\d.]+)#citing", shown)
        address = f"/laws/articles/erl-2024-73?use=MEASURE&after={more[1]}" if more else ""
    assert sorted(map(int, seen)) == list(range(1, 121))
    own = text(english(city.client("worker")).get("/laws/articles/erl-2024-73"))
    assert "60 things on your ground" in own
    narrowed = text(page.get(f"/laws/articles/erl-2024-73?use=MEASURE&unit={head.pk}"))
    assert narrowed.count("posture.Measure:") == 50 and "Measure:1<" not in narrowed
    neighbour = text(english(city.client("neighbour_worker")).get("/laws/articles/erl-2024-73"))
    assert "Nothing on your ground rests on this article." in neighbour


def test_repeal_and_change_on_the_page(city):
    owner = city.unit("510104:district-command")
    cite("posture.Measure:1", "erl-2024-73", use=Use.MEASURE, unit_id=owner.pk, place=owner.place, at=city.at)
    page, today = english(city.client("lead")), localdate(city.at)
    base = {
        "act": "change", "number": "73", "link": "", "summary": "新说法", "summary_en": "New words",
        "minimum_rank": "2", "uses": ["MEASURE", "ZONE"], "valid_from": "2024-11-01", "reason": "",
    }  # fmt: skip
    assert page.post("/laws/articles/erl-2024-73", base).status_code == 302
    assert get_article("erl-2024-73", on=today).summary_en == "New words"
    assert flags_of("posture.Measure", [1]) == {}
    refused = page.post("/laws/articles/erl-2024-73", base | {"minimum_rank": "3"})
    assert refused.status_code == 400 and "say from which day" in text(refused)
    refused = page.post("/laws/articles/erl-2024-73", {"act": "repeal", "since": today, "reason": ""})
    assert refused.status_code == 400
    assert get_article("erl-2024-73", on=today).minimum_rank == 2
    again = {"act": "repeal", "since": today, "reason": "第9号决定", "successor": "erl-2024-72"}
    assert page.post("/laws/articles/erl-2024-73", again).status_code == 302
    assert flags_of("posture.Measure", [1])[1][0].successor.code == "erl-2024-72"
    shown = text(page.get("/laws/articles/erl-2024-73"))
    assert "In its place:" in shown and "第9号决定" in shown and "Repeal it" not in shown


@pytest.mark.parametrize("member", ["worker", "auditor", "district_head"])
def test_who_does_not_keep_the_register_only_reads(city, member):
    page, before = city.client(member), list(Article.objects.order_by("pk").values())
    assert "废止日期" not in text(page.get("/laws/articles/erl-2024-73"))
    for path in ("/laws", "/laws/new", "/laws/articles/erl-2024-73"):
        assert page.post(path, {"act": "repeal", "since": "2027-01-01", "reason": "x"}).status_code == 403
    assert page.get("/laws/new").status_code == 403
    assert list(Article.objects.order_by("pk").values()) == before


def test_one_more_article_and_files_both_ways(city):
    page, today = english(city.client("lead")), localdate(city.at)
    given = {
        "law": "gds-2025", "kind": "REGULATION", "law_name": "政务数据共享条例",
        "law_name_en": "Regulation on the Sharing of Government Data", "law_link": "https://www.smartcity.team/?p=15377",
        "number": "20", "link": "", "summary": "不重复收集", "summary_en": "Not asked twice", "minimum_rank": "",
        "uses": ["FORM"], "valid_from": "2025-08-01", "reason": "",
    }  # fmt: skip
    answer = page.post("/laws/new", given)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/laws/articles/gds-2025-20")
    assert "has this article" in text(page.post("/laws/new", given))
    assert (
        page.post("/laws/new", given | {"law": "Ä b", "number": "x/y", "law_link": "javascript:1"}).status_code == 400
    )
    for kind in ("csv", "xlsx"):
        raw = page.get(f"/laws/register.{kind}").content
        answer = page.post("/laws", {"file": SimpleUploadedFile(f"laws.{kind}", raw)}, follow=True)
        assert "0 new, 0 in other words, 0 replaced, 0 repealed" in text(answer)
    bad = page.post("/laws", {"file": SimpleUploadedFile("laws.csv", b"a,b\n1,2\n")})
    assert bad.status_code == 400 and "columns are missing" in text(bad)
    assert page.get("/laws/register.pdf").status_code == 404
    assert page.get("/laws/articles/none-1").status_code == 404
    assert get_article("gds-2025-20", on=today + timedelta(days=1)).uses == ["FORM"]
