"""The queues of background jobs: their hours, their connections, and who waits for whom."""

from threading import Thread

import pytest
from django.db import connection
from django.utils.module_loading import autodiscover_modules
from django.utils.timezone import localtime
from huey import crontab

from qipan.kernel.queue import make_queue, queue, slow


def test_a_job_for_an_hour_is_due_at_that_hour_of_the_city(tmp_path):
    held, hour = make_queue(str(tmp_path / "queue.sqlite3")), localtime().hour
    now = f"{hour},{(hour + 1) % 24}"  # the next one too, where the hour ends just now
    later = ",".join(str((hour + n) % 24) for n in range(2, 24))

    @held.periodic_task(crontab(minute="*", hour=now))
    def due():
        """Is due in this hour."""

    @held.periodic_task(crontab(minute="*", hour=later))
    def another():
        """Is due in every other hour."""

    assert [task.name for task in held.read_periodic(None)] == ["due"]


def test_what_may_last_for_minutes_holds_up_no_other_job():
    autodiscover_modules("jobs")
    names = {
        (one, type(task).__module__.split(".")[1], task.name)
        for one, held in (("slow", slow), ("queue", queue))
        for task in held._registry.periodic_tasks
    }
    assert {(room, name) for one, room, name in names if one == "slow"} == {
        ("forms", "erase_each_night"),
        ("journal", "forget_each_night"),
        ("matters", "erase_each_night"),
        ("matters", "learn_each_night"),
        ("posture", "ask_the_zones"),
        ("retention", "list_each_hour"),
    }
    assert ("queue", "posture", "look_at_measures") in names
    assert slow.storage.name != queue.storage.name


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's file cannot be lost on the way")
@pytest.mark.django_db(transaction=True)
def test_a_job_has_a_database_again_after_the_connection_was_lost(tmp_path):
    held, asked = make_queue(str(tmp_path / "queue.sqlite3")), []

    @held.task()
    def ask(number):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", [number])
            asked.append(cursor.fetchone())

    def work():
        for number in (1, 2):
            ask(number)
            held.execute(held.dequeue())
            connection.connection.close()  # as when the database is restarted between two jobs
        connection.close()

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert asked == [(1,), (2,)]
