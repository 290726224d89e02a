"""Which work is admitted, and who may see an application."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from qipan.duties.api import OrganType, Unit
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, Range, code_for
from qipan.kernel.refusal import NotFound
from qipan.territory.api import AreaView, children, get_area, ground_name

from ..models import Admission
from ..terms import AdmissionState
from .desks import unit_of


@dataclass(frozen=True)
class Known:
    """What a form would ask that is known already: how many questions, how many of them, one sentence for each."""

    questions: int
    known: int
    said: tuple[str, ...]


_known: list[Callable[[str, datetime], Known | None]] = []


def register_known(reader: Callable[[str, datetime], Known | None]) -> None:
    """This function will let the room of forms say what a form or draft of a code asks that is known already.

    Desks stand below forms, so an application names a form by its code alone.
    """
    _known.append(reader)


def known_of(form_code: str, *, at: datetime) -> Known | None:
    """This function will return what of a form is known already; None without a form of this code."""
    return next((found for reader in _known if form_code and (found := reader(form_code, at))), None)


@dataclass(frozen=True)
class Fields:
    """How the room of forms answers for the dictionary."""

    of_form: Callable[[str, datetime], list[str] | None]
    labels: Callable[[], dict[str, str]]


_fields: list[Fields] = []


def register_fields(of_form: Callable[[str, datetime], list[str] | None], labels: Callable[[], dict[str, str]]) -> None:
    """This function will let the room of forms say which fields a form or draft of a code asks, and how fields are called."""
    _fields.append(Fields(of_form, labels))


def fields_of_form(form_code: str, *, at: datetime) -> list[str] | None:
    """This function will return the fields that a form or draft of a code asks; None where none is there yet."""
    return next((found for one in _fields if (found := one.of_form(form_code, at)) is not None), None)


def field_labels() -> dict[str, str]:
    """This function will return the dictionary's fields by code, in the active language."""
    return {code: label for one in _fields for code, label in one.labels().items()}


def areas_for(actor: Actor) -> list[AreaView]:
    """This function will return the areas that an application may name: what the actor's ground is, and what lies right
    below it."""
    codes = [code for part in actor.scope.ranges if (code := code_for(part))]
    wholes = [area for code in codes if (area := _area(code))]
    below = [one for area in wholes if area.level <= COMMUNITY for one in children(area.code)]
    return [one for one in (*wholes, *below) if all(actor.scope.covers(part) for part in one.ranges)]


def grounds_of(codes: Iterable[str], *, actor: Actor) -> list[Range]:
    """This function will return what areas own of the actor's ground. Raises ``NotFound`` for an unknown code."""
    return [
        part
        for code in dict.fromkeys(codes)
        for ground in get_area(code).ranges
        for part in actor.scope.narrowed(ground).ranges
    ]


def ground_names(grounds: Iterable[Sequence[int]] | None) -> str:
    """This function will name the areas for which work was admitted, in the active language; "" where none is held."""
    return ", ".join(ground_name(Range(first, last)) for first, last in grounds or [])


def _area(code: str) -> AreaView | None:
    try:
        return get_area(code)
    except NotFound:
        return None


def covers(admission: Admission | None, *, asker: Unit, kinds: Iterable[OrganType], at: datetime) -> bool:
    """This function will say whether an admission lets ``asker`` give work to these kinds of unit now.

    It must be admitted, in time, and name the kinds. It serves the unit that applied; a command may
    send what was admitted for others, since its desk is the one that work passes.
    """
    if admission is None or admission.state != AdmissionState.ADMITTED:
        return False
    if not admission.valid_from <= at < admission.valid_to:
        return False
    if admission.demander_id != asker.pk and not asker.organ_type.is_command:
        return False
    return not admission.organ_types or {kind.code for kind in kinds} <= set(admission.organ_types)


def public_admissions(*, state: str = "") -> QuerySet[Admission]:
    """This function will return the public list of applications and decisions, newest first (SVC-9)."""
    rows = Admission.objects.select_related("demander")
    if state:
        rows = rows.filter(state=state)
    return rows.order_by("-applied_at", "-pk")


def admissions_for(actor: Actor, *, at: datetime) -> QuerySet[Admission]:
    """This function will return the admissions that the actor's unit may send work under at this moment."""
    holding = Admission.objects.filter(state=AdmissionState.ADMITTED, valid_from__lte=at, valid_to__gt=at)
    unit = unit_of(actor)
    if unit is None:
        return holding.none()
    if not unit.organ_type.is_command:
        holding = holding.filter(demander=unit)
    return holding.select_related("demander").order_by("-valid_from", "-pk")


def get_admission(pk: int, *, actor: Actor) -> Admission:
    """This function will return one application: the list is public to everyone with a post.

    Raises ``NotFound`` when there is none, or the reader has no unit.
    """
    admission = Admission.objects.select_related("demander").filter(pk=pk).first()
    if admission is None or actor.unit_id is None:
        raise NotFound
    return admission


def admission_of_form(form_code: str, *, units: Iterable[int | None], state: str = "") -> Admission | None:
    """This function will return the newest application of these units (keys) that names a form; None without one.

    Drills are left out, and with a ``state`` those of another one. What another unit applies for under the same code
    says nothing of this form.
    """
    keys = [pk for pk in units if pk is not None]
    named = Admission.objects.filter(form_code=form_code, demander__in=keys, drill=False)
    if state:
        named = named.filter(state=state)
    return named.order_by("-applied_at", "-pk").first()


def waiting() -> Q:
    """This function will return the filter of applications that nobody has decided."""
    return Q(state=AdmissionState.APPLIED)


def names_of_admissions(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """This function will return the titles of admitted work by their keys, with the page where they stand."""
    titles = Admission.objects.filter(pk__in=keys).values_list("pk", "title")
    return {key: (title, "/admissions") for key, title in titles}
