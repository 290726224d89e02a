"""The address register: compounds and doors, imported or generated, always as a whole (all or nothing)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from qipan.kernel.actor import Actor
from qipan.kernel.bulk import write
from qipan.kernel.place import COMMUNITY, Range, range_of
from qipan.kernel.refusal import BadInput, Refusal

from ..ingest.counts import count_doors
from ..ingest.reading import Problems
from ..ingest.register import RegisterReader, community_of
from ..models import Area, Compound
from ..queries import OFFICIAL, areas_within, compounds_within, doors_within, joined
from ..rules.synthetic import SCALE_MAX, synthetic_compounds, synthetic_doors
from ..terms import ChangeKind
from .changes import check_ground, note

COMPOUND_COLUMNS = ("place", "name", "name_en", "kind", "doors", "has_screen", "synthetic")
DOOR_COLUMNS = ("place", "building", "entrance", "label")
Progress = Callable[[int], None] | None


class RegisterExists(Refusal):
    """The ground already has a register."""

    code = "register_exists"
    sentence = ngettext_lazy(
        "This area already has a register of %(compounds)s compound; say so if it is to be replaced.",
        "This area already has a register of %(compounds)s compounds; say so if it is to be replaced.",
        "compounds",
    )


class TerritoryMissing(Refusal):
    """There are no communities to put compounds into."""

    code = "territory_missing"
    sentence = gettext_lazy("There is no community in this area yet: import the divisions first.")


class ScaleOutOfRange(Refusal):
    """The scale is not above nought, or compounds would outgrow their four digits."""

    code = "scale_out_of_range"
    sentence = gettext_lazy("The scale must lie above 0 and be at most %(most)s.")
    status = 400


@dataclass(frozen=True)
class RegisterReport:
    """What a register came to."""

    communities: int
    compounds: int
    doors: int


def batched(ranges: Sequence[Range], size: int) -> Iterator[Sequence[Range]]:
    """This function will cut a sequence into pieces of at most ``size``."""
    for start in range(0, len(ranges), size):
        yield ranges[start : start + size]


def _clear(ranges: Iterable[Range]) -> None:
    """This function will take the register of some ground away."""
    for ground in batched(joined(ranges), 200):  # SQLite's conditions may not nest deeper than 1,000
        doors_within(ground).delete()
        compounds_within(ground).delete()


def _finish(
    act: str,
    report: RegisterReport,
    ground: list[Range],
    *,
    source: str,
    synthetic: bool,
    replaced: bool,
    by: Actor,
    at: datetime,
) -> RegisterReport:
    """This function will count the doors of all areas and note the act."""
    today = timezone.localdate(at)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE territory_door, territory_compound")
    count_doors(ground, on=today, source=source)
    note(
        act,
        ChangeKind.REGISTER,
        subject="territory.Door",
        source=source,
        valid_from=today,
        synthetic=synthetic,
        place=ground[0].first,
        data={
            "communities": report.communities,
            "compounds": report.compounds,
            "doors": report.doors,
            "replaced": replaced,
        },
        by=by,
        at=at,
    )
    return report


@transaction.atomic
def generate_register(
    ranges: Iterable[Range],
    *,
    seed: int,
    scale: float,
    by: Actor,
    at: datetime,
    replace: bool = False,
    progress: Progress = None,
) -> RegisterReport:
    """This function will give every community on this ground synthetic compounds and doors, marked as such.

    The same seed and scale give the same register. Raises ``RegisterExists`` (unless ``replace``),
    ``ScaleOutOfRange``, ``TerritoryMissing``, ``NotAllowed``, ``NotFound``.
    """
    by.require("register.edit")
    ground = list(joined(ranges))
    check_ground(by, ground)
    if not 0 < scale <= SCALE_MAX:
        raise ScaleOutOfRange(most=f"{SCALE_MAX:.2f}")
    communities = [(area.code, area.name) for area in areas_within(ground, COMMUNITY)]
    if not communities:
        raise TerritoryMissing
    held = compounds_within(ground).count()
    if held and not replace:
        raise RegisterExists(compounds=held)
    if held:
        _clear(ground)
    compounds = list(synthetic_compounds(communities, seed=seed, scale=scale))
    write("territory_compound", COMPOUND_COLUMNS, ((*compound[:6], True) for compound in compounds))
    doors = write(
        "territory_door", DOOR_COLUMNS, chain.from_iterable(map(synthetic_doors, compounds)), progress=progress
    )
    return _finish(
        "generate_register",
        RegisterReport(len(communities), len(compounds), doors),
        ground,
        source=_("synthetic example register, seed %(seed)s, scale %(scale)s") % {"seed": seed, "scale": scale},
        synthetic=True,
        replaced=held > 0,
        by=by,
        at=at,
    )


@transaction.atomic
def import_register(
    path: Path,
    *,
    by: Actor,
    at: datetime,
    source: str = "",
    replace: bool = False,
    progress: Progress = None,
) -> RegisterReport:
    """This function will read a file of doors into the register, line by line, all of it or nothing.

    Columns ``community,compound,building,entrance,door`` (Chinese headings are understood). Compounds are
    numbered 1 to 999 in the order they come, or by the file where it gives numbers; doors likewise from 1.
    The communities in the file are replaced whole, and only with ``replace`` where they have compounds.
    Raises ``BadInput`` (every bad line), ``RegisterExists``, ``TerritoryMissing``, ``NotAllowed``.
    """
    by.require("register.edit")
    path = Path(path)
    on_map = Area.objects.filter(hierarchy=OFFICIAL, valid_to=None, level=COMMUNITY)
    if not by.scope.ranges or not on_map.exists():
        raise TerritoryMissing

    def is_community(code: str) -> bool:
        return code.isdigit() and by.scope.covers(range_of(code)) and on_map.filter(code=code).exists()

    held: dict[str, int] = {}
    for place in Compound.objects.values_list("place", flat=True):
        code = community_of(place)
        held[code] = held.get(code, 0) + 1
    to_clear: list[Range] = []

    def open_community(code: str) -> None:
        if code in held:
            if not replace:
                raise RegisterExists(compounds=held[code])
            to_clear.append(range_of(code))

    def clear() -> None:
        _clear(to_clear)
        to_clear.clear()

    problems = Problems()
    reader = RegisterReader(path, problems, is_community=is_community, open_community=open_community)
    write("territory_door", DOOR_COLUMNS, reader.rows(), progress=progress, before_chunk=clear)
    if not reader.doors:
        raise BadInput([_("The file has no doors.")])
    compounds = write("territory_compound", COMPOUND_COLUMNS, reader.compound_rows())
    ground = list(joined(range_of(code) for code in reader.serials))
    return _finish(
        "import_register",
        RegisterReport(len(reader.serials), compounds, reader.doors),
        ground,
        source=source or path.name,
        synthetic=False,
        replaced=not held.keys().isdisjoint(reader.serials),
        by=by,
        at=at,
    )
