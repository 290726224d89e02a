"""Reading a register of doors line by line: places are numbered as they come, nothing is held but compounds."""

from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
from django.utils.translation import gettext as _

from qipan.kernel.place import CODE_LENGTHS, COMMUNITY, COMPOUND, DIGITS, code_of, place_of

from ..rules.english import english_name
from ..rules.synthetic import DOORS_MAX
from ..terms import CompoundKind
from .reading import Problems, read_lines

COLUMNS = {
    "community": ("社区代码", "社区"),
    "compound": ("小区", "院落"),
    "building": ("楼栋",),
    "entrance": ("单元",),
    "door": ("户号", "门牌", "房号"),
}
REQUIRED = ("community", "compound", "door")
COMPOUNDS_MAX = 999  # three digits
LABEL_MAX, PART_MAX, NAME_MAX = 16, 12, 80
_CODE = CODE_LENGTHS[COMMUNITY]
_FREE = 10 ** (DIGITS - _CODE)

Opened = list[int]  # a compound's place and the number of its doors so far


class RegisterReader:
    """One pass over a register file. ``rows`` yields the doors, ``compound_rows`` afterwards their compounds.

    ``is_community`` says whether a code is a community that may receive doors; ``open_community`` is called once for each
    that does, before its first door.
    """

    def __init__(
        self,
        path: Path,
        problems: Problems,
        *,
        is_community: Callable[[str], bool],
        open_community: Callable[[str], None],
    ) -> None:
        self.path = path
        self.is_community = is_community
        self.problems = problems
        self.open_community = open_community
        self.compounds: dict[tuple[str, str], Opened] = {}
        self.serials: dict[str, int] = {}  # community -> last serial; -1 where the file gives the numbers
        self.digests = array("q")
        self.doors = 0

    def rows(self) -> Iterator[tuple[int, str, str, str]]:
        """This method will yield (place, building, entrance, label) of each good line."""
        compounds, digests, add = self.compounds, self.digests, self.problems.add
        for line, (community, compound, building, entrance, label) in read_lines(
            self.path, COLUMNS, REQUIRED, self.problems
        ):
            opened = compounds.get((community, compound))
            if opened is None:
                opened = self._open(line, community, compound)
                if opened is None:
                    continue
            if not label or len(label) > LABEL_MAX or len(building) > PART_MAX or len(entrance) > PART_MAX:
                add(line, _("The door “%(label)s” is missing or too long.") % {"label": label[:40]})
            elif not (building + entrance + label).isprintable():
                add(line, _("The door has signs that cannot be printed."))
            elif opened[1] >= DOORS_MAX:
                add(line, _("A compound holds at most %(limit)s doors.") % {"limit": DOORS_MAX})
            else:
                opened[1] += 1
                digests.append(hash((opened[0], building, entrance, label)))
                yield opened[0] + opened[1], building, entrance, label
        self.doors = len(digests)
        self._find_twins()
        self.problems.check()

    def _known(self, code: str) -> bool:
        return code in self.serials or self.is_community(code)

    def _open(self, line: int, community: str, compound: str) -> Opened | None:
        """This method will give a compound met for the first time its serial; None when it cannot have one."""
        code = community[:_CODE]
        if len(community) < _CODE or community[_CODE:].strip("0") or not self._known(code):
            reason = _("“%(code)s” is not the code of a community on the map.")
            self.problems.add(line, reason % {"code": community[:40]})
            return None
        if not 0 < len(compound) <= NAME_MAX or not compound.isprintable():
            self.problems.add(line, _("The compound is missing or its name is too long."))
            return None
        numbered = compound.isascii() and compound.isdigit()
        if code not in self.serials:
            self.open_community(code)
            self.serials[code] = -1 if numbered else 0
        if numbered != (self.serials[code] == -1):
            self.problems.add(line, _("In one community compounds are either all numbered or all named."))
            return None
        serial = int(compound) if numbered and len(compound) <= 9 else self.serials[code] + 1
        if not 1 <= serial <= COMPOUNDS_MAX:
            self.problems.add(line, _("A community holds compounds 1 to %(limit)s.") % {"limit": COMPOUNDS_MAX})
            return None
        if not numbered:
            self.serials[code] = serial
        place = place_of(f"{code}{serial:03d}")
        # "1" and "001" are one compound, and so are a code and its padded form.
        key = (code, str(serial) if numbered else compound)
        opened = self.compounds.setdefault(key, [place, 0])
        self.compounds[community, compound] = opened
        return opened

    def _find_twins(self) -> None:
        """This method will report doors that stand twice: equal digests first, then the lines themselves."""
        sorted_digests = numpy.frombuffer(self.digests, dtype=numpy.int64) if self.digests else numpy.empty(0)
        sorted_digests.sort()
        twins = set(sorted_digests[1:][sorted_digests[1:] == sorted_digests[:-1]].tolist())
        if not twins:
            return
        first: dict[tuple[int, str, str, str], int] = {}
        for line, (community, compound, building, entrance, label) in read_lines(
            self.path, COLUMNS, REQUIRED, Problems()
        ):
            opened = self.compounds.get((community, compound))
            if opened is None:
                continue
            door = (opened[0], building, entrance, label)
            if hash(door) in twins and first.setdefault(door, line) != line:
                reason = _("The door stands twice, first in line %(first)s.")
                self.problems.add(line, reason % {"first": first[door]})

    def compound_rows(self) -> Iterator[tuple[int, str, str, str, int, bool, bool]]:
        """This method will yield (place, name, name_en, kind, doors, has_screen, synthetic) of each compound read."""
        seen = set()
        for (_community, name), (place, doors) in self.compounds.items():
            if place not in seen:
                seen.add(place)
                shown = _("compound %(number)s") % {"number": name} if name.isdigit() else name
                yield place, shown, english_name(shown, COMPOUND), CompoundKind.ESTATE.value, doors, True, False


def community_of(place: int) -> str:
    """This function will return the 12-digit code that the place's number begins with."""
    return code_of(place // _FREE * _FREE, COMMUNITY)
