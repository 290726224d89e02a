"""EMG-15: the minute's pass and whoever changes measures at the same moment wait for each other, never in a circle."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from qipan.access.testing import make_city
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.testing import PATIENCE_S, at_once
from qipan.laws.testing import make_articles
from qipan.posture.actions.ending import end_due
from qipan.posture.api import impose_measure

from ..models import OpenEnd
from .conftest import restriction

CLOCK = Actor.system("measures", ranges=[range_of("5101")])
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"  # for this one


@pytest.mark.row("EMG-15")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_the_pass_takes_measures_in_the_order_of_their_keys() -> None:
    cast = make_city()
    make_articles()
    first, second = (
        impose_measure(**restriction(cast, expires_at=cast.at + timedelta(days=days)))[0] for days in (6, 5)
    )
    OpenEnd.objects.filter(pk=first.pk).update(ends_at=cast.at + timedelta(days=7))  # lies behind the other now
    held = threading.Event()

    def change() -> None:
        with transaction.atomic():
            OpenEnd.objects.select_for_update().get(pk=first.pk)
            held.set()
            until = time.monotonic() + PATIENCE_S
            with connection.cursor() as cursor:
                while not cursor.execute(WAITING).fetchone():
                    assert time.monotonic() < until, "the pass does not wait"
            OpenEnd.objects.select_for_update().get(pk=second.pk)

    def clock() -> None:
        assert held.wait(PATIENCE_S)
        assert end_due(by=CLOCK, at=cast.at + timedelta(days=8)) == 2

    assert at_once(change, clock) == [None, None]
    assert not OpenEnd.objects.exists()
