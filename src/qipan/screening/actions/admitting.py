"""What visits at doors rest on, and what they cost the communities (SVC-9, SVC-13)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import Admission, ask_work, check_admission, communities_with, hours_of
from qipan.duties.api import OrganType, Unit
from qipan.kernel.place import COMMUNITY, Range
from qipan.kernel.refusal import Refusal
from qipan.posture.api import Declaration, declared_over

from ..models import Campaign, Coverage, Recount, RecountTally, Round
from ..rules import MINUTES_PER_VISIT, MOST_MINUTES, RECOUNT_SHARE, sample_size


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
        "“%(title)s” was admitted with %(admitted)s working hours on this ground; a visit to each of its doors and the "
        "independent recount take %(asked)s."
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
    check_admission(admission, grounds, asker=unit, kinds=communities(), at=at, drill=drill)
    return False


def communities() -> list[OrganType]:
    """This function will return the kinds of units that knock at doors, and do only what they are asked."""
    return list(OrganType.objects.filter(executes_only=True, level=COMMUNITY))


def put_on_meter(found: Round, campaign: Campaign, *, declared: bool, at: datetime) -> None:
    """This function will put a round on the burden meter: its doors times the minutes of a visit, community by community.

    Once, from the register that it has just fixed; whoever sends the visits changes nothing. What the usual recount of it
    will take is weighed with it, rounded up in each community, so that it can be drawn at whichever level. Raises
    ``CostsMoreThanAdmitted`` where no declaration covers it.
    """
    doors = communities_with(_register(found).values_list("place", "doors"))
    minutes = {unit: count * (found.minutes_per_visit or 0) for unit, count in doors.items()}
    again = sum(sample_size(count, RECOUNT_SHARE) for count in doors.values()) * (found.minutes_per_visit or 0)
    if not declared:
        _weigh(campaign, asked=sum(minutes.values()) + again, communities=len(minutes))
    _ask(f"round:{found.pk}", minutes, campaign, at=at)


def put_recount_on_meter(recount: Recount, *, at: datetime) -> None:
    """This function will put the drawn doors of a recount on the burden meter, beside those of its round.

    It is part of the round's own work: it needs no admission beside that one, also where that one has run out by now, and
    goes no further than its hours. Raises ``CostsMoreThanAdmitted`` where no declaration covered the round.
    """
    found = recount.round
    campaign, visit = found.campaign, found.minutes_per_visit or MINUTES_PER_VISIT
    drawn = RecountTally.objects.everywhere("the round's own recounts").filter(recount__round=found)
    if not _was_declared(found):
        doors = communities_with(_register(found).values_list("place", "doors"))
        again = communities_with(drawn.values_list("place", "drawn"))
        asked = (sum(doors.values()) + sum(again.values())) * visit
        _weigh(campaign, asked=asked, communities=len(doors))
    here = communities_with(drawn.filter(recount=recount).values_list("place", "drawn"))
    _ask(f"recount:{recount.pk}", {unit: count * visit for unit, count in here.items()}, campaign, at=at)


def _register(found: Round) -> QuerySet[Coverage]:
    return Coverage.objects.everywhere("the round's own register").filter(round=found)


def _was_declared(found: Round) -> bool:
    """Whether a declaration covered all of the round when it was opened, as ``check_rest`` asked then."""
    campaign = found.campaign
    if campaign.declaration is None:
        return False
    places = _register(found).values_list("place", flat=True)
    grounds = [Range(place, place) for place in places]
    return declared_over(campaign.declaration.number, grounds, at=found.opened_at, drill=campaign.drill)


def _weigh(campaign: Campaign, *, asked: int, communities: int) -> None:
    admission = campaign.admission
    if admission is not None and asked > admission.minutes_per_unit * communities:
        raise CostsMoreThanAdmitted(
            title=admission.title,
            admitted=hours_of(admission.minutes_per_unit, communities),
            asked=hours_of(asked, 1),
        )


def _ask(source: str, minutes: Mapping[Unit, int], campaign: Campaign, *, at: datetime) -> None:
    """On the meter of whoever applied for the work, else of who runs the campaign; a drill costs on another day."""
    if campaign.drill:
        return
    admission = campaign.admission
    told = {"activity": admission.activity} if admission is not None else {}
    demander = admission.demander if admission is not None else campaign.unit
    ask_work(source, minutes, demander=demander, **told, at=at)
