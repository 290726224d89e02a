"""Red line 3: who was signed in is not kept: sessions that are over go in the nightly pass."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session

from qipan.access.actions.sessions import erase_sessions
from qipan.access.jobs import erase_each_night
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed


def left():
    return sorted(Session.objects.values_list("session_key", flat=True))


@pytest.fixture
def at(db):
    at = now()
    for name, minutes in (("over", -1), ("just-over", 0), ("running", 1)):
        Session.objects.create(session_key=name, session_data="x", expire_date=at + timedelta(minutes=minutes))
    return at


def test_what_is_over_goes_and_what_runs_stays(at):
    by = Actor.system("sessions", acts=["account.manage"])
    with pytest.raises(NotAllowed):
        erase_sessions(by=Actor.system("x"), at=at)
    assert left() == ["just-over", "over", "running"]
    assert [erase_sessions(by=by, at=at) for _n in range(2)] == [2, 0]
    assert left() == ["running"]
    entries = apps.get_model("journal", "Entry").objects.filter(act="access.erase_sessions")
    assert [entry.data for entry in entries] == [{"sessions": 2}]


def test_the_nightly_pass_does_it(at):
    Session.objects.filter(session_key="running").update(expire_date=at + timedelta(days=1))
    erase_each_night.call_local()
    assert left() == ["running"]
