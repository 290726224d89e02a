"""Whatever is done with some matters, all kept counts are what a recount of the matters as they stand says."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.place import range_of
from qipan.kernel.rate import Rate
from qipan.kernel.refusal import Refusal

from ..actions.dispatching import dispatch_matter
from ..actions.filing import decline_matter, file_matter, reopen_matter
from ..actions.handling import confirm_matter, doubt_matter, let_stand, report_done, send_back, verify_matter
from ..actions.joining import merge_matter, unmerge_matter
from ..models import Matter, MatterStep, Report
from ..queries.audits import audit_counts, audit_matters, audit_ways
from ..queries.figures import figures
from ..queries.joining import following
from ..rules.limits import month_of, next_month
from ..terms import DECLINING, LEAVING, Way
from ..testing import PUBLIC

MANY, STEP = 3, timedelta(days=3)
# What may follow, by the state in which a matter stands; what is likelier stands twice.
NEXT = {
    "REPORTED": ("file", "file", "merge", "decline"),
    "FILED": ("dispatch", "dispatch", "merge"),
    "DISPATCHED": ("done",),
    "DONE": ("verify", "verify", "send_back"),
    "VERIFIED": ("doubt", "confirm"),
    "DISPUTED": ("send_back", "let_stand"),
    "CLOSED": ("reopen",),
    "DECLINED": ("reopen",),
    "DUPLICATE": ("unmerge",),
}
ONE = st.tuples(st.integers(0, MANY - 1), st.integers(0, 15), st.integers(0, MANY - 1))


def every():
    return Matter.objects.everywhere("a test")


def do(world, act, matter, n, other, at):
    by, unit = world.cast.dispatcher, world.cast.unit("5101:urban-management")
    waits = following(matter.pk).exclude(confirmed=True).order_by("pk").first()
    return {
        "file": lambda: file_matter(matter, by=by, at=at),
        "decline": lambda: decline_matter(matter, kind=DECLINING[n // 4 % len(DECLINING)], reason="不符", by=by, at=at),
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


def recount(filed):
    """The same from the matters and reports as they stand; ``filed`` are those that were, and do not wait for it again."""
    rows = list(every())
    closed = [one for one in rows if one.state == "CLOSED"]
    stand = [one for one in rows if one.state in ("VERIFIED", "CLOSED") and one.confirmation != "DISPUTED"]
    said = Counter(Report.objects.exclude(satisfied=None).values_list("satisfied", flat=True))
    declined = Counter(one.closing for one in rows if one.state == "DECLINED")
    due = len(closed) + sum(n for kind, n in declined.items() if kind in LEAVING)  # nobody confirms that they are not
    ends = Counter("DISPUTED" if one.confirmation == "DISPUTED" else one.closing for one in closed)
    return {
        "reported": len(rows),
        "filed": len(filed),
        "ways": dict(Counter(one.way for one in stand)),
        "closed": dict(ends),
        "declined": dict(declined),
        "solved": ends["SOLVED"],
        "satisfaction": Rate(said[True], said.total()),
        "answers": Rate(sum(one.confirmation != "UNCONFIRMED" for one in closed), due),
    }


def kept(world, at):
    since, until = month_of(world.at), next_month(month_of(at))
    found = figures([range_of("5101")], since=since, until=until, at=at)
    names = ("reported", "filed", "ways", "closed", "declined", "satisfaction", "answers")
    return {name: getattr(found, name) for name in names} | {"solved": found.resolution.part}


@pytest.mark.row("MAT-5", "PAR-9")
def test_whatever_is_done_the_counts_are_what_the_matters_say(world):
    matters = [world.reported().matter for _n in range(MANY)]
    reached = set()

    @settings(max_examples=16, deadline=None, derandomize=True)
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
                assert kept(world, at) == recount(filed), (act, step)
            assert audit_counts() == [] and audit_matters() == [] and audit_ways() == []
            transaction.set_rollback(True)

    walk()
    assert reached == {(state, act) for state, acts in NEXT.items() for act in acts}


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
