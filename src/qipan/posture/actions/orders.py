"""What is asked of whoever carries a measure out: control at the gate, supplies, guidance; each under the order itself."""

from datetime import datetime

from django.db import transaction

from qipan.desk.api import Admission, TaskKind, admit_emergency, send_tasks
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound

from .. import rules
from ..models import Measure
from ..terms import EXECUTING, order_source
from .noting import note, still_in_force
from .refusals import TaskNotOfThisKind
from .signing import signer_of

MINUTES = 60  # a day's work of one unit under an order, as the burden of communities counts it


@transaction.atomic
def send_order_tasks(
    measure: Measure,
    *,
    kind: str,
    title: str = "",
    due_at: datetime | None = None,
    admission: Admission | None = None,
    by: Actor,
    at: datetime,
) -> int:
    """This function will ask a kind of work under a measure of the communities and property companies on its ground.

    The tasks carry the order: they link to it, and end with it or with its last extension. Under a declaration the
    emergency admits the work; else the issuer needs an admission. The same again sends nothing twice; returns how many
    desks are new to it. Needs ``measure.impose`` in the organ that imposed it. Raises ``NotAllowed``, ``NotFound``,
    ``NotYourOrgan``, ``MeasureOver``, ``TaskNotOfThisKind``, and what ``send_tasks`` raises: ``OrderMissing`` while the
    measure has not begun, ``NotAdmitted``, ``ShortNoticeAtNight``.
    """
    by.require("measure.impose")
    ground = Range(measure.first, measure.last)
    if ground.without(by.scope.ranges):
        raise NotFound
    fresh = still_in_force(measure, at=at)
    signer = signer_of(fresh.issuer, by=by)
    if kind not in rules.kinds()[fresh.kind].tasks:
        raise TaskNotOfThisKind(field="task")
    if fresh.tasks_of is None:
        fresh.tasks_of = fresh.pk
        fresh.save(update_fields=["tasks_of"])
    label = str(TaskKind(kind).label)
    if admission is None and fresh.declaration is not None:
        admission = admit_emergency(
            title=f"{fresh.number} {fresh.title} · {label}"[:200],
            declaration=fresh.declaration.number,
            basis=fresh.basis,
            organ_types=EXECUTING,
            valid_to=fresh.expires_at,
            minutes_per_unit=MINUTES,
            grounds=[ground],
            by=by,
            at=at,
            drill=fresh.drill,
        )
    sent = send_tasks(
        kind=kind,
        source=order_source(fresh.tasks_of, kind),
        title=(title.strip() or f"{label} · {fresh.title}")[:200],
        asker=signer,
        organ_types=EXECUTING,
        grounds=[ground],
        basis=f"{fresh.number} · {fresh.basis}"[:300],
        admission=admission,
        due_at=due_at,
        by=by,
        at=at,
        drill=fresh.drill,
    )
    if sent:
        note("posture.send_order_tasks", fresh, by=by, at=at, task=kind, sent=sent)
    return sent
