"""The areas as the city governs them: a second hierarchy that groups streets across districts."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, DISTRICT, STREET, Range, short_code
from qipan.kernel.refusal import BadInput, NotFound

from ..ingest.counts import count_doors
from ..ingest.reading import Problems, read_lines
from ..models import Area, AreaRange
from ..queries import GOVERNING, AreaView, areas_within, get_area, joined
from ..rules.english import english_name
from ..terms import ChangeKind
from .changes import HeldIsNewer, check_day, check_ground, note

COLUMNS = {
    "code": ("代码",),
    "name": ("名称",),
    "parent_code": ("上级代码",),
    "members": ("成员", "所辖"),
    "name_en": ("英文名称",),
}
REQUIRED = ("code", "name", "parent_code", "members")


@dataclass(frozen=True)
class GoverningReport:
    """What a list of governing areas came to; ``uncovered`` are the streets that no area holds wholly."""

    areas: int
    ranges: int
    changed: int
    uncovered: list[tuple[str, str]]


@dataclass
class _Line:
    line: int
    code: str
    name: str
    name_en: str
    members: list[AreaView]
    ranges: tuple[Range, ...] = ()


def _parent(code: str) -> AreaView | None:
    try:
        return get_area(short_code(code))
    except (ValueError, NotFound):
        return None


def _members(text: str, line: int, taken: dict[str, int], problems: Problems) -> list[AreaView]:
    """This function will look up the official areas that a governing area is made of."""
    found = []
    for code in re.split(r"[;；,，、\s]+", text.strip()):
        area = _parent(code) if code else None
        if area is None or not DISTRICT <= area.level <= COMMUNITY:
            problems.add(line, _("The member “%(code)s” is no district, street or community.") % {"code": code[:40]})
        elif area.code in taken:
            problems.add(
                line, _("The member %(code)s is already in line %(first)s.") % {"code": code, "first": taken[area.code]}
            )
        else:
            taken[area.code] = line
            found.append(area)
    return found


def _read(path: Path, problems: Problems) -> tuple[AreaView, list[_Line]]:
    """This function will read the file into lines with members and the one city above them."""
    lines: list[_Line] = []
    parents: set[str] = set()
    codes: dict[str, int] = {}
    taken: dict[str, int] = {}
    for number, (code, name, parent, members, name_en) in read_lines(path, COLUMNS, REQUIRED, problems):
        if not code or len(code) > 19 or code in codes:
            problems.add(number, _("The code “%(code)s” is missing, too long or stands twice.") % {"code": code[:40]})
        if not name or len(name) > 80:
            problems.add(number, _("The name of %(code)s is missing or longer than 80 signs.") % {"code": code[:40]})
        codes.setdefault(code, number)
        parents.add(parent)
        lines.append(
            _Line(
                number, code, name, name_en or english_name(name, DISTRICT), _members(members, number, taken, problems)
            )
        )
    city = _parent(parents.pop()) if len(parents) == 1 else None
    if city is None:
        raise BadInput([*problems.found, _("All governing areas must lie under one and the same known area.")])
    problems.check()
    # The most specific member wins: a street named by one area leaves the district named by another.
    held = [(line, member) for line in lines for member in line.members]
    for line in lines:
        ground: list[Range] = []
        for member in line.members:
            others = [part for other, m in held if other is not line and m.level > member.level for part in m.ranges]
            ground += [left for part in member.ranges for left in part.without(others)]
        line.ranges = joined(ground)
        if not line.ranges:
            problems.add(
                line.line, _("Nothing is left for %(name)s: other areas hold all of it.") % {"name": line.name}
            )
        elif not all(any(whole.covers(part) for whole in city.ranges) for part in line.ranges):
            problems.add(line.line, _("%(name)s reaches beyond %(city)s.") % {"name": line.name, "city": city.name})
    problems.check()
    return city, lines


@transaction.atomic
def import_governing(path: Path, *, valid_from: date, source: str, by: Actor, at: datetime) -> GoverningReport:
    """This function will make a file's grouping the governing areas of a city from ``valid_from`` on.

    Columns ``code,name,parent_code,members``; members are codes of districts, streets or communities,
    separated by semicolons. What was held before and is different ends; the same again changes nothing.
    Raises ``BadInput`` (every bad line), ``DayNotReached``, ``HeldIsNewer``, ``NotAllowed``, ``NotFound``.
    """
    by.require("territory.import")
    check_day(valid_from, at)
    city, lines = _read(path, Problems())
    check_ground(by, city.ranges)
    held = {a.code: a for a in Area.objects.filter(hierarchy=GOVERNING, valid_to=None, parent_code=city.code)}
    elsewhere = Area.objects.filter(hierarchy=GOVERNING, valid_to=None, code__in=[line.code for line in lines])
    clash = elsewhere.exclude(parent_code=city.code).values_list("code", flat=True).first()
    if clash is not None:
        raise BadInput([_("The code “%(code)s” is missing, too long or stands twice.") % {"code": clash}])
    ground: dict[str, set[Range]] = {}
    rows = AreaRange.objects.filter(hierarchy=GOVERNING, valid_to=None, code__in=held)
    for code, first, last in rows.values_list("code", "first", "last"):
        ground.setdefault(code, set()).add(Range(first, last))
    same = {
        line.code
        for line in lines
        if (area := held.get(line.code)) is not None
        and (area.name, area.name_en) == (line.name, line.name_en)
        and ground.get(line.code) == set(line.ranges)
    }
    gone = [code for code in held if code not in same]
    fresh = [line for line in lines if line.code not in same]
    if any(held[code].valid_from > valid_from for code in gone):
        raise HeldIsNewer(day=valid_from.isoformat())
    for model in (Area, AreaRange):
        ending = model.objects.filter(hierarchy=GOVERNING, valid_to=None, code__in=gone)
        ending.filter(valid_from=valid_from).delete()
        ending.update(valid_to=valid_from)
    Area.objects.bulk_create(
        Area(
            hierarchy=GOVERNING,
            code=line.code,
            parent_code=city.code,
            level=DISTRICT,
            name=line.name,
            name_en=line.name_en,
            valid_from=valid_from,
            synthetic=city.synthetic,
        )
        for line in fresh
    )
    AreaRange.objects.bulk_create(
        AreaRange(hierarchy=GOVERNING, code=line.code, first=part.first, last=part.last, valid_from=valid_from)
        for line in fresh
        for part in line.ranges
    )
    if fresh:
        count_doors([part for line in fresh for part in line.ranges], on=valid_from)
    covered = joined(part for line in lines for part in line.ranges)
    uncovered = [
        (street.code, street.label)
        for street in areas_within(city.ranges, STREET)
        if not all(any(whole.covers(part) for whole in covered) for part in street.ranges)
    ]
    changed = len({*gone, *(line.code for line in fresh)})
    if changed:
        note(
            "import_governing",
            ChangeKind.GOVERNING,
            subject=f"territory.Area:{city.code}",
            source=source,
            valid_from=valid_from,
            synthetic=city.synthetic,
            place=city.place,
            data={"areas": len(lines), "changed": changed, "uncovered": len(uncovered)},
            by=by,
            at=at,
        )
    return GoverningReport(len(lines), sum(len(line.ranges) for line in lines), changed, uncovered)
