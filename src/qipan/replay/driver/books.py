"""What the database holds, held against what the teams were told; and the recount of everything."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.management import CommandError, call_command

from qipan.command.api import Activation
from qipan.deployment.api import Shift
from qipan.desk.api import Task, TaskKind
from qipan.kernel.place import range_of
from qipan.matters.api import Matter
from qipan.screening.api import Visit, VisitConflict, coverage_total

from .ledger import Ledger
from .report import Report

ID_BYTES = 16


@dataclass(frozen=True)
class Books:
    """The driver's side: its ledger, and which rounds are meant."""

    ledger: Ledger
    rounds: Sequence[int]

    def acknowledged(self) -> set[bytes]:
        """This method will return the ids of all visits that were acknowledged."""
        ids = bytes(self.ledger.ids)
        return {ids[start : start + ID_BYTES] for start in range(0, len(ids), ID_BYTES)}


def balance(report: Report, books: Books) -> None:
    """This function will write into the report what the database holds of these rounds, and whether it recounts."""
    missing = books.acknowledged()
    told_twice = books.ledger.acknowledged - len(missing)
    stored = 0
    rows = Visit.objects.everywhere("a replay compares what it sent").filter(round__in=books.rounds)
    for found in rows.values_list("pk", flat=True).iterator(chunk_size=20_000):
        stored += 1
        missing.discard(found.bytes)
    visits = sum(coverage_total(number, [range_of(report.city)]).visits for number in books.rounds)
    report.visits_stored = stored
    report.acknowledged_missing = len(missing)
    report.duplicates_counted = max(visits - stored, 0) + told_twice
    report.conflicts_kept = VisitConflict.objects.everywhere("a replay counts its conflicts").count()
    matters = Matter.objects.everywhere("a replay counts its matters").values_list("state", "confirmation")
    report.matters_held = dict(Counter(f"{state} {word}".strip() for state, word in matters))
    filled = Shift.objects.everywhere("a replay counts its shifts").filter(filled_at__isnull=False)
    report.shifts_filled = filled.count()
    report.tasks_open_after_release = open_tasks()
    report.verified, report.verify_says = verify()


def open_tasks() -> int:
    """This function will count the tasks that the release left on desks, those handed over by name aside.

    It counts what is there, whatever the release says of itself. What the standing posture asks since is newer.
    """
    released_at = Activation.objects.order_by("activated_at").values_list("released_at", flat=True).first()
    left = Task.objects.everywhere("a replay counts what is left").filter(closed_at=None)
    left = left.exclude(kind=TaskKind.RELEASE)
    return (left.filter(created_at__lt=released_at) if released_at else left).count()


def verify() -> tuple[bool, str]:
    """This function will run ``qipan verify`` and return whether everything agrees, and its last words."""
    said = io.StringIO()
    try:
        call_command("verify", stdout=said, stderr=said)
    except (CommandError, SystemExit) as error:
        return False, f"{said.getvalue()[-600:]} {error}".strip()
    return True, said.getvalue().strip().splitlines()[-1] if said.getvalue().strip() else ""
