from django.db import models
from django.utils.translation import gettext_lazy as _


class Outcome(models.IntegerChoices):
    """What a visit found at a door (SCR-2). The value is its rank: of several visits in a round the

    highest stands, whatever the order in which they arrive, so late uploads and wrong device
    clocks change nothing.
    """

    NOT_HOME = 1, _("nobody home")
    VACANT_UNKNOWN = 2, _("vacant, owner unknown")
    VACANT_KNOWN = 3, _("vacant, owner known")
    APPOINTMENT = 4, _("appointment made")
    LANGUAGE_HELP = 5, _("language help needed")
    REFUSED = 6, _("refused")
    BY_PHONE = 7, _("reached by phone")
    ANSWERED = 8, _("answered")
    DEMOLISHED = 9, _("demolished")


class DoorState(models.IntegerChoices):
    """The one state of a door in a round; ``PRESUMED_VACANT`` is three times nobody home."""

    UNTOUCHED = 0, _("not yet visited")
    NOT_HOME = 1, _("nobody home")
    VACANT_UNKNOWN = 2, _("vacant, owner unknown")
    VACANT_KNOWN = 3, _("vacant, owner known")
    APPOINTMENT = 4, _("appointment made")
    LANGUAGE_HELP = 5, _("language help needed")
    REFUSED = 6, _("refused")
    BY_PHONE = 7, _("reached by phone")
    ANSWERED = 8, _("answered")
    DEMOLISHED = 9, _("demolished")
    PRESUMED_VACANT = 10, _("presumed vacant")
