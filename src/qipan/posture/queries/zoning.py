"""What the zones say of a ground where a measure is, or would be, imposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from qipan.kernel.place import Range
from qipan.territory.api import ground_name
from qipan.zones.api import ZoneLevel, level_over, share_meeting

from .. import rules
from ..models import Measure


@dataclass(frozen=True)
class Judged:
    """A ground against what a kind of measure needs of its zones: ``reaching`` of ``of`` smallest areas have it."""

    ground: Range
    grade: rules.Grade
    reaching: int
    of: int
    lacking: tuple[str, ...]  # names of those that do not
    beyond: str  # "", rules.STRICT or rules.WIDE

    @property
    def area(self) -> str:
        """The name of the ground."""
        return ground_name(self.ground)

    @property
    def needed(self) -> str:
        """The level that it needs."""
        return level_label(self.grade.least_level)


def judge(kind: str, hazard: str, ground: Range, *, at: datetime) -> Judged | None:
    """This function will judge a kind of measure on a ground by its zones; None where it needs none."""
    grade = rules.grades().get((kind, hazard))
    if grade is None:
        return None
    share = share_meeting([ground], hazard=hazard, level=grade.least_level, at=at)
    beyond = rules.beyond(share.reaching, share.of)
    return Judged(ground, grade, share.reaching, share.of, tuple(area.label for area in share.lacking), beyond)


def carried_by_zone(measure: Measure, *, at: datetime) -> bool:
    """This function will say whether the zones of its ground justify a measure by themselves: it ends with their level."""
    if measure.over_reason or measure.drill:
        return False
    judged = judge(measure.kind, measure.hazard, Range(measure.first, measure.last), at=max(measure.starts_at, at))
    return judged is not None and not judged.beyond


@dataclass(frozen=True)
class Part:
    """A part of a ground with one level, as a page says it."""

    area: str
    level: int | None
    label: str


def parts_of(grounds: Sequence[Range], *, hazard: str, at: datetime) -> list[Part]:
    """This function will return the levels in force on grounds, part by part; last, once, what has none."""
    found = level_over(grounds, hazard=hazard, at=at)
    parts = [Part(ground_name(ground), level, level_label(level)) for ground, level in found if level is not None]
    if len(parts) < len(found):
        parts.append(Part(_("The rest") if parts else _("Everywhere"), None, level_label(None)))
    return parts


def level_label(level: int | None) -> str:
    """This function will write a zone's level; where no zone holds, it says so."""
    return _("no risk zone") if level is None else str(ZoneLevel(level).label)


def hazard_label(code: str) -> str:
    """This function will write a hazard in the reader's language."""
    name, name_en = rules.words("hazards").get(code, (code, code))
    return name if (get_language() or "").startswith("zh") else name_en


def rank_label(rank: int | None) -> str:
    """This function will write the rank of an organ."""
    names = {1: _("subdistrict"), 2: _("county or district"), 3: _("city"), 4: _("province")}
    return names.get(rank or 0, _("nobody"))
