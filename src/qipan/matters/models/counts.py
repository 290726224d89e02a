"""Counts kept with each step and each move, and how many reports an address sent."""

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet

from ..terms import Channel, State, StepKind
from .loop import Category


class Tally(models.Model):
    """How many steps of a kind: kept with each step, by area, category, channel, unit and month."""

    place = models.BigIntegerField()  # the community's
    # A plain number to the database, as the unit is: an import adds hundreds of thousands, each looked up already.
    category = models.ForeignKey(Category, on_delete=models.PROTECT, db_constraint=False)
    channel = models.CharField(max_length=10, choices=Channel)
    unit = models.BigIntegerField(default=0)  # 0: before a unit has it
    month = models.DateField()  # its first day, civil time
    kind = models.CharField(max_length=13, choices=StepKind)
    detail = models.CharField(max_length=30, blank=True)
    drill = models.BooleanField(default=False)
    n = models.BigIntegerField(default=0)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["place", "month", "kind", "detail", "category", "channel", "unit", "drill"],
                name="matters_tally_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.n}"


class StreetTally(models.Model):
    """The same steps by street alone: what a street or more adds up, without category and unit."""

    place = models.BigIntegerField()  # the street's
    channel = models.CharField(max_length=10, choices=Channel)
    month = models.DateField()
    kind = models.CharField(max_length=13, choices=StepKind)
    detail = models.CharField(max_length=30, blank=True)
    drill = models.BooleanField(default=False)
    n = models.BigIntegerField(default=0)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["place", "month", "kind", "detail", "channel", "drill"], name="matters_street_tally_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.n}"


class Standing(models.Model):
    """How many matters stand in a state on a community's ground, kept with each move."""

    place = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State)
    drill = models.BooleanField(default=False)
    n = models.BigIntegerField(default=0)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "state", "drill"], name="matters_standing_once")]

    def __str__(self) -> str:
        return f"{self.state} {self.n}"


class Allowance(models.Model):
    """How many reports came from one address in an hour; the address itself is not kept."""

    source = models.CharField(max_length=64)  # keyed hash, another key each day
    hour = models.DateTimeField()
    n = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "hour"], name="matters_allowance_once")]

    def __str__(self) -> str:
        return f"{self.hour:%F %H} {self.n}"
