"""The words of the desk: states, kinds, steps and clocks."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TaskState(models.TextChoices):
    """What the owner has done with a task; the order is the order of progress."""

    SENT = "SENT", _("sent")
    DELIVERED = "DELIVERED", _("delivered")
    READ = "READ", _("read")
    ACCEPTED = "ACCEPTED", _("accepted")
    DONE = "DONE", _("done")
    OBJECTED = "OBJECTED", _("objected")
    RECALLED = "RECALLED", _("recalled")


class StepKind(models.TextChoices):
    """What happened to a task: a change of its state, or something that its asker or the clock did."""

    SENT = "SENT", _("sent")
    DELIVERED = "DELIVERED", _("delivered")
    READ = "READ", _("read")
    ACCEPTED = "ACCEPTED", _("accepted")
    DONE = "DONE", _("done")
    OBJECTED = "OBJECTED", _("objected")
    RECALLED = "RECALLED", _("recalled")
    UPHELD = "UPHELD", _("objection upheld")
    OVERRULED = "OVERRULED", _("objection overruled")
    SUSPENDED = "SUSPENDED", _("clock stopped")
    RESUMED = "RESUMED", _("clock runs again")
    EXTENDED = "EXTENDED", _("given more time")
    HASTENED = "HASTENED", _("given less time")
    REMINDED = "REMINDED", _("reminded")
    ESCALATED = "ESCALATED", _("escalated to the level above")
    NAMED = "NAMED", _("escalated to the area's named leader")
    INHERITED = "INHERITED", _("taken over from a merged unit")


class TaskKind(models.TextChoices):
    DIRECTIVE = "DIRECTIVE", _("directive")
    CARD = "CARD", _("task card")
    SHIFT = "SHIFT", _("duty shift")
    RELEASE = "RELEASE", _("release item")
    REQUEST = "REQUEST", _("request")
    MATTER = "MATTER", _("matter")
    MEASURE = "MEASURE", _("control measure")
    GATE = "GATE", _("control at the gate")
    SUPPLY = "SUPPLY", _("supplies for residents")
    GUIDANCE = "GUIDANCE", _("guidance to residents")


# Work that touches what residents may do: each such task names the order that it carries out (FRC-6).
UNDER_ORDER = frozenset({TaskKind.GATE, TaskKind.SUPPLY, TaskKind.GUIDANCE})


class AdmissionState(models.TextChoices):
    APPLIED = "APPLIED", _("applied")
    ADMITTED = "ADMITTED", _("admitted")
    REFUSED = "REFUSED", _("refused")


class Activity(models.TextChoices):
    """What work for communities is made of (SVC-13)."""

    FORM = "FORM", _("form or ledger")
    MEETING = "MEETING", _("meeting")
    INSPECTION = "INSPECTION", _("inspection")
    OTHER = "OTHER", _("other work")


class HowOften(models.TextChoices):
    ONCE = "ONCE", _("once")
    DAILY = "DAILY", _("every day")
    WEEKLY = "WEEKLY", _("every week")
    MONTHLY = "MONTHLY", _("every month")


class ClockKind(models.TextChoices):
    """How time is counted; the values are those of ``kernel.calendar``."""

    CLOCK_HOURS = "CLOCK_HOURS", _("clock hours")
    WORKING_HOURS = "WORKING_HOURS", _("working hours")
    WORKING_DAYS = "WORKING_DAYS", _("working days")


class TerminalKind(models.TextChoices):
    """What communities must keep and look into, beside their own work (SVC-11)."""

    APP = "APP", _("app")
    SYSTEM = "SYSTEM", _("system in a browser")
    ACCOUNT = "ACCOUNT", _("public account")
    CHAT = "CHAT", _("working group in a chat")
    DEVICE = "DEVICE", _("terminal or screen")


class SignState(models.TextChoices):
    """What became of a plaque that is not on the list (SVC-12)."""

    REPORTED = "REPORTED", _("reported")
    MAY_HANG = "MAY_HANG", _("put on the list")
    TAKE_DOWN = "TAKE_DOWN", _("to be taken down")
