"""Joint work as data and pure decisions: calls, hazards by grade, and what keeps coming back. Time passed in."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from qipan.kernel.place import compound_of
from qipan.kernel.refusal import Refusal

from ..terms import Grade, State, Urgency
from .limits import COMMUNITY_SIZE, due
from .points import Point, cell_of

# By when a called unit answers. Silence is late, and the desk shows late to the level above.
ANSWER = {Urgency.AT_ONCE: "30m", Urgency.DANGER: "2h", Urgency.PRESSING: "24h", Urgency.PLANNED: "3wd"}
# Whom a hazard of these grades concerns is asked at night too.
URGENT = frozenset({Grade.EXTREME, Grade.MAJOR})
RESULT_WITHIN = timedelta(hours=24)  # after the meeting, to say what was done
MEETS_WITHIN = timedelta(days=31)
SCALE = range(1, 6)
NEEDLESS = 2  # "needed there" up to this: the call was needless


@dataclass(frozen=True)
class HazardLimits:
    """How soon a hazard of a grade is remedied, and how often it is looked at until then."""

    remedy: str
    look: str


# Examples, as the limits of a catalogue: a city puts its own here.
HAZARDS = {
    Grade.EXTREME: HazardLimits("24h", "12h"),
    Grade.MAJOR: HazardLimits("168h", "24h"),
    Grade.LARGER: HazardLimits("360h", "72h"),
    Grade.ORDINARY: HazardLimits("720h", "168h"),
}
GRADED_IN = frozenset({State.FILED, State.DISPATCHED, State.OBJECTED, State.SHELVED})

HOT, HOT_WITHIN = 3, timedelta(days=30)
RETURNED, ORGANS, ORPHAN_WITHIN = 2, 3, timedelta(days=90)
# What a hazard's matter is joined to: there it can still be remedied, and seen gone before anybody verifies it.
TAKES_HAZARDS = GRADED_IN | {State.REPORTED, State.DONE}
COMPOUND_SIZE = 10_000  # place numbers in a compound
NO_PART = 1000  # the digits 000 of a compound or a community say that none is told


class NobodyCalled(Refusal):
    code = "nobody_called"
    sentence = _("Name the units that are called, at most %(most)s.")
    status = 400


class MeetingWrong(Refusal):
    code = "meeting_wrong"
    sentence = _("Say where, and a time in the future, at most %(days)s days away.")
    status = 400


class CallsAtNight(Refusal):
    """Who only executes is called out of bed for what is urgent by the catalogue or by its grade, not by a word."""

    code = "calls_at_night"
    sentence = _(
        "Between 22:00 and 7:00 %(unit)s is called to answer in less than two hours only for what the catalogue counts by "
        "the clock, or what is graded as an especially major or a major hazard. Grade the matter first, or give two hours."
    )


class CallsItself(Refusal):
    code = "calls_itself"
    sentence = _("A unit does not call itself.")
    status = 400


class NotCalled(Refusal):
    code = "not_called"
    sentence = _("This unit is not called here, or has answered otherwise.")
    status = 403


class NotTheCaller(Refusal):
    code = "not_the_caller"
    sentence = _("Another unit called; only that unit may do so.")
    status = 403


class CallIsOver(Refusal):
    code = "call_is_over"
    sentence = _("The call has ended; nothing was changed.")


class CallNotOver(Refusal):
    code = "call_not_over"
    sentence = _("Joint work is rated when the call has ended, by units that came together.")


class PostNeeded(Refusal):
    code = "post_needed"
    sentence = _("Name the post that comes, as “duty officer”; no name of a person and no number.")
    status = 400


class RefusedOnce(Refusal):
    code = "refused_once"
    sentence = _("The unit has refused once and the lead organisation has decided; it comes.")


class NoRefusal(Refusal):
    code = "no_refusal"
    sentence = _("There is no refusal to decide on.")


class NotMetYet(Refusal):
    code = "not_met_yet"
    sentence = _("Attendance is noted when the time of the meeting has come.")


class NotRecordedYet(Refusal):
    code = "not_recorded_yet"
    sentence = _("The meeting is recorded when its time has come.")


class NotAtTheMeeting(Refusal):
    """What is agreed is done by who came, or by who called."""

    code = "not_at_the_meeting"
    sentence = _("Agreed work goes to a unit that came, or to the unit that called.")
    status = 400


class NothingToTakeBack(Refusal):
    code = "nothing_to_take_back"
    sentence = _("This point is done or was taken back already.")


class RefusalsOpen(Refusal):
    code = "refusals_open"
    sentence = _("The lead organisation has not decided yet on the refusal of %(units)s.")


class AttendanceOpen(Refusal):
    code = "attendance_open"
    sentence = _("Note first who came: %(units)s.")


class RatedOnce(Refusal):
    code = "rated_once"
    sentence = _("This side has rated the joint work already.")


class ScaleWrong(Refusal):
    code = "scale_wrong"
    sentence = _("Two scales from 1 to 5, and one sentence.")
    status = 400


class GradeWrong(Refusal):
    code = "grade_wrong"
    sentence = _("This is no grade of hazards.")
    status = 400


class NotAHazard(Refusal):
    code = "not_a_hazard"
    sentence = _("The matter is not graded as a hazard.")


class NotReinspected(Refusal):
    """A hazard is closed only after somebody else has seen it gone."""

    code = "not_reinspected"
    sentence = _("A hazard is inspected again by another unit and another person before it is verified.")


class VerifiedWithoutIt(Refusal):
    """Joined to what was verified, a hazard would be over without an inspection."""

    code = "verified_without_it"
    sentence = _("The other matter was verified before anybody saw this hazard gone; handle the hazard by itself.")


class NothingAgreed(Refusal):
    code = "nothing_agreed"
    sentence = _("Say what is to be done, by which unit, and by when.")
    status = 400


class SessionIsOver(Refusal):
    code = "session_is_over"
    sentence = _("The session has ended; nothing was changed.")


class ConvenedAlready(Refusal):
    code = "convened_already"
    sentence = _("The session was called together already.")


class MinutesNeeded(Refusal):
    code = "minutes_needed"
    sentence = _("A session ends with its minutes.")
    status = 400


class AttendanceFirst(Refusal):
    code = "attendance_first"
    sentence = _("Note first who came, and end the call to this session.")


def respond_by(urgency: str, *, meets_at: datetime, at: datetime) -> datetime:
    """This function will return by when a call is answered: its class's limit, and never after the meeting.

    Raises ``MeetingWrong`` for a time that is over or too far away.
    """
    if not at < meets_at <= at + MEETS_WITHIN:
        raise MeetingWrong(field="meets_at", days=MEETS_WITHIN.days)
    return min(due(ANSWER[Urgency(urgency)], at), meets_at)


def rated(first: int, second: int, words: str) -> str:
    """This function will return the sentence of a rating; raises ``ScaleWrong``."""
    if first not in SCALE or second not in SCALE or not words.strip():
        raise ScaleWrong(field="words")
    return words.strip()[:200]


def week_of(day: date) -> date:
    """This function will return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


