"""The words of the gateways."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EventKind(models.TextChoices):
    """What a partner may be told of a public matter."""

    OPENED = "request.opened", _("reported")
    CHANGED = "request.changed", _("moved on")
    CLOSED = "request.closed", _("closed or declined")
    REOPENED = "request.reopened", _("opened again")


class Standing(models.TextChoices):
    """Whether a subscription is sent to."""

    ACTIVE = "ACTIVE", _("active")
    PAUSED = "PAUSED", _("paused")
    STOPPED = "STOPPED", _("stopped after failures")
    ENDED = "ENDED", _("ended")


class Audience(models.TextChoices):
    """Whom a channel tells."""

    UNIT = "UNIT", _("the unit")
    MAIL = "MAIL", _("reporters, by mail")
    SMS = "SMS", _("reporters, by SMS")


class NoticeKind(models.TextChoices):
    """What a unit is told of besides its desk (ORG-11)."""

    DIRECTIVE = "DIRECTIVE", _("directive issued")
    REMINDER = "REMINDER", _("unread, or little time left")
    LATE = "LATE", _("overdue")
    POSTURE = "POSTURE", _("posture changed")
    WARNING = "WARNING", _("warning issued")


class DataType(models.TextChoices):
    """What an attribute of a service holds, in the words of GeoReport v2."""

    STRING = "string", _("a line")
    TEXT = "text", _("a text")
    NUMBER = "number", _("a number")
    DATETIME = "datetime", _("date and time")
    ONE = "singlevaluelist", _("one of a list")
    MANY = "multivaluelist", _("some of a list")
