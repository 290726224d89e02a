"""What is joined to something that is joined itself follows the end of the chain, whatever is joined and parted."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.desk.api import TaskState, answer_task
from qipan.journal.api import verify
from qipan.kernel.place import range_of
from qipan.kernel.rate import Rate
from qipan.kernel.refusal import NotAllowed, Refusal
from qipan.kernel.testing import as_stored, at_once

from ..actions.calls import accept_call, call_units, end_call, note_attendance
from ..actions.dispatching import dispatch_matter
from ..actions.filing import file_matter
from ..actions.handling import confirm_matter, report_done, verify_matter
from ..actions.intake import SameMatter, Words, join_matter, part_report
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.meetings import agree
from ..actions.privacy import erase_contacts, look_at_contact
from ..jobs import clock_actor
from ..models import Agreed, Call, Contact, Matter, Photo, Report
from ..queries.audits import audit_matters
from ..queries.blocked import stuck_among
from ..queries.figures import figures
from ..queries.joining import followed, following
from ..queries.patterns import calls_of
from ..queries.reading import pictures_of, report_counts, reports_of, with_contact
from ..rules.joining import DrillApart, ends_of
from ..rules.limits import month_of, next_month
from ..rules.loop import NotNow, PartsOpen
from ..testing import PUBLIC

MANY = 6


def every():
    return Matter.objects.everywhere("a test")


def roots(*matters):
    held = dict(every().values_list("pk", "root"))
    return [held[one.pk] for one in matters]


def told(what):
    rows = apps.get_model("journal.Message").objects.filter(channel="reporter").order_by("pk")
    return [row.payload["report"] for row in rows if row.payload["what"] == f"matter.{what}"]


def walked(key):
    """Where a chain ends, link by link as they are stored."""
    links = dict(every().values_list("pk", "merged_into"))
    while links[key] is not None:
        key = links[key]
    return key


def satisfied(world):
    since = month_of(world.at)
    at = world.later(days=1)
    return figures([range_of("5101")], since=since, until=next_month(month_of(at)), at=at).satisfaction


@pytest.fixture
def chain(world):
    """A is joined to B, and then B to C; each was reported by somebody who left a way to be reached."""
    a, b, c = (world.reported(text=f"words {n}", reach=f"{n}@b.c") for n in "abc")
    merge_matter(a.matter, into=b.matter, by=world.cast.dispatcher, at=world.later(hours=1))
    merge_matter(b.matter, into=c.matter, by=world.cast.dispatcher, at=world.later(hours=2))
    return a, b, c


def to_verified(world, matter, at):
    dispatcher = world.cast.dispatcher
    file_matter(matter, by=dispatcher, at=at)
    dispatch_matter(matter, unit=world.cast.unit("5101:urban-management"), by=dispatcher, at=at)
    report_done(matter, kind="SOLVED", result="ok", by=world.handler(), at=at)
    verify_matter(matter, by=dispatcher, at=at)


@pytest.mark.row("MAT-1", "MAT-5")
def test_who_was_joined_to_something_joined_is_shown_told_and_asked_at_the_end_of_the_chain(world, chain):
    a, b, c = chain
    keys = [one.report.pk for one in chain]
    assert told("merged") == [keys[0], keys[0], keys[1]]
    assert roots(a.matter, b.matter, c.matter) == [c.matter.pk, c.matter.pk, None]
    assert [one.pk for one in reports_of(c.matter)] == keys
    assert [one.pk for one in reports_of(b.matter)] == [keys[1]]
    assert report_counts([a.matter, b.matter, c.matter]) == {a.matter.pk: 1, b.matter.pk: 1, c.matter.pk: 3}
    assert [followed(Report.objects.get(pk=key)).pk for key in keys] == [c.matter.pk] * 3
    page = world.cast.client("dispatcher").get(f"/matters/{c.matter.pk}").content.decode()
    assert [text in page for text in ("words a", "words b", "words c")] == [True] * 3
    assert "part_report" not in page  # one report is its own: the others leave by undoing the joining
    to_verified(world, c.matter, world.later(hours=3))
    assert told("verified") == keys
    for n, key in enumerate(keys):  # with the last one's word it closes
        assert every().get(pk=c.matter.pk).state == "VERIFIED"
        confirm_matter(Report.objects.get(pk=key), satisfied=n > 0, by=PUBLIC, at=world.later(hours=4))
    assert every().get(pk=c.matter.pk).state == "CLOSED"
    assert told("closed") == keys
    # How to reach them is kept as long as what they follow can be reopened, and then goes with it.
    assert erase_contacts(by=clock_actor(), at=world.later(days=30)) == 0
    assert erase_contacts(by=clock_actor(), at=world.later(days=31)) == 3
    assert Contact.objects.count() == 0
    assert verify().differences == []


@pytest.mark.row("MAT-1")
def test_photographs_and_contacts_of_what_was_joined_are_there_at_the_end_of_the_chain(world, chain):
    a, b, c = chain
    at, dispatcher = world.later(hours=3), world.cast.dispatcher
    [photo] = Photo.objects.bulk_create(
        [Photo(matter=a.matter, report=a.report, jpeg=b"\xff\xd8", width=1, height=1, at=world.at)]
    )
    assert pictures_of(c.matter) == [(photo.pk, a.report.pk)]
    assert (pictures_of(b.matter), with_contact(b.matter)) == ([], {b.report.pk})
    assert with_contact(c.matter) == {one.report.pk for one in chain}
    shown = world.cast.client("dispatcher").get(f"/matters/{c.matter.pk}/photos/{photo.pk}")
    assert (shown.status_code, shown.content) == (200, b"\xff\xd8")
    to_verified(world, c.matter, at)  # its handler may ask back whoever reported it
    assert look_at_contact(a.report, why="约时间", by=world.handler(), at=at) == "a@b.c"
    unmerge_matter(b.matter, by=dispatcher, at=world.later(hours=4))
    assert (pictures_of(c.matter), with_contact(c.matter)) == ([], {c.report.pk})
    with pytest.raises(NotAllowed):
        look_at_contact(a.report, why="约时间", by=world.handler(), at=at)


@pytest.mark.row("MAT-1")
def test_each_link_is_undone_in_any_order_and_what_hangs_on_it_goes_with_it(world, chain):
    a, b, c = chain
    dispatcher = world.cast.dispatcher
    to_verified(world, c.matter, world.later(hours=3))
    confirm_matter(Report.objects.get(pk=a.report.pk), satisfied=True, by=PUBLIC, at=world.later(hours=4))
    assert satisfied(world) == Rate(1, 1)
    unmerge_matter(b.matter, by=dispatcher, at=world.later(hours=5))
    assert roots(a.matter, b.matter, c.matter) == [b.matter.pk, None, None]
    assert told("unmerged") == [a.report.pk, b.report.pk]
    # What was said of C is no word on B, and counts no more.
    assert Report.objects.get(pk=a.report.pk).confirmed is None
    assert satisfied(world) == Rate(0, 0)
    merge_matter(b.matter, into=world.reported().matter, by=dispatcher, at=world.later(hours=6))
    unmerge_matter(a.matter, by=dispatcher, at=world.later(hours=7))
    assert roots(a.matter) == [None]
    with pytest.raises(NotNow):
        unmerge_matter(a.matter, by=dispatcher, at=world.later(hours=8))
    assert verify().differences == []


@pytest.mark.row("MAT-5")
def test_a_word_said_of_one_matter_does_not_count_for_the_one_that_a_report_is_made(world):
    one = world.reported()
    second = join_matter(one.matter, words=Words("same here"), nonce="j", by=PUBLIC, at=world.at)
    page = world.cast.client("dispatcher").get(f"/matters/{one.matter.pk}").content.decode()
    assert page.count(f"/matters/{one.matter.pk}/part_report") == 2
    to_verified(world, one.matter, world.later(hours=1))
    confirm_matter(second.report, satisfied=True, by=PUBLIC, at=world.later(hours=2))
    assert satisfied(world) == Rate(1, 1)
    own = part_report(second.report, by=world.cast.dispatcher, at=world.later(hours=3))
    assert satisfied(world) == Rate(0, 0)
    assert own.reports.values_list("confirmed", "satisfied", "said_at").get() == (None, None, None)


@pytest.mark.row("MAT-1")
def test_a_report_that_is_parted_opens_its_matter_in_the_journal(world):
    one = world.reported()
    second = join_matter(one.matter, words=Words("same here"), nonce="j", by=PUBLIC, at=world.at)
    own = part_report(second.report, by=world.cast.dispatcher, at=world.later(hours=3))
    rows = apps.get_model("journal.Entry").objects.order_by("pk")
    assert [
        (row.act, row.subject, row.data["to"])
        for row in rows.filter(at=world.later(hours=3), act__startswith="matters.")
    ] == [
        ("matters.parted", f"matters.Matter:{one.matter.pk}", "REPORTED"),
        ("matters.reported", f"matters.Matter:{own.pk}", "REPORTED"),
    ]
    assert verify().differences == []


@pytest.mark.row("MAT-1")
@pytest.mark.parametrize("first", [True, False])
def test_a_drill_and_a_real_matter_are_not_joined(world, first):
    drill, real = world.reported(drill=True).matter, world.reported().matter
    one, into = (drill, real) if first else (real, drill)
    before = sorted(as_stored())
    with pytest.raises(DrillApart):
        merge_matter(one, into=into, by=world.cast.dispatcher, at=world.later(hours=1))
    assert sorted(as_stored()) == before
    answer = world.cast.client("dispatcher").post(f"/matters/{one.pk}/merge", {"into": into.number})
    assert answer.status_code == 409 and roots(one, into) == [None, None]
    other = world.reported(drill=True).matter
    merge_matter(drill, into=other, by=world.cast.dispatcher, at=world.later(hours=2))
    assert roots(drill) == [other.pk]


@pytest.mark.row("MAT-2", "MAT-4")
def test_a_running_call_goes_on_where_its_matter_was_joined_and_comes_back_with_it(world):
    dispatcher, health = world.cast.dispatcher, world.cast.unit("5101:health")
    own, other = world.matter("FILED"), world.matter("DISPATCHED")
    call = call_units(
        own, units=[health], what="现场会商", meets_where="东门", meets_at=world.later(hours=2), urgency="AT_ONCE",
        by=dispatcher, at=world.later(hours=1),
    )  # fmt: skip
    merge_matter(own, into=other, by=dispatcher, at=world.later(minutes=70))
    [mine] = calls_of(other)
    assert (mine.pk, mine.ended_at, [one.pk for one in calls_of(own)]) == (call.pk, None, [call.pk])
    accept_call(call, post="值班医生", by=world.handler("5101:health"), at=world.later(minutes=80))
    note_attendance(call.called.get(), came=True, by=dispatcher, at=world.later(hours=2))
    agreed = agree(
        call, text="换灯杆", owner=health, due_at=world.later(days=1), by=dispatcher, at=world.later(hours=2)
    )
    assert other.number in world.cast.client("dispatcher").get(f"/calls/{call.pk}").content.decode()
    with pytest.raises(PartsOpen):
        report_done(other, kind="SOLVED", result="ok", by=world.handler(), at=world.later(hours=3))
    assert stuck_among([own, other], at=world.later(days=3)) == {own.pk, other.pk}
    unmerge_matter(own, by=dispatcher, at=world.later(hours=4))
    assert (calls_of(other), [one.pk for one in calls_of(own)]) == ([], [call.pk])
    assert Agreed.objects.get().task.closed_at is None and Call.objects.everywhere("a test").get().ended_at is None
    report_done(other, kind="SOLVED", result="ok", by=world.handler(), at=world.later(hours=5))
    answer_task(agreed.task, state=TaskState.DONE, by=world.handler("5101:health"), at=world.later(hours=6))
    end_call(call, result="已处置", by=dispatcher, at=world.later(hours=7))
    assert verify().differences == []


@given(links=st.dictionaries(st.integers(0, 9), st.integers(0, 9), max_size=10))
def test_ends_are_found_as_by_walking_and_rings_end_nowhere(links):
    expected = {}
    for key in links:
        one = key
        for _step in range(11):
            one = links.get(one, one)
        if one not in links:
            expected[key] = one
    assert ends_of(links) == expected


@pytest.mark.row("MAT-1")
def test_whatever_is_joined_and_parted_each_follows_the_end_of_its_chain(world):
    matters = [world.reported().matter for _n in range(MANY)]
    one, dispatcher = st.integers(0, MANY - 1), world.cast.dispatcher
    moves = st.lists(st.one_of(st.tuples(one, one), st.tuples(one)), max_size=9)

    @settings(max_examples=15, deadline=None)
    @given(moves=moves)
    def walk(moves):
        with transaction.atomic():
            for n, (first, *into) in enumerate(moves):
                at = world.at + timedelta(minutes=n)
                try:
                    with transaction.atomic():
                        if into:
                            merge_matter(matters[first], into=matters[into[0]], by=dispatcher, at=at)
                        else:
                            unmerge_matter(matters[first], by=dispatcher, at=at)
                except Refusal:
                    pass
            ends = {key: walked(key) for key in every().values_list("pk", flat=True)}
            held = dict(every().values_list("pk", "root"))
            assert held == {key: None if end == key else end for key, end in ends.items()}
            for end in set(ends.values()):
                theirs = {key for key in ends if ends[key] == end}
                assert set(following(end).values_list("matter", flat=True)) == theirs
            assert audit_matters() == []
            transaction.set_rollback(True)

    walk()


def test_verify_names_what_follows_the_wrong_one_and_nothing_is_half_joined(world, chain):
    a, b, c = chain
    every().filter(pk=a.matter.pk).update(root=b.matter)
    assert audit_matters() == [f"matter {a.matter.pk} follows {b.matter.pk}, where its chain ends at {c.matter.pk}"]
    with pytest.raises(IntegrityError), transaction.atomic():
        every().filter(pk=a.matter.pk).update(root=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        every().filter(pk=c.matter.pk).update(root=a.matter)
    # A city that was in use before is brought up by walking, too.
    fill = import_module("qipan.matters.migrations.0019_root").follow_to_the_end
    rows, editor = SimpleNamespace(objects=every()), SimpleNamespace(connection=connection, execute=print)
    fill(SimpleNamespace(get_model=lambda *_name: rows), editor)
    assert roots(a.matter, b.matter, c.matter) == [c.matter.pk, c.matter.pk, None]
    assert audit_matters() == []


@pytest.mark.row("MAT-1")
@pytest.mark.django_db(transaction=True)
def test_two_that_are_joined_to_each_other_at_once_make_no_ring(world):
    a, b, c, d = (world.reported().matter for _n in range(4))
    dispatcher, at = world.cast.dispatcher, world.later(hours=1)

    def join(one, other):
        return lambda: merge_matter(one, into=other, by=dispatcher, at=at)

    raised = at_once(join(a, b), join(b, a))
    assert [type(one) for one in raised if one is not None] == [SameMatter]
    assert sorted(roots(a, b), key=bool) == [None, a.pk if roots(a) == [None] else b.pk]
    end = b if roots(a) != [None] else a
    first = a if end is b else b
    # While the end is joined on, what follows it is parted: both come about, in whatever order.
    assert at_once(join(end, c), lambda: unmerge_matter(first, by=dispatcher, at=at), join(d, c)) == [None] * 3
    assert roots(first, end, c, d) == [None, c.pk, None, c.pk]
    assert verify().differences == []
