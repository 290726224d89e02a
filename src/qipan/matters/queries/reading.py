"""Matters as posts see them: the inbox with its filters, one matter with its history, who blocks it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Concat
from django.utils.translation import gettext as _now

from qipan.desk.api import Task
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.ids import key_of
from qipan.kernel.place import COMMUNITY, Range, code_of, level_of, place_text, range_of, short_code
from qipan.kernel.refusal import NotFound
from qipan.kernel.rows import Reading
from qipan.territory.api import Compound, areas_within

from ..models import Category, Handling, Matter, MatterStep, Report, Standing
from ..rules.joint import Site
from ..rules.limits import COMMUNITY_SIZE
from ..rules.points import middle_of
from ..terms import Part, State
from .joining import following, shown_photos

PAGE = 50
MANY = 5_000  # so many are not sorted for one page
# The dispatcher's chips: what waits for which decision.
SHOWS: dict[str, tuple[State, ...]] = {
    "new": (State.REPORTED,),
    "filed": (State.FILED,),
    "handled": (State.DISPATCHED,),
    "objected": (State.OBJECTED,),
    "verify": (State.DONE, State.DISPUTED),
    "waiting": (State.VERIFIED,),
    "shelved": (State.SHELVED,),
    "ended": (State.CLOSED, State.DECLINED, State.DUPLICATE),
}


@dataclass(frozen=True)
class Chip:
    """A filter of the inbox and how many matters it shows, from the kept counts."""

    show: str
    n: int


_MATTER = Reading[Matter](
    lambda scope, pk: (
        Matter.objects.within(scope)
        .select_related("category", "handler", "first_receiver", "ruled", "merged_into", "waiting__owner")
        .filter(pk=pk)
    )
)
_STEPS = Reading[MatterStep](
    lambda matter: MatterStep.objects.filter(matter=matter).select_related("unit").order_by("pk")
)
_PARTS = Reading[Handling](
    lambda matter: Handling.objects.filter(matter=matter).select_related("unit", "task").order_by("pk")
)
_REPORTS = Reading[Report](lambda matter: following(matter).select_related("matter").order_by("pk"))
_LISTED = Reading[Matter](
    lambda keys: (
        Matter.objects.everywhere("they were found on the ground")
        .select_related("category", "handler", "waiting")
        .filter(pk__in=keys)
    )
)
_CONTACTS = Reading[tuple[int]](lambda matter: following(matter).filter(contact__isnull=False).values_list("pk"))
_PICTURES = Reading[tuple[int, int | None]](lambda matter: shown_photos(matter).values_list("pk", "report"))
_CATALOGUE = Reading[Category](lambda: Category.objects.filter(valid_to=None).order_by("code"))
_TARGETS = Reading[Unit](
    lambda first, last: (
        Unit.objects.filter(first__lte=first, last__gte=last, valid_to=None, organ_type__is_lead=False)
        .select_related("organ_type")
        .order_by("organ_type__level", "pk")
    )
)


def get_matter(pk: int, *, actor: Actor) -> Matter:
    """This function will return a matter on the actor's ground; missing and out of scope look alike (``NotFound``)."""
    found = _MATTER.one(actor.scope, pk)
    if found is None:
        raise NotFound
    return found


def pk_of(number: str) -> int | None:
    """This function will read a matter's number as people write it ("2026-000123", or only the last part)."""
    return key_of(number.strip().rpartition("-")[2].lstrip("0"))


def inbox(
    ranges: Iterable[Range],
    *,
    show: str,
    category: str = "",
    unit: int | None = None,
    before: int | None = None,
    many: bool = False,
    drill: bool = False,
) -> QuerySet[Matter]:
    """This function will return the matters behind a chip on a ground, newest first, ``before`` a key for paging; those
    of a drill or, as the chips count them, the others.

    ``many``: so many stand there, as the kept counts say, that the newest of them are soon found.
    """
    states = SHOWS[show]
    rows = newest(Scope(tuple(ranges)), states, many=many and (unit is None or len(states) > 1)).filter(drill=drill)
    if category:  # where few stand behind the chip they are looked through; a common category holds more
        rows = of_categories(rows, Category.objects.filter(code=category), walked=not many)
    if unit is not None:
        rows = rows.filter(handler=unit)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return rows


