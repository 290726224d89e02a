"""Every refusal, and that nothing was written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps

from qipan.desk.api import Task, TaskState, receive
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import place_of, range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound

from ..actions.catalogue import import_catalogue
from ..actions.dispatching import (
    HasPartAlready,
    NotCooperating,
    NotItsGround,
    PartDuePast,
    add_cooperating,
    arbitrate_matter,
    dispatch_matter,
    finish_part,
    object_to_matter,
    waive_part,
)
from ..actions.filing import decline_matter, file_matter, reopen_matter, review_shelved, shelve_matter, take_up
from ..actions.handling import (
    SpokenAlready,
    confirm_matter,
    doubt_matter,
    let_stand,
    report_done,
    send_back,
    verify_matter,
)
from ..actions.intake import (
    PlaceUnknown,
    SameMatter,
    TextNeeded,
    TooManyReports,
    Words,
    join_matter,
    part_report,
)
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.privacy import look_at_contact
from ..actions.times import NoWish, OwnConsent, Stands, UntilWrong, WishPending, ask_time, decide_time, resume_part
from ..jobs import look
from ..models import Handling, Matter
from ..rules import loop
from ..rules.photos import Picture, TooManyPhotos
from ..testing import PUBLIC, SPOT, seed_rows

NOBODY = Actor(label="nobody", scope=Scope((range_of("5101"),)))


def rows() -> dict[str, list[tuple]]:
    """Every row of the room, the desk and the journal, as it is."""
    held = {}
    for model in (*apps.get_app_config("matters").get_models(), *apps.get_app_config("desk").get_models()):
        objects = model.objects.all()
        objects = objects.everywhere("a test") if hasattr(objects, "everywhere") else objects
        held[model.__name__] = sorted(objects.values_list(), key=repr)
    held["journal"] = sorted(apps.get_model("journal.Entry").objects.values_list("pk"))
    held["outbox"] = sorted(apps.get_model("journal.Message").objects.values_list("pk"))
    return held


@contextmanager
def refused(refusal: type[Exception]) -> Iterator[pytest.ExceptionInfo[Exception]]:
    before = rows()
    with pytest.raises(refusal) as caught:
        yield caught
    assert type(caught.value) is refusal
    assert rows() == before


def outsider(actor: Actor) -> Actor:
    return replace(actor, scope=Scope((range_of("510105"),)))


def test_a_report_needs_a_right_a_place_words_and_measure(world):
    with refused(NotAllowed):
        world.reported(by=NOBODY)
    for place in (place_of("510199"), place_of("3101"), 0):
        with refused(PlaceUnknown):
            world.reported(place=place)
    for text in ("", " ", "x", "x" * 2001):
        with refused(TextNeeded):
            world.reported(text=text)
    with refused(TooManyPhotos):
        world.reported(photos=[Picture(b"x", 1, 1)] * 4)


def test_a_burst_from_one_address_is_stopped_and_others_are_not(world):
    for _n in range(10):
        world.reported(source="one")
    with refused(TooManyReports):
        world.reported(source="one")
    world.reported(source="another")
    world.reported(source="one", at=world.later(hours=1))


def test_the_same_form_sent_twice_is_one_report(world):
    first = world.reported(nonce="form-1")
    before = rows()
    again = world.reported(nonce="form-1")
    assert (again.report.pk, again.code) == (first.report.pk, "")
    assert rows() == before


ACTS = {
    "file": lambda m, by, at: file_matter(m, by=by, at=at),
    "decline": lambda m, by, at: decline_matter(m, kind="REDIRECTED", reason="court", by=by, at=at),
    "shelve": lambda m, by, at: shelve_matter(m, reason="r", plan="p", review_at=at + timedelta(days=9), by=by, at=at),
    "review": lambda m, by, at: review_shelved(m, reason="r", plan="p", review_at=at + timedelta(days=9), by=by, at=at),
    "take_up": lambda m, by, at: take_up(m, by=by, at=at),
    "reopen": lambda m, by, at: reopen_matter(m, reason="r", by=by, at=at),
    "unmerge": lambda m, by, at: unmerge_matter(m, by=by, at=at),
    "verify": lambda m, by, at: verify_matter(m, by=by, at=at),
    "send_back": lambda m, by, at: send_back(m, reason="r", by=by, at=at),
    "let_stand": lambda m, by, at: let_stand(m, reason="r", by=by, at=at),
    "object": lambda m, by, at: object_to_matter(m, reason="r", by=by, at=at),
    "report_done": lambda m, by, at: report_done(m, kind="SOLVED", result="r", by=by, at=at),
}
FOLLOWS = {"REPORTED": {"file", "decline"}, "FILED": {"shelve"}, "DISPATCHED": {"shelve"}, "DONE": {"verify", "send_back"}, "VERIFIED": set()}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_an_act_needs_its_right_and_its_ground(world, act):
    matter, run = world.matter("FILED"), ACTS[act]
    with refused(NotAllowed):
        run(matter, NOBODY, world.at)
    with refused(NotFound):
        run(matter, outsider(world.cast.dispatcher), world.at)
    with refused(NotFound):
        run(Matter(pk=999_999), world.cast.dispatcher, world.at)


@pytest.mark.parametrize("state", FOLLOWS)
def test_a_step_that_does_not_follow_is_refused(world, state):
    matter = world.matter(state)
    for act in set(ACTS) - FOLLOWS[state] - {"object", "report_done"}:
        with refused(loop.NotNow):
            ACTS[act](matter, world.cast.dispatcher, world.later(hours=1))
    for act in ("object", "report_done"):
        if state != "DISPATCHED":
            with refused(loop.NotNow):
                ACTS[act](matter, world.handler(), world.later(hours=1))


def test_reasons_are_not_empty(world):
    dispatcher, at = world.cast.dispatcher, world.later(hours=1)
    new, given, done = world.matter("REPORTED"), world.matter("DISPATCHED"), world.matter("DONE")
    with refused(loop.ReasonNeeded):
        decline_matter(new, kind="REDIRECTED", reason=" ", by=dispatcher, at=at)
    for kind in ("SOLVED", "EXPLAINED", "", "x"):
        with refused(loop.WrongKind):
            decline_matter(new, kind=kind, reason="r", by=dispatcher, at=at)
    with refused(loop.ReasonNeeded):
        object_to_matter(given, reason="", by=world.handler(), at=at)
    with refused(loop.ReasonNeeded):
        report_done(given, kind="SOLVED", result="", by=world.handler(), at=at)
    with refused(loop.WrongKind):
        report_done(given, kind="UNLAWFUL", result="r", by=world.handler(), at=at)
    with refused(TooManyPhotos):
        report_done(given, kind="SOLVED", result="r", photos=[Picture(b"", 1, 1)] * 4, by=world.handler(), at=at)
    with refused(loop.ReasonNeeded):
        send_back(done, reason="", by=dispatcher, at=at)
    with refused(loop.WrongKind):
        verify_matter(done, way="MAGIC", by=dispatcher, at=at)


@pytest.mark.row("ORG-3", "MAT-3")
def test_a_community_is_not_made_primary_for_what_is_not_on_its_list(world):
    from qipan.duties.api import NotOnList

    matter, dispatcher = world.matter("FILED", code="05002"), world.cast.dispatcher
    with refused(NotOnList):
        dispatch_matter(matter, unit=world.cast.unit("510104001001:community"), by=dispatcher, at=world.later(hours=1))
    with refused(NotItsGround):
        dispatch_matter(matter, unit=world.cast.unit("510105:district-command"), by=dispatcher, at=world.later(hours=1))
    with refused(NotOnList):  # the backstop for what no list names, and this is on one
        dispatch_matter(matter, unit=world.cast.unit("510104:district-command"), by=dispatcher, at=world.later(hours=1))
    with refused(NotAllowed):
        dispatch_matter(matter, unit=world.cast.unit("5101:urban-management"), by=world.cast.worker, at=world.at)


@pytest.mark.row("MAT-3", "ORG-6")
def test_one_objection_then_a_ruling_that_binds(world):
    matter, dispatcher, lead = world.matter("DISPATCHED"), world.cast.dispatcher, world.cast.lead
    first, second = world.handler(), world.handler("510104:district-command", 9002)
    with refused(loop.NotTheHandler):
        object_to_matter(matter, reason="r", by=second, at=world.later(hours=1))
    object_to_matter(matter, reason="此灯属小区产权", by=first, at=world.later(hours=1))
    with refused(loop.ReturnedByThisUnit):
        dispatch_matter(matter, unit=world.cast.unit("5101:urban-management"), by=dispatcher, at=world.later(hours=2))
    with refused(NotAllowed):
        arbitrate_matter(matter, unit=world.cast.unit("5101:urban-management"), reason="r", by=dispatcher, at=world.at)
    with refused(loop.ReasonNeeded):
        arbitrate_matter(matter, unit=world.cast.unit("5101:urban-management"), reason="", by=lead, at=world.at)
    from qipan.duties.api import NotOnList

    with refused(NotOnList):
        arbitrate_matter(matter, unit=world.cast.unit("510104001001:community"), reason="r", by=lead, at=world.at)
    held = arbitrate_matter(
        matter, unit=world.cast.unit("5101:urban-management"), reason="清单第 3 项", by=lead, at=world.later(hours=3)
    )
    assert (held.state, held.hops, held.ruled_id) == ("DISPATCHED", 1, held.handler_id)
    with refused(loop.RulingIsFinal):
        object_to_matter(matter, reason="again", by=first, at=world.later(hours=4))


@pytest.mark.row("MAT-5")
def test_who_handled_it_does_not_verify_it(world):
    matter = world.matter("DONE")
    same_unit = replace(world.cast.dispatcher, unit_id=world.cast.unit("5101:urban-management").pk)
    same_person = replace(world.cast.dispatcher, account_id=9001)
    for actor in (same_unit, same_person, replace(world.cast.dispatcher, unit_id=None)):
        with refused(loop.HandlerVerifies):
            verify_matter(matter, by=actor, at=world.later(hours=1))
        with refused(loop.HandlerVerifies):
            send_back(matter, reason="r", by=actor, at=world.later(hours=1))
    with refused(NotAllowed):
        verify_matter(matter, by=world.handler(), at=world.later(hours=1))


@pytest.mark.row("MAT-5")
def test_the_desk_does_not_take_done_or_objected_without_result_or_grounds(world):
    world.matter("DISPATCHED")
    task = Task.objects.everywhere("a test").get(owner__code="5101:urban-management")
    for state in (TaskState.DONE, TaskState.OBJECTED):
        [answer] = receive([(task.pk, state, None, "note")], by=world.handler(), at=world.later(hours=1))
        assert (answer.answer, answer.code) == ("refused", "said_on_its_page")
    task.refresh_from_db()
    assert task.state == "SENT"


@pytest.mark.row("MAT-4", "ORG-8")
def test_cooperating_units_and_their_limits(world):
    matter, dispatcher, at = world.matter("DISPATCHED"), world.cast.dispatcher, world.later(hours=1)
    housing, parks = world.cast.unit("5101:housing"), world.cast.unit("5101:parks")
    with refused(NotAllowed):
        add_cooperating(matter, unit=housing, by=world.cast.worker, at=at)
    with refused(NotItsGround):
        add_cooperating(matter, unit=world.cast.unit("510105:district-command"), by=dispatcher, at=at)
    with refused(NotCooperating):
        add_cooperating(matter, unit=world.cast.unit("510104001001:community"), by=dispatcher, at=at)
    with refused(PartDuePast):
        add_cooperating(matter, unit=housing, due_at=at, by=dispatcher, at=at)
    part = add_cooperating(matter, unit=housing, by=dispatcher, at=at)
    with refused(HasPartAlready):
        add_cooperating(matter, unit=housing, by=dispatcher, at=at)
    other = add_cooperating(matter, unit=parks, note="修剪遮挡的树枝", by=world.handler(), at=at)
    with refused(loop.PartsOpen):
        report_done(matter, kind="SOLVED", result="r", by=world.handler(), at=at)
    with refused(loop.ReasonNeeded):
        waive_part(part, reason="", by=dispatcher, at=at)
    with refused(loop.NotTheHandler):
        finish_part(matter, result="r", by=world.handler(), at=at)
    with refused(loop.ReasonNeeded):
        finish_part(matter, result=" ", by=world.handler("5101:parks", 9003), at=at)
    waive_part(part, reason="无需住建到场", by=dispatcher, at=at)
    with refused(NotFound):
        waive_part(part, reason="again", by=dispatcher, at=at)
    finish_part(matter, result="已修剪", by=world.handler("5101:parks", 9003), at=at)
    assert report_done(matter, kind="SOLVED", result="亮了", by=world.handler(), at=at).state == "DONE"
    assert [(one.unit.code, one.outcome, one.task.state) for one in Handling.objects.order_by("pk")] == [
        ("5101:urban-management", "DONE", "DONE"),
        ("5101:housing", "WAIVED", "RECALLED"),
        ("5101:parks", "DONE", "DONE"),
    ]
    other.refresh_from_db()
    assert other.result == "已修剪"


@pytest.mark.row("MAT-12")
def test_shelving_needs_a_plan_and_a_day_that_is_near(world):
    matter, dispatcher, at = world.matter("FILED"), world.cast.dispatcher, world.later(hours=1)
    for how in ({"reason": ""}, {"plan": " "}):
        with refused(loop.ReasonNeeded):
            shelve_matter(
                matter, **{"reason": "r", "plan": "p", **how}, review_at=at + timedelta(days=5), by=dispatcher, at=at
            )
    for days in (-1, 0, 93):
        with refused(loop.ReviewTooLate):
            shelve_matter(matter, reason="r", plan="p", review_at=at + timedelta(days=days), by=dispatcher, at=at)


def test_time_is_granted_by_another_unit_only(world):
    matter, dispatcher, at = world.matter("DISPATCHED"), world.cast.dispatcher, world.later(hours=1)
    officer, until = world.handler(), at + timedelta(days=20)
    with refused(loop.NotTheHandler):
        ask_time(matter, wish="EXTEND", until=until, reason="r", by=world.cast.dispatcher, at=at)
    with refused(loop.WrongKind):
        ask_time(matter, wish="x", until=until, reason="r", by=officer, at=at)
    with refused(loop.ReasonNeeded):
        ask_time(matter, wish="EXTEND", until=until, reason="", by=officer, at=at)
    for wrong in (at, at + timedelta(days=63)):
        with refused(UntilWrong):
            ask_time(matter, wish="PAUSE", until=wrong, reason="r", by=officer, at=at)
    with refused(UntilWrong):
        ask_time(matter, wish="EXTEND", until=at + timedelta(minutes=5), reason="r", by=officer, at=at)
    [part] = Handling.objects.all()
    with refused(NoWish):
        decide_time(part, granted=True, reason="r", by=dispatcher, at=at)
    ask_time(matter, wish="EXTEND", until=until, reason="等备件", by=officer, at=at)
    with refused(WishPending):
        ask_time(matter, wish="PAUSE", until=until, reason="r", by=officer, at=at)
    with refused(NotAllowed):
        decide_time(part, granted=True, reason="r", by=officer, at=at)
    with refused(OwnConsent):
        decide_time(part, granted=True, reason="r", by=replace(dispatcher, unit_id=officer.unit_id), at=at)
    with refused(loop.ReasonNeeded):
        decide_time(part, granted=True, reason="", by=dispatcher, at=at)


def test_while_the_clock_stands_no_other_time_is_asked_for_so_the_pause_ends(world):
    matter, dispatcher, at = world.matter("DISPATCHED"), world.cast.dispatcher, world.later(hours=1)
    officer, until = world.handler(), at + timedelta(days=3)
    part = ask_time(matter, wish="PAUSE", until=until, reason="等备件", by=officer, at=at)
    decide_time(part, granted=True, reason="同意", by=dispatcher, at=at)
    for wish in ("EXTEND", "PAUSE"):
        with refused(Stands):
            ask_time(matter, wish=wish, until=at + timedelta(days=40), reason="r", by=officer, at=at)
    assert look(at=until - timedelta(minutes=1)) == (0, 0, 0)
    assert look(at=until) == (0, 0, 1)
    again = ask_time(matter, wish="PAUSE", until=until + timedelta(days=1), reason="r", by=officer, at=until)
    assert (again.wish, resume_part(again, by=dispatcher, at=until)) == ("PAUSE", False)


def test_a_reporter_speaks_once_and_counts_once(world):
    matter, at = world.matter("VERIFIED"), world.later(hours=5)
    join_matter(matter, words=Words("the same"), nonce="second", by=PUBLIC, at=at)
    first = matter.reports.order_by("pk").first()
    confirm_matter(first, satisfied=True, by=PUBLIC, at=at)
    for satisfied in (True, False, None):
        with refused(SpokenAlready):
            confirm_matter(first, satisfied=satisfied, by=PUBLIC, at=at)


def test_joining_to_itself_or_to_what_has_ended_is_refused(world):
    one, other, dispatcher, at = world.matter("REPORTED"), world.matter("REPORTED"), world.cast.dispatcher, world.at
    with refused(SameMatter):
        merge_matter(one, into=one, by=dispatcher, at=at)
    with refused(NotAllowed):
        merge_matter(one, into=other, by=world.cast.worker, at=at)
    with refused(SameMatter):
        part_report(one.reports.get(), by=dispatcher, at=at)
    merge_matter(one, into=other, by=dispatcher, at=at)
    with refused(SameMatter):
        merge_matter(other, into=one, by=dispatcher, at=at)
    with refused(loop.NotNow):
        join_matter(one, words=Words("same here"), nonce="n", by=PUBLIC, at=at)


def test_a_reporter_speaks_only_when_asked_and_reopens_only_his_own_in_time(world):
    reported = world.reported()
    for act in (
        lambda: confirm_matter(reported.report, satisfied=True, by=PUBLIC, at=world.at),
        lambda: doubt_matter(reported.report, reason="r", by=PUBLIC, at=world.at),
        lambda: reopen_matter(reported.matter, reason="r", report=reported.report, by=PUBLIC, at=world.at),
    ):
        with refused(loop.NotNow):
            act()
    decline_matter(reported.matter, kind="NOT_FOUND", reason="现场未见", by=world.cast.dispatcher, at=world.at)
    other = world.reported().report
    with refused(NotAllowed):
        reopen_matter(reported.matter, reason="r", report=other, by=PUBLIC, at=world.at)
    with refused(loop.TooLateToReopen):
        reopen_matter(reported.matter, reason="r", report=reported.report, by=PUBLIC, at=world.later(days=31))
    with refused(loop.ReasonNeeded):
        reopen_matter(reported.matter, reason="", report=reported.report, by=PUBLIC, at=world.later(days=1))
    verified = world.matter("VERIFIED").reports.get()
    with refused(loop.ReasonNeeded):
        doubt_matter(verified, reason="", by=PUBLIC, at=world.later(days=1))


def test_a_contact_is_shown_to_who_needs_it_and_with_a_reason(world):
    reported = world.reported(reach="a@b.c")
    with refused(NotAllowed):
        look_at_contact(reported.report, why="r", by=world.cast.worker, at=world.at)
    with refused(NotFound):
        look_at_contact(reported.report, why="r", by=world.cast.neighbour_dispatcher, at=world.at)
    with refused(loop.ReasonNeeded):
        look_at_contact(reported.report, why="", by=world.cast.dispatcher, at=world.at)
    without = world.reported().report
    with refused(NotFound):
        look_at_contact(without, why="r", by=world.cast.dispatcher, at=world.at)


def test_a_catalogue_with_one_bad_line_changes_nothing(world):
    good = seed_rows()
    for name, value in (
        ("code", "1"), ("code", "٠١٠٠١"), ("code", good[1]["code"]), ("kind", "x"), ("name", ""), ("limit_handle", "3 days"),
        ("limit_file", "0h"), ("closing", ""), ("name", "x" * 61), ("item_code", ""),
    ):  # fmt: skip
        with refused(BadInput):
            import_catalogue([{**good[0], name: value}, *good[1:]], by=world.cast.lead, at=world.at)
    for rows_ in ([], [{"code": "01001"}], good * 200):
        with refused(BadInput):
            import_catalogue(rows_, by=world.cast.lead, at=world.at)
    with refused(NotAllowed):
        import_catalogue(good, by=world.cast.dispatcher, at=world.at)
    assert place_of("510104001001001") == SPOT


def test_who_has_no_ground_finds_no_matter(world):
    matter = world.matter("REPORTED")
    nowhere = replace(world.cast.dispatcher, scope=Scope())
    with pytest.raises(NotFound):
        file_matter(matter, by=nowhere, at=world.at)
    matter.refresh_from_db()
    assert matter.state == "REPORTED"
