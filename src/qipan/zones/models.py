"""Rule sets by date, daily counts with their corrections, and the levels that areas have."""

from django.db import models
from django.utils.translation import get_language

from qipan.kernel.scoped import ScopedQuerySet

from .terms import ZoneLevel, ZoneUnit


class RuleSet(models.Model):
    """A rule of levels for one hazard, from a day until before another: inputs, thresholds, windows, unit of area.

    A version is never changed; a new one begins where the old one ends. ``trial`` is one that is only compared.
    """

    code = models.SlugField(max_length=40)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=120)
    hazard = models.SlugField(max_length=40)
    unit = models.PositiveSmallIntegerField(choices=ZoneUnit)  # the smallest area that gets a level of its own
    unit_reason = models.CharField(max_length=300, blank=True)  # why no smaller area than that; a community needs none
    levels = models.JSONField()  # as rules.sets.RuleText writes it
    minimum_rank = models.PositiveSmallIntegerField()  # OrganType.authority_rank of the organ that confirms a level
    basis = models.CharField(max_length=300)
    source = models.CharField(max_length=300)
    note = models.CharField(max_length=400, blank=True)
    note_en = models.CharField(max_length=400, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    ends_at = models.DateTimeField(null=True)  # the first moment of ``valid_to`` on the city's clock
    end_basis = models.CharField(max_length=300, blank=True)
    trial = models.BooleanField(default=False)
    published_at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="zones_ruleset_version")]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"

    @property
    def label(self) -> str:
        """The title in the active language."""
        return self.title_en if (get_language() or "").startswith("en") else self.title

    @property
    def note_text(self) -> str:
        """The note in the active language."""
        return self.note_en if self.note_en and (get_language() or "").startswith("en") else self.note


class Count(models.Model):
    """How many of one input an area had on one local calendar day: a number, never persons.

    ``place`` is the area's own place number, ``level`` its size; ``n`` is what is known now.
    """

    hazard_input = models.SlugField(max_length=40, db_index=False)
    place = models.BigIntegerField()
    level = models.PositiveSmallIntegerField(choices=ZoneUnit)
    day = models.DateField()
    n = models.PositiveIntegerField()
    unit = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT)  # which office said it last
    at = models.DateTimeField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hazard_input", "place", "level", "day"], name="zones_count_once"),
        ]
        indexes = [models.Index(fields=["place", "day"], name="zones_count_ground")]

    def __str__(self) -> str:
        return f"{self.hazard_input} {self.place} {self.day}: {self.n}"


class Correction(models.Model):
    """One change of a count that was given before: both values, why, and when it was said."""

    hazard_input = models.SlugField(max_length=40, db_index=False)
    place = models.BigIntegerField()
    level = models.PositiveSmallIntegerField(choices=ZoneUnit)
    day = models.DateField()
    before = models.PositiveIntegerField()
    after = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    source = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["place", "at"], name="zones_correction_ground")]

    def __str__(self) -> str:
        return f"{self.hazard_input} {self.place} {self.day}: {self.before} -> {self.after}"


class RiskZone(models.Model):
    """The level of an area from a moment on, confirmed by an official; it holds until another one begins.

    One row for each range that the area owns; the row with ``first == place`` stands for the area in lists.
    ``reasons`` says which input met which threshold on which days, as ``rules.engine.Reason`` writes it.
    """

    rule_set = models.ForeignKey(RuleSet, on_delete=models.PROTECT)
    hazard = models.SlugField(max_length=40, db_index=False)
    code = models.CharField(max_length=19)
    area_level = models.PositiveSmallIntegerField(choices=ZoneUnit)
    place = models.BigIntegerField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    level = models.PositiveSmallIntegerField(choices=ZoneLevel)
    reasons = models.JSONField()
    counted_to = models.DateField()  # the last day whose counts were looked at
    words = models.CharField(max_length=300, blank=True)  # why it is lower than the rule says
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField()
    unit = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT)
    by_label = models.CharField(max_length=120)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            # An area has one level at a time.
            models.UniqueConstraint(
                fields=["hazard", "first", "area_level"], name="zones_one_level", condition=models.Q(ends_at=None)
            ),
        ]
        indexes = [
            # What holds over this ground?
            models.Index(fields=["last"], name="zones_running", condition=models.Q(ends_at=None)),
            models.Index(fields=["place", "starts_at"], name="zones_history"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.level}"