def newest(scope: Scope, states: Iterable[State], *, many: bool) -> QuerySet[Matter]:
    """This function will return the matters of a ground that stand in some states, newest first.

    ``many``: they are found by walking from the newest on, and not by looking for all of them and sorting.
    PostgreSQL sees that by its statistics; SQLite is told: place and state are then looked at, not looked up.
    """
    wanted = [str(state) for state in states]
    if many and connection.vendor == "sqlite":
        ground = ExpressionWrapper(F("place") + 0, BigIntegerField())
        walked: QuerySet[Matter] = Matter.objects.everywhere("the ground is a condition on what is walked over")
        looked_at = walked.alias(ground=ground, standing=Concat("state", Value("")))
        return looked_at.filter(scope.q("ground"), standing__in=wanted).order_by("-pk")
    found: QuerySet[Matter] = Matter.objects.within(scope).filter(state__in=wanted).order_by("-pk")
    return found


def of_categories(rows: QuerySet[Matter], categories: QuerySet[Category], *, walked: bool) -> QuerySet[Matter]:
    """This function will keep what is of some categories; their keys, so that the database knows how many of each there are.

    ``walked``: the rows are found otherwise. SQLite is told, as in ``newest``.
    """
    keys = list(categories.values_list("pk", flat=True))
    if not (walked and connection.vendor == "sqlite"):
        return rows.filter(category__in=keys)
    return rows.alias(kind=ExpressionWrapper(F("category_id") + 0, BigIntegerField())).filter(kind__in=keys)


def are_common(categories: QuerySet[Category]) -> bool:
    """This function will say whether there are more matters of some categories than are sorted for one page."""
    keys = list(categories.values_list("pk", flat=True))
    held = Matter.objects.everywhere("how many there are, to read them the shorter way").filter(category__in=keys)
    return held.order_by().values("pk")[: MANY + 1].count() > MANY


def first_of(rows: QuerySet[Matter], n: int) -> list[Matter]:
    """This function will return the first of a list with their category, handler and waiting task.

    Their keys first: joined to them, SQLite would begin at the categories and sort all that stand there.
    """
    keys = list(rows.values_list("pk", flat=True)[:n])
    found = {one.pk: one for one in _LISTED(keys)}
    return [found[key] for key in keys if key in found]


def chips(ranges: Iterable[Range], *, drill: bool = False) -> list[Chip]:
    """This function will sum the kept counts of a ground for each chip."""
    held = standing(Scope(tuple(ranges)), drill=drill)
    return [Chip(show, sum(held.get(state, 0) for state in states)) for show, states in SHOWS.items()]


def waiting_by_place(scope: Scope, *, drill: bool) -> list[tuple[int, int, int]]:
    """This function will return for each community on a ground how many matters are newly reported and how many are in
    hand, from the kept counts.
    """
    rows = Standing.objects.within(scope).filter(drill=drill).order_by().values_list("place")
    new, handled = (Coalesce(Sum("n", filter=Q(state__in=SHOWS[show])), 0) for show in ("new", "handled"))
    return list(rows.annotate(new=new, handled=handled))


def standing(scope: Scope, *, drill: bool = False) -> dict[str, int]:
    """This function will return how many matters of a ground stand in each state, from the kept counts."""
    rows = Standing.objects.within(scope).filter(drill=drill)
    return dict(rows.order_by().values_list("state").annotate(total=Sum("n")))


def history(matter: Matter) -> list[MatterStep]:
    """This function will return every step of a matter, each with its actor: no gap (ORG-15)."""
    return _STEPS(matter.pk)


def parts_of(matter: Matter) -> list[Handling]:
    """This function will return all parts that units had in a matter, the primary ones first."""
    return sorted(_PARTS(matter.pk), key=lambda part: (part.ended_at is not None, part.part != Part.PRIMARY, part.pk))


