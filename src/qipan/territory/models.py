"""Areas by date, their outlines and denominators, and the register of compounds and doors."""

from django.db import models
from django.utils.translation import get_language

from .terms import ChangeKind, CompoundKind, DenominatorKind, Hierarchy, Level


class Area(models.Model):
    """One version of an area: its name and parent hold from ``valid_from`` until before ``valid_to``.

    A renamed area is a new version with the same code; a merged one ends, and its range goes to
    the area that takes it over (``AreaRange``). Everything else in the project refers to place
    numbers, never to rows of this table, so history needs no rewriting (ORG-5).
    """

    hierarchy = models.CharField(max_length=10, choices=Hierarchy, default=Hierarchy.OFFICIAL)
    code = models.CharField(max_length=19)  # short code: 2, 4, 6, 9, 12 digits; free text when GOVERNING
    parent_code = models.CharField(max_length=19, blank=True)
    level = models.PositiveSmallIntegerField(choices=Level)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hierarchy", "code", "valid_from"], name="territory_area_version"),
            # One current version per code.
            models.UniqueConstraint(
                fields=["hierarchy", "code"], name="territory_area_current", condition=models.Q(valid_to=None)
            ),
        ]
        indexes = [models.Index(fields=["hierarchy", "parent_code"], name="territory_area_children")]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class AreaRange(models.Model):
    """A range of place numbers that the area with this code owns for a time.

    An official area owns the range of its code without a row here. Rows say what differs: a range
    taken over in a merger or a split belongs to its new owner and no longer to the area whose code
    it begins with. A governing area owns its rows and nothing else.
    """

    hierarchy = models.CharField(max_length=10, choices=Hierarchy, default=Hierarchy.OFFICIAL)
    code = models.CharField(max_length=19)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hierarchy", "code", "first", "valid_from"], name="territory_range_version"
            ),
            models.CheckConstraint(condition=models.Q(first__lte=models.F("last")), name="territory_range_order"),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.first}-{self.last}"


class Outline(models.Model):
    """The outline of an area as GeoJSON in WGS-84, rings repaired; the datum of the source is kept."""

    hierarchy = models.CharField(max_length=10, choices=Hierarchy, default=Hierarchy.OFFICIAL)
    code = models.CharField(max_length=19)
    valid_from = models.DateField()
    geometry = models.JSONField()
    simplified = models.JSONField()  # small enough for the board
    source_datum = models.CharField(max_length=10)
    source = models.CharField(max_length=200, blank=True)
    synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hierarchy", "code", "valid_from"], name="territory_outline_version")
        ]

    def __str__(self) -> str:
        return self.code


class Denominator(models.Model):
    """A dated count that a rate divides by: definition, date and source travel with it (ORG-16)."""

    hierarchy = models.CharField(max_length=10, choices=Hierarchy, default=Hierarchy.OFFICIAL)
    code = models.CharField(max_length=19)
    kind = models.CharField(max_length=10, choices=DenominatorKind)
    value = models.BigIntegerField()
    valid_from = models.DateField()
    definition = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200)
    synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hierarchy", "code", "kind", "valid_from"], name="territory_denominator_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.kind} {self.value}"


class Compound(models.Model):
    """A residential compound (estate, courtyard, village group): the unit in which doors are counted."""

    place = models.BigIntegerField(primary_key=True)  # 15-digit code and 0000
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=CompoundKind, default=CompoundKind.ESTATE)
    doors = models.PositiveIntegerField(default=0)  # kept by the register's own acts
    has_screen = models.BooleanField(default=True)  # False: directives reach it on a printed sheet
    synthetic = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name in the active language."""
        return self.name_en if self.name_en and (get_language() or "").startswith("en") else self.name


class Door(models.Model):
    """A dwelling's door: a place, never a person."""

    place = models.BigIntegerField(primary_key=True)
    building = models.CharField(max_length=12, blank=True)
    entrance = models.CharField(max_length=12, blank=True)  # stairwell
    label = models.CharField(max_length=16)  # "1203"

    def __str__(self) -> str:
        return f"{self.building}-{self.entrance}-{self.label}"


class Change(models.Model):
    """One act that changed the territory, with the source the data came from.

    The newest row is the mark by which kept look-ups are known to be fresh.
    """

    id = models.UUIDField(primary_key=True)  # version 7: ordered by time
    kind = models.CharField(max_length=12, choices=ChangeKind)
    source = models.CharField(max_length=200)
    valid_from = models.DateField()
    at = models.DateTimeField()
    synthetic = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.valid_from}: {self.source}"
