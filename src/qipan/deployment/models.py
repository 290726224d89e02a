"""Teams on their ground and duty shifts at their places."""

from django.db import models
from django.utils.translation import gettext as _

from qipan.kernel.scoped import ScopedQuerySet

LONGEST_NAME = 80  # of who stands on a shift


class Team(models.Model):
    """A mixed team of a unit on its ground for a time (FRC-3); members hold passes or posts."""

    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()  # within the unit
    source = models.CharField(max_length=40, blank=True)  # what it was formed for: "activation:12"
    place = models.BigIntegerField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    formed_at = models.DateTimeField()
    stands_down_at = models.DateTimeField()  # planned; released at the latest then
    released_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            # Forming the teams of a unit twice at the same moment gives one set of teams.
            models.UniqueConstraint(
                fields=["unit", "number", "drill"],
                name="deployment_team_once",
                condition=models.Q(released_at=None),
            )
        ]
        indexes = [models.Index(fields=["place"], name="deployment_team_place")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The team's name in the reader's language; the pattern stands in the message catalogue."""
        return _("%(unit)s, team %(number)s") % {"unit": self.unit.label, "number": self.number}


class Shift(models.Model):
    """A duty shift at a place (a gate, say); filling it is a task on the unit's desk (SCR-8)."""

    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    title = models.CharField(max_length=80)
    source = models.CharField(max_length=40)  # what it was opened for: "activation:12"
    place = models.BigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    task = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT)
    filled_by = models.CharField(max_length=LONGEST_NAME, blank=True)
    filled_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)  # the property manager was told that it is empty
    released_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            # Opening the same shifts twice gives them once.
            models.UniqueConstraint(fields=["source", "unit", "place", "starts_at"], name="deployment_shift_once")
        ]
        indexes = [
            models.Index(fields=["place", "starts_at"], name="deployment_shift_place"),
            # What runs now, anywhere? A shift is never longer than a day.
            models.Index(fields=["starts_at", "place"], name="deployment_shift_now"),
            models.Index(
                fields=["starts_at"],
                name="deployment_shift_empty",
                condition=models.Q(filled_at=None, released_at=None, warned_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.title
