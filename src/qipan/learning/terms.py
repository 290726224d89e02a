"""Words of the learning room: the five tests of a review, states of lessons, where weaknesses come from, lights."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FiveTest(models.TextChoices):
    """The five tests that a review answers (PRI-4: 环环相扣、协同配合、权责清晰、系统有序、运转高效)."""

    CLOSED = "CLOSED", _("Closed: does every link lead to the next, and nothing is left?")
    COOPERATIVE = "COOPERATIVE", _("Cooperative: did the organs work together?")
    CLEAR = "CLEAR", _("Clear: was it plain who answers for what?")
    ORDERED = "ORDERED", _("Ordered: was it done in order?")
    EFFICIENT = "EFFICIENT", _("Efficient: was it quick, and no heavier than needed?")


class LessonState(models.TextChoices):
    """What became of a lesson."""

    PROPOSED = "PROPOSED", _("proposed")
    ACCEPTED = "ACCEPTED", _("accepted")
    DECLINED = "DECLINED", _("declined")
    IN_PLAYBOOK = "PLAYBOOK", _("in the playbook")


class WeaknessSource(models.TextChoices):
    """Where a weakness was found."""

    REVIEW = "REVIEW", _("after-action review")
    DRILL = "DRILL", _("drill")
    HAND = "HAND", _("noted by an office")


class Light(models.IntegerChoices):
    """How prepared a community is, the gravest first. Of a community, never of a person."""

    RED = 1, _("not ready")
    AMBER = 2, _("partly ready")
    GREEN = 3, _("ready")


class Need(models.TextChoices):
    """What the readiness of a community is made of (EMG-14)."""

    ROSTER = "ROSTER", _("Posts filled")
    BACKUP = "BACKUP", _("A second contact")
    DRILL = "DRILL", _("Last drill")
    STOCK = "STOCK", _("Days of stock")
    HELPERS = "HELPERS", _("Vulnerable households with a named helper")


# The parts of an evaluation report; each is needed before an event is closed.
REPORT = {
    "planned": _("What was planned"),
    "happened": _("How it went"),
    "why": _("Why it differed"),
    "change": _("What to change"),
}
