"""The words of the closed loop."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a matter stands (practice, section 3.2)."""

    REPORTED = "REPORTED", _("reported")
    DUPLICATE = "DUPLICATE", _("joined to another")
    DECLINED = "DECLINED", _("declined with reason")
    FILED = "FILED", _("filed")
    DISPATCHED = "DISPATCHED", _("dispatched")
    OBJECTED = "OBJECTED", _("objection pending")
    SHELVED = "SHELVED", _("shelved, not solved")
    DONE = "DONE", _("reported done")
    VERIFIED = "VERIFIED", _("verified")
    DISPUTED = "DISPUTED", _("doubted by a reporter")
    CLOSED = "CLOSED", _("closed")


class Kind(models.TextChoices):
    """Components stand somewhere and have an owner; events happen (GB/T 30428)."""

    COMPONENT = "COMPONENT", _("component")
    EVENT = "EVENT", _("event")


class Channel(models.TextChoices):
    WEB = "WEB", _("public page")
    PARTNER = "PARTNER", _("a partner's app")
    HOTLINE = "HOTLINE", _("hotline")
    WORKER = "WORKER", _("community or grid worker")
    PROPERTY = "PROPERTY", _("property company")
    SOCIAL = "SOCIAL", _("social organisation")
    VOLUNTEERS = "VOLUNTEERS", _("volunteers")
    OFFICE = "OFFICE", _("office")
    IMPORT = "IMPORT", _("import")


CHANNELS = {  # how a report comes in, by the kind of the unit whose people make it
    "community": Channel.WORKER,
    "property-company": Channel.PROPERTY,
    "social-organisation": Channel.SOCIAL,
    "volunteer-group": Channel.VOLUNTEERS,
}


class Part(models.TextChoices):
    """The part that a unit has in a matter."""

    PRIMARY = "PRIMARY", _("primary")
    COOPERATING = "COOPERATING", _("cooperating")


class Outcome(models.TextChoices):
    """How a unit's part ended."""

    OPEN = "OPEN", _("under way")
    OBJECTED = "OBJECTED", _("objected")
    MOVED = "MOVED", _("given to another unit")
    DONE = "DONE", _("reported done")
    WAIVED = "WAIVED", _("waived with reason")
    ENDED = "ENDED", _("ended with the matter")


class Closing(models.TextChoices):
    """Closing kinds, kept apart: only what was verified as solved is solved."""

    SOLVED = "SOLVED", _("solved")
    EXPLAINED = "EXPLAINED", _("explained, not solved")
    ANSWERED = "ANSWERED", _("answered at once")
    REDIRECTED = "REDIRECTED", _("belongs elsewhere, way named")
    UNLAWFUL = "UNLAWFUL", _("asks for what the law forbids")
    NOT_FOUND = "NOT_FOUND", _("not found at the place")


# What is declined leaves the rates only when another person confirms it (users.md, section 6).
DECLINING = (Closing.ANSWERED, Closing.REDIRECTED, Closing.UNLAWFUL, Closing.NOT_FOUND)
RESULTS = (Closing.SOLVED, Closing.EXPLAINED)


class Confirmation(models.TextChoices):
    """What the reporters said; silence is unconfirmed and never satisfied."""

    NONE = "", _("not asked yet")
    CONFIRMED = "CONFIRMED", _("confirmed")
    UNCONFIRMED = "UNCONFIRMED", _("unconfirmed")
    DISPUTED = "DISPUTED", _("disputed")


class Way(models.TextChoices):
    """By which way a matter was solved (PAR-9)."""

    GOVERNMENT = "GOVERNMENT", _("by government")
    SOCIETY = "SOCIETY", _("by society")
    RESIDENTS = "RESIDENTS", _("by residents themselves")


class TimeWish(models.TextChoices):
    PAUSE = "PAUSE", _("stop the clock")
    EXTEND = "EXTEND", _("more time")


