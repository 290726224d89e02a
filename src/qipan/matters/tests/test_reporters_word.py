"""A reporter's word is the reporter's: a device that is signed in for who handled the matter does not speak by the code."""

from contextlib import contextmanager

import pytest
from django.core.cache import cache
from django.test import Client

from qipan.access.api import Role, end_post, give_post
from qipan.kernel.clock import now

from ..actions.dispatching import add_cooperating, dispatch_matter, finish_part
from ..actions.filing import decline_matter, file_matter
from ..actions.handling import confirm_matter, report_done, verify_matter
from ..actions.intake import hashed
from ..actions.privacy import stop_telling
from ..models import Contact, Matter
from ..rules.loop import HandlerSpeaks
from ..testing import PUBLIC
from .test_pages import filled
from .test_refusals import refused, rows

HEALTH, COMMUNITY = "5101:health", "510104001001:community"
BARRED = "当前登录的岗位属于承办过此事项的单位"
WORDS = [("satisfied", ""), ("unsatisfied", ""), ("confirmed", ""), ("doubt", "还是没有")]


@pytest.fixture(autouse=True)
def _forget_tries():
    cache.clear()


def fresh(matter: Matter) -> Matter:
    return Matter.objects.everywhere("a test").get(pk=matter.pk)


@pytest.fixture
def treated(world):
    """Rats, dealt with by the health commission, whose officer is in the cast; the community has helped."""
    reported = world.reported("20001", text="垃圾房有老鼠", reach="13800000000")
    matter, dispatcher, at = reported.matter, world.cast.dispatcher, world.at
    file_matter(matter, by=dispatcher, at=at)
    dispatch_matter(matter, unit=world.cast.unit(HEALTH), by=dispatcher, at=at)
    add_cooperating(matter, unit=world.cast.unit(COMMUNITY), by=dispatcher, at=at)
    finish_part(matter, result="已清理", by=world.cast.worker, at=at)
    report_done(matter, kind="SOLVED", result="已消杀", by=world.cast.department, at=at)
    verify_matter(matter, by=dispatcher, at=at)
    return reported


@contextmanager
def nothing_written():
    before = rows()
    yield
    assert rows() == before


@pytest.mark.row("MAT-5")
@pytest.mark.parametrize("who", ["department", "worker", "screener"])
def test_whoever_handled_it_does_not_speak_as_its_reporter(world, treated, who):
    client = world.cast.client(who)
    page = client.get(f"/track/{treated.code}").content.decode()
    assert BARRED in page and "情况属实吗" not in page and "不再通知我" not in page
    for word, reason in [*WORDS, ("quiet", "")]:
        with nothing_written():
            answer = client.post(f"/track/{treated.code}/{word}", {"reason": reason})
        assert answer.status_code == 403 and answer.content.decode().count(BARRED) == 1
    assert fresh(treated.matter).state == "VERIFIED" and Contact.objects.count() == 1


@pytest.mark.row("MAT-5")
@pytest.mark.parametrize(("who", "after"), [("anonymous", "CLOSED"), ("guard", "CLOSED"), ("stranger", "CLOSED")])
def test_everybody_else_speaks_with_the_code_alone(world, treated, who, after):
    client = world.cast.client(who)
    page = client.get(f"/track/{treated.code}").content.decode()
    assert BARRED not in page and "情况属实吗" in page
    assert client.post(f"/track/{treated.code}/satisfied").status_code == 302
    matter = fresh(treated.matter)
    assert (matter.state, matter.confirmation) == (after, "CONFIRMED")


