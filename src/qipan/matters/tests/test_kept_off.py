"""Who joins a public matter and wishes to be kept off the list: nothing of theirs is public, and both pages say so."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from qipan.access.testing import make_city
from qipan.journal.api import verify
from qipan.kernel.clock import now

from ..actions.intake import Words, join_matter, part_report
from ..actions.joining import merge_matter, unmerge_matter
from ..models import Matter, Photo, Report
from ..rules.points import Point
from ..testing import PUBLIC, draw_outlines, make_world
from .test_pages import filled, jpeg

pytestmark = pytest.mark.row("MAT-1")
TEXT, EXACT = "小区门口路灯不亮了，我家孩子在那里摔倒过", "三单元五〇一门口"
LIST = {"zh-hans": "任何人的文字、具体位置、照片和联系方式都不公开", "en": "Nobody's words, exact spot, photographs"}
KEPT = {
    "zh-hans": "您希望不公开。此事项也有他人反映",
    "en": "You wished to be kept off the list. Others reported this too",
}
OFF = {"zh-hans": "此事项不在公开清单上", "en": "It is not on the public list."}
JOINS = {
    "zh-hans": "公开内容只是反映人数加一",
    "en": "Whoever joins adds one to its number of reporters and nothing else.",
}


@pytest.fixture(autouse=True)
def _forget_tries():
    cache.clear()


def said(client, address, words, **form):
    """Which of these words a page says, in each language."""
    found = {}
    for language, text in words.items():
        asked = {"headers": {"Accept-Language": language}}
        answer = client.post(address, form, **asked) if form else client.get(address, **asked)
        found[language] = text in answer.content.decode()
    assert len(set(found.values())) == 1, found
    return found["en"]


def listed():
    return Client().get("/public/matters").content.decode().count('<td class="num"')


def joined(first, **how):
    """Reports the same on the page and joins what is hinted at, wishing to be kept off the list."""
    client = Client()
    given = filled(client, text=TEXT, spot=EXACT, private="on", reach="13900000000", **how)
    hint = client.post("/report", given).content.decode()
    assert JOINS["zh-hans"] in hint and LIST["zh-hans"] in hint  # before anything is sent
    token = re.search(r'name="token" value="([^"]+)"', hint)[1]
    one, other = re.search(r"(\d) 加 (\d)", hint).groups()
    photo = SimpleUploadedFile("x.jpg", jpeg())
    sent = {**given, "token": token, "answer": str(int(one) + int(other)), "same": first.matter.pk, "photos": photo}
    return client.post("/report", sent).headers["Location"].rpartition("/")[2]


def test_nothing_of_a_report_that_joined_is_on_any_page_for_everyone(world):
    draw_outlines(world.cast)
    first = world.reported(at=now())
    code = joined(first, point="104.031234,30.631234")
    matter = Matter.objects.everywhere("a test").get()
    second = Report.objects.get(private=True)
    photo = Photo.objects.get(report=second)
    assert (matter.private, second.matter_id, second.text, second.spot) == (False, matter.pk, TEXT, EXACT)
    assert (matter.point, matter.place) == (None, first.matter.place)  # what is public of a place stays the first one's
    anyone = Client()
    similar = {"category": "01003", "place": "510104001001001", "text": TEXT}
    pages = {
        "list": anyone.get("/public/matters"),
        "open": anyone.get("/public/matters?show=open&area=510104001001"),
        "first reporter": anyone.get(f"/track/{first.code}"),
        "open311": anyone.get("/open311/v2/requests.json"),
        "request": anyone.get(f"/open311/v2/requests/{matter.number}.json"),
        "hint": anyone.post("/report/similar", similar),
    }
    for name, page in pages.items():
        assert page.status_code == 200 and matter.number in page.content.decode(), name
        told = page.content.decode().encode().decode("unicode_escape", "ignore") + page.content.decode()
        for hidden in (TEXT, "摔倒", EXACT, "13900000000", "104.031", "30.631", f"/photos/{photo.pk}", code):
            assert hidden not in told, (name, hidden)
    assert anyone.get(f"/matters/{matter.pk}/photos/{photo.pk}").status_code in (302, 401, 404)
    assert Client().get(f"/matters/{matter.pk}").status_code in (302, 401)
    # The hint weighs a stranger's words against those that nobody wished private.
    first.report.private = True
    first.report.save(update_fields=["private"])
    assert "input" not in anyone.post("/report/similar", similar).content.decode()


def test_the_hint_says_before_anything_is_sent_what_stays_public(world):
    world.reported(at=now())
    similar = {"category": "01003", "place": "510104001001001", "text": TEXT}
    assert said(Client(), "/report/similar", JOINS, **similar) and said(Client(), "/report/similar", LIST, **similar)
    elsewhere = {**similar, "place": "510104001001002"}
    assert not said(Client(), "/report/similar", JOINS, **elsewhere)
    wish = {
        "zh-hans": "如并入他人已公开的事项，该事项仍公开",
        "en": "what you join of others stays there, without anything of yours",
    }
    assert said(Client(), "/report", wish)


@pytest.mark.parametrize(("private", "wished"), [(False, False), (False, True), (True, True)])
def test_the_tracking_page_says_what_everyone_can_see(world, private, wished):
    one = world.reported(private=private)
    if wished and not private:
        one = join_matter(one.matter, words=Words(TEXT, private=True), nonce="j", by=PUBLIC, at=world.at)
    address = f"/track/{one.code}"
    found = [said(Client(), address, words) for words in (LIST, KEPT, OFF)]
    assert found == [not private, wished and not private, private]


def test_what_is_left_with_wished_reports_alone_leaves_the_list(world):
    first, by, at = world.reported(point=None), world.cast.dispatcher, world.at
    public, kept = (
        join_matter(first.matter, words=Words(TEXT, private=private), nonce=nonce, by=PUBLIC, at=at)
        for nonce, private in (("a", False), ("b", True))
    )
    part_report(public.report, by=by, at=at)
    held = Matter.objects.everywhere("a test").get(pk=first.matter.pk)
    assert (held.private, listed()) == (False, 2)
    apart = part_report(first.report, by=by, at=at)
    held.refresh_from_db()
    assert (held.private, apart.private, listed()) == (True, False, 2)
    assert said(Client(), f"/track/{kept.code}", OFF) and not said(Client(), f"/track/{kept.code}", KEPT)


def test_a_wished_matter_that_an_office_joins_to_a_public_one_stays_unseen(world):
    first, kept = world.reported(), world.reported(text=TEXT, spot=EXACT, private=True, point=None)
    merge_matter(kept.matter, into=first.matter, by=world.cast.dispatcher, at=world.at)
    for address in ("/public/matters", f"/track/{first.code}"):
        page = Client().get(address).content.decode()
        assert kept.matter.number not in page and TEXT not in page and EXACT not in page
    assert said(Client(), f"/track/{kept.code}", KEPT)


def wishes():
    return list(Matter.objects.everywhere("a test").order_by("pk").values_list("private", flat=True))


@pytest.mark.row("PAR-10")
def test_a_public_matter_joined_to_a_wished_one_stays_on_the_list_until_that_is_undone(world):
    draw_outlines(world.cast)
    where, at = Point(104.031234, 30.631234), now()
    kept = world.reported(text=TEXT, spot=EXACT, private=True, reach="13900000000", point=where, at=at)
    public, by = world.reported(at=at), world.cast.dispatcher
    anyone = Client()
    assert (wishes(), listed()) == ([True, False], 1)
    merge_matter(public.matter, into=kept.matter, by=by, at=at)
    assert (wishes(), listed()) == ([False, False], 1)
    number = kept.matter.number
    similar = {"category": "01003", "place": "510104001001001", "text": "小区门口路灯不亮了", "point": where.text}
    pages = {
        "list": anyone.get("/public/matters"),
        "reporter": anyone.get(f"/track/{public.code}"),
        "open311": anyone.get("/open311/v2/requests.json"),
        "request": anyone.get(f"/open311/v2/requests/{number}.json"),
        "hint": anyone.post("/report/similar", similar),
    }
    for name, page in pages.items():
        told = page.content.decode().encode().decode("unicode_escape", "ignore") + page.content.decode()
        assert page.status_code == 200 and (number in told or name == "hint"), name
        shown = told.replace(where.text, "")  # the hint says again what it was asked
        for hidden in (TEXT, "摔倒", EXACT, "13900000000", "104.03", "30.63", kept.code):
            assert hidden not in shown, (name, hidden)
    assert said(anyone, f"/track/{kept.code}", KEPT)
    unmerge_matter(public.matter, by=by, at=at)
    assert (wishes(), listed()) == ([True, False], 1)
    assert number not in anyone.get("/public/matters").content.decode()
    assert anyone.get(f"/open311/v2/requests/{number}.json").status_code == 404
    assert said(anyone, f"/track/{kept.code}", OFF)
    assert verify().differences == []


@pytest.mark.row("PAR-10")
def test_along_a_chain_each_end_is_off_the_list_only_while_all_that_follow_it_wished_so(world):
    wished, second, public = (world.reported(private=private).matter for private in (True, True, False))
    by, at = world.cast.dispatcher, world.at
    merge_matter(second, into=wished, by=by, at=at)
    assert (wishes(), listed()) == ([True, True, False], 1)
    unmerge_matter(second, by=by, at=at)
    merge_matter(public, into=second, by=by, at=at)
    merge_matter(second, into=wished, by=by, at=at)
    assert (wishes()[0], listed()) == (False, 1)
    unmerge_matter(public, by=by, at=at)  # out of the middle
    assert (wishes()[0], wishes()[2], listed()) == (True, False, 1)
    unmerge_matter(second, by=by, at=at)
    assert (wishes(), listed()) == ([True, True, False], 1)
    # A report that leaves a joined matter for one of its own takes the list's reason with it.
    join_matter(public, words=Words(TEXT, private=True), nonce="p", by=PUBLIC, at=at)
    merge_matter(public, into=wished, by=by, at=at)
    assert (wishes()[0], listed()) == (False, 1)
    part_report(public.reports.get(private=False), by=by, at=at)
    assert (wishes(), listed()) == ([True, True, True, False], 1)


@pytest.mark.row("PAR-10")
@pytest.mark.parametrize("leaves", ["who wished", "who joined"])
def test_the_point_of_who_wished_is_not_shown_for_who_joined(world, leaves):
    draw_outlines(world.cast)
    where, at, by = Point(104.031234, 30.631234), now(), world.cast.dispatcher
    kept = world.reported(text=TEXT, private=True, point=where, at=at)
    merge_matter(world.reported(at=at).matter, into=kept.matter, by=by, at=at)
    # Since it is on the list, others join it itself.
    late = join_matter(kept.matter, words=Words("路灯还是不亮"), nonce="late", by=PUBLIC, at=at)
    page = Client().get("/public/matters").content.decode()
    assert kept.matter.number in page and "104.03" not in page
    parted = part_report((kept if leaves == "who wished" else late).report, by=by, at=at)
    page = Client().get("/public/matters").content.decode()
    assert (kept.matter.number in page, parted.number in page) == (True, leaves == "who joined")
    assert "104.03" not in page
    points = dict(Matter.objects.everywhere("a test").values_list("pk", "longitude"))
    wished = parted.pk if leaves == "who wished" else kept.matter.pk
    assert [pk for pk, longitude in points.items() if longitude is not None] == [wished]
    assert verify().differences == []


@pytest.mark.row("PAR-10")
@pytest.mark.parametrize("undone", [True, False])
def test_two_public_reports_that_leave_at_once_take_the_lists_reason_with_them(transactional_db, undone):
    world = make_world(make_city())
    by, at = world.cast.dispatcher, world.at
    kept, public = world.reported(private=True).matter, world.reported(nonce="joined").matter
    join_matter(kept, words=Words(TEXT), nonce="own", by=PUBLIC, at=at)
    join_matter(public, words=Words(TEXT, private=True), nonce="kept", by=PUBLIC, at=at)
    merge_matter(public, into=kept, by=by, at=at)
    assert wishes() == [False, False]
    both = threading.Barrier(2)

    def leave(nonce):
        try:
            with transaction.atomic():
                if undone and nonce == "joined":
                    unmerge_matter(public, by=by, at=at)
                else:
                    part_report(Report.objects.get(nonce=nonce), by=by, at=at)
                with suppress(threading.BrokenBarrierError):
                    both.wait(1)  # where neither waits for the other, neither sees what the other did
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(leave, ["own", "joined"]))
    assert wishes()[0] is True and verify().differences == []


@pytest.mark.row("PAR-10")
def test_what_was_joined_to_a_wished_one_before_is_seen_again(world):
    made = [world.reported(private=private).matter for private in (True, True, False, True, False)]
    wished, second, public, _third, _fourth = made
    merge_matter(second, into=wished, by=world.cast.dispatcher, at=world.at)
    show = import_module("qipan.matters.migrations.0040_seen_when_joined").show
    held = SimpleNamespace(objects=Matter.objects.everywhere("a migration"))
    rooms = SimpleNamespace(get_model=lambda _room, _name: held)
    show(rooms, None)
    assert wishes() == [True, True, False, True, False]
    merge_matter(public, into=wished, by=world.cast.dispatcher, at=world.at)
    held.objects.filter(pk=wished.pk).update(private=True)  # as it was left before
    assert listed() == 1
    show(rooms, None)
    assert (wishes(), listed()) == ([False, True, False, True, False], 2)
