"""Words of the forms room: what a form asks about, what an answer is, where it is held."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Subject(models.TextChoices):
    """What one filled form is about; only PERSON holds personal data."""

    UNIT = "UNIT", _("unit")
    DOOR = "DOOR", _("door")
    PERSON = "PERSON", _("person")


class FieldKind(models.TextChoices):
    """What an answer is."""

    TEXT = "TEXT", _("text")
    INTEGER = "INTEGER", _("whole number")
    DECIMAL = "DECIMAL", _("number")
    DATE = "DATE", _("date")
    CHOICE = "CHOICE", _("choice")
    PLACE = "PLACE", _("place")
    FILE = "FILE", _("file")


class Sensitivity(models.TextChoices):
    """Why a field needs a second approval (users.md, red line 4). Ethnicity and religion are not in the library."""

    NONE = "NONE", _("not sensitive")
    IDENTITY = "IDENTITY", _("identity number")
    WHEREABOUTS = "WHEREABOUTS", _("whereabouts")
    HEALTH = "HEALTH", _("health")
    FINANCE = "FINANCE", _("finance")
    MINOR = "MINOR", _("child under 14")


class Held(models.TextChoices):
    """Which of the project's own registers holds a field; what is held is never asked again (ORG-12)."""

    PLACE = "place", _("register of doors: place number")
    BUILDING = "door.building", _("register of doors: building")
    ENTRANCE = "door.entrance", _("register of doors: stairwell")
    LABEL = "door.label", _("register of doors: door")
    COMPOUND = "compound.name", _("register of compounds: name")
    COMPOUND_KIND = "compound.kind", _("register of compounds: kind")
    COMPOUND_DOORS = "compound.doors", _("register of compounds: number of doors")
    STEWARD = "compound.steward", _("register of compounds: who looks after it")
    COMMUNITY = "area.community", _("register of areas: community")
    STREET = "area.street", _("register of areas: subdistrict")
    DISTRICT = "area.district", _("register of areas: district")
    UNIT_CODE = "unit.code", _("register of units: code")
    UNIT_NAME = "unit.name", _("register of units: name")
    UNIT_KIND = "unit.kind", _("register of units: kind")
    UNIT_ABOVE = "unit.above", _("register of units: unit above")
    VALUES = "values", _("values brought from another register")


class Standing(models.TextChoices):
    """Whether a filled form is the one that counts under its id."""

    STANDS = "STANDS", _("stands")
    CHANGE = "CHANGE", _("a change of an earlier one")
    DISPUTED = "DISPUTED", _("waits for a decision")
    SET_ASIDE = "SET_ASIDE", _("set aside")


HELD_BY_ID = (Standing.STANDS, Standing.CHANGE)  # one of them for each id


class Outcome(models.TextChoices):
    """What became of one post of a filled form."""

    TAKEN = "TAKEN", _("kept, with all that belongs to it")
    PART = "PART", _("kept; files are still awaited")
    AGAIN = "AGAIN", _("the same is here already")
    DISPUTED = "DISPUTED", _("other content is here under the same id; both are kept for a decision")


class SourceKind(models.TextChoices):
    """What a source answers with."""

    CSV = "CSV", _("table (CSV)")
    JSON = "JSON", _("JSON")


class Rhythm(models.TextChoices):
    """How often a source is read."""

    HOURLY = "HOURLY", _("every hour")
    DAILY = "DAILY", _("every day")
    WEEKLY = "WEEKLY", _("every week")


# Registers that can fill in a form of each kind: a form about doors knows the door, one about units the unit.
_AREAS = {Held.PLACE, Held.COMMUNITY, Held.STREET, Held.DISTRICT, Held.VALUES}
_UNITS = {Held.UNIT_CODE, Held.UNIT_NAME, Held.UNIT_KIND, Held.UNIT_ABOVE}
FILLS_IN = {
    Subject.UNIT: _AREAS | _UNITS,
    Subject.DOOR: set(Held) - _UNITS,
    Subject.PERSON: set(Held) - _UNITS,
}
