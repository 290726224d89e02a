"""Full disk and lost database: a clear answer that the phone may retry, nothing lost, nothing half stored."""

import json
import threading
import time

import psycopg
import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from django.utils import timezone

from qipan.field.tests.conftest import build
from qipan.kernel.ids import uuid7
from qipan.kernel.place import range_of
from qipan.replay.driver.client import Line
from qipan.screening.api import Visit, coverage_total

pytestmark = pytest.mark.django_db(transaction=True)
ENOUGH = 1_000_000  # pages


def upload(scene, count=500):
    now = timezone.now().isoformat()
    doors = [f"510104001001001{n:04d}" for n in range(1, 11)]
    visits = [
        {"id": str(uuid7()), "round": scene.round.pk, "place": doors[n % 10], "outcome": "NOT_HOME", "at": now}
        for n in range(count)
    ]
    return json.dumps({"sent_at": now, "visits": visits})


def send(scene, body):
    return scene.cast.client("anonymous").post(
        "/api/visits",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {scene.phone.token}"},
    )


def stored():
    return Visit.objects.everywhere("a test").count()


@pytest.fixture
def disk():
    """A disk whose size can be set, as SQLite sees it: every connection may use so many pages and no more."""
    if connection.vendor != "sqlite":
        pytest.skip("the disk of a database server is not ours to fill")
    limit = {"pages": ENOUGH}

    def keep(connection, **_said):
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count = {limit['pages']}")

    def resize(spare):
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")  # what earlier tests left free would be room, too
            cursor.execute("PRAGMA page_count")
            limit["pages"] = cursor.fetchone()[0] + spare
        keep(connection)

    from qipan.kernel import writer

    connection_created.connect(keep)
    writer.stop()  # its next thread opens a connection of this size
    yield resize
    connection_created.disconnect(keep)
    limit["pages"] = ENOUGH
    keep(connection)
    writer.stop()


def test_a_full_disk_is_a_clear_answer_and_the_same_upload_succeeds_later(disk):
    scene = build()
    disk(8)
    accepted, refused = 0, None
    for _attempt in range(20):
        body = upload(scene)
        answer = send(scene, body)
        if answer.status_code != 200:
            refused = body
            break
        accepted += answer.json()["stored"]
    assert refused is not None
    assert (answer.status_code, answer.json()["code"]) == (503, "try_again")
    assert stored() == accepted
    assert coverage_total(scene.round.pk, [range_of("510104001")]).visits == accepted
    disk(10_000)
    again = send(scene, refused)
    assert (again.status_code, again.json()["stored"]) == (200, 500)
    assert stored() == accepted + 500
    assert coverage_total(scene.round.pk, [range_of("510104001")]).visits == accepted + 500
    assert send(scene, refused).json()["duplicates"] == 500


def end_waiting(server, name, *, other_than=0):
    """Ends the session that waits for our lock, once it does; returns its number."""
    for _attempt in range(200):
        row = server.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock' AND pid <> %s LIMIT 1",
            [name, other_than],
        ).fetchone()
        if row:
            server.execute("SELECT pg_terminate_backend(%s)", [row[0]])
            return row[0]
        time.sleep(0.05)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize(
    ("_case", "ended", "status", "code", "at_once"),
    [
        ("a connection lost once is opened again without a word", 1, 200, None, 6),
        ("a database that stays away is told", 2, 503, "try_again", 0),
    ],
)
def test_a_lost_database_loses_nothing(live_server, _case, ended, status, code, at_once):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is not a server that can be lost")
    scene = build()
    body = upload(scene, 6).encode()
    given = connection.settings_dict
    line = Line(live_server.url, pass_token=scene.phone.token)
    answers = []
    phone = threading.Thread(target=lambda: answers.append(line.post("/api/visits", body)))
    connect = {
        "dbname": given["NAME"],
        "user": given["USER"] or None,
        "host": given["OPTIONS"].get("host") or given["HOST"] or None,
    }
    with psycopg.connect(**connect) as holder, psycopg.connect(**connect, autocommit=True) as watcher:
        holder.execute("SELECT 1 FROM screening_coverage FOR UPDATE")
        phone.start()
        last = 0
        for _time in range(ended):
            last = end_waiting(watcher, given["NAME"], other_than=last)
        if status == 200:
            holder.rollback()
        phone.join(60)
        [answer] = answers
        assert (answer.status, answer.json().get("code")) == (status, code)
        holder.rollback()
    assert stored() == at_once
    again = line.post("/api/visits", body).json()
    assert (again["stored"], again["duplicates"]) == (6 - at_once, at_once)
    assert stored() == 6
    assert coverage_total(scene.round.pk, [range_of("510104001")]).visits == 6
    line.close()