class StepKind(models.TextChoices):
    """What happened to a matter; the kept counts are the numbers of these."""

    REPORTED = "REPORTED", _("reported")
    JOINED = "JOINED", _("another reporter joined")
    PARTED = "PARTED", _("a report was made a matter of its own")
    MERGED = "MERGED", _("joined to another matter")
    UNMERGED = "UNMERGED", _("made a matter of its own again")
    FILED = "FILED", _("filed")
    DECLINED = "DECLINED", _("declined")
    DISPATCHED = "DISPATCHED", _("dispatched")
    RESPONDED = "RESPONDED", _("accepted by the handler")
    UNACCEPTED = "UNACCEPTED", _("not accepted in time: told to the level above")
    OBJECTED = "OBJECTED", _("handler objected")
    ARBITRATED = "ARBITRATED", _("arbitrated, final")
    ALARM = "ALARM", _("third hop: lead organisation told")
    ASKED = "ASKED", _("cooperating unit asked")
    PART_DONE = "PART_DONE", _("cooperating part done")
    WAIVED = "WAIVED", _("cooperating part waived")
    REPORTED_DONE = "REPORTED_DONE", _("reported done")
    SENT_BACK = "SENT_BACK", _("sent back to the handler")
    VERIFIED = "VERIFIED", _("verified by another")
    CONFIRMED = "CONFIRMED", _("confirmed by a reporter")
    DOUBTED = "DOUBTED", _("doubted by a reporter")
    UNSAID = "UNSAID", _("a reporter's word taken back, to be asked anew")
    UNCOUNTED = "UNCOUNTED", _("counted no more as filed or verified")
    CLOSED = "CLOSED", _("closed")
    SHELVED = "SHELVED", _("shelved")
    REVIEWED = "REVIEWED", _("reviewed, stays shelved")
    TAKEN_UP = "TAKEN_UP", _("taken up again")
    REOPENED = "REOPENED", _("reopened")
    TIME_ASKED = "TIME_ASKED", _("handler asked for time")
    TIME_GRANTED = "TIME_GRANTED", _("time granted")
    TIME_REFUSED = "TIME_REFUSED", _("time refused")
    RESUMED = "RESUMED", _("clock runs again")
    IMPORTED = "IMPORTED", _("taken over from another system")
    CALLED = "CALLED", _("called to the place")
    COMING = "COMING", _("is coming")
    NOT_COMING = "NOT_COMING", _("refused to come")
    RULED = "RULED", _("refusal decided")
    CAME = "CAME", _("attendance noted")
    ON_SPOT = "ON_SPOT", _("said what it did there")
    CALL_ENDED = "CALL_ENDED", _("call ended")
    RATED = "RATED", _("joint work rated")
    GRADED = "GRADED", _("graded as a hazard")
    INSPECTED = "INSPECTED", _("hazard inspected")
    SILENT = "SILENT", _("no answer in time: told to the level above the caller")
    RECORDED = "RECORDED", _("site meeting recorded")
    AGREED = "AGREED", _("agreed at the site meeting")
    TAKEN_BACK = "TAKEN_BACK", _("agreed work taken back")
    HASTENED = "HASTENED", _("less time: graded as a hazard")
    RECHECKED = "RECHECKED", _("looked at again after the close")
    RECURRED = "RECURRED", _("came back within 90 days of its close")
    EXCLUDED = "EXCLUDED", _("left out of the rates, confirmed by another")
    KEPT_IN = "KEPT_IN", _("stays in the rates: leaving it out was refused")
    POINT = "POINT", _("point on the map put right")


# Steps that whoever reported sees: what becomes of it. What offices arrange among themselves is not shown, and a new
# kind of step is not before it stands here.
SHOWN = frozenset(
    {
        StepKind.REPORTED, StepKind.JOINED, StepKind.MERGED, StepKind.UNMERGED, StepKind.FILED, StepKind.DECLINED,
        StepKind.DISPATCHED, StepKind.RESPONDED, StepKind.OBJECTED, StepKind.ARBITRATED, StepKind.ALARM,
        StepKind.ASKED, StepKind.PART_DONE, StepKind.REPORTED_DONE, StepKind.SENT_BACK, StepKind.VERIFIED,
        StepKind.CONFIRMED, StepKind.DOUBTED, StepKind.CLOSED, StepKind.SHELVED, StepKind.REVIEWED, StepKind.TAKEN_UP,
        StepKind.REOPENED, StepKind.TIME_GRANTED, StepKind.RESUMED, StepKind.IMPORTED, StepKind.RECHECKED,
        StepKind.EXCLUDED, StepKind.KEPT_IN,
    }
)  # fmt: skip

