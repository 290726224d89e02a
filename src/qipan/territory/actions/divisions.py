"""Import of the official divisions, dated: what is added, removed, renamed or moved since the last map."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from qipan.journal.api import publish
from qipan.kernel.actor import Actor
from qipan.kernel.place import CITY, CODE_LENGTHS, COMMUNITY, PROVINCE, place_of, range_of
from qipan.kernel.refusal import Refusal

from ..ingest import divisions as sets
from ..ingest.reading import Problems
from ..models import Area
from ..rules.divisions import SHAPE, DivisionRow, synthetic_divisions, without_empty_shells
from ..terms import ChangeKind, Hierarchy
from .changes import HeldIsNewer, check_day, check_ground, note
from .restructure import return_ground


@dataclass(frozen=True)
class AreasClosed:
    """Event: from the day ``on`` the map has these areas no more, and names nobody who took them over."""

    codes: tuple[str, ...]
    on: date
    at: datetime


class TooMuchRemoved(Refusal):
    """The file would end so many areas that it is more likely torn than true."""

    code = "too_much_removed"
    sentence = ngettext_lazy(
        "This would end %(removed)s of %(held)s area. Is the file whole? Say so if it is meant.",
        "This would end %(removed)s of %(held)s areas. Is the file whole? Say so if it is meant.",
        "held",
    )


# An import that ends more than this many areas, and more than this part of them, must say that it is meant.
REMOVED_MANY, REMOVED_PART = 20, 0.1
LAST_PROVINCE = "91"  # places that begin with 92 no longer fit 63 bits


class RealTerritoryHeld(Refusal):
    """A synthetic tree would replace real divisions."""

    code = "real_territory_held"
    sentence = ngettext_lazy(
        "Real divisions of this city are held (%(count)s area); examples do not replace them.",
        "Real divisions of this city are held (%(count)s areas); examples do not replace them.",
        "count",
    )


@dataclass(frozen=True)
class ImportReport:
    """What an import changed. Each list holds (code, name), (code, old, new); ``areas`` counts the rows read."""

    areas: int
    added: list[tuple[str, ...]] = field(default_factory=list)
    removed: list[tuple[str, ...]] = field(default_factory=list)
    renamed: list[tuple[str, ...]] = field(default_factory=list)
    moved: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """The number of each kind of change."""
        return {kind: len(getattr(self, kind)) for kind in ("added", "removed", "renamed", "moved")}


def _checked(rows: Iterable[DivisionRow], problems: Problems) -> tuple[dict[str, DivisionRow], list[str]]:
    """This function will return the rows by code and their roots; bad ones go to ``problems``."""
    found: dict[str, DivisionRow] = {}
    for row in rows:
        code, level = row.code, row.level
        numeric = PROVINCE <= level <= COMMUNITY and code.isascii() and code.isdigit()
        if not numeric or len(code) != CODE_LENGTHS[level] or not "11" <= code[:2] <= LAST_PROVINCE:
            problems.add(row.line, _("“%(code)s” is not a division code of its level.") % {"code": code[:40]})
        elif code in found:
            first = found[code].line
            problems.add(row.line, _("The code %(code)s stands twice, first in line %(first)s.") % locals())
        elif not row.name or len(row.name) > 80 or len(row.name_en) > 120:
            problems.add(row.line, _("The name of %(code)s is missing or longer than 80 signs.") % {"code": code})
        elif level > PROVINCE and (
            len(row.parent_code) != CODE_LENGTHS[level - 1] or not code.startswith(row.parent_code)
        ):
            reason = _("The code %(code)s does not begin with that of its parent “%(parent)s”.")
            problems.add(row.line, reason % {"code": code, "parent": row.parent_code[:40]})
        else:
            found[code] = row
    problems.check()
    top = min((row.level for row in found.values()), default=PROVINCE)
    orphans = [row for row in found.values() if row.level > top and row.parent_code not in found]
    known = set(
        Area.objects.filter(
            hierarchy=Hierarchy.OFFICIAL, valid_to=None, code__in={row.parent_code for row in orphans[:1000]}
        ).values_list("code", flat=True)
    )
    for row in orphans:
        if row.parent_code not in known:
            problems.add(row.line, _("The parent %(parent)s is not known.") % {"parent": row.parent_code})
    problems.check()
    kept = without_empty_shells(found)
    roots = [code for code, row in kept.items() if row.parent_code not in kept]
    return kept, sorted(roots)


@transaction.atomic
def import_divisions(
    rows: Iterable[DivisionRow],
    *,
    valid_from: date,
    source: str,
    by: Actor,
    at: datetime,
    synthetic: bool = False,
    removal_meant: bool = False,
    progress: Callable[[int], None] | None = None,
    problems: Problems | None = None,
) -> ImportReport:
    """This function will make ``rows`` the map from ``valid_from`` on and report the difference to the map before.

    The rows are whole below their topmost areas: what is held there and not among them ends. Earlier
    versions stay, so a report of a past month uses that month's map. The same rows again change nothing.
    ``problems`` carries what the reader of ``rows`` found. Raises ``BadInput`` (every bad line),
    ``DayNotReached``, ``HeldIsNewer``, ``TooMuchRemoved`` (unless ``removal_meant``), ``NotAllowed``, ``NotFound``.
    """
    by.require("territory.import")
    check_day(valid_from, at)
    checked, roots = _checked(rows, problems if problems is not None else Problems())
    check_ground(by, [range_of(root) for root in roots])
    areas = len(checked)
    with sets.staged(checked.values(), roots, synthetic=synthetic, progress=progress) as staging:
        checked.clear()  # they are staged: a whole country need not be held twice
        if staging.writes_into_the_past(valid_from):
            raise HeldIsNewer(day=valid_from.isoformat())
        report = ImportReport(
            areas=areas,
            added=staging.differences(sets.ADDED),
            removed=staging.differences(sets.REMOVED),
            renamed=staging.differences(sets.RENAMED),
            moved=staging.differences(sets.MOVED),
        )
        removed, held = len(report.removed), report.areas - len(report.added) + len(report.removed)
        if removed > max(REMOVED_MANY, held * REMOVED_PART) and not removal_meant:
            raise TooMuchRemoved(removed=removed, held=held)
        changed = staging.apply(valid_from)
    return_ground((code for code, _name in report.added), valid_from)
    if changed:
        note(
            "import_divisions",
            ChangeKind.DIVISIONS,
            subject=f"territory.Area:{roots[0] if len(roots) == 1 else 'all'}",
            source=source,
            valid_from=valid_from,
            synthetic=synthetic,
            place=place_of(roots[0]) if len(roots) == 1 else None,
            data={"areas": report.areas, **report.counts},
            by=by,
            at=at,
        )
    if report.removed:
        publish(AreasClosed(tuple(code for code, _name in report.removed), valid_from, at))
    return report


@transaction.atomic
def generate_territory(
    city_code: str,
    *,
    shape: tuple[int, int, int] = SHAPE,
    valid_from: date,
    by: Actor,
    at: datetime,
) -> ImportReport:
    """This function will give a city a synthetic tree (districts, streets, communities), marked as such.

    Raises ``RealTerritoryHeld`` where real divisions are held, and what ``import_divisions`` raises.
    """
    real = Area.objects.filter(
        hierarchy=Hierarchy.OFFICIAL, valid_to=None, synthetic=False, code__startswith=city_code, level__gte=CITY
    ).count()
    if real:
        raise RealTerritoryHeld(count=real)
    return import_divisions(
        synthetic_divisions(city_code, shape),
        valid_from=valid_from,
        source=_("synthetic example divisions"),
        synthetic=True,
        by=by,
        at=at,
    )