def is_late(task: Task, *, at: datetime) -> bool:
    """This function will say whether a task blocks: it is open, its clock runs, and its time is over."""
    return task.closed_at is None and task.suspended_at is None and task.due_at is not None and task.due_at < at


def late_parts(parts: Iterable[Handling], *, at: datetime) -> list[Handling]:
    """This function will return the open parts that are late: who blocks the matter (ORG-8)."""
    return [part for part in parts if part.ended_at is None and is_late(part.task, at=at)]


def blocked_by(matter: Matter, *, at: datetime) -> list[Handling]:
    """This function will return the late parts of a matter, as ``late_parts``."""
    return late_parts(parts_of(matter), at=at)


def reports_of(matter: Matter) -> list[Report]:
    """This function will return the reports of a matter and of those joined to it, the first one first."""
    return _REPORTS(matter.pk)


def with_contact(matter: Matter) -> set[int]:
    """This function will return the reports that follow a matter whose reporter can be reached."""
    return {pk for (pk,) in _CONTACTS(matter.pk)}


def pictures_of(matter: Matter) -> list[tuple[int, int | None]]:
    """This function will return the keys of a matter's photographs, each with its report, None where it shows what was done."""
    return _PICTURES(matter.pk)


def nonces_held(nonces: Iterable[str]) -> set[str]:
    """This function will return which of these reports, by their nonces, were taken."""
    return set(Report.objects.filter(nonce__in=list(nonces)).values_list("nonce", flat=True))


def categories() -> list[Category]:
    """This function will return the catalogue in force, in the order of its codes."""
    return _CATALOGUE()


def get_category(code: str) -> Category:
    """This function will return a category in force; raises ``NotFound``."""
    found = Category.objects.filter(code=code, valid_to=None).first()
    if found is None:
        raise NotFound
    return found


def report_counts(matters: Iterable[Matter]) -> dict[int, int]:
    """This function will count who reported each of these matters, or what was joined to it."""
    wanted = [one.pk for one in matters]
    every = Matter.objects.everywhere("their reports follow what was gated")
    counts = dict.fromkeys(wanted, 0)
    rows = every.filter(Q(pk__in=wanted) | Q(root__in=wanted)).order_by().values_list("pk", "root")
    for key, root, n in rows.annotate(n=Count("reports")):
        for one in {key, root} & counts.keys():
            counts[one] += n
    return counts


def place_names(places: Iterable[int]) -> dict[int, str]:
    """This function will say places in words, compound or community, else what is larger; one statement for each level."""
    wanted = set(places)
    compounds = {place: place - place % 10_000 for place in wanted}
    names = dict(Compound.objects.filter(place__in=set(compounds.values())).values_list("place", "name"))
    rest = {place: short_code(code_of(place, COMMUNITY)) for place in wanted if compounds[place] not in names}
    levels: dict[int, set[str]] = defaultdict(set)
    for code in rest.values():
        levels[level_of(code)].add(code)
    areas = {
        area.code: area.label
        for level, codes in levels.items()
        for area in areas_within([range_of(code) for code in codes], level)
    }
    return {
        place: names.get(compounds[place]) or areas.get(rest.get(place, ""), "") or place_text(place)
        for place in wanted
    }


def site_names(sites: Iterable[Site]) -> dict[Site, str]:
    """This function will say the places in words at which things keep coming back: which compound, around which point of
    which community, or the community as a whole.
    """
    wanted = set(sites)
    names = place_names(site.place for site in wanted)
    return {site: _site_name(site, names[site.place]) for site in wanted}


def _site_name(site: Site, name: str) -> str:
    if site.cell:
        return _now("%(area)s, around %(point)s") % {"area": name, "point": middle_of(site.cell).label}
    if site.place % COMMUNITY_SIZE:
        return name
    return _now("%(area)s as a whole, no nearer place told") % {"area": name}


def targets(matter: Matter) -> list[Unit]:
    """This function will return the units that work at a matter's place, the highest level first; the rules then decide."""
    return _TARGETS(matter.place, matter.place)