# Steps whose note everyone who reported may read.
TOLD = frozenset(
    {
        StepKind.DECLINED, StepKind.REPORTED_DONE, StepKind.SHELVED, StepKind.REVIEWED, StepKind.CLOSED,
        StepKind.SENT_BACK, StepKind.VERIFIED, StepKind.TIME_GRANTED, StepKind.MERGED, StepKind.UNMERGED,
        StepKind.EXCLUDED, StepKind.KEPT_IN,
    }
)  # fmt: skip


class Urgency(models.TextChoices):
    """How soon a called unit must answer (the limits are in ``rules.joint``)."""

    AT_ONCE = "AT_ONCE", _("danger at this moment: answer within 30 minutes")
    DANGER = "DANGER", _("danger to life: answer within 2 hours")
    PRESSING = "PRESSING", _("pressing, as water, power, gas or heat: answer within 24 hours")
    PLANNED = "PLANNED", _("planned joint work: answer within 3 working days")


class Side(models.TextChoices):
    """Who rates joint work: who called, or who came."""

    CALLER = "CALLER", _("who called")
    CALLED = "CALLED", _("who was called")


class Grade(models.TextChoices):
    """The four grades of a hazard, the gravest first (practice, section 3.4)."""

    EXTREME = "EXTREME", _("especially major")
    MAJOR = "MAJOR", _("major")
    LARGER = "LARGER", _("larger")
    ORDINARY = "ORDINARY", _("ordinary")


class AgendaKind(models.TextChoices):
    """What a review session looks at, in the order of its agenda."""

    HOT_SPOT = "HOT_SPOT", _("hot spot")
    ORPHAN = "ORPHAN", _("matter type without an owner")
    SHELVED = "SHELVED", _("shelved, to review")
    DISPUTED = "DISPUTED", _("disputed")
    ALARM = "ALARM", _("alarm")
    RECURRED = "RECURRED", _("came back within 90 days")


class Verdict(models.TextChoices):
    """What became of a sampled review: what was found, or why nobody looked."""

    OPEN = "", _("not looked at yet")
    SOLVED = "SOLVED", _("it is solved")
    NOT_SOLVED = "NOT_SOLVED", _("it is not solved")
    LAPSED = "LAPSED", _("nobody looked in time")
    DROPPED = "DROPPED", _("reopened before anybody looked")


class Leaving(models.TextChoices):
    """Whether what was declined is left out of the rates: who declined it proposes it, another person decides."""

    PROPOSED = "", _("counts in the rates until another confirms that it is left out")
    EXCLUDED = "EXCLUDED", _("left out of the rates, confirmed by another")
    KEPT_IN = "KEPT_IN", _("stays in the rates: leaving it out was refused")


class By(models.TextChoices):
    """What a table of figures has its lines by."""

    MONTH = "month", _("by month")
    AREA = "area", _("by area")
    UNIT = "unit", _("by unit")
    CATEGORY = "category", _("by category")
    CHANNEL = "channel", _("by channel")


class Suggested(models.TextChoices):
    """What is proposed to a dispatcher (FOR-7)."""

    CATEGORY = "CATEGORY", _("category")
    UNIT = "UNIT", _("unit")
    DUPLICATE = "DUPLICATE", _("same matter")


class Word(models.TextChoices):
    """What became of a proposal."""

    TAKEN = "TAKEN", _("as proposed")
    OTHERWISE = "OTHERWISE", _("decided otherwise")


class Advice(models.TextChoices):
    """Whether something is proposed, and why not."""

    ON = "ON", _("is proposed")
    OFF = "OFF", _("switched off")
    NO_EXTRA = "NO_EXTRA", _("off: the extra “suggestions” is not installed")
    NEVER = "NEVER", _("off: nothing was learned yet")
    TOO_FEW = "TOO_FEW", _("off: too few closed matters to learn from")
    TOO_FEW_PAIRS = "TOO_FEW_PAIRS", _("off: too few decisions to learn from")
    NO_BETTER = "NO_BETTER", _("off: no better than a plain table of the most frequent answer")
    NO_BETTER_PAIRS = "NO_BETTER_PAIRS", _("off: no better than likeness of words alone")
    DAMAGED = "DAMAGED", _("off: what was learned cannot be read; the next training replaces it")


