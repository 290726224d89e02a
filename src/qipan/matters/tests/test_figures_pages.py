"""The page of figures and the public page, as posts and as everyone sees them."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.cache import cache
from django.test import Client
from openpyxl import load_workbook

from qipan.access.api import give_post
from qipan.desk.api import Task, escalate_late
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import place_of, range_of

from ..actions.filing import decline_matter
from ..actions.handling import confirm_matter
from ..terms import Closing, Way
from ..testing import PUBLIC


@pytest.fixture
def lively(world):
    """The world an hour ago: pages ask the real clock."""
    world.cast.at = now().replace(microsecond=0) - timedelta(hours=1)
    return world


def some(world, n, **how):
    return [world.reported(**how).matter for _n in range(n)]


@pytest.mark.row("MAT-5", "PAR-9")
def test_figures_are_chosen_shown_and_taken_along(lively):
    world, client = lively, lively.cast.client("dispatcher")
    done = world.matter("VERIFIED")
    confirm_matter(done.reports.get(), satisfied=True, by=PUBLIC, at=world.later(minutes=5))
    world.matter("DISPATCHED")
    page = client.get("/matters/figures").content.decode()
    assert "20–100%" in page and "1 / 1" in page  # an interval, not 100 %
    assert "不作排名" in page and "按月份" in page
    assert "由政府解决" in page and "100%" in page  # by which way, of all that was solved
    by_area = client.get("/matters/figures?by=area").content.decode()
    assert by_area.index("锦江一街一社区") < by_area.index("锦江一街二社区")
    assert "area=510104001001" in by_area
    narrowed = client.get("/matters/figures?by=unit&category=01003&channel=WEB&unit=5101:urban-management")
    assert "成都市城市管理委员会" in narrowed.content.decode() and "上报" not in _head(narrowed)
    csv = client.get("/matters/figures.csv?by=category").content.decode("utf-8-sig").splitlines()
    assert csv[0].startswith("按类别,")
    assert csv[1] == "路灯,2,2,2,2,0,0,1,1,,20,100,1,1,,20,100,1,1,,20,100,1,1,,20,100,1,0,0"
    assert csv[2].startswith("合计,2,2,2,2,0,0")
    book = load_workbook(BytesIO(client.get("/matters/figures.xlsx?by=channel").content))
    assert [cell.value for cell in next(book.active.iter_rows(min_row=2))][:2] == ["公开页面", "2"]
    assert client.get("/matters/figures.pdf").status_code == 404


def _head(answer):
    return answer.content.decode().split("<thead>")[1].split("</thead>")[0]


def test_wrong_choices_are_refused_beside_their_field(lively):
    client = lively.cast.client("dispatcher")
    for query in ("by=rank", "unit=x", "category=9", "channel=X", "since=2026-13", "since=2026-05&until=2026-04",
                  "since=2020-01&until=2026-04"):  # fmt: skip
        answer = client.get(f"/matters/figures?{query}")
        assert answer.status_code == 400 and "field-error" in answer.content.decode(), query
        assert client.get(f"/matters/figures.csv?{query}").status_code == 400
    assert client.get("/matters/figures?area=510199").status_code == 404
    beyond = client.get("/matters/figures?area=510105")  # no ground of theirs: nothing to see
    assert beyond.status_code == 200 and " / " not in beyond.content.decode().split("<tfoot>")[-1]
    assert lively.cast.client("guard").get("/matters/figures").status_code == 403
    assert Client().get("/matters/figures").status_code in (302, 401)


@pytest.mark.row("PAR-10", "PAR-9")
def test_everyone_reads_rates_by_area_but_no_small_cell(lively, monkeypatch):
    some(lively, 12)
    some(lively, 3, place=place_of("510105001001001"))
    page = Client().get("/public/matters").content.decode()
    assert page.count("数量过少，不显示") >= 2  # the 12 would give the 3 away
    assert "青羊区" in page and ">12<" not in page
    some(lively, 9, place=place_of("510105001001001"))
    assert ">12<" not in Client().get("/public/matters").content.decode()  # added up anew after a minute
    cache.clear()
    page = Client().get("/public/matters").content.decode()
    assert page.count(">12<") == 2
    shown = Client().get("/public/matters").context["as_of"]
    monkeypatch.setattr("qipan.matters.views.public.now", lambda: shown + timedelta(seconds=30))
    assert Client().get("/public/matters").context["as_of"] == shown  # the moment of what is shown
    below = Client().get("/public/matters?area=510104").content.decode()
    assert "锦江一街" in below and 'href="?area=5101"' in below
    assert "路灯不亮了" not in page + below  # nobody's words


@pytest.mark.row("PAR-10")
def test_everyone_reads_how_matters_ended_only_where_enough_did(lively):
    world, dispatcher = lively, lively.cast.dispatcher
    reported = some(world, 24)
    for one in reported[:9]:
        decline_matter(one, kind="UNLAWFUL", reason="于法不合", by=dispatcher, at=world.later(minutes=1))
    for _n in range(2):
        world.matter("VERIFIED")
    staff = world.cast.client("dispatcher").get("/matters/figures").content.decode()
    told = [f'{Closing.UNLAWFUL.label} <b class="num">9</b>', f'{Way.GOVERNMENT.label} <b class="num">2</b>']
    assert all(one in staff for one in told)
    page = Client().get("/public/matters").content.decode()
    assert not any(one in page for one in told)
    cache.clear()
    decline_matter(reported[9], kind="UNLAWFUL", reason="于法不合", by=dispatcher, at=world.later(minutes=1))
    page = Client().get("/public/matters").content.decode()
    assert f'{Closing.UNLAWFUL.label} <b class="num">10</b>' in page and str(Way.GOVERNMENT.label) not in page


@pytest.mark.row("FRC-2")
def test_residents_read_who_clears_what_is_blocked(lively):
    world = lively
    matter = world.matter("DISPATCHED")
    mine = Task.objects.within(world.cast.lead.scope).filter(source__startswith=f"matter:{matter.pk}:", closed_at=None)
    mine.update(due_at=now() - timedelta(days=3))
    everywhere = Actor.system("clock", ranges=[range_of("5101")])
    for minutes in (2, 1):
        escalate_late(at=now() - timedelta(minutes=minutes), by=everywhere)
    assert [task.escalation for task in mine] == [2]
    page = Client().get("/public/matters?area=510104001001").content.decode()
    assert "锦江区指挥部" in page and "1项工作超期24小时以上" in page
    assert "超期24小时以上，已报包片负责人" in page and matter.number in page
    assert "district head" not in page and "district_head" not in page  # the account's own name is nobody's business
    give_post(
        world.cast.accounts["stranger"], unit=world.cast.unit("510104001:street-office"),
        role=world.cast.post("dispatcher").role, title="包片领导", sponsors_area=True, published_name="李某某",
        by=world.cast.admin, at=now() - timedelta(minutes=1),
    )  # fmt: skip
    page = Client().get("/public/matters?area=510104001001").content.decode()
    assert "包片领导 · 李某某" in page and "锦江一街道办事处" in page
    assert "李某某" not in Client().get("/public/matters?area=510105").content.decode()
