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


class TaskKind(models.TextChoices):
    DIRECTIVE = "DIRECTIVE", _("directive")
    CARD = "CARD", _("task card")
    SHIFT = "SHIFT", _("duty shift")
    RELEASE = "RELEASE", _("release item")
    REQUEST = "REQUEST", _("request")


class AdmissionState(models.TextChoices):
    APPLIED = "APPLIED", _("applied")
    ADMITTED = "ADMITTED", _("admitted")
    REFUSED = "REFUSED", _("refused")


class ClockKind(models.TextChoices):
    CLOCK_HOURS = "CLOCK_HOURS", _("clock hours")
    WORKING_HOURS = "WORKING_HOURS", _("working hours")
    WORKING_DAYS = "WORKING_DAYS", _("working days")