class Purpose(models.TextChoices):
    """For what somebody is referred; what is handed over follows from it and from nothing else (EMG-9)."""

    DISEASE = "DISEASE", _("signs of an infectious disease")
    MEDICAL = "MEDICAL", _("medical help")
    COMFORT = "COMFORT", _("somebody to talk to")
    DAILY = "DAILY", _("help in daily life")


class Need(models.TextChoices):
    """What was found at the door: a closed list, so that nothing more can be written."""

    FEVER = "FEVER", _("fever, cough or a rash")
    NEAR_ILL = "NEAR_ILL", _("was near somebody who is ill")
    MANY_ILL = "MANY_ILL", _("several ill at once in one house")
    MEDICINE = "MEDICINE", _("medicine is running out")
    TREATMENT = "TREATMENT", _("a treatment that cannot wait")
    DOCTOR = "DOCTOR", _("cannot get to a doctor alone")
    MEALS = "MEALS", _("meals")
    CARE = "CARE", _("a child or an old person without care")
    MEANS = "MEANS", _("no means for food, rent or heating")
    VISITS = "VISITS", _("lives alone and wishes for visits")


class Hours(models.TextChoices):
    ANY = "ANY", _("at any time")
    MORNING = "MORNING", _("in the morning")
    AFTERNOON = "AFTERNOON", _("in the afternoon")
    EVENING = "EVENING", _("in the evening")


class Ground(models.TextChoices):
    """Why it may be handed over (Personal Information Protection Law, art. 13 and 23)."""

    AGREED = "AGREED", _("the person was told what is handed over, to whom and why, and agrees")
    LAW = "LAW", _("the law on infectious diseases requires it; the person was told")


class ReferralState(models.TextChoices):
    SENT = "SENT", _("handed over, not taken yet")
    ACCEPTED = "ACCEPTED", _("taken by the receiver")
    RETURNED = "RETURNED", _("result returned")
    DECLINED = "DECLINED", _("not taken, with reason")
    WITHDRAWN = "WITHDRAWN", _("taken back")
    LAPSED = "LAPSED", _("ended unanswered, erased")
    CLOSED = "CLOSED", _("closed")


class Result(models.TextChoices):
    """All that the receiver tells the sender: how it stands, never what was diagnosed."""

    TAKEN_OVER = "TAKEN_OVER", _("is looked after by the receiver")
    HELPED = "HELPED", _("was helped; the receiver needs nothing more")
    NOTHING_MORE = "NOTHING_MORE", _("was looked at; the receiver needs nothing more")
    NOT_REACHED = "NOT_REACHED", _("could not be reached")
    NOT_WISHED = "NOT_WISHED", _("does not wish it")


class ToDo(models.TextChoices):
    """What the sender does now; the last four until or on a day that is named."""

    NOTHING = "NOTHING", _("nothing")
    ASK_AGAIN = "ASK_AGAIN", _("ask again at the door")
    BRING = "BRING", _("bring what is ordered to the door")
    BY_TELEPHONE = "BY_TELEPHONE", _("speak by telephone instead of going there")
    GO_ALONG = "GO_ALONG", _("go along to the appointment")


class NotTaken(models.TextChoices):
    """Why a receiver does not take somebody."""

    NOT_OURS = "NOT_OURS", _("is not ours to do")
    TOO_LITTLE = "TOO_LITTLE", _("cannot be found with what was handed over")
    NO_ROOM = "NO_ROOM", _("no room at present")


class ReferralStepKind(models.TextChoices):
    HANDED = "HANDED", _("handed over")
    ACCEPTED = "ACCEPTED", _("taken by the receiver")
    DECLINED = "DECLINED", _("not taken, with reason")
    HANDED_ON = "HANDED_ON", _("handed on to another receiver")
    RETURNED = "RETURNED", _("result returned")
    WITHDRAWN = "WITHDRAWN", _("taken back")
    LAPSED = "LAPSED", _("ended unanswered")
    CLOSED = "CLOSED", _("closed")
    ERASED = "ERASED", _("what was handed over was erased")
    KEPT = "KEPT", _("what was handed over is kept by a written assessment")
