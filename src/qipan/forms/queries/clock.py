"""What is open and what is held for an emergency; which answers a written assessment keeps from being erased."""

from datetime import datetime

from django.db.models import Count, Max, Min, Q

from qipan.kernel.opened import Emergency, OpenLine, emergency_ended
from qipan.kernel.place import COMMUNITY, Range, code_of, range_of
from qipan.kernel.retention import Lot, held_grounds
from qipan.kernel.scoped import overlapping

from ..models import FormOpening, Submission
from .opened import running

REAL, DRILL = "real", "drill"
LONGEST_KEY = 80  # of a lot; what would be longer is cut


def open_lines(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the forms that are open for an emergency, each opening a line; the form's issuer owns it."""
    rows = FormOpening.objects.filter(running(at), emergency=emergency.number, drill=emergency.drill)
    return [
        OpenLine(
            "FORM",
            f"forms.FormOpening:{opening.pk}",
            opening.form.label,
            opening.form.issuer_id,
            opening.opened_at,
            detail={"openings": [opening.pk]},
            grounds=(Range(opening.first, opening.last),),
        )
        for opening in rows.select_related("form").defer("form__source", "form__xform").order_by("pk")
    ]


class Answers:
    """Tells what is held of filled forms: a lot for each form and emergency. The clock erases what no emergency asked
    for, two people what one did; a hold keeps either.
    """

    model = "forms.Submission"

    def lots(self, *, at: datetime) -> list[Lot]:
        """This method will return how much is held of each form, and until when."""
        rows = (
            Submission.objects.everywhere("how much is held").order_by().values_list("form__code", "emergency", "drill")
        )
        sums = rows.annotate(
            n=Count("pk"), first=Min("place"), last=Max("place"), began=Min("received_at"), due=Max("erase_at")
        )
        found = []
        for code, emergency, drill, n, first, last, began, due in sums.order_by("form__code", "emergency", "drill"):
            found.append(
                Lot(
                    key=f"{code}:{emergency or (DRILL if drill else REAL)}"[:LONGEST_KEY],
                    title=code,
                    rows=n,
                    # Whole communities: a certificate tells no door.
                    grounds=(Range(_community(first).first, _community(last).last),),
                    began=emergency_ended(emergency) if emergency else began,
                    due=due,
                    drill=drill,
                    emergency=emergency,
                    by_clock=not emergency,
                )
            )
        return found


def _community(place: int) -> Range:
    return range_of(code_of(place, COMMUNITY))


def of_lot(key: str) -> Q:
    """This function will return the filter of the answers of a lot."""
    code, _colon, whose = key.partition(":")
    if whose in (REAL, DRILL):
        return Q(form__code=code, emergency="", drill=whose == DRILL)
    if len(key) < LONGEST_KEY:
        return Q(form__code=code, emergency=whose)
    return Q(form__code=code, emergency__startswith=whose)  # it may have been cut: what begins like it is of the lot


def under_hold(*, at: datetime) -> Q:
    """This function will return the filter of answers that a hold in force keeps."""
    kept = Q(pk__in=[])
    for key, grounds in held_grounds(Answers.model, at=at).items():
        kept |= of_lot(key) & overlapping(grounds, "place", "place")
    return kept
