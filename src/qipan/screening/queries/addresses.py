"""Doors as people say them: community, compound, building, stairwell, door."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qipan.kernel.place import COMMUNITY, code_of, place_text
from qipan.territory.api import Compound, Door, named_area

TOGETHER = 500


@dataclass(frozen=True)
class Address:
    """Where a door is; what the register does not say is empty."""

    place: int
    community: str
    compound: str
    building: str
    entrance: str
    door: str

    @property
    def within(self) -> str:
        """Building, stairwell and door, as they are said in the active language; the number when none is known."""
        parts = [
            _("Building %(name)s") % {"name": self.building} if self.building else "",
            _("Entrance %(name)s") % {"name": self.entrance} if self.entrance else "",
            _("Door %(name)s") % {"name": self.door} if self.door else "",
        ]
        return " ".join(filter(None, parts)) or place_text(self.place)

    def __str__(self) -> str:
        # Most compounds are named after their community: it is said once.
        community = "" if self.community and self.compound.startswith(self.community) else self.community
        return " · ".join(filter(None, (community, self.compound, self.within)))


def addresses_of(places: Iterable[int]) -> dict[int, Address]:
    """This function will return the address of each place; the caller has checked that it may be seen."""
    wanted = sorted(set(places))
    doors: dict[int, Door] = {}
    compounds: dict[int, Compound] = {}
    for first in range(0, len(wanted), TOGETHER):
        some = wanted[first : first + TOGETHER]
        doors |= Door.objects.in_bulk(some)
        compounds |= Compound.objects.in_bulk(sorted({place - place % 10_000 for place in some} - compounds.keys()))
    # A community that ended since is named as it was last.
    communities = {code: named_area(code).label for code in {code_of(place, COMMUNITY) for place in wanted}}
    found = {}
    for place in wanted:
        door, compound = doors.get(place), compounds.get(place - place % 10_000)
        found[place] = Address(
            place=place,
            community=communities[code_of(place, COMMUNITY)],
            compound=compound.label if compound else "",
            building=door.building if door else "",
            entrance=door.entrance if door else "",
            door=door.label if door else "",
        )
    return found
