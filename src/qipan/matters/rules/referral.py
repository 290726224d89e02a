"""Referrals: which fields a purpose carries, to whom, how fast, how long; who may look when. Pure (EMG-9)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

from ..terms import Ground, Hours, Need, Purpose, ReferralState, ToDo

S = ReferralState
KEEP = timedelta(days=30)  # at the latest then what was handed over is erased
MOST_HOPS = 2  # handed on once; then it goes back and the person is asked again
FIELDS = ("door", "need", "reach", "hours")
REACH = re.compile(r"[+0-9][0-9 ()-]{4,24}[0-9]|[^@\s]{1,20}@[^@\s]{3,19}")


@dataclass(frozen=True)
class Carried:
    """What a purpose carries: the item of the responsibility lists that says who may receive it, and the fields."""

    item: str
    fields: frozenset[str]
    needs: tuple[Need, ...]
    accept: str  # limits as the catalogue writes them
    answer: str
    grounds: tuple[Ground, ...] = (Ground.AGREED,)


# Reports of infectious diseases within two hours: Regulation on Public Health Emergencies, art. 19 and 20. The other
# limits are those of hotlines (2 h for danger, 24 h, 7 days); a city changes them here and in no other place.
CARRIED: Mapping[Purpose, Carried] = {
    Purpose.DISEASE: Carried(
        "disease-control", frozenset({"door", "need", "reach"}), (Need.FEVER, Need.NEAR_ILL, Need.MANY_ILL),
        accept="2h", answer="24h", grounds=(Ground.AGREED, Ground.LAW),
    ),
    Purpose.MEDICAL: Carried(
        "medical-help", frozenset({"door", "need", "reach", "hours"}), (Need.MEDICINE, Need.TREATMENT, Need.DOCTOR),
        accept="2h", answer="24h",
    ),
    # Who wishes to talk says of what to the listener, and to nobody before.
    Purpose.COMFORT: Carried(
        "psychological-help", frozenset({"door", "reach", "hours"}), (), accept="24h", answer="7wd"
    ),
    Purpose.DAILY: Carried(
        "daily-help", frozenset({"door", "need", "reach", "hours"}),
        (Need.MEALS, Need.CARE, Need.MEANS, Need.VISITS), accept="1wd", answer="7wd",
    ),
}  # fmt: skip

MOVES: Mapping[str, tuple[frozenset[ReferralState], ReferralState]] = {
    "accept": (frozenset({S.SENT}), S.ACCEPTED),
    "decline": (frozenset({S.SENT, S.ACCEPTED}), S.DECLINED),
    "hand_on": (frozenset({S.SENT, S.ACCEPTED}), S.SENT),
    "give_back": (frozenset({S.ACCEPTED}), S.RETURNED),
    "withdraw": (frozenset({S.SENT, S.ACCEPTED}), S.WITHDRAWN),
    "lapse": (frozenset({S.SENT, S.ACCEPTED, S.RETURNED, S.DECLINED}), S.LAPSED),
    "close": (frozenset({S.RETURNED, S.DECLINED}), S.CLOSED),
}
OVER = frozenset({S.WITHDRAWN, S.LAPSED, S.CLOSED})
WITH_DAY = frozenset(ToDo) - {ToDo.NOTHING}
MOST_DAYS = 60  # a day for what is to be done lies no further ahead


class NotNowReferral(Refusal):
    code = "referral_not_now"
    sentence = _("The referral is %(state)s now; this step does not follow. Nothing was changed.")


class NotCarried(Refusal):
    """More than the purpose needs is not handed over."""

    code = "not_carried"
    sentence = _("This purpose does not need that, so it is not handed over.")
    status = 400


class FieldNeeded(Refusal):
    code = "referral_field"
    sentence = _("Choose one of what is offered; this purpose needs it.")
    status = 400


class ReachWrong(Refusal):
    code = "reach_wrong"
    sentence = _("Only a telephone number or an e-mail address, without names or other words.")
    status = 400


class DoorNeeded(Refusal):
    code = "door_needed"
    sentence = _("Choose a door in your area.")
    status = 400


class GroundNeeded(Refusal):
    code = "ground_needed"
    sentence = _("Without the person's agreement nothing is handed over; for this purpose no law stands in for it.")
    status = 400


class NotAReceiver(Refusal):
    code = "not_a_receiver"
    sentence = _("No responsibility list names %(unit)s for this purpose at this place; nothing was handed over.")


class NotTheReceiver(Refusal):
    code = "not_the_receiver"
    sentence = _("Only the unit to which it was handed over may do so.")
    status = 403


class NotTheSender(Refusal):
    code = "not_the_sender"
    sentence = _("Only the unit that handed it over may do so.")
    status = 403


class TooManyHops(Refusal):
    code = "referral_hops"
    sentence = _("It was handed on already; give it back, so that the person is asked first.")


class LookClosed(Refusal):
    code = "look_closed"
    sentence = _(
        "What was handed over is open to the receiver from taking it to returning it, and to the sender until it is erased."
    )
    status = 403


class ByLaw(Refusal):
    code = "referred_by_law"
    sentence = _(
        "The law requires this referral, so it cannot be taken back. You can object at the office that made it."
    )


class DayWrong(Refusal):
    code = "to_do_day"
    sentence = _("What is to be done needs a day from today to %(days)s days ahead; “nothing” has none.")
    status = 400


def moved(state: str, act: str) -> ReferralState:
    """This function will return where an act leads; raises ``NotNowReferral``."""
    known, after = MOVES[act]
    if state not in known:
        raise NotNowReferral(state=S(state))
    return after


def minimum(purpose: str, *, need: str, reach: str, hours: str, ground: str) -> dict[str, str]:
    """This function will return exactly what a purpose carries beside the door.

    Raises ``FieldNeeded``, ``ReachWrong``, ``GroundNeeded``, and ``NotCarried`` for anything that the purpose does
    not need: it is refused, not silently dropped, so that nobody believes it was passed on.
    """
    if purpose not in Purpose.values:
        raise FieldNeeded(field="purpose")
    carried = CARRIED[Purpose(purpose)]
    given = {"need": need, "reach": reach.strip(), "hours": hours}
    for name, value in given.items():
        if value and name not in carried.fields:
            raise NotCarried(field=name)
    if "need" in carried.fields and given["need"] not in carried.needs:
        raise FieldNeeded(field="need")
    if "hours" in carried.fields and given["hours"] not in Hours.values:
        raise FieldNeeded(field="hours")
    if given["reach"] and not REACH.fullmatch(given["reach"]):
        raise ReachWrong(field="reach")
    if ground not in carried.grounds:
        raise GroundNeeded(field="ground")
    return given


def may_look(state: str, *, sender: bool, receiver: bool, erased: bool) -> bool:
    """This function will say whether a unit may look at what was handed over, as things stand."""
    if erased or state in OVER:
        return False
    return sender or (receiver and state == S.ACCEPTED)


def check_to_do(to_do: str, day: date | None, *, today: date) -> None:
    """This function will pass for something to do with its day, or for nothing without one. Raises ``FieldNeeded``,
    ``DayWrong``.
    """
    if to_do not in ToDo.values:
        raise FieldNeeded(field="to_do")
    wrong = DayWrong(field="to_do_by", days=MOST_DAYS)
    if to_do not in WITH_DAY:
        if day is not None:
            raise wrong
        return
    if day is None or not today <= day <= today + timedelta(days=MOST_DAYS):
        raise wrong


def erase_by(at: datetime) -> datetime:
    """This function will return when what is handed over now is erased at the latest."""
    return at + KEEP
