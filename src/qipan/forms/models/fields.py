"""The field dictionary: what may be asked, who answers for it, and what is held already (ORG-12)."""

from django.db import models
from django.utils.translation import get_language

from ..terms import FieldKind, Held, Sensitivity, Subject


class FieldEntry(models.Model):
    """One field with its one authoritative source, by date. Lines are never changed, only ended."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=FieldKind)
    about = models.CharField(max_length=10, choices=Subject)
    source = models.CharField(max_length=160)  # the authoritative source, in words
    source_en = models.CharField(max_length=200)
    owner = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    held = models.CharField(max_length=20, choices=Held, blank=True)
    retention_days = models.PositiveIntegerField()  # of an answer, from the day it was given
    sensitivity = models.CharField(max_length=12, choices=Sensitivity, default=Sensitivity.NONE)
    example = models.BooleanField(default=False)  # of the seed list; a city puts its own in its place
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code"], name="forms_field_current", condition=models.Q(valid_to=None))
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name

    @property
    def source_label(self) -> str:
        """The authoritative source in the active language."""
        return self.source_en if (get_language() or "").startswith("en") else self.source


class FieldValues(models.Model):
    """One delivery of values of a field by the register that holds it: which file or source, when, by whom."""

    field_code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    as_of = models.DateField()
    at = models.DateTimeField()
    by_label = models.CharField(max_length=200)
    source = models.ForeignKey(
        "forms.DataSource", null=True, on_delete=models.PROTECT, related_name="deliveries"
    )  # that it was pulled from; none for a file brought by hand

    class Meta:
        indexes = [models.Index(fields=["field_code", "-id"], name="forms_values_of_field")]

    def __str__(self) -> str:
        return f"{self.field_code}: {self.name}"


class FieldValue(models.Model):
    """What another register says of a place: never of a person."""

    delivery = models.ForeignKey(FieldValues, on_delete=models.CASCADE)
    field_code = models.CharField(max_length=40)
    place = models.BigIntegerField()
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["field_code", "place"], name="forms_value_of_place")]

    def __str__(self) -> str:
        return f"{self.field_code} of {self.place}"
