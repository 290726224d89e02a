"""Organs and their ground. Kinds and names are data: nothing of one country is written in code."""

from django.db import models
from django.utils.translation import get_language


class OrganType(models.Model):
    """A kind of organ: city command, lead organisation, department, street office, community ...

    The booleans are the roles that rules ask for; the names are data in two languages (PRI-3).
    ``unit_name`` is the pattern for the name of its units; ``{area}`` stands for the area's name.
    """

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    unit_name = models.CharField(max_length=80, default="{area}")
    unit_name_en = models.CharField(max_length=80, default="{area}")
    level = models.PositiveSmallIntegerField()  # territory level at which it stands
    is_command = models.BooleanField(default=False)  # may issue directives and declare
    is_lead = models.BooleanField(default=False)  # admits work, arbitrates, convenes
    executes_only = models.BooleanField(default=False)  # communities, compounds, property companies
    authority_rank = models.PositiveSmallIntegerField(default=0)  # 0 none, 1 street, 2 district, 3 city, 4 province

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language."""
        return self.name_en if (get_language() or "").startswith("en") and self.name_en else self.name


class Unit(models.Model):
    """An organ on its ground: [first, last]. A property company has no ground but stewardships."""

    code = models.CharField(max_length=60, unique=True)  # "510104001:street-office"
    organ_type = models.ForeignKey(OrganType, on_delete=models.PROTECT)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    place = models.BigIntegerField()  # where its desk stands on the board
    first = models.BigIntegerField(null=True)
    last = models.BigIntegerField(null=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    synthetic = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["organ_type", "place"], name="duties_unit_type_place"),
            # Which units' desks stand on this ground?
            models.Index(fields=["place"], name="duties_unit_place"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language."""
        return self.name_en if (get_language() or "").startswith("en") and self.name_en else self.name


class Stewardship(models.Model):
    """A property company looks after a compound for a time (FRC-5)."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT)
    place = models.BigIntegerField()  # compound
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            # One steward at a time.
            models.UniqueConstraint(
                fields=["place"], name="duties_stewardship_current", condition=models.Q(valid_to=None)
            )
        ]
        indexes = [models.Index(fields=["place"], name="duties_stewardship_place")]

    def __str__(self) -> str:
        return f"{self.unit_id} at {self.place}"
