"""Words of the command room: kinds of playbook steps and the fields a revision may change."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class StepKind(models.TextChoices):
    """What a step of a playbook opens, and what else is found open under a declaration; each kind has its own closer."""

    POSTURE = "POSTURE", _("posture")
    ADMISSION = "ADMISSION", _("work admission")
    MEASURE = "MEASURE", _("measure")
    FORM = "FORM", _("form")
    TEAMS = "TEAMS", _("teams")
    SHIFTS = "SHIFTS", _("duty shifts")
    CARD = "CARD", _("task card")
    DIRECTIVE = "DIRECTIVE", _("directive")
    CAMPAIGN = "CAMPAIGN", _("screening campaign")
    ROUND = "ROUND", _("screening round")
    # Nothing below stands in a playbook: it is found when the release asks the rooms.
    POST = "POST", _("post")
    PASSES = "PASSES", _("passes")
    CALL = "CALL", _("call of a reserve")
    REQUISITION = "REQUISITION", _("requisition")
    ROSTER = "ROSTER", _("duty roster")
    WARNING = "WARNING", _("warning")
    ZONE = "ZONE", _("risk level")
    STOCK = "STOCK", _("stock of a community")
    STORE = "STORE", _("stores of an office")
    RECORDS = "RECORDS", _("personal records")


# What does not hold up the end of the posture: what is to be given back and paid, turns of a roster that go on in routine,
# warnings and risk levels that end by rules of their own, stock that is filled up again, records whose time runs after it.
OUTLASTING = (
    StepKind.CALL,
    StepKind.REQUISITION,
    StepKind.ROSTER,
    StepKind.WARNING,
    StepKind.ZONE,
    StepKind.STOCK,
    StepKind.STORE,
    StepKind.RECORDS,
)
# The order of release: last opened first, then the posture, records last.
PHASES = {StepKind.POSTURE: 1, StepKind.RECORDS: 2}


class Rhythm(models.TextChoices):
    """How often a directive asks again for its form; the values are those of the desk's admissions."""

    WEEKLY = "WEEKLY", _("every week")
    MONTHLY = "MONTHLY", _("every month")


class PlaybookPosture(models.TextChoices):
    STANDING = "STANDING", _("standing (low)")
    EMERGENCY = "EMERGENCY", _("emergency")


class OnRelease(models.TextChoices):
    """What becomes of receipts that are still open when an activation is released."""

    RECALL = "RECALL", _("open receipts are recalled")
    FINISH = "FINISH", _("must be finished first")


# What a step of a playbook says, in the order in which its page says it. Texts have a second field, ``<name>_en``.
STEP_FIELDS = {
    "title": _("Heading"),
    "kind": _("Kind of step"),
    "key": _("Short name of the step"),
    "posture": _("Posture"),
    "measure": _("Measure"),
    "organ_types": _("To"),
    "organ_type": _("Units"),
    "campaign": _("Of the campaign"),
    "form": _("Form"),
    "basis": _("Basis"),
    "article": _("Legal basis"),
    "on_duty": _("On duty"),
    "first_hour": _("In the first hour"),
    "first_day": _("In the first day"),
    "body": _("Text"),
    "per_doors": _("Doors a team"),
    "from_hour": _("From hour"),
    "hours": _("Hours a shift"),
    "days": _("Days"),
    "review_days": _("Review after days"),
    "due_hours": _("Hours to answer"),
    "on_release": _("On release"),
}
