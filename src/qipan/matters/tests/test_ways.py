"""The other ways a matter can go, each to its end, with what desks, outbox and counts hold; and two at once."""

from datetime import timedelta

import pytest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.desk.api import Task, answer_task
from qipan.journal.api import verify
from qipan.kernel.refusal import NotFound
from qipan.kernel.testing import at_once

from .. import jobs
from ..actions.dispatching import arbitrate_matter, dispatch_matter, object_to_matter
from ..actions.filing import call_review, decline_matter, file_matter, reopen_matter, shelve_matter, take_up
from ..actions.handling import confirm_matter, doubt_matter, let_stand, report_done, send_back, verify_matter
from ..actions.intake import Words, join_matter, part_report
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.privacy import erase_contacts, look_at_contact
from ..actions.times import ask_time, decide_time
from ..jobs import clock_actor, look
from ..models import Contact, ContactLook, Handling, Matter, MatterStep, Photo, Report
from ..queries.alike import similar
from ..queries.figures import figures
from ..queries.public import followed, public_list
from ..queries.reading import blocked_by, chips
from ..rules.limits import month_of
from ..rules.loop import NotNow
from ..rules.photos import Picture
from ..testing import PUBLIC, SPOT


def fresh(matter: Matter) -> Matter:
    return Matter.objects.everywhere("a test").get(pk=matter.pk)


def desk(unit: str) -> list[str]:
    """Open tasks of a unit, by what they ask."""
    rows = Task.objects.everywhere("a test").filter(owner__code=unit, closed_at=None).order_by("pk")
    return [task.title.partition(":")[0] for task in rows]


def outbox() -> list[tuple[str, int]]:
    from django.apps import apps

    rows = apps.get_model("journal.Message").objects.filter(channel="reporter").order_by("pk")
    return [(row.payload["what"], row.payload["report"]) for row in rows]


def kinds(matter: Matter) -> list[str]:
    return list(MatterStep.objects.filter(matter=matter).order_by("pk").values_list("kind", flat=True))


@pytest.fixture(autouse=True)
def _counts_agree(world):
    """After each of these stories everything counted again is as it was kept."""
    yield
    assert verify().differences == []


@pytest.mark.row("MAT-1")
def test_the_same_thing_near_in_place_time_and_words_is_hinted_and_joined(world):
    first = world.reported()
    light = world.category()
    [hint] = similar(light, SPOT + 3, "门口的路灯不亮", at=world.later(days=6))
    assert (hint.matter.pk, hint.reports) == (first.matter.pk, 1)
    assert similar(light, SPOT + 10_000, "门口的路灯不亮", at=world.later(days=6)) == []  # the next compound
    assert similar(light, SPOT, "门口的路灯不亮", at=world.later(days=8)) == []
    assert similar(world.category("02001"), SPOT, "门口的路灯不亮", at=world.at) == []
    assert similar(light, SPOT, "楼道里有人养鸡", at=world.at) == []
    joined = join_matter(
        hint.matter, words=Words("门口的路灯不亮", reach="x@y.z"), nonce="j", by=PUBLIC, at=world.later(days=6)
    )
    assert (joined.matter.pk, Matter.objects.everywhere("a test").count()) == (first.matter.pk, 1)
    assert kinds(first.matter) == ["REPORTED", "JOINED"]
    private = world.reported(private=True, text="私密：路灯不亮")
    assert [one.matter.pk for one in similar(light, SPOT, "私密：路灯不亮", at=world.at)] != [private.matter.pk]


@pytest.mark.row("MAT-1")
def test_a_joining_is_undone_and_everyone_is_told(world):
    one, other = world.reported(reach="a@b.c"), world.reported()
    merge_matter(one.matter, into=other.matter, by=world.cast.dispatcher, at=world.later(hours=1))
    assert (fresh(one.matter).state, followed(Report.objects.get(pk=one.report.pk)).pk) == (
        "DUPLICATE",
        other.matter.pk,
    )
    assert desk("510104001:street-office") == [_("To file and dispatch")]
    unmerge_matter(one.matter, by=world.cast.dispatcher, at=world.later(hours=2))
    assert (fresh(one.matter).state, fresh(one.matter).merged_into, fresh(one.matter).ended_at) == (
        "REPORTED",
        None,
        None,
    )
    assert outbox() == [("matter.merged", one.report.pk), ("matter.unmerged", one.report.pk)]
    assert desk("510104001:street-office") == [_("To file and dispatch"), _("To file and dispatch")]
    joined = join_matter(
        other.matter,
        words=Words("another lamp", photos=[Picture(b"x", 1, 1)]),
        nonce="j",
        by=PUBLIC,
        at=world.later(hours=2),
    )
    own = part_report(joined.report, by=world.cast.dispatcher, at=world.later(hours=3))
    assert (own.state, own.reports.get().pk, Photo.objects.get().matter_id) == ("REPORTED", joined.report.pk, own.pk)