def test_a_chosen_post_elsewhere_or_a_second_log_in_hides_nobody(world, treated):
    cast, at = world.cast, now()
    elsewhere = cast.unit("5101:emergency")
    role = Role.objects.get(code="department")
    other = give_post(cast.accounts["department"], unit=elsewhere, role=role, by=cast.admin, at=cast.at)
    client = cast.client("department")
    session = client.session
    session["post"] = other.pk
    session.save()
    with nothing_written():
        assert client.post(f"/track/{treated.code}/satisfied").status_code == 403
    # On the phone that keeps the community's pass somebody has signed in with another account.
    phone = cast.client("stranger")
    phone.cookies["qipan_pass"] = cast.screener_pass.token
    with nothing_written():
        assert phone.post(f"/track/{treated.code}/satisfied").status_code == 403
    # A bad token in the header makes nobody of an account that is signed in.
    with nothing_written():
        answer = cast.client("department").post(
            f"/track/{treated.code}/satisfied", headers={"Authorization": "Bearer x"}
        )
    assert answer.status_code == 403
    # Who did the work has gone to another unit since.
    end_post(cast.post("department"), by=cast.admin, at=at)
    with nothing_written():
        assert client.post(f"/track/{treated.code}/satisfied").status_code == 403


def test_the_act_itself_refuses_and_a_unit_that_gave_it_back_counts_too(world, treated):
    for here in (world.cast.department, world.cast.worker, world.cast.screener):
        with refused(HandlerSpeaks):
            confirm_matter(treated.report, satisfied=True, here=[here], by=PUBLIC, at=world.at)
        with refused(HandlerSpeaks):
            stop_telling(treated.report, here=[here], by=PUBLIC, at=world.at)
    confirm_matter(treated.report, satisfied=True, here=[world.cast.guard], by=PUBLIC, at=world.at)
    client = world.cast.client("department")
    with nothing_written():
        assert client.post(f"/track/{treated.code}/reopen", {"reason": "又有了"}).status_code == 403
    assert Client().post(f"/track/{treated.code}/reopen", {"reason": "又有了"}).status_code == 302
    assert fresh(treated.matter).state == "FILED"


def test_what_nobody_handled_is_reopened_by_whoever_holds_the_code(world):
    reported = world.reported()
    decline_matter(reported.matter, kind="ANSWERED", reason="已答复", by=world.cast.dispatcher, at=world.at)
    client = world.cast.client("department")
    assert client.post(f"/track/{reported.code}/reopen", {"reason": "没有答复"}).status_code == 302


@pytest.mark.row("MAT-5")
def test_no_page_of_a_post_shows_the_code(world, treated):
    """It is told once, to who reports; kept is a keyed hash, and neither is on any page, list or file of the room."""
    pk, code = treated.matter.pk, treated.code
    paths = [f"/matters/{pk}", "/matters?show=waiting", "/matters/map", "/matters/figures", "/desk", "/public/matters"]
    hidden = (code, hashed(code), f"{code[:4]}-{code[4:8]}-{code[8:]}")
    for who in ("dispatcher", "department", "worker", "district_head", "lead", "city_commander", "auditor", "admin"):
        client = world.cast.client(who)
        for path in paths:
            answer = client.get(path)
            assert answer.status_code in (200, 403, 404), path
            assert [one for one in hidden if one in answer.content.decode()] == [], (who, path)
    assert world.cast.client("department").get(f"/matters/{pk}").status_code == 200
    assert str([one for one in rows().items() if one[0] != "Report"]).count(hashed(code)) == 0
    assert str(rows()).count(code) == 0


def test_who_takes_a_report_down_reads_the_code_out_once(world):
    """The post that wrote it knows the code; should its unit handle the matter, it is barred all the same."""
    client = world.cast.client("worker")
    given = {**filled(Client()), "category": "20001", "channel": "WORKER", "text": "楼道有老鼠"}
    first = client.post("/matters/new", given).content.decode()
    code = first.partition('<p class="code">')[2].partition("</p>")[0]
    assert len(code) == 12
    assert code not in client.post("/matters/new", given).content.decode()
    matter = Matter.objects.everywhere("a test").get()
    assert code not in client.get(f"/matters/{matter.pk}").content.decode()
    at = now()
    file_matter(matter, by=world.cast.dispatcher, at=at)
    dispatch_matter(matter, unit=world.cast.unit(HEALTH), by=world.cast.dispatcher, at=at)
    add_cooperating(matter, unit=world.cast.unit(COMMUNITY), by=world.cast.dispatcher, at=at)
    assert BARRED in client.get(f"/track/{code}").content.decode()
