"""``kill -9`` in the middle of a destruction: the next one goes on there, nothing is half, and every figure agrees."""

import json
import signal
import subprocess
import sys

import pytest

from .conftest import environment_of

BUILD = """
import django; django.setup()
from datetime import timedelta
from qipan.retention.api import DueLot, approve_run, prepare_run, refresh_lots
from qipan.screening.api import close_campaign, close_round
from qipan.screening.tests.conftest import AT, make_field
ground = make_field()
for outcome in ("NOT_HOME", "NOT_HOME", "ANSWERED"):
    ground.send(*(ground.visit(place, outcome) for place in ground.doors))
by, later = ground.cast.city_commander, AT + timedelta(days=40)
close_round(ground.round, by=by, at=AT + timedelta(days=2))
close_campaign(ground.round.campaign, by=by, at=AT + timedelta(days=2))
refresh_lots(at=later)
lot = DueLot.objects.get(model="screening.Visit")
approve_run(prepare_run(lots=[lot.pk], reason="over", backups_listed=True, by=by, at=later), by=ground.cast.lead, at=later)
"""
# The rows are deleted, the transaction is open: then the process is gone, without a word to the database.
KILLED = """
import django; django.setup()
import os, signal
from datetime import datetime, UTC
from qipan.retention.api import carry_out_approved
from qipan.screening.retention import Campaigns
take, steps = Campaigns.take, []
def until_killed(self, *args, **kwargs):
    taken = take(self, *args, **kwargs)
    steps.append(taken)
    if len(steps) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return taken
Campaigns.take = until_killed
carry_out_approved(at=datetime(2026, 9, 11, tzinfo=UTC), step_rows=9)
"""
SAY = """
import django; django.setup()
import json
from django.db.models import Sum
from qipan.journal.api import verify
from qipan.retention.api import Certificate, DestructionRun, RunLot, read
from qipan.screening.models import Coverage, Visit
lot, run = RunLot.objects.get(), DestructionRun.objects.get()
print("SAID" + json.dumps({
    "left": Visit.objects.everywhere("a test").count(),
    "destroyed": lot.destroyed, "steps": lot.steps, "starts": run.starts, "state": run.state,
    "figures": list(Coverage.objects.everywhere("a test").aggregate(Sum("answered"), Sum("visits")).values()),
    "differences": verify().differences,
    "certified": [read(one.text)["totals"] for one in Certificate.objects.all()],
}))
"""


def run(database: str, folder, script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, env=environment_of(database, folder), capture_output=True, text=True, timeout=300, check=False
    )


def said(database: str, folder) -> dict:
    done = run(database, folder, SAY)
    line = next((line for line in done.stdout.splitlines() if line.startswith("SAID")), None)
    assert line is not None, done.stderr
    return json.loads(line[4:])


@pytest.mark.row("EMG-8")
def test_a_killed_destruction_is_resumed_and_loses_nothing_that_should_stay(database, tmp_path):
    built = run(database, tmp_path, BUILD)
    assert built.returncode == 0, built.stderr
    before = said(database, tmp_path)
    assert (before["left"], before["figures"], before["differences"]) == (60, [20, 60], [])

    assert run(database, tmp_path, KILLED).returncode == -signal.SIGKILL
    now = said(database, tmp_path)
    # Two steps stand whole; the third, whose rows were deleted already, is not there at all.
    assert (now["left"], now["destroyed"], now["steps"], now["starts"]) == (42, 18, 2, 1)
    assert (now["figures"], now["differences"], now["certified"]) == (before["figures"], [], [])

    assert run(database, tmp_path, KILLED).returncode == -signal.SIGKILL
    now = said(database, tmp_path)
    assert (now["left"], now["destroyed"], now["steps"], now["starts"]) == (24, 36, 4, 2)
    assert now["differences"] == []

    done = run(
        database, tmp_path, "from qipan.config.cli import main; import sys; sys.argv = ['qipan', 'carry-out']; main()"
    )
    assert "destructions done: 1, not done: 0" in done.stdout, done.stderr
    end = said(database, tmp_path)
    assert (end["left"], end["destroyed"], end["starts"], end["state"]) == (0, 60, 3, "DONE")
    assert (end["figures"], end["differences"]) == (before["figures"], [])
    assert end["certified"] == [{"destroyed": 60, "held": 0}]
