"""Many at once, out of order, twice, against each other: the counters stay what a recount says."""

import json
import random
import threading
from datetime import timedelta

import pytest
from django.db import connection

from qipan.kernel import writer
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import range_of
from qipan.kernel.testing import at_once
from qipan.screening.api import (
    DoorState,
    Outcome,
    close_round,
    coverage_by_place,
    coverage_of,
    coverage_total,
    decide_conflict,
    store_visits,
)
from qipan.screening.ingest import StoreUnavailable, sqlite
from qipan.screening.models import LateVisit, Visit, VisitConflict
from qipan.screening.queries import audit_batches, audit_coverage, audit_late
from qipan.screening.rules import state_of_outcomes
from qipan.territory.api import get_area

from .conftest import DISTRICT, doors_of

EVERYWHERE = Actor(label="all", acts=frozenset({"visit.submit"}), scope=Scope((range_of("5101"),)))


@pytest.fixture
def field(shared_ground):
    yield shared_ground
    writer.stop()


def raw(ground, visits):
    return json.dumps({"sent_at": ground.at.isoformat(), "visits": visits}).encode()


@pytest.mark.row("SCR-1")
def test_counters_equal_a_recount_after_a_storm(field):
    """Eight phones send the same 400 visits in their own order, in batches of any size, some twice, some altered."""
    chance = random.Random(20220912)
    doors = doors_of("510104")
    visits = [field.visit(chance.choice(doors), chance.choice(list(Outcome)).name) for _ in range(400)]
    told = []
    lock = threading.Lock()

    def phone(number):
        mine = random.Random(number)
        order = mine.sample(visits, len(visits))
        while order:
            size = mine.randint(1, 40)
            batch, order = order[:size], order[size:]
            if mine.random() < 0.3:
                batch = [*batch, *batch[: size // 2]]
            if mine.random() < 0.3:
                batch = [*batch, {**batch[0], "outcome": mine.choice(list(Outcome)).name}]
            for _again in range(mine.choice([1, 1, 1, 2])):
                answer = store_visits(raw(field, batch), by=EVERYWHERE, at=field.at)
                with lock:
                    told.extend((a.id, a.answer) for a in answer.answers)

    assert set(at_once(*[lambda n=n: phone(n) for n in range(8)])) == {None}
    assert {answer for _id, answer in told} == {"stored", "duplicate", "conflict"}
    stored = [text for text, answer in told if answer == "stored"]
    assert sorted(stored) == sorted(visit["id"] for visit in visits)  # each one acknowledged as stored exactly once
    rows = Visit.objects.everywhere("a test")
    assert rows.count() == 400
    outcomes = {}
    for place, outcome in rows.values_list("place", "outcome"):
        outcomes.setdefault(place, []).append(outcome)
    total = coverage_total(field.round.pk, [DISTRICT])
    expected = dict.fromkeys(DoorState, 0)
    for place in doors:
        expected[state_of_outcomes(outcomes.get(place, []))] += 1
    assert total.by_state == expected
    assert total.visits == 400
    assert coverage_of(field.round.pk, [get_area("5101")])[0].by_state == expected
    assert sum(row[3] for row in coverage_by_place(field.round.pk)) == 400
    assert audit_coverage() == audit_batches() == []


def test_closing_waits_for_uploads_and_nothing_is_counted_after_it(field):
    doors = doors_of("510104")
    answers = []

    def phone(number):
        for step in range(20):
            visit = field.visit(doors[(number * 20 + step) % len(doors)])
            answers.extend(store_visits(raw(field, [visit]), by=EVERYWHERE, at=field.at).answers)

    def close():
        threading.Event().wait(0.05)
        close_round(field.round, by=field.cast.city_commander, at=field.at)

    assert set(at_once(*[lambda n=n: phone(n) for n in range(4)], close)) == {None}
    stored = sum(answer.answer == "stored" for answer in answers)
    assert {answer.code for answer in answers} <= {"", "late"}
    from django.apps import apps

    entry = apps.get_model("journal", "Entry").objects.get(act="screening.close_round")
    assert entry.data["visits"] == stored == Visit.objects.everywhere("a test").count()
    late = sum(answer.answer == "late" for answer in answers)
    assert (late, stored + late) == (LateVisit.objects.everywhere("a test").count(), 80)  # nothing fell between the two
    assert audit_coverage() == audit_batches() == audit_late() == []


def test_a_decision_among_uploads_keeps_the_counters(field):
    doors = doors_of("510104001")
    first = field.visit(doors[0], "NOT_HOME")
    field.told(first)
    field.told({**first, "place": f"{doors[20]:019d}", "outcome": "ANSWERED"}, by=EVERYWHERE)
    conflict = VisitConflict.objects.everywhere("a test").get()

    def phone(number):
        for step in range(15):
            place = doors[0] if step % 2 else doors[20]
            store_visits(raw(field, [field.visit(place, "NOT_HOME")]), by=EVERYWHERE, at=field.at)

    def decide():
        decide_conflict(conflict, decision="REPLACED", by=field.cast.city_commander, at=field.at)

    assert set(at_once(*[lambda n=n: phone(n) for n in range(3)], decide)) == {None}
    assert Visit.objects.everywhere("a test").count() == 46
    assert audit_coverage() == audit_batches() == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the writer is SQLite's")
def test_one_batch_that_fails_does_not_hurt_the_others_of_its_commit(field, monkeypatch):
    usual = sqlite.store

    def store(batches):
        if any(batch.by.label == "bad" for batch in batches):
            raise ValueError("a defect met by one batch")
        return usual(batches)

    monkeypatch.setattr(sqlite, "store", store)
    gate = threading.Event()
    commit = writer._commit

    def gathered(group):
        gate.wait(10)
        commit(group)

    monkeypatch.setattr(writer, "_commit", gathered)
    doors = doors_of("510104")
    results = {}

    def send(number):
        by = Actor(label="bad" if number == 3 else "good", acts=EVERYWHERE.acts, scope=EVERYWHERE.scope)
        try:
            answer = store_visits(raw(field, [field.visit(doors[number])]), by=by, at=field.at)
            results[number] = answer.answers[0].answer
        except Exception as error:
            results[number] = type(error)

    def release():
        threading.Event().wait(0.3)
        gate.set()

    assert set(at_once(*[lambda n=n: send(n) for n in range(8)], release)) == {None}
    assert results == {number: ValueError if number == 3 else "stored" for number in range(8)}
    assert Visit.objects.everywhere("a test").count() == 7
    assert audit_coverage() == audit_batches() == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL waits for row locks instead")
def test_a_locked_database_is_try_again_and_nothing_is_lost(field, monkeypatch):
    import sqlite3

    from django.conf import settings

    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "timeout", 0.2)
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    visit = field.visit(doors_of("510104")[0])
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreUnavailable):
            field.send(visit, by=EVERYWHERE)
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert field.told(visit, by=EVERYWHERE) == ["stored"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server to lose")
def test_a_lost_connection_is_taken_up_again(field):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        mine = cursor.fetchone()[0]
    killed = []

    def kill():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [mine])
            killed.append(cursor.fetchone()[0])

    assert at_once(kill) == [None]
    assert killed == [True]
    visit = field.visit(field.doors[0], at=(field.at - timedelta(hours=1)).isoformat())
    assert field.told(visit) == ["stored"]
    assert field.told(visit) == ["duplicate"]


def test_doors_that_were_added_to_the_register_later_can_be_visited(field):
    """Nine of ten doors visited; the register then gains three: the round's register follows, nothing is refused."""
    from django.apps import apps

    doors = field.doors[:10]
    field.told(*[field.visit(place) for place in doors[:9]])
    added = [doors[-1] + step for step in (1, 2, 3)]
    apps.get_model("territory", "Door").objects.bulk_create(
        apps.get_model("territory", "Door")(place=place, label=str(place % 100)) for place in added
    )
    apps.get_model("territory", "Compound").objects.filter(place=doors[0] - 1).update(doors=13)
    assert field.told(*[field.visit(place) for place in added]) == ["stored"] * 3
    total = coverage_total(field.round.pk, [get_area(f"{doors[0]:019d}"[:15]).ranges[0]])
    assert (total.doors, total.settled) == (13, 12)
    assert audit_coverage() == audit_batches() == []
