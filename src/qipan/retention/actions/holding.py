"""Legal holds by written assessment, and the list of backups."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import get_area

from ..models import Backup, DueLot, Hold
from .preparing import ReasonNeeded


class AssessmentMissing(Refusal):
    code = "assessment_missing"
    sentence = _("A hold rests on a written assessment: give its number (Emergency Response Law, art. 85).")
    status = 400


class EndsInThePast(Refusal):
    code = "ends_in_the_past"
    sentence = _("It ends in the future: say when.")
    status = 400


class HoldOver(Refusal):
    code = "hold_over"
    sentence = _("This hold is over already.")


class BackupUnnamed(Refusal):
    code = "backup_unnamed"
    sentence = _("Name the backup and where it lies.")
    status = 400


@transaction.atomic
def place_hold(
    lot: DueLot, *, area: str, assessment: str, why: str, until: datetime | None, by: Actor, at: datetime
) -> Hold:
    """This function will hold the rows of a lot in an area until a moment: a destruction leaves them and names the hold.

    What a running destruction has passed already is gone. Needs ``destruction.hold``. Raises ``NotAllowed``,
    ``NotFound``, ``AssessmentMissing``, ``ReasonNeeded``, ``EndsInThePast``.
    """
    by.require("destruction.hold")
    grounds = get_area(area).ranges
    if not all(by.scope.covers(own) for own in grounds) or not any(
        own.meets(one) for own in grounds for one in lot.ranges
    ):
        raise NotFound
    if not assessment.strip():
        raise AssessmentMissing(field="assessment")
    if not why.strip():
        raise ReasonNeeded(field="why")
    if until is None or until <= at:
        raise EndsInThePast(field="until")
    hold = Hold.objects.create(
        model=lot.model,
        key=lot.key,
        title=lot.title,
        area=area,
        grounds=[list(one) for one in grounds],
        assessment=assessment.strip()[:120],
        why=why.strip()[:500],
        until=until,
        placed_at=at,
        by_label=by.label[:120],
    )
    data = {"lot": f"{lot.model} {lot.key}", "area": area, "assessment": hold.assessment, "until": until.isoformat()}
    record("retention.place_hold", subject=hold, by=by, at=at, data=data, drill=lot.drill)
    return hold


@transaction.atomic
def lift_hold(hold: Hold, *, by: Actor, at: datetime) -> Hold:
    """This function will end a hold before its time. Needs ``destruction.hold``; raises ``NotAllowed``, ``NotFound``,
    ``HoldOver``.
    """
    by.require("destruction.hold")
    held = Hold.objects.select_for_update().filter(pk=hold.pk).first()
    if held is None or not all(by.scope.covers(one) for one in held.ranges):
        raise NotFound
    if held.lifted_at is not None or held.until <= at:
        raise HoldOver
    held.lifted_at, held.lifted_by = at, by.label[:120]
    held.save(update_fields=["lifted_at", "lifted_by"])
    record("retention.lift_hold", subject=held, by=by, at=at, data={"assessment": held.assessment})
    return held


@transaction.atomic
def note_backup(
    *, name: str, where: str, made_at: datetime | None, lives_until: datetime | None, by: Actor, at: datetime
) -> Backup:
    """This function will list a backup, so that destructions name it until it is gone.

    Needs ``destruction.prepare``. Raises ``NotAllowed``, ``BackupUnnamed``, ``EndsInThePast``.
    """
    by.require("destruction.prepare")
    if not name.strip() or not where.strip() or made_at is None:
        raise BackupUnnamed(field="name")
    if lives_until is None or lives_until <= at:
        raise EndsInThePast(field="lives_until")
    backup = Backup.objects.create(
        name=name.strip()[:120],
        where=where.strip()[:120],
        made_at=made_at,
        lives_until=lives_until,
        noted_at=at,
        by_label=by.label[:120],
    )
    data = {"name": backup.name, "lives_until": lives_until.isoformat()}
    record("retention.note_backup", subject=backup, by=by, at=at, data=data)
    return backup
