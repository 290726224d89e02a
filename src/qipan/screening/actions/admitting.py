"""What visits at doors rest on, and what they cost the communities (SVC-9, SVC-13)."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from qipan.desk.api import Admission, ask_work, check_admission, communities_with, hours_of
from qipan.duties.api import OrganType, Unit
from qipan.kernel.place import COMMUNITY, Range
from qipan.kernel.refusal import Refusal
from qipan.posture.api import Declaration, declared_over

from ..models import Campaign, Coverage, Round
from ..rules import MOST_MINUTES


class VisitsNotAdmitted(Refusal):
    """SVC-9: in routine the lead organisation decides first; in an emergency its declaration covers the ground."""

    code = "visits_not_admitted"
    sentence = _(
        "Visits to doors need a work admission of the lead organisation, or a declaration in force that covers the "
        "ground. Nothing was opened."
    )


class CostsMoreThanAdmitted(Refusal):
    """SVC-9: hours were admitted with the work, and no more are asked."""

    code = "costs_more_than_admitted"
    sentence = _(
        "“%(title)s” was admitted with %(admitted)s working hours on this ground; a visit to each of its doors takes "
        "%(asked)s."
    )


class MinutesWrong(Refusal):
    code = "minutes_wrong"
    sentence = _("A visit takes between 1 and %(most)s minutes.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="minutes_per_visit", most=MOST_MINUTES)


def check_rest(
    admission: Admission | None,
    declaration: Declaration | None,
    *,
    unit: Unit,
    grounds: Iterable[Range] = (),
    at: datetime,
    drill: bool,
) -> bool:
    """This function will refuse visits that rest on nothing; returns whether a declaration covers them.

    An admission that was given for an emergency holds no longer and no further than its declaration. Raises
    ``VisitsNotAdmitted`` and, from the desk, ``NotAdmitted``, ``GroundNotAdmitted``.
    """
    grounds = list(grounds)
    if declaration is not None and declared_over(declaration.number, grounds, at=at, drill=drill):
        return True
    if admission is None or admission.declaration:
        raise VisitsNotAdmitted
    kinds = list(OrganType.objects.filter(executes_only=True, level=COMMUNITY))
    check_admission(admission, grounds, asker=unit, kinds=kinds, at=at, drill=drill)
    return False


def put_on_meter(found: Round, campaign: Campaign, *, declared: bool, at: datetime) -> None:
    """This function will put a round on the burden meter: its doors times the minutes of a visit, community by community.

    Once, from the register that it has just fixed; whoever sends the visits changes nothing. Raises
    ``CostsMoreThanAdmitted`` where no declaration covers it.
    """
    rows = Coverage.objects.everywhere("the round's own register").filter(round=found)
    doors = communities_with(rows.values_list("place", "doors"))
    minutes = {unit: count * (found.minutes_per_visit or 0) for unit, count in doors.items()}
    admission = campaign.admission
    if admission is not None and not declared and sum(minutes.values()) > admission.minutes_per_unit * len(minutes):
        raise CostsMoreThanAdmitted(
            title=admission.title,
            admitted=hours_of(admission.minutes_per_unit, len(minutes)),
            asked=hours_of(sum(minutes.values()), 1),
        )
    if campaign.drill:
        return
    told = {"activity": admission.activity} if admission is not None else {}
    demander = admission.demander if admission is not None else campaign.unit
    ask_work(f"round:{found.pk}", minutes, demander=demander, **told, at=at)
