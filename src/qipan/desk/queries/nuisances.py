"""What units call a nuisance: how many of them, of which form or kind of work, asked by whom (SVC-13)."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count

from qipan.duties.api import Unit
from qipan.kernel.actor import Scope
from qipan.kernel.place import Range

from ..models import Nuisance, Task
from ..rules import week_of
from ..terms import Activity

WEEKS = 8  # that a form's count looks back


@dataclass(frozen=True)
class NuisanceLine:
    """One form or kind of work, who asks it, and how many units called it a nuisance."""

    what: str
    demander: str
    units: int


_titles: list[Callable[[Collection[str]], dict[str, str]]] = []


def register_titles(reader: Callable[[Collection[str]], dict[str, str]]) -> None:
    """This function will have the meter name forms by their titles; forms stand above the desk."""
    _titles[:] = [reader]


def what_of(task: Task) -> tuple[Unit, str, str] | None:
    """This function will return who is behind a task, the kind of work and its form; None for a unit's own and a drill's."""
    admission = task.admission
    demander = admission.demander if admission else task.asker
    if task.drill or demander.pk == task.owner_id:
        return None
    return (demander, admission.activity, admission.form_code) if admission else (demander, Activity.OTHER, "")


def said_lately(task: Task, *, at: datetime) -> bool:
    """This function will say whether a task's owner has called it a nuisance in this week."""
    what = what_of(task)
    if what is None:
        return False
    demander, activity, form_code = what
    rows = Nuisance.objects.everywhere("the unit's own word").filter(week=week_of(at), owner=task.owner_id)
    return rows.filter(demander=demander, activity=activity, form_code=form_code).exists()


def nuisances_on(ranges: Iterable[Range], week: date) -> list[NuisanceLine]:
    """This function will return what units on a ground called a nuisance in the week of this Monday, most units first."""
    rows = Nuisance.objects.within(Scope(tuple(ranges))).filter(week=week)
    found = list(
        rows.values("demander", "activity", "form_code")
        .annotate(units=Count("owner", distinct=True))
        .order_by("-units", "form_code", "activity", "demander")
    )
    demanders = Unit.objects.in_bulk([row["demander"] for row in found])
    codes = {row["form_code"] for row in found} - {""}
    titles = {code: title for reader in _titles for code, title in reader(codes).items()}
    return [
        NuisanceLine(
            titles.get(row["form_code"], row["form_code"]) or str(Activity(row["activity"]).label),
            demanders[row["demander"]].label,
            row["units"],
        )
        for row in found
    ]


def nuisances_of_forms(codes: Iterable[str], *, at: datetime) -> dict[str, int]:
    """This function will return how many units called each form a nuisance in the last eight weeks, anywhere."""
    since = week_of(at) - timedelta(weeks=WEEKS - 1)
    rows = Nuisance.objects.everywhere("a number of units").filter(form_code__in=list(codes), week__gte=since)
    return dict(rows.values_list("form_code").annotate(units=Count("owner", distinct=True)).order_by())
