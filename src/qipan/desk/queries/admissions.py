"""Which work is admitted, and who may see an application."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from qipan.duties.api import OrganType, Unit
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

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


def public_admissions(*, state: str = "", limit: int = 200) -> list[Admission]:
    """This function will return the public list of applications and decisions, newest first (SVC-9)."""
    rows = Admission.objects.select_related("demander")
    if state:
        rows = rows.filter(state=state)
    return list(rows.order_by("-applied_at", "-pk")[:limit])


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


def admission_of_form(form_code: str, *, units: Iterable[int | None]) -> Admission | None:
    """This function will return the newest application of these units (keys) that names a form; None without one.

    Drills are left out. What another unit applies for under the same code says nothing of this form.
    """
    keys = [pk for pk in units if pk is not None]
    named = Admission.objects.filter(form_code=form_code, demander__in=keys, drill=False)
    return named.order_by("-applied_at", "-pk").first()


def waiting() -> Q:
    """This function will return the filter of applications that nobody has decided."""
    return Q(state=AdmissionState.APPLIED)


def names_of_admissions(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """This function will return the titles of admitted work by their keys, with the page where they stand."""
    titles = Admission.objects.filter(pk__in=keys).values_list("pk", "title")
    return {key: (title, "/admissions") for key, title in titles}
