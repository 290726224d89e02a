"""The tick: one reading for all, answered from memory, never older than two seconds."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qipan.pages.queries.tick import LIMIT, Ticker, ticker
from qipan.pages.testing import make_emergency

from .conftest import AT, visited

MOMENT = datetime(2026, 8, 3, tzinfo=UTC)


def clock():
    return datetime.now(UTC)


@pytest.fixture
def ahead(settings, monkeypatch):
    """A ticker that reads ahead, stopped after the test."""
    settings.BOARD_AHEAD = True
    monkeypatch.setattr("qipan.pages.queries.tick.LINGER", 1.5)
    ticker = Ticker()
    yield ticker
    ticker._looked = 0.0
    if ticker._thread:
        ticker._thread.join(5)
        assert not ticker._thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_a_part_is_read_once_for_all_who_look():
    read, ticker = [], Ticker()

    def part(key, *, at):
        read.append(key)
        time.sleep(0.05)
        return at

    tick = ticker.current(clock)
    lookers = [threading.Thread(target=tick.part, args=(part, "city")) for _ in range(8)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert ticker.current(clock) is tick
    assert ticker.current(clock).part(part, "city") == tick.at
    assert read == ["city"]


@pytest.mark.django_db(transaction=True)
def test_the_next_tick_is_read_ahead_and_never_older_than_two_seconds(ahead):
    waited = []

    def part(*, at):
        return at

    first = ahead.current(clock)
    first.part(part)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        begin = time.monotonic()
        tick = ahead.current(clock)
        waited.append(time.monotonic() - begin)
        assert time.monotonic() - tick.read_at < 2.0
        assert tick.part(part) == tick.at
        time.sleep(0.02)
    assert tick.at > first.at
    assert sorted(waited)[int(len(waited) * 0.95)] < 0.05


@pytest.mark.django_db(transaction=True)
def test_when_nobody_looks_nothing_is_read(ahead):
    ahead.current(clock)
    thread = ahead._thread
    thread.join(6)
    assert not thread.is_alive()
    old = ahead._tick
    assert ahead.current(clock) is not old


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_read_is_an_error_to_who_looks_and_not_an_old_figure(ahead, caplog):
    broken = False

    def part(*, at):
        if broken:
            raise RuntimeError("no database")
        return at

    ahead.current(clock).part(part)
    broken = True
    end = time.monotonic() + LIMIT + 1.5
    with pytest.raises(RuntimeError, match="no database"):
        while time.monotonic() < end:
            ahead.current(clock).part(part)
            time.sleep(0.05)
    assert "could not be read ahead" in caplog.text


@pytest.mark.django_db
def test_inside_a_transaction_nothing_is_kept():
    ticker = Ticker()
    assert ticker.current(lambda: MOMENT) is not ticker.current(lambda: MOMENT)


@pytest.mark.row("ORG-1")
@pytest.mark.django_db(transaction=True)
def test_boards_of_all_levels_show_the_same_instant_while_visits_pour_in(monkeypatch):
    """With a tick in memory, a board costs the log-in's queries and no other, and levels agree."""
    monkeypatch.setattr("qipan.pages.queries.tick.PERIOD", 600)  # one tick for the whole test, however slow the machine
    scene = visited(make_emergency(at=AT))
    client = scene.cast.client("city_commander")
    codes = ("5101", "510104", "510105", "510104001", "510104001001")
    for code in codes:
        client.get(f"/api/board/{code}")
    with CaptureQueriesContext(connection) as queries:
        city, one, two, *_deeper = (client.get(f"/api/board/{code}").json() for code in codes)
        scene.visit("510105002", "ANSWERED", 1)
        again = client.get("/api/board/510105").json()
    told = [query["sql"] for query in queries if "screening_coverage" in query["sql"] and "SUM" in query["sql"].upper()]
    assert told == []
    assert city["coverage"]["settled"] == one["coverage"]["settled"] + two["coverage"]["settled"] == 17
    assert again["coverage"]["settled"] == 5  # of the same tick
    ticker.forget()
    assert client.get("/api/board/510105").json()["coverage"]["settled"] == 6
