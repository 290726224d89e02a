"""Whatever is done with some matters, all kept counts are what a recount of the matters as they stand says."""

from collections import Counter
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.place import range_of
from qipan.kernel.rate import Rate
from qipan.kernel.refusal import Refusal

from ..actions.dispatching import dispatch_matter
from ..actions.exclusions import decide_exclusion
from ..actions.filing import decline_matter, file_matter, reopen_matter
from ..actions.handling import confirm_matter, doubt_matter, let_stand, report_done, send_back, verify_matter
from ..actions.joining import merge_matter, unmerge_matter
from ..models import Exclusion, Handling, Matter, MatterStep, Report, StreetTally, Tally
from ..queries.audits import audit_counts, audit_exclusions, audit_matters, audit_ways, audit_words
from ..queries.figures import figures
from ..queries.joining import following
from ..rules.limits import community_of, month_of, next_month, street_of
from ..rules.loop import UNENDED
from ..terms import DECLINING, Way
from ..testing import PUBLIC

MANY, STEP = 3, timedelta(days=3)
MEND = import_module("qipan.matters.migrations.0034_mended_counts").mend
# What may follow, by the state in which a matter stands; what is likelier stands twice.
NEXT = {
    "REPORTED": ("file", "file", "merge", "decline"),
    "FILED": ("dispatch", "dispatch", "merge"),
    "DISPATCHED": ("done",),
    "DONE": ("verify", "verify", "send_back"),
    "VERIFIED": ("doubt", "confirm"),
    "DISPUTED": ("send_back", "let_stand"),
    "CLOSED": ("reopen",),
    "DECLINED": ("decide", "reopen", "decide"),
    "DUPLICATE": ("unmerge",),
}
ONE = st.tuples(st.integers(0, MANY - 1), st.integers(0, 15), st.integers(0, MANY - 1))


def every():
    return Matter.objects.everywhere("a test")


