"""Carrying out an approved destruction: one step is one transaction, and whoever comes after a crash goes on from there."""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import Refusal
from qipan.kernel.retention import holders

from ..models import DestructionRun, Hold, RunLot
from ..rules.chain import STEP, STEP_SQLITE, link, rest_after
from ..terms import RunState
from .certifying import issue
from .lots import refresh_lots

log = logging.getLogger(__name__)


def clock_actor() -> Actor:
    """This function will return the actor that carries out what two people decided, with that right and no other."""
    return Actor.system("destruction clock", acts=["destruction.run"], ranges=[range_of(settings.CITY)])


def carry_out_approved(*, at: datetime, most_steps: int | None = None, step_rows: int | None = None) -> tuple[int, int]:
    """This function will go on with every approved destruction; returns how many are done and how many are not yet."""
    done = left = 0
    for run in DestructionRun.objects.filter(state=RunState.APPROVED).order_by("pk"):
        if carry_out(run, by=clock_actor(), at=at, most_steps=most_steps, step_rows=step_rows):
            done += 1
        else:
            left += 1
    return done, left


def carry_out(
    run: DestructionRun,
    *,
    by: Actor,
    at: datetime,
    most_steps: int | None = None,
    step_rows: int | None = None,
) -> bool:
    """This function will carry out what is left of an approved destruction; True when its certificate is issued.

    Killed at any moment, it goes on where it was: what a step deletes, where the next one begins and the chain of
    digests stand in one transaction. Two that run at once take turns.
    ``step_rows`` is how many one transaction destroys, about. It rests after each step (``rest_after``), so that whoever
    works beside it notices nothing. Needs ``destruction.run``; raises ``NotAllowed``.
    """
    by.require("destruction.run")
    began = time.monotonic()
    with transaction.atomic():
        held = DestructionRun.objects.select_for_update().get(pk=run.pk)
        if held.state != RunState.APPROVED:
            return held.state == RunState.DONE
        held.started_at, held.starts, held.trouble = held.started_at or at, held.starts + 1, ""
        held.save(update_fields=["started_at", "starts", "trouble"])
    steps = 0
    for lot in held.lots.order_by("order"):
        try:
            if lot.proven_at is None:
                holders()[lot.model].prove(lot.key)  # reads only: no writer waits while millions of rows are counted
                _seal(lot.pk, by=by, at=at)
            since = time.monotonic()
            while (destroyed := _step(lot.pk, at=at, rows=step_rows)) is not None:
                steps += 1
                if most_steps is not None and steps >= most_steps:
                    return False
                time.sleep(rest_after(time.monotonic() - since, destroyed))
                since = time.monotonic()
        except Refusal as refusal:
            # Figures that do not agree with their rows: nothing more is destroyed until a person has looked.
            DestructionRun.objects.filter(pk=held.pk).update(trouble=str(refusal)[:300])
            log.error("destruction %s stands still: %s", held.pk, refusal)
            return False
    storage = clean(held)
    # A run lasts, and its certificate says until when.
    issue(held, storage=storage, by=by, at=at + timedelta(seconds=int(time.monotonic() - began)))
    refresh_lots(at=at)
    return True


@transaction.atomic
def _seal(pk: int, *, by: Actor, at: datetime) -> None:
    """Seals the figures that stay, before the first row goes."""
    lot = RunLot.objects.select_for_update().get(pk=pk)
    if lot.proven_at is not None:
        return
    sealed = holders()[lot.model].seal(lot.key, by=by, at=at)
    if sealed is not None:
        lot.cells, lot.folded, lot.figures = sealed.cells, sealed.folded, sealed.digest
    lot.proven_at = at
    lot.save(update_fields=["cells", "folded", "figures", "proven_at"])


def holds_on(model: str, key: str, *, at: datetime) -> list[Hold]:
    """This function will return the holds on a lot at a moment."""
    return list(Hold.objects.filter(model=model, key=key, lifted_at=None, until__gt=at).order_by("pk"))


@transaction.atomic
def _step(pk: int, *, at: datetime, rows: int | None) -> int | None:
    """Destroys the next rows of a lot; returns how many, None when none is left behind them."""
    lot = RunLot.objects.select_for_update().get(pk=pk)
    if lot.finished_at is not None:
        return None
    holds = holds_on(lot.model, lot.key, at=at)
    most = rows or (STEP if connection.vendor == "postgresql" else STEP_SQLITE)
    taken = holders()[lot.model].take(
        lot.key,
        after=lot.reached,
        most=most,
        held=[one for hold in holds for one in hold.ranges],
    )
    if taken.destroyed:
        lot.chain, lot.steps = link(lot.chain, taken.digest), lot.steps + 1
    lot.destroyed, lot.held = lot.destroyed + taken.destroyed, lot.held + taken.skipped
    if taken.skipped:
        named = [[hold.pk, hold.assessment, hold.area, hold.by_label, hold.until.isoformat()] for hold in holds]
        lot.holds = lot.holds + [one for one in named if one not in lot.holds]
    if taken.after is None:
        lot.finished_at, lot.open = at, False
    else:
        lot.reached = taken.after
    lot.save()
    return None if taken.after is None else taken.destroyed


def clean(run: DestructionRun) -> dict[str, object]:
    """This function will have the database give up freed pages, and return what it did, as the certificate says it.

    Outside of a transaction. PostgreSQL: ``VACUUM`` marks the space as free to be written over; what lay there is
    overwritten as it is used again, and the write-ahead log holds it until it is recycled. SQLite: deleted content was
    overwritten with zeros when it was deleted (``secure_delete``), and the write-ahead log is emptied.
    """
    tables = sorted({table for lot in run.lots.all() for table in holders()[lot.model].tables()})
    if connection.vendor == "postgresql":
        if connection.in_atomic_block:  # in tests: the next routine vacuum sees to it
            return {"database": "postgresql", "vacuumed": [], "left": "autovacuum"}
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"VACUUM (ANALYZE) {connection.ops.quote_name(table)}")
        return {"database": "postgresql", "vacuumed": tables}
    emptied = False
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            emptied = cursor.fetchone()[0] == 0
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        secure = bool(cursor.fetchone()[0])
    return {"database": "sqlite", "overwritten_with_zeros": secure, "log_emptied": emptied}