class Site(NamedTuple):
    """One place, at which things keep coming back: a compound; outside of any, a cell of the map within its community;
    without a point, the community as a whole.
    """

    place: int
    cell: int = 0  # of the grid; 0 where the compound, or the community, is the place


@dataclass(frozen=True)
class Spot:
    """A place where three or more matters arose in 30 days, with the exact points (doors) in it that alone did."""

    site: Site
    matters: tuple[int, ...]
    points: tuple[tuple[int, int], ...]  # place number of the point, how many there


def cell_at(place: int, point: Point | None) -> int:
    """This function will return the cell that a thing lies in where no compound says its place; 0 without one."""
    return 0 if point is None or place // COMPOUND_SIZE % NO_PART else cell_of(point)


def site_of(place: int, cell: int) -> Site | None:
    """This function will return the place at which a thing may come back; None where nothing nearer than a street is told."""
    return Site(compound_of(place), cell) if cell or place // COMMUNITY_SIZE % NO_PART else None


def hot_spots(rows: Iterable[tuple[int, int, int]]) -> list[Spot]:
    """This function will find hot spots among (matter, place, cell) of the last 30 days, the most matters first.

    Two matters are at one place when the first 15 digits of their place numbers agree (the compound) and their cells.
    Within it a point is the whole number of 19 digits, a door; three at one point are named beside their compound.
    """
    by_site: dict[Site, list[tuple[int, int]]] = defaultdict(list)
    for matter, place, cell in rows:
        if (site := site_of(place, cell)) is not None:
            by_site[site].append((matter, place))
    found = []
    for site, held in by_site.items():
        if len(held) >= HOT:
            counts = Counter(place for _matter, place in held if place != site.place)
            points = tuple((place, n) for place, n in counts.most_common() if n >= HOT)
            found.append(Spot(site, tuple(matter for matter, _place in held), points))
    return sorted(found, key=lambda spot: (-len(spot.matters), spot.site))


@dataclass(frozen=True)
class Part:
    """What one unit had as primary of one type, added up, as the search for orphans sees it."""

    category: str  # its code
    organ: str  # one organ, wherever it stands: a department by its code, a street office by its kind
    returned: int
    done: int


@dataclass(frozen=True)
class Orphan:
    """A type of matters that nobody owns: returned twice or more, or handled by three organs or more in 90 days."""

    category: str  # its code
    returned: int
    organs: tuple[str, ...]
    proposed: str | None  # the organ that did most of them: the lists should name it
    matters: tuple[int, ...] = ()

    @property
    def scattered(self) -> bool:
        """Whether three organs or more have handled it."""
        return len(self.organs) >= ORGANS


def orphans(parts: Iterable[Part]) -> list[Orphan]:
    """This function will find the types without an owner among the primary parts of 90 days, most returned first."""
    by_category: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        by_category[part.category].append(part)
    found = []
    for category, held in by_category.items():
        returned = sum(part.returned for part in held)
        organs = tuple(sorted({part.organ for part in held}))
        if returned < RETURNED and len(organs) < ORGANS:
            continue
        done: Counter[str] = Counter()
        for part in held:
            done[part.organ] += part.done
        best = min(organs, key=lambda organ: (-done[organ], organ))
        found.append(Orphan(category, returned, organs, best if done[best] else None))
    return sorted(found, key=lambda one: (-one.returned, -len(one.organs), one.category))
