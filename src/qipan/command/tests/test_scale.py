"""The fan-out at the size of the paper's city: 4,351 communities in one act, and the unread list exact."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qipan.access.testing import make_city
from qipan.command.api import count_recipients, issue_directive
from qipan.command.queries import receipts_at, unread_page
from qipan.desk.api import Task, admit_emergency, receive
from qipan.duties.api import OrganType, Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import place_of, range_of

from .conftest import NOON

CITY = range_of("5101")
COMMUNITIES = 4351


@pytest.fixture
def big(db):
    cast = make_city(at=NOON)
    kind = OrganType.objects.get(code="community")
    known = Unit.objects.filter(organ_type=kind).count()
    # Streets 100 upwards of the two districts: no other unit of the tiny city stands there.
    codes = (f"{d}{s:03d}{c:03d}" for s in range(100, 400) for d in ("510104", "510105") for c in range(1, 11))
    Unit.objects.bulk_create(
        Unit(
            code=f"{code}:community",
            organ_type=kind,
            name=f"社区{code}",
            place=place_of(code),
            first=range_of(code).first,
            last=range_of(code).last,
            valid_from=(cast.at - timedelta(days=30)).date(),
            synthetic=True,
        )
        for _n, code in zip(range(COMMUNITIES - known), codes, strict=False)
    )
    return cast


@pytest.mark.row("EMG-4")
def test_4351_communities_in_one_act_and_the_unread_list_is_exact(big):
    admission = admit_emergency(
        title="应急", declaration="D", basis="法", valid_to=big.at + timedelta(days=9), by=big.city_commander, at=big.at
    )
    assert [row.units for row in count_recipients(["community"], [CITY])] == [COMMUNITIES]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        directive = issue_directive(
            number="成指〔2020〕1号",
            title="即日起开展入户排查",
            body="见任务卡",
            basis="法",
            organ_types=["community"],
            grounds=[CITY],
            decided_at=big.at - timedelta(minutes=3),
            due_at=big.at + timedelta(hours=8),
            admission=admission,
            issuer=big.unit("5101:city-command"),
            by=big.city_commander,
            at=big.at,
        )
    assert directive.recipients == COMMUNITIES
    assert sum("INSERT INTO desk_task" in query["sql"] for query in asked) == 1
    assert len(asked) < 30

    # 95 of 100 have read, in batches of 500; the others are named, each once and in order.
    receipts = list(
        Task.objects.within(Scope((CITY,)))
        .filter(source=directive.source)
        .order_by("place")
        .values_list("pk", "owner_id")
    )
    read = [row for n, row in enumerate(receipts) if n % 20]
    unread = [pk for n, (pk, _owner) in enumerate(receipts) if not n % 20]
    for start in range(0, len(read), 500):
        # Each unit answers for itself; here one delivery stands for its 500 owners.
        for pk, owner in read[start : start + 500][:1]:
            actor = Actor("o", frozenset({"task.answer"}), Scope((CITY,)), unit_id=owner)
            assert receive([(pk, "READ", big.at)], by=actor, at=big.at)[0].answer == "stored"
        Task.objects.within(Scope((CITY,))).filter(pk__in=[pk for pk, _owner in read[start : start + 500]]).update(
            state="READ", delivered_at=big.at, read_at=big.at
        )
    seen, after = [], ""
    while True:
        page = unread_page(directive, "", actor=big.city_commander, after=after, limit=200)
        assert page.count == len(unread) == 218
        seen += [task.pk for task in page.tasks]
        if not page.next:
            break
        after = page.next
    assert seen == unread
    tree = receipts_at(directive, "5101", actor=big.city_commander)
    assert (tree.total.asked, tree.total.read) == (COMMUNITIES, COMMUNITIES - 218)
    assert sum(row.asked for _area, row in tree.below) == COMMUNITIES
    assert sum(row.read for _area, row in tree.below) == COMMUNITIES - 218
