"""A form that is sent twice at the same moment, by a double tap or an impatient network."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from qipan.access.testing import make_city

from ..actions.intake import Words, join_matter, report_matter
from ..models import Matter, Report
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
