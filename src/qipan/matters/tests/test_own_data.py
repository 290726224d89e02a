"""One's own data: by the code of one purpose, with who looked, corrected, and deleted on a wish; words end by themselves."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from qipan.access.api import forget
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound
from qipan.retention.api import (
    DueLot,
    Wish,
    WishState,
    approve_run,
    carry_out,
    clock_actor,
    decide_wish,
    own_by_code,
    place_hold,
    prepare_run,
    refresh_lots,
)
from qipan.territory.testing import merge

from ..actions.dispatching import dispatch_matter
from ..actions.filing import file_matter
from ..actions.handling import doubt_matter, report_done, verify_matter
from ..actions.joining import merge_matter
from ..actions.owning import OWN_REPORT
from ..actions.privacy import KeptByHold, destroy_reports, look_at_contact, stop_telling
from ..actions.referring import hand_over
from ..models import Contact, Handover, Matter, MatterStep, Photo, Report
from ..queries.figures import figures
from ..rules.referral import ByLaw
from ..testing import PUBLIC, SPOT, Picture, close_many

PICTURE = Picture(b"\xff\xd8", 1, 1)


@pytest.fixture
def lively(world):
    """The world a minute ago: pages ask the real clock."""
    cache.clear()
    world.cast.at = now().replace(microsecond=0) - timedelta(minutes=1)
    return world


def reported(world):
    return world.reported(text="楼下路灯不亮", spot="三号楼后", reach="13900000000", photos=[PICTURE])


def test_a_code_shows_what_is_held_in_its_purpose_and_who_looked(lively):
    told = reported(lively)
    look_at_contact(told.report, why="约时间上门", by=lively.cast.dispatcher, at=lively.at)
    other = reported(lively)
    page = Client().get(f"/my-data/{told.code}").content.decode()
    for said in (
        "13900000000",
        "楼下路灯不亮",
        "三号楼后",
        "约时间上门",
        lively.cast.dispatcher.label,
        "处理您上报的事项",
    ):
        assert said in page
    own = own_by_code(told.code, at=lively.at)
    assert (own.subject, len(own.held), len(own.looks)) == (f"matters.Report:{told.report.pk}", 4, 1)
    assert own_by_code(other.code, at=lively.at).looks == []
    assert "no-store" in Client().get(f"/my-data/{told.code}")["Cache-Control"]


def test_nothing_is_found_by_name_or_telephone_and_tries_are_counted(lively):
    reported(lively)
    client = Client()
    for word in ("13900000000", "楼下路灯不亮", "resident", "", "2026-000001"):
        answer = client.post("/my-data", {"code": word})
        assert answer.status_code == 404 and "13900000000" not in answer.content.decode().replace(word, "")
    statuses = [client.post("/my-data", {"code": "23456789ABCD"}).status_code for _ in range(20)]
    assert statuses == [404] * 15 + [429] * 5
    assert client.get("/my-data/23456789ABCE").status_code == 429


def test_how_to_be_reached_is_corrected_at_once(lively):
    told = reported(lively)
    answer = Client().post(f"/my-data/{told.code}/correct", {"value": ""})
    assert answer.status_code == 400 and Contact.objects.get().reach == "13900000000"
    assert Client().post(f"/my-data/{told.code}/correct", {"value": "13800000000"}).status_code == 302
    assert Contact.objects.get().reach == "13800000000"


def test_a_wish_for_deletion_is_a_task_with_a_clock_and_is_done_when_granted(lively):
    cast, told = lively.cast, reported(lively)
    kept = reported(lively)
    for _twice in range(2):
        assert Client().post(f"/my-data/{told.code}/wish", {"kind": "DELETE"}).status_code == 302
    wish = Wish.objects.everywhere("a test").get()
    assert (wish.unit.code, wish.task.owner_id, wish.task.due_at) == (
        "510104001:street-office",
        wish.unit_id,
        wish.due_at,
    )
    with pytest.raises(NotFound):
        decide_wish(wish, grant=True, reason="", by=cast.neighbour_dispatcher, at=now())
    assert Report.objects.get(pk=told.report.pk).text == "楼下路灯不亮"
    page = cast.client("dispatcher").post(f"/retention/wishes/{wish.pk}", {"grant": "1", "reason": ""})
    assert page.status_code == 302
    report = Report.objects.get(pk=told.report.pk)
    assert (report.text, report.spot, report.photo_set.count(), Contact.objects.count()) == ("", "", 0, 1)
    assert Report.objects.get(pk=kept.report.pk).text == "楼下路灯不亮"
    wish.task.refresh_from_db()
    assert (Wish.objects.everywhere("a test").get().state, wish.task.state) == (WishState.GRANTED, "DONE")
    page = Client().get(f"/my-data/{told.code}").content.decode()
    assert "已无：均已销毁" in page and "已按您的要求办理" in page


def test_a_wish_to_a_unit_that_was_merged_is_answered_by_its_heir(lively):
    cast, told = lively.cast, reported(lively)
    Client().post(f"/my-data/{told.code}/wish", {"kind": "DELETE"})
    wish = Wish.objects.everywhere("a test").get()
    for name in ("neighbour_dispatcher", "worker"):
        assert cast.client(name).get(f"/retention/wishes/{wish.pk}").status_code in (403, 404)
    merge("510104001", into="510104002", at=now())
    forget()
    for name in (
        "dispatcher",
        "worker",
        "neighbour_head",
    ):  # the ended office itself, who stands below, another district
        answer = cast.client(name).post(f"/retention/wishes/{wish.pk}", {"grant": "1", "reason": ""})
        assert answer.status_code in (302, 403, 404) and Report.objects.get(pk=told.report.pk).text == "楼下路灯不亮"
    heir = cast.client("neighbour_dispatcher")
    assert f"/retention/wishes/{wish.pk}" in heir.get("/retention/wishes").content.decode()
    assert heir.post(f"/retention/wishes/{wish.pk}", {"grant": "1", "reason": ""}).status_code == 302
    wish.task.refresh_from_db()
    assert (Wish.objects.everywhere("a test").get().state, wish.task.state) == (WishState.GRANTED, "DONE")
    assert Report.objects.get(pk=told.report.pk).text == ""


def test_a_wish_to_a_merged_community_is_not_for_every_organ_of_the_city(lively):
    cast, told = lively.cast, reported(lively)
    Client().post(f"/my-data/{told.code}/wish", {"kind": "DELETE"})
    Wish.objects.everywhere("a test").update(unit=cast.unit("510104001001:community"))
    merge("510104001001", into="510104001002", at=now())
    forget()
    [wish] = Wish.objects.everywhere("a test")
    seen = {
        name
        for name in ("department", "lead", "neighbour_worker", "dispatcher", "district_head", "city_commander")
        if cast.client(name).get(f"/retention/wishes/{wish.pk}").status_code == 200
    }
    assert seen == {"neighbour_worker", "dispatcher", "district_head", "city_commander"}
    for name in ("department", "lead"):
        with pytest.raises(NotFound):
            decide_wish(wish, grant=True, reason="", by=getattr(cast, name), at=now())
        assert f"/retention/wishes/{wish.pk}" not in cast.client(name).get("/retention/wishes").content.decode()
    assert Report.objects.get(pk=told.report.pk).text == "楼下路灯不亮"


def test_a_refused_wish_needs_a_reason_which_the_person_reads(lively):
    cast, told = lively.cast, reported(lively)
    assert Client().post(f"/my-data/{told.code}/wish", {"kind": "CORRECT", "words": ""}).status_code == 400
    assert Wish.objects.everywhere("a test").count() == 0
    Client().post(f"/my-data/{told.code}/wish", {"kind": "CORRECT", "words": "不是三号楼，是五号楼"})
    wish = Wish.objects.everywhere("a test").get()
    client = cast.client("dispatcher")
    assert "不是三号楼" in client.get(f"/retention/wishes/{wish.pk}").content.decode()
    assert client.post(f"/retention/wishes/{wish.pk}", {"reason": ""}).status_code == 400
    assert client.post(f"/retention/wishes/{wish.pk}", {"reason": "现场核实为三号楼"}).status_code == 302
    wish = Wish.objects.everywhere("a test").get()
    assert (wish.state, wish.words) == (WishState.REFUSED, "")
    assert "现场核实为三号楼" in Client().get(f"/my-data/{told.code}").content.decode()
    assert client.post(f"/retention/wishes/{wish.pk}", {"grant": "1"}).status_code == 409


def test_what_was_handed_over_is_seen_and_erased_by_the_slip_and_by_law_it_stays(lively):
    cast = lively.cast
    given = {
        "purpose": "DISEASE", "receiver": cast.unit("5101:health"), "door": SPOT + 3, "need": "FEVER",
        "reach": "13900000000", "by": cast.worker, "at": lively.at,
    }  # fmt: skip
    agreed = hand_over(ground="AGREED", nonce="a", **given)
    by_law = hand_over(ground="LAW", nonce="b", **given)
    for slip in (agreed, by_law):
        assert "13900000000" in Client().get(f"/my-data/{slip.code}").content.decode()
        assert Client().post(f"/my-data/{slip.code}/correct", {"value": "1"}).status_code == 404
        Client().post(f"/my-data/{slip.code}/wish", {"kind": "DELETE"})
    first, second = Wish.objects.everywhere("a test").order_by("pk")
    decide_wish(first, grant=True, reason="", by=cast.worker, at=now())
    assert [one.referral_id for one in Handover.objects.all()] == [by_law.referral.pk]
    with pytest.raises(ByLaw):
        decide_wish(second, grant=True, reason="", by=cast.worker, at=now())
    assert Handover.objects.count() == 1


@pytest.mark.row("EMG-8")
def test_words_and_pictures_end_a_year_after_the_matter_and_figures_stay(lively):
    cast = lively.cast
    close_many(lively, 12)
    matter = Matter.objects.everywhere("a test").earliest("pk")
    Photo.objects.create(matter=matter, jpeg=b"\xff", width=1, height=1, at=lively.at)
    MatterStep.objects.create(matter=matter, kind="CLOSED", at=lively.at, by_label="x", note="王某称已修好")
    later = lively.at + timedelta(days=400)
    before = figures([range_of("5101")], since=(lively.at - timedelta(days=200)).date(), until=later.date(), at=later)
    refresh_lots(at=later)
    lots = list(DueLot.objects.filter(model="matters.Report", due__lte=later))
    assert sum(lot.rows for lot in lots) == 12
    place_hold(
        lots[0], area="510104002", assessment="A-2", why="before the court", until=later + timedelta(days=9),
        by=cast.lead, at=later,
    )  # fmt: skip
    run = prepare_run(
        lots=[lot.pk for lot in lots], reason="over", backups_listed=True, by=cast.city_commander, at=later
    )
    assert carry_out(approve_run(run, by=cast.lead, at=later), by=clock_actor(), at=later, step_rows=30)
    left = Report.objects.exclude(text="")
    held = [one.matter.place for one in left.select_related("matter")]
    assert held and all(place in range_of("510104002") for place in held)
    run.refresh_from_db()
    assert run.certificate.destroyed + run.certificate.held == 12
    assert run.certificate.held == len(held)
    assert (Photo.objects.count(), MatterStep.objects.exclude(note="").count()) == (0, 0)
    assert (
        figures([range_of("5101")], since=(lively.at - timedelta(days=200)).date(), until=later.date(), at=later)
        == before
    )


def test_the_words_of_what_was_joined_to_something_joined_end_with_it(lively):
    first, second, third, other = (lively.reported(text=f"words {n}") for n in range(4))
    merge_matter(first.matter, into=second.matter, by=lively.cast.dispatcher, at=lively.later(hours=1))
    merge_matter(second.matter, into=third.matter, by=lively.cast.dispatcher, at=lively.later(hours=2))
    destroy_reports([third.report.pk])
    assert [Report.objects.get(pk=one.report.pk).text for one in (first, second, third, other)] == [
        "",
        "",
        "",
        "words 3",
    ]


@pytest.mark.row("EMG-8")
def test_what_a_reporter_said_later_is_shown_and_goes_with_the_rest_but_not_under_a_hold(lively):
    cast, told = lively.cast, lively.reported(text="灯不亮")
    other = lively.reported(text="灯不亮")
    matter = file_matter(told.matter, by=cast.dispatcher, at=lively.later(minutes=1))
    matter = dispatch_matter(
        matter, unit=cast.unit("5101:urban-management"), by=cast.dispatcher, at=lively.later(minutes=1)
    )
    matter = report_done(matter, kind="SOLVED", result="已换", by=lively.handler(), at=lively.later(minutes=2))
    matter = verify_matter(matter, by=cast.dispatcher, at=lively.later(minutes=3))
    doubt_matter(told.report, reason="我家门口还是黑的", by=PUBLIC, at=lively.later(minutes=4))
    at = lively.later(minutes=5)
    assert [(str(one.label), one.value) for one in own_by_code(told.code, at=at).held] == [
        ("您的描述", "灯不亮"),
        ("您后来说的（反映人存疑）", "我家门口还是黑的"),
    ]
    assert [one.value for one in own_by_code(other.code, at=at).held] == ["灯不亮"]
    refresh_lots(at=at)
    place_hold(
        DueLot.objects.filter(model="matters.Report", due=None).get(), area="510104001", assessment="A-3",
        why="before the court", until=at + timedelta(days=9), by=cast.lead, at=at,
    )  # fmt: skip
    subject = f"matters.Report:{told.report.pk}"
    with pytest.raises(KeptByHold):
        OWN_REPORT.destroy(subject, by=cast.dispatcher, at=at)
    assert len(own_by_code(told.code, at=at).held) == 2
    OWN_REPORT.destroy(subject, by=cast.dispatcher, at=at + timedelta(days=10))
    assert MatterStep.objects.filter(note="我家门口还是黑的").count() == 0
    assert (Report.objects.get(pk=told.report.pk).text, Report.objects.get(pk=other.report.pk).text) == ("", "灯不亮")


def test_what_a_hold_keeps_is_not_erased_when_a_reporter_wishes_to_hear_nothing_more(lively):
    told = lively.reported(reach="a@b.c")
    at = lively.at + timedelta(days=1)
    refresh_lots(at=at)
    lot = DueLot.objects.filter(model="matters.Report", due=None).get()
    place_hold(
        lot, area="510104001", assessment="A-3", why="before the court", until=at + timedelta(days=9),
        by=lively.cast.lead, at=at,
    )  # fmt: skip
    with pytest.raises(KeptByHold):
        stop_telling(told.report, by=PUBLIC, at=at)
    assert Contact.objects.get().reach == "a@b.c"
    stop_telling(told.report, by=PUBLIC, at=at + timedelta(days=10))
    assert Contact.objects.count() == 0
