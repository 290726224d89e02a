"""Who looks after which compounds, and whom of it one calls."""

from collections.abc import Iterable

from django.db.models import QuerySet

from qipan.kernel.actor import Scope
from qipan.kernel.place import Range

from ..models import CompanyContact, Stewardship, Unit


def looked_after(ranges: Iterable[Range]) -> QuerySet[Stewardship]:
    """This function will return what companies look after on a ground today, compound by compound, with the company."""
    rows = Stewardship.objects.filter(Scope(tuple(ranges)).q(), helps=False, valid_to=None, unit__valid_to=None)
    return rows.select_related("unit").order_by("place")


def contacts_of(units: Iterable[int]) -> dict[int, CompanyContact]:
    """This function will return the contacts of companies by unit; who entered none is left out."""
    return {one.unit_id: one for one in CompanyContact.objects.filter(unit__in=list(units))}


def contact_of(unit: Unit) -> CompanyContact | None:
    """This function will return the contact of a company; None where it entered none."""
    return contacts_of([unit.pk]).get(unit.pk)
