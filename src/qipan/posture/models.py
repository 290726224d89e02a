"""Declarations, postures and measures: what is in force, where, on which basis, until when."""

from datetime import datetime

from django.db import models

from . import rules
from .terms import EndKind, PostureKind, ResponseLevel, StepKind


class Declaration(models.Model):
    """Start of an emergency response: matter, level I to IV, basis, issuer, area, start, expected duration, measures.

    Emergency Response Law (2024), art. 72: one missing is refused.
    """

    number = models.CharField(max_length=60, unique=True)
    matter = models.CharField(max_length=200)
    hazard = models.SlugField(max_length=40)
    level = models.PositiveSmallIntegerField(choices=ResponseLevel)  # 1 (I, gravest) to 4 (IV)
    basis = models.CharField(max_length=300)
    issuer = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    follows = models.ForeignKey("warnings.Warning", null=True, on_delete=models.PROTECT, related_name="+")  # pre-alert
    measures = models.JSONField()  # list of sentences
    starts_at = models.DateTimeField()
    expected_until = models.DateTimeField()
    decided_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)
    drill = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.matter} ({self.level})"


class DeclarationStep(models.Model):
    """One act on a declaration, kept as a row: declared, level changed, extended, ended."""

    declaration = models.ForeignKey(Declaration, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=10, choices=StepKind)
    level = models.PositiveSmallIntegerField(choices=ResponseLevel)  # after the step
    expected_until = models.DateTimeField()  # after the step
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.kind} {self.declaration_id}"


class CommandConflict(models.Model):
    """Two commands declared against one hazard on one ground; the higher prevails there (EMG-3)."""

    prevails = models.ForeignKey(Declaration, on_delete=models.PROTECT, related_name="conflicts_won")
    yields = models.ForeignKey(Declaration, on_delete=models.PROTECT, related_name="conflicts_lost")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    level = models.PositiveSmallIntegerField(choices=ResponseLevel)  # what holds
    other_level = models.PositiveSmallIntegerField(choices=ResponseLevel)  # what gives way
    found_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.prevails_id} over {self.yields_id}"


class DeclaredGround(models.Model):
    declaration = models.ForeignKey(Declaration, on_delete=models.CASCADE, related_name="grounds")
    code = models.CharField(max_length=19)
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    def __str__(self) -> str:
        return self.code


class Posture(models.Model):
    """The posture of a ground for a time: ROUTINE needs no row, STANDING is the low one, EMERGENCY has a level."""

    declaration = models.ForeignKey(Declaration, null=True, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=PostureKind)
    level = models.PositiveSmallIntegerField(null=True, choices=ResponseLevel)
    basis = models.CharField(
        max_length=300, blank=True
    )  # of a standing posture; an emergency one has its declaration's
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField()  # expected; a posture cannot be open-ended
    ended_at = models.DateTimeField(null=True)
    rank = models.PositiveSmallIntegerField(default=0)  # authority rank of the organ that took it
    drill = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # What holds over this ground?
            models.Index(fields=["last"], name="posture_running", condition=models.Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.first}"


class Measure(models.Model):
    """A control measure: kind, ground, basis, issuer competent for it, start, expiry, review date.

    It ends by itself at ``expires_at``, or before it at ``lifted_at``; an extension is a row of its own that begins
    there. As long as its end does not stand in the journal it has an ``OpenEnd``, which says nothing of whether it holds.
    """

    declaration = models.ForeignKey(Declaration, null=True, on_delete=models.PROTECT)
    # Looked at, never looked up: an index of either would be written at each end of a measure.
    kind = models.SlugField(max_length=40, db_index=False)
    hazard = models.SlugField(max_length=40, blank=True, db_index=False)  # whose zones justify it
    title = models.CharField(max_length=200)
    basis = models.CharField(max_length=300)
    over_reason = models.CharField(max_length=300, blank=True)  # of a higher organ, beyond what the zone justifies
    guidance = models.JSONField(default=dict)  # the order's own words to residents, by language
    issuer = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    review_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)  # issuer and level above were told that the review date has passed
    lifted_at = models.DateTimeField(null=True)  # may lie ahead: what a zone no longer justifies ends in order
    end_kind = models.CharField(max_length=7, choices=EndKind, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)
    tasks_of = models.BigIntegerField(
        null=True
    )  # the measure under whose number its tasks stand: an extension goes on with them
    extends = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="extended_by")
    drill = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # What holds on this ground?
            models.Index(fields=["expires_at", "last"], name="posture_measures"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def number(self) -> str:
        """Its public number, on the order card and in complaints: "510104-12"."""
        return rules.order_number(self.first, self.pk)

    @property
    def ends_at(self) -> datetime:
        """When it ends, or ended: at its expiry, or before it when it is lifted."""
        return min(self.expires_at, self.lifted_at) if self.lifted_at else self.expires_at

    def over(self, at: datetime) -> bool:
        """This method will say whether it has ended at ``at``."""
        return self.ends_at <= at


class OpenEnd(models.Model):
    """When a measure ends, as long as that is not written down: what the minute's pass looks through and takes away.

    A row of its own, because thousands end at one minute: to take away a short row costs a tenth of what it costs to
    write a measure and its indexes anew.
    """

    measure = models.OneToOneField(Measure, on_delete=models.CASCADE, primary_key=True, related_name="open_end")
    ends_at = models.DateTimeField()  # the measure's own ``ends_at``; ``qipan verify`` compares them

    class Meta:
        indexes = [models.Index(fields=["ends_at"], name="posture_open_ends")]

    def __str__(self) -> str:
        return f"{self.measure_id} {self.ends_at}"
