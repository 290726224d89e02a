"""A form or a word that is sent twice at the same moment, by a double tap or an impatient network."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from qipan.access.testing import make_city

from ..actions.handling import SpokenAlready, confirm_matter
from ..actions.intake import Words, join_matter, report_matter
from ..models import Matter, MatterStep, Report
from ..queries.audits import audit_words
from ..testing import PUBLIC, SPOT, make_world


@pytest.mark.row("MAT-1")
@pytest.mark.parametrize("joins", [False, True])
def test_the_same_form_at_once_is_one_report_and_the_code_is_told_once(transactional_db, joins):
    world = make_world(make_city())
    other = world.reported(nonce="before").matter if joins else None
    start = threading.Barrier(4)

    def send(_n: int) -> tuple[int, str]:
        start.wait()
        try:
            told = (
                join_matter(other, **given) if other is not None else report_matter(place=SPOT, category=lamp, **given)
            )
            return told.report.pk, told.code
        finally:
            connection.close()

    lamp, given = world.category(), {"words": Words("灯不亮"), "nonce": "tapped twice", "by": PUBLIC, "at": world.at}
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(send, range(4)))
    assert len({report for report, _code in told}) == 1
    assert len([code for _report, code in told if code]) == 1
    assert Report.objects.filter(nonce="tapped twice").count() == 1
    assert Matter.objects.everywhere("a test").count() == 1


@pytest.mark.row("MAT-5")
def test_the_same_word_at_once_is_counted_once(transactional_db):
    world = make_world(make_city())
    matter = world.matter("VERIFIED")
    join_matter(matter, words=Words("也不亮"), nonce="another", by=PUBLIC, at=world.at)  # who has yet to speak
    first = matter.reports.order_by("pk").first().pk
    start = threading.Barrier(4)

    def say(_n: int) -> bool:
        try:
            report = Report.objects.select_related("matter__root").get(pk=first)
            start.wait()
            confirm_matter(report, satisfied=True, by=PUBLIC, at=world.later(days=1))
        except SpokenAlready:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(say, range(4))) == [False, False, False, True]
    assert MatterStep.objects.filter(matter=matter, kind="CONFIRMED").count() == 1 and audit_words() == []