@pytest.mark.row("MAT-3")
def test_hops_are_counted_and_the_third_is_told_to_the_lead_organisation(world):
    matter = world.matter("FILED", code="04001")
    dispatcher, lead = world.cast.dispatcher, world.cast.lead
    parks, district = world.cast.unit("5101:parks"), world.cast.unit("510104:district-command")
    dispatch_matter(matter, unit=parks, by=dispatcher, at=world.later(hours=1))
    object_to_matter(matter, reason="非我单位管护", by=world.handler("5101:parks"), at=world.later(hours=2))
    assert fresh(matter).handler_id == parks.pk  # the first receiver keeps the duty
    assert desk("5101:lead-body") == [_("To rule on an objection")]
    dispatch_matter(matter, unit=district, by=dispatcher, at=world.later(hours=3))
    assert desk("5101:lead-body") == []
    object_to_matter(matter, reason="有主责单位", by=world.handler("510104:district-command"), at=world.later(hours=4))
    arbitrate_matter(matter, unit=parks, reason="清单明确", by=lead, at=world.later(hours=5))
    held = fresh(matter)
    assert (held.hops, held.handler_id, held.first_receiver_id, held.ruled_id) == (3, parks.pk, parks.pk, parks.pk)
    assert desk("5101:lead-body") == [ngettext("Handed on %(hops)s time", "Handed on %(hops)s times", 3) % {"hops": 3}]
    assert desk("510104:district-command") == []
    assert kinds(matter)[-2:] == ["ARBITRATED", "ALARM"]
    outcomes = list(Handling.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == ["MOVED", "MOVED", "OPEN"]


@pytest.mark.row("MAT-5")
def test_a_doubt_is_looked_at_by_another_and_the_same_handler_goes_again(world):
    matter = world.matter("VERIFIED")
    report = matter.reports.get()
    doubt_matter(report, reason="还是不亮", by=PUBLIC, at=world.later(days=1))
    assert (fresh(matter).state, fresh(matter).confirmation) == ("DISPUTED", "DISPUTED")
    assert desk("510104001:street-office") == [_("Doubted by a reporter, to look again")]
    send_back(matter, reason="确未修好", by=world.cast.dispatcher, at=world.later(days=1, hours=1))
    held = fresh(matter)
    assert (held.state, held.hops, held.closing, held.confirmation) == ("DISPATCHED", 1, "", "")
    report_done(matter, kind="SOLVED", result="更换线路", by=world.handler(), at=world.later(days=2))
    verify_matter(matter, by=world.cast.dispatcher, at=world.later(days=2, hours=1))
    doubt_matter(report, reason="仍不满意", by=PUBLIC, at=world.later(days=3))
    let_stand(matter, reason="三次测照度达标", by=world.cast.dispatcher, at=world.later(days=3, hours=1))
    assert (fresh(matter).state, fresh(matter).confirmation) == ("CLOSED", "DISPUTED")
    found = figures(
        world.cast.dispatcher.scope.ranges,
        since=month_of(world.at), until=month_of(world.later(days=70)), at=world.later(days=4),
    )  # fmt: skip
    assert (found.resolution.part, found.resolution.whole, found.closed) == (0, 1, {"DISPUTED": 1})
    assert (found.satisfaction.part, found.satisfaction.whole, found.answers.part) == (0, 0, 1)


@pytest.mark.row("MAT-5")
def test_silence_is_unconfirmed_and_never_satisfied(world):
    matter = world.matter("VERIFIED")
    assert look(at=world.later(days=7)) == (0, 0, 0)
    assert look(at=world.later(days=7, minutes=4)) == (0, 1, 0)
    assert look(at=world.later(days=8)) == (0, 0, 0)
    held = fresh(matter)
    assert (held.state, held.closing, held.confirmation) == ("CLOSED", "SOLVED", "UNCONFIRMED")
    found = figures(
        world.cast.dispatcher.scope.ranges,
        since=month_of(world.at), until=month_of(world.later(days=70)), at=world.later(days=9),
    )  # fmt: skip
    assert (found.resolution.part, found.resolution.whole) == (1, 1)
    assert (found.satisfaction.whole, found.answers.part, found.answers.whole) == (0, 0, 1)
    assert found.ways == {"GOVERNMENT": 1}
    assert found.solved_by == [("由政府解决", 1), ("由社会力量解决", 0), ("由居民自行解决", 0)]
    assert found.closed_by == [("已解决", 1)]


@pytest.mark.row("MAT-5")
def test_with_two_reporters_both_are_asked(world):
    one = world.reported()
    two = join_matter(one.matter, words=Words("same"), nonce="j", by=PUBLIC, at=world.at)
    dispatcher, at = world.cast.dispatcher, world.later(hours=1)
    file_matter(one.matter, by=dispatcher, at=at)
    dispatch_matter(one.matter, unit=world.cast.unit("5101:urban-management"), by=dispatcher, at=at)
    report_done(one.matter, kind="SOLVED", result="ok", by=world.handler(), at=at)
    verify_matter(one.matter, by=dispatcher, at=at)
    confirm_matter(one.report, satisfied=True, by=PUBLIC, at=at)
    assert fresh(one.matter).state == "VERIFIED"
    confirm_matter(two.report, satisfied=False, by=PUBLIC, at=at)
    assert (fresh(one.matter).state, fresh(one.matter).confirmation) == ("CLOSED", "CONFIRMED")
    found = figures(dispatcher.scope.ranges, since=month_of(at), until=month_of(world.later(days=70)), at=at)
    assert (found.satisfaction.part, found.satisfaction.whole) == (1, 2)
    assert found.satisfaction.small and found.satisfaction.interval[0] < 50 < found.satisfaction.interval[1]


@pytest.mark.row("MAT-12")
def test_a_shelved_matter_is_public_reviewed_and_never_solved(world):
    matter, dispatcher = world.matter("DISPATCHED"), world.cast.dispatcher
    shelve_matter(
        matter, reason="管线未移交", plan="明年随道路改造", review_at=world.later(days=30), by=dispatcher, at=world.at
    )
    assert desk("5101:urban-management") == []
    assert [one.pk for one in public_list(dispatcher.scope.ranges, show="shelved")] == [matter.pk]
    assert look(at=world.later(days=29)) == (0, 0, 0)
    assert look(at=world.later(days=30)) == (1, 0, 0)
    assert look(at=world.later(days=31)) == (0, 0, 0)
    assert desk("510104001:street-office") == [_("To review, shelved")]
    take_up(matter, by=dispatcher, at=world.later(days=32))
    held = fresh(matter)
    assert (held.state, held.review_at, held.handler) == ("FILED", None, None)
    found = figures(
        dispatcher.scope.ranges, since=month_of(world.at), until=month_of(world.later(days=70)), at=world.later(days=33)
    )
    assert (found.shelved, found.resolution.part, found.resolution.whole) == (1, 0, 0)


def test_reopening_takes_the_close_out_of_the_figures(world):
    matter = world.matter("VERIFIED")
    confirm_matter(matter.reports.get(), satisfied=True, by=PUBLIC, at=world.later(hours=1))
    reopen_matter(matter, reason="又灭了", report=matter.reports.get(), by=PUBLIC, at=world.later(days=30))
    held = fresh(matter)
    assert (held.state, held.closing, held.confirmation, held.ended_at, held.hops) == ("FILED", "", "", None, 1)
    assert matter.reports.get().confirmed is None
    found = figures(
        world.cast.dispatcher.scope.ranges,
        since=month_of(world.at), until=month_of(world.later(days=70)), at=world.later(days=31),
    )  # fmt: skip
    assert (found.reopened, found.resolution.part, found.resolution.whole) == (1, 0, 0)
    declined = world.reported().matter
    decline_matter(declined, kind="REDIRECTED", reason="属法院", by=world.cast.dispatcher, at=world.at)
    assert fresh(declined).closing == "REDIRECTED"


def test_a_pause_stops_the_clock_until_its_end_and_more_time_moves_it(world):
    matter, dispatcher = world.matter("DISPATCHED"), world.cast.dispatcher
    [part] = Handling.objects.select_related("task")
    due = part.task.due_at
    ask_time(
        matter, wish="PAUSE", until=world.later(days=10), reason="等备件", by=world.handler(), at=world.later(hours=1)
    )
    decide_time(part, granted=True, reason="同意", by=dispatcher, at=world.later(hours=2))
    part.task.refresh_from_db()
    assert part.task.suspended_at == world.later(hours=2)
    assert blocked_by(fresh(matter), at=world.later(days=9)) == []
    assert look(at=world.later(days=10)) == (0, 0, 1)
    part.task.refresh_from_db()
    assert part.task.suspended_at is None and part.task.due_at > due
    assert [one.unit.code for one in blocked_by(fresh(matter), at=part.task.due_at + timedelta(minutes=1))] == [
        "5101:urban-management"
    ]
    later = part.task.due_at + timedelta(days=5)
    ask_time(matter, wish="EXTEND", until=later, reason="雨天", by=world.handler(), at=world.later(days=10))
    decide_time(part, granted=True, reason="同意", by=dispatcher, at=world.later(days=10))
    part.task.refresh_from_db()
    assert part.task.due_at == later
    ask_time(
        matter, wish="EXTEND", until=later + timedelta(days=1), reason="r", by=world.handler(), at=world.later(days=10)
    )
    decide_time(part, granted=False, reason="不同意", by=dispatcher, at=world.later(days=10))
    part.refresh_from_db()
    assert (part.wish, part.wish_until) == ("", None)
    assert kinds(matter)[-2:] == ["TIME_ASKED", "TIME_REFUSED"]


def test_correcting_the_category_moves_the_counts(world):
    matter = world.reported().matter
    file_matter(matter, category=world.category("02001"), by=world.cast.dispatcher, at=world.at)
    assert fresh(matter).category.code == "02001"


def test_a_contact_is_looked_at_in_the_open_and_erased(world):
    reported = world.reported(reach="13900000000")
    assert look_at_contact(reported.report, why="约时间上门", by=world.cast.dispatcher, at=world.at) == "13900000000"
    [seen] = ContactLook.objects.all()
    assert (seen.by_label, seen.why) == (world.cast.dispatcher.label, "约时间上门")
    decline_matter(reported.matter, kind="NOT_FOUND", reason="未见", by=world.cast.dispatcher, at=world.at)
    assert erase_contacts(by=clock_actor(), at=world.later(days=29)) == 0
    assert erase_contacts(by=clock_actor(), at=world.later(days=30)) == 1
    assert (Contact.objects.count(), ContactLook.objects.count()) == (0, 1)


def test_the_chips_are_the_kept_counts(world):
    for state in ("REPORTED", "FILED", "DISPATCHED", "DONE", "VERIFIED"):
        world.matter(state)
    held = {chip.show: chip.n for chip in chips(world.cast.dispatcher.scope.ranges)}
    assert held == {
        "new": 1,
        "filed": 1,
        "handled": 1,
        "objected": 0,
        "verify": 1,
        "waiting": 1,
        "shelved": 0,
        "ended": 0,
    }
    assert sum(chip.n for chip in chips(world.cast.neighbour_dispatcher.scope.ranges)) == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_dispatchers_at_once_one_wins_and_the_other_is_told(world):
    matter = world.matter("FILED")
    unit, dispatcher = world.cast.unit("5101:urban-management"), world.cast.dispatcher

    def give() -> None:
        dispatch_matter(matter, unit=unit, by=dispatcher, at=world.later(hours=1))

    raised = at_once(give, give)
    assert sorted(type(one).__name__ for one in raised) == ["NoneType", "NotNow"]
    assert next(str(one) for one in raised if isinstance(one, NotNow))
    assert (fresh(matter).hops, Handling.objects.count()) == (1, 1)
    assert desk("5101:urban-management") == [_("To handle")]


@pytest.mark.row("MAT-3", "ORG-15")
def test_a_handler_who_objects_has_responded_once_and_for_good(world):
    matter, handler = world.matter("DISPATCHED"), world.handler()
    object_to_matter(matter, reason="不在清单", by=handler, at=world.later(minutes=3))
    part = Handling.objects.get(matter=matter)
    assert part.responded_at == world.later(minutes=3)
    owner = world.cast.unit("5101:urban-management")
    arbitrate_matter(matter, unit=owner, reason="在清单", by=world.cast.lead, at=world.later(minutes=4))
    answer_task(part.task, state="ACCEPTED", by=handler, at=world.later(minutes=5))
    report_done(fresh(matter), kind="SOLVED", result="已修", by=handler, at=world.later(minutes=6))
    part.refresh_from_db()
    assert part.responded_at == world.later(minutes=3)
    assert [step.detail for step in MatterStep.objects.filter(matter=matter, kind="RESPONDED")] == ["IN_TIME"]
    assert verify().differences == []


@pytest.mark.row("MAT-12")
def test_what_is_refused_holds_up_nothing_else(world, monkeypatch, caplog):
    first, second = world.matter("FILED"), world.matter("FILED")
    for one in (first, second):
        shelve_matter(
            one, reason="资金未落实", plan="列入计划", review_at=world.later(days=30), by=world.cast.dispatcher,
            at=world.later(minutes=5),
        )  # fmt: skip

    def refused_once(matter, **how):
        if matter.pk == first.pk:
            raise NotFound
        return call_review(matter, **how)

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "call_review", refused_once)
        assert look(at=world.later(days=30)) == (1, 0, 0)
    assert (fresh(first).review_called, fresh(second).review_called) == (False, True)
    assert f"refused_once of Matter {first.pk}" in caplog.text
    assert look(at=world.later(days=30)) == (1, 0, 0) and fresh(first).review_called
