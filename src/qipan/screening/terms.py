from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.place import DIGITS

SAMPLED_PLACES = 10 ** (DIGITS - 6)  # how coverage went is kept district by district: the places of one


class Outcome(models.IntegerChoices):
    """What a visit found at a door (SCR-2). The value is its rank: of several visits in a round the

    highest stands, whatever the order in which they arrive, so late uploads and wrong device
    clocks change nothing. What another person says on a household's behalf (``BY_PROXY``: a neighbour, a child living
    elsewhere, the landlord) is worth less than what the household says itself, and more than no answer; who it was is
    kept nowhere (ADR 30).
    """

    NOT_HOME = 1, _("nobody home")
    VACANT_UNKNOWN = 2, _("vacant, owner unknown")
    VACANT_KNOWN = 3, _("vacant, owner known")
    APPOINTMENT = 4, _("appointment made")
    LANGUAGE_HELP = 5, _("language help needed")
    REFUSED = 6, _("refused at the door")
    BY_PROXY = 7, _("answered on their behalf")
    BY_PHONE = 8, _("reached by phone")
    ANSWERED = 9, _("answered")
    DEMOLISHED = 10, _("demolished")


class DoorState(models.IntegerChoices):
    """The one state of a door in a round; ``PRESUMED_VACANT`` is three times nobody home."""

    UNTOUCHED = 0, _("not yet visited")
    NOT_HOME = 1, _("nobody home")
    VACANT_UNKNOWN = 2, _("vacant, owner unknown")
    VACANT_KNOWN = 3, _("vacant, owner known")
    APPOINTMENT = 4, _("appointment made")
    LANGUAGE_HELP = 5, _("language help needed")
    REFUSED = 6, _("refused at the door")
    BY_PROXY = 7, _("answered on their behalf")
    BY_PHONE = 8, _("reached by phone")
    ANSWERED = 9, _("answered")
    DEMOLISHED = 10, _("demolished")
    PRESUMED_VACANT = 11, _("presumed vacant")


SETTLED = tuple(
    state
    for state in DoorState
    if state not in (DoorState.UNTOUCHED, DoorState.NOT_HOME, DoorState.APPOINTMENT, DoorState.LANGUAGE_HELP)
)
UNSETTLED = tuple(state for state in DoorState if state not in SETTLED)


class NextStep(models.TextChoices):
    """What is to be done at a door next, by its state (SCR-2)."""

    VISIT = "VISIT", _("visit")
    VISIT_AGAIN = "VISIT_AGAIN", _("visit again at another time of day")
    KEEP_APPOINTMENT = "KEEP_APPOINTMENT", _("come at the agreed time")
    BRING_INTERPRETER = "BRING_INTERPRETER", _("come with an interpreter")
    EXPLAIN_AND_OFFER = "EXPLAIN_AND_OFFER", _("explain in writing, offer the phone")
    FIND_OWNER = "FIND_OWNER", _("ask the property company for the owner")
    ASK_OWNER = "ASK_OWNER", _("ring the owner")
    CHECK_AGAIN = "CHECK_AGAIN", _("check again whether it stands empty")
    CORRECT_REGISTER = "CORRECT_REGISTER", _("take it off the register")
    NOTHING = "NOTHING", _("nothing more")


class Decision(models.TextChoices):
    """What a person decides about a conflict."""

    KEPT = "KEPT", _("the first one stands")
    REPLACED = "REPLACED", _("the second one replaces it")


class Came(models.TextChoices):
    """What is said at a door that is seen again: did somebody come in the round?"""

    YES = "YES", _("yes, somebody came or rang up")
    NO = "NO", _("no, nobody came")
    UNKNOWN = "UNKNOWN", _("nobody could say")


class Verdict(models.TextChoices):
    """Whether a door that is seen again bears out what the round says of it."""

    SAME = "SAME", _("borne out")
    DIFFERENT = "DIFFERENT", _("not borne out")
    UNCLEAR = "UNCLEAR", _("cannot be told")