def do(world, act, matter, n, other, at):
    by, unit = world.cast.dispatcher, world.cast.unit("5101:urban-management")
    judge = world.cast.district_head if n % 2 else world.cast.lead  # the level above, or the lead organisation for it
    reports = following(matter.pk).order_by("pk")
    waits = reports.exclude(confirmed=True).first() or reports.first()
    return {
        "file": lambda: file_matter(matter, by=by, at=at),
        "decline": lambda: decline_matter(matter, kind=DECLINING[n // 4 % len(DECLINING)], reason="不符", by=by, at=at),
        "decide": lambda: decide_exclusion(matter, confirmed=n > 7, reason="已核实", by=judge, at=at),
        "merge": lambda: merge_matter(matter, into=other, by=by, at=at),
        "unmerge": lambda: unmerge_matter(matter, by=by, at=at),
        "dispatch": lambda: dispatch_matter(matter, unit=unit, by=by, at=at),
        "done": lambda: report_done(matter, kind="SOLVED", result="已修", by=world.handler(), at=at),
        "verify": lambda: verify_matter(matter, way=Way.values[n % len(Way)], by=by, at=at),
        "send_back": lambda: send_back(matter, reason="未修好", by=by, at=at),
        "doubt": lambda: doubt_matter(waits, reason="还是不亮", by=PUBLIC, at=at),
        "confirm": lambda: confirm_matter(waits, satisfied=n % 4 < 2, by=PUBLIC, at=at),
        "let_stand": lambda: let_stand(matter, reason="已说明", by=by, at=at),
        "reopen": lambda: reopen_matter(matter, reason="又灭了", by=by, at=at),
    }[act]()


def overdue(rows, at):
    """What nobody has verified, and whose time to handle is over: by the latest part that a handler had in it."""
    keys = [one.pk for one in rows if one.state in UNENDED]
    parts = Handling.objects.select_related("task").filter(matter__in=keys, part="PRIMARY").order_by("pk")
    latest = {part.matter_id: part.task.due_at for part in parts}
    return sum(due < at for due in latest.values())  # as for every task: until its last moment it is in time


def recount(filed, at):
    """The same from the matters and reports as they stand; ``filed`` are those that were, and do not wait for it again."""
    rows = list(every())
    declined = Counter(one.closing for one in rows if one.state == "DECLINED")
    held = Exclusion.objects.everywhere("a test").filter(dropped_at=None, verdict="EXCLUDED", matter__state="DECLINED")
    left = Counter(held.values_list("matter__closing", flat=True))
    closed = [one for one in rows if one.state == "CLOSED"]
    stand = [one for one in rows if one.state in ("VERIFIED", "CLOSED") and one.confirmation != "DISPUTED"]
    said = Counter(Report.objects.exclude(satisfied=None).values_list("satisfied", flat=True))
    due = len(closed) + declined.total() - left.total()
    ends = Counter("DISPUTED" if one.confirmation == "DISPUTED" else one.closing for one in closed)
    return {
        "reported": len(rows),
        "filed": len(filed),
        "ways": dict(Counter(one.way for one in stand)),
        "closed": dict(ends),
        "declined": dict(declined),
        "excluded": dict(left),
        "still_due": declined.total() - left.total(),
        "resolution": Rate(ends["SOLVED"], due + overdue(rows, at)),
        "satisfaction": Rate(said[True], said.total()),
        "answers": Rate(sum(one.confirmation != "UNCONFIRMED" for one in closed), due),
    }


def kept(world, at):
    since, until = month_of(world.at), next_month(month_of(at))
    found = figures([range_of("5101")], since=since, until=until, at=at)
    names = (
        "reported", "filed", "ways", "closed", "declined", "excluded", "still_due", "resolution", "satisfaction", "answers",
    )  # fmt: skip
    return {name: getattr(found, name) for name in names}


def told_all(_room, name):
    model = apps.get_model("matters", name)
    return model if name == "MatterStep" else SimpleNamespace(objects=model.objects.everywhere("a migration"))


def as_before_there_were_such_steps():
    """Nothing took a filing or a verification back, and a reopening counted as no filing. Returns what is missing."""
    reopened = MatterStep.objects.filter(kind="REOPENED", matter=OuterRef("matter"), at=OuterRef("at"))
    later = Q(kind="UNCOUNTED") | Q(Exists(reopened), kind="FILED")
    missing = list(MatterStep.objects.filter(later).select_related("matter"))
    for step in missing:
        place, month, n = step.matter.place, month_of(step.at), {"n": F("n") - 1}
        of = {"month": month, "channel": step.matter.channel, "kind": step.kind, "detail": step.detail}
        rows = Tally.objects.everywhere("a test").filter(category=step.matter.category_id, unit=step.unit_id or 0)
        assert rows.filter(place=community_of(place), **of).update(**n) == 1
        assert StreetTally.objects.everywhere("a test").filter(place=street_of(place), **of).update(**n) == 1
        step.delete()
    return {f"{step.kind} {step.detail.partition(':')[0]}".strip() for step in missing}


def found():
    return [*audit_counts(), *audit_matters(), *audit_ways(), *audit_exclusions(), *audit_words()]


@pytest.mark.row("MAT-5", "PAR-9")
def test_whatever_is_done_the_counts_are_what_the_matters_say(world):
    matters = [world.reported().matter for _n in range(MANY)]
    reached, mended = set(), set()

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(st.lists(ONE, min_size=10, max_size=24))
    def walk(moves):
        filed = set()
        with transaction.atomic():
            for step, (one, n, other) in enumerate(moves, start=1):
                at, matter = world.at + step * STEP, every().get(pk=matters[one].pk)
                act = NEXT[matter.state][n % len(NEXT[matter.state])]
                try:
                    with transaction.atomic():
                        do(world, act, matter, n, matters[other], at)
                except Refusal:
                    continue
                reached.add((matter.state, act))
                filed |= {matter.pk} if act in ("file", "reopen") else set()
                filed -= {matter.pk} if act == "unmerge" else set()
                assert kept(world, at) == recount(filed, at), (act, step)
            assert found() == []
            mended.update(as_before_there_were_such_steps())
            MEND(SimpleNamespace(get_model=told_all), None)
            assert kept(world, at) == recount(filed, at)
            assert found() == []
            transaction.set_rollback(True)

    walk()
    assert reached == {(state, act) for state, acts in NEXT.items() for act in acts}
    assert mended == {"FILED", "UNCOUNTED FILED", "UNCOUNTED SOLVED"}


@pytest.mark.row("MAT-5")
def test_what_was_declined_counts_as_filed_in_the_month_of_its_reopening(world):
    matter, by = world.reported().matter, world.cast.dispatcher
    decline_matter(matter, kind="NOT_FOUND", reason="未找到", by=by, at=world.at)
    reopen_matter(matter, reason="还在", by=by, at=world.later(days=29))
    steps = MatterStep.objects.filter(matter=matter).order_by("pk")
    assert [one.kind for one in steps] == ["REPORTED", "DECLINED", "REOPENED", "FILED"]
    assert steps.last().at == world.later(days=29)
    # Joined and parted it waits to be filed, declined and reopened once more it is filed again: once in all.
    merge_matter(matter, into=world.reported().matter, by=by, at=world.later(days=30))
    unmerge_matter(matter, by=by, at=world.later(days=31))
    assert kept(world, world.later(days=31))["filed"] == 0
    decline_matter(matter, kind="NOT_FOUND", reason="未找到", by=by, at=world.later(days=32))
    assert kept(world, world.later(days=32))["filed"] == 0
    reopen_matter(matter, reason="还在", by=by, at=world.later(days=33))
    assert kept(world, world.later(days=33))["filed"] == 1
    assert audit_counts() == [] and audit_matters() == []


@pytest.mark.row("MAT-5")
def test_old_counts_are_mended_where_it_is_sure_once_and_else_named(world):
    first, other, by = world.reported().matter, world.reported().matter, world.cast.dispatcher
    for days in (1, 41):
        file_matter(first, by=by, at=world.later(days=days))
        merge_matter(first, into=other, by=by, at=world.later(days=days))
        unmerge_matter(first, by=by, at=world.later(days=days + 1))
        if days == 1:  # the second was parted when there were such steps
            as_before_there_were_such_steps()
    file_matter(first, by=by, at=world.later(days=81))
    assert audit_matters() == [f"matter {first.pk} counts as filed 2 times"]
    MEND(SimpleNamespace(get_model=told_all), None)
    filed = MatterStep.objects.filter(matter=first, kind="FILED").order_by("pk")
    months = [f"FILED:{month_of(one.at):%Y-%m}" for one in filed]
    told = MatterStep.objects.filter(matter=first, kind="UNCOUNTED").values_list("detail", flat=True)
    assert (len(months), sorted(told)) == (3, sorted(months[:2]))
    assert audit_counts() == [] and audit_matters() == []
    # What was verified in a way of which no step tells is not touched.
    odd = world.matter("VERIFIED")
    doubt_matter(odd.reports.get(), reason="还是不亮", by=PUBLIC, at=world.later(days=1))
    send_back(odd, reason="未修好", by=by, at=world.later(days=1))
    report_done(odd, kind="SOLVED", result="已修", by=world.handler(), at=world.later(days=2))
    verify_matter(odd, by=by, at=world.later(days=2))
    every().filter(pk=odd.pk).update(way="SOCIETY")
    before, named = MatterStep.objects.count(), audit_ways()
    assert len(named) == 2
    MEND(SimpleNamespace(get_model=told_all), None)
    assert (MatterStep.objects.count(), audit_ways(), audit_counts()) == (before, named, [])
