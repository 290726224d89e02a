"""Organs, their ground, and what they answer for. Kinds and names are data: nothing of one country is in code."""

from django.db import models
from django.utils.translation import get_language

from qipan.kernel.place import COMPOUND

from .terms import ROLE_SIGNS, ItemKind, Role


def _label(name: str, name_en: str) -> str:
    return name_en if (get_language() or "").startswith("en") and name_en else name


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
        return _label(self.name, self.name_en)


class Unit(models.Model):
    """An organ on its ground: [first, last]. A partner has no ground of its own but the compounds where it works."""

    code = models.CharField(max_length=60, unique=True)  # "510104001:street-office"
    organ_type = models.ForeignKey(OrganType, on_delete=models.PROTECT)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    credit_code = models.CharField(max_length=18, blank=True, db_default="")  # of a firm: GB 32100, 18 characters
    place = models.BigIntegerField()  # where its desk stands on the board
    first = models.BigIntegerField(null=True)
    last = models.BigIntegerField(null=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code"], name="duties_unit_credit_code", condition=~models.Q(credit_code="")
            )
        ]
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
        return _label(self.name, self.name_en)

    @property
    def looks_after(self) -> bool:
        """Whether it looks after compounds, so that their desks are its own: a partner of a kind that stands at them.

        Those who only help in a compound see their own tasks and none of the compound's (red line 6).
        """
        return self.first is None and self.organ_type.level == COMPOUND


class Stewardship(models.Model):
    """A partner works in a compound for a time: the property company that looks after it (FRC-5), or, beside it,
    a social organisation or volunteers who help there (SCR-7).
    """

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT)
    place = models.BigIntegerField()  # compound
    helps = models.BooleanField(default=False)  # beside whoever looks after it; ends with the last team there
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            # One steward at a time, and each helper once.
            models.UniqueConstraint(
                fields=["place"], name="duties_stewardship_current", condition=models.Q(valid_to=None, helps=False)
            ),
            models.UniqueConstraint(
                fields=["unit", "place"], name="duties_stewardship_help", condition=models.Q(valid_to=None, helps=True)
            ),
        ]
        indexes = [models.Index(fields=["place"], name="duties_stewardship_place")]

    def __str__(self) -> str:
        return f"{self.unit_id} at {self.place}"


class CompanyContact(models.Model):
    """Which post of a property company answers for its contract, and the post's own line (FRC-5). Never a person's."""

    unit = models.OneToOneField(Unit, on_delete=models.PROTECT, related_name="+")
    post = models.CharField(max_length=80)
    line = models.CharField(max_length=40)
    kept_at = models.DateTimeField()
    kept_by = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.unit_id}: {self.post}"


class ResponsibilityItem(models.Model):
    """Something an organ may be asked to answer for, by date: "illegal building", "street lighting".

    Which categories of matters it covers is said once, in their catalogue.
    """

    code = models.SlugField(max_length=40)
    kind = models.CharField(max_length=11, choices=ItemKind)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code"], name="duties_item_current", condition=models.Q(valid_to=None))
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language."""
        return _label(self.name, self.name_en)


class Responsibility(models.Model):
    """A line of the lists, by date: what a kind of organ, or one unit, is to an item, and on which basis.

    A unit's own line stands in place of its kind's. Lines are never changed, only ended.
    """

    item_code = models.SlugField(max_length=40, db_index=False)
    organ_type = models.ForeignKey(OrganType, null=True, on_delete=models.PROTECT, related_name="duties")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="duties")
    role = models.CharField(max_length=11, choices=Role)
    basis = models.CharField(max_length=200)
    basis_en = models.CharField(max_length=300, blank=True)
    article = models.SlugField(
        max_length=60, blank=True, db_index=False
    )  # of the register of laws, where one was chosen
    version = models.CharField(max_length=80)  # the list that it came with
    example = models.BooleanField(default=False)  # of the seed list; a city puts its own in its place
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="duties_line_one_organ",
                condition=models.Q(unit=None, organ_type__isnull=False) | models.Q(unit__isnull=False, organ_type=None),
            ),
            models.UniqueConstraint(
                fields=["item_code", "organ_type"],
                name="duties_line_of_kind",
                condition=models.Q(valid_to=None, unit=None),
            ),
            models.UniqueConstraint(
                fields=["item_code", "unit"],
                name="duties_line_of_unit",
                condition=models.Q(valid_to=None, organ_type=None),
            ),
        ]
        indexes = [
            # Who answers for this item?
            models.Index(fields=["item_code", "valid_from"], name="duties_line_item")
        ]

    def __str__(self) -> str:
        return f"{self.item_code}: {self.organ_key} {self.role}"

    @property
    def organ(self) -> OrganType | Unit:
        """The unit, or the kind of organ, whose line it is."""
        organ = self.unit or self.organ_type
        assert organ is not None
        return organ

    @property
    def organ_key(self) -> str:
        """The code of the unit ("5101:health") or of the kind ("community")."""
        return self.organ.code

    @property
    def basis_label(self) -> str:
        """The basis in the active language."""
        return _label(self.basis, self.basis_en)

    @property
    def sign(self) -> str:
        """The sign of its role, so that nothing depends on colour."""
        return ROLE_SIGNS[Role(self.role)]
