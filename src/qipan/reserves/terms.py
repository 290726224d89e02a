"""Words of the reserves: what firms lend, and how calls, cost lines and sheets stand."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import STANDING_FIRMS

# Kinds of units that may lend, and nothing else: they never call and never requisition.
FIRMS = ("property-company", *STANDING_FIRMS)


class Capital(models.TextChoices):
    """The three capitals of the reserve of property companies (P25.3)."""

    MONEY = "MONEY", _("money and goods")
    PEOPLE = "PEOPLE", _("people")
    KNOWLEDGE = "KNOWLEDGE", _("local knowledge")


class CallKind(models.TextChoices):
    """On what the firm lends: its own agreement, or an order by law."""

    CALL = "CALL", _("call under an agreement")
    REQUISITION = "REQUISITION", _("requisition")


class CallState(models.TextChoices):
    """How a call stands."""

    TO_COME = "TO_COME", _("not begun")
    RUNNING = "RUNNING", _("running")
    ENDED = "ENDED", _("ended")


class CostKind(models.TextChoices):
    """What a line of a cost sheet is for."""

    USE = "USE", _("use")
    OTHER = "OTHER", _("cost outside the agreement")
    DAMAGE = "DAMAGE", _("damage or loss")


class CostState(models.TextChoices):
    """What the calling unit said of a line."""

    ENTERED = "ENTERED", _("to be decided")
    ACCEPTED = "ACCEPTED", _("accepted")
    OBJECTED = "OBJECTED", _("objected to")


class SheetState(models.TextChoices):
    """How a cost sheet stands."""

    OPEN = "OPEN", _("being entered")
    HANDED_IN = "HANDED_IN", _("handed in, to be decided")
    TO_PAY = "TO_PAY", _("to be paid")
    OVERDUE = "OVERDUE", _("payment overdue")
    PAID = "PAID", _("paid")
    NOTHING = "NOTHING", _("nothing to pay")


def sign_source(key: int) -> str:
    """This function will name the source of the task by which an agreement is put to its firm."""
    return f"reserve-agreement:{key}:sign"


def call_source(key: int) -> str:
    """This function will name the source of the task that a call is for its firm."""
    return f"reserve:{key}:call"


def return_source(key: int) -> str:
    """This function will name the source of the task to give back what was requisitioned."""
    return f"reserve-return:{key}"


def pay_source(key: int) -> str:
    """This function will name the source of the task to decide on a cost sheet and pay it."""
    return f"reserve-pay:{key}"


def overdue_source(key: int) -> str:
    """This function will name the source of the task that a payment is overdue."""
    return f"reserve-overdue:{key}"
