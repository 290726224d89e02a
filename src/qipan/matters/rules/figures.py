"""The three rates from counted steps, and which cells are too small to be shown to everyone. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from qipan.kernel.rate import Rate

from ..terms import Closing, Confirmation, Leaving, StepKind, Way
from .limits import month_of

LEAST = 10  # the smallest cell that everyone may see (users.md, red lines 3 and 12)
DISPUTED = Confirmation.DISPUTED.value
# The steps that figures are made of; the others are never read for them.
COUNTED = (
    StepKind.REPORTED, StepKind.FILED, StepKind.DECLINED, StepKind.DISPATCHED, StepKind.ARBITRATED,
    StepKind.RESPONDED, StepKind.VERIFIED, StepKind.CONFIRMED, StepKind.UNSAID, StepKind.CLOSED, StepKind.SHELVED,
    StepKind.REOPENED, StepKind.EXCLUDED, StepKind.UNCOUNTED,
)  # fmt: skip
# What these take back or change was counted in an earlier month: they say which.
TAKING_BACK = (StepKind.REOPENED, StepKind.UNSAID, StepKind.EXCLUDED, StepKind.UNCOUNTED)
# How a called unit answered: they say in which month it was called, and count there.
OF_CALLS = (StepKind.COMING, StepKind.NOT_COMING, StepKind.CAME, StepKind.RATED)
EXCLUDED = Leaving.EXCLUDED.value


class Counted(NamedTuple):
    """So many steps of a kind with a detail in a month."""

    month: date
    kind: str
    detail: str
    n: int


def ended_word(closing: str, confirmation: str, month: date) -> str:
    """This function will write which end a reopening takes back, and in which month it was counted."""
    return f"{closing}:{confirmation}:{month:%Y-%m}"


def excluded_word(kind: str, month: date) -> str:
    """This function will write which declined kind is left out of the rates, and in which month it was declined."""
    return f"{kind}:{month:%Y-%m}"


def unsaid_word(satisfied: bool, month: date) -> str:
    """This function will write which word of a reporter is taken back, and in which month it was counted."""
    return f"{said_word(satisfied)}:{month:%Y-%m}"


def said_word(satisfied: bool | None) -> str:
    """This function will write a reporter's word as it is counted; nothing where it was left open."""
    return {True: "SATISFIED", False: "UNSATISFIED", None: ""}[satisfied]


def verified_word(closing: str, way: str) -> str:
    """This function will write how a matter was verified, as it is counted."""
    return f"{closing}:{way}"


def uncounted_word(word: str, month: date) -> str:
    """This function will write what a matter counts for no more, a filing or how it was verified, and since which month."""
    return f"{word}:{month:%Y-%m}"


def of_call_word(word: str, called_at: datetime) -> str:
    """This function will write how a unit answered a call, with the month in which it was called."""
    return f"{word}:{month_of(called_at):%Y-%m}"


def answered_word(detail: str, otherwise: date) -> tuple[str, date]:
    """This function will read how a unit answered a call, and in which month it was called."""
    word, _sep, month = detail.partition(":")
    return word, _of_month(month, otherwise)


def _of_month(text: str, otherwise: date) -> date:
    return date.fromisoformat(f"{text}-01") if text else otherwise


def _taken_back(one: Counted) -> tuple[str, date]:
    """The end that a reopening takes back, and its month."""
    closing, _sep, rest = one.detail.partition(":")
    confirmation, _sep, month = rest.partition(":")
    return f"{closing}:{confirmation}", _of_month(month, one.month)


@dataclass(frozen=True)
class Figures:
    """What was reported and what became of it, on a ground, over months."""

    reported: int
    filed: int
    dispatched: int
    hops: int
    shelved: int
    reopened: int
    closed: dict[str, int]  # by closing kind, disputed ones apart
    declined: dict[str, int]
    excluded: dict[str, int]  # of the declined: left out of the rates by a second person's word
    ways: dict[str, int]
    response: Rate
    resolution: Rate
    satisfaction: Rate
    answers: Rate  # of what was closed, and of what was declined and not confirmed to be left out

    @property
    def closed_by(self) -> list[tuple[str, int]]:
        """How matters were closed, in words, by kind with disputed ones apart."""
        words = {**{one.value: str(one.label) for one in Closing}, DISPUTED: str(Confirmation.DISPUTED.label)}
        return [(words[kind], n) for kind, n in self.closed.items()]

    @property
    def declined_by(self) -> list[tuple[str, int]]:
        """How matters were declined, in words, by kind."""
        return [(str(Closing(kind).label), n) for kind, n in self.declined.items()]

    @property
    def turned_away(self) -> int:
        """How many were declined, by whichever kind."""
        return sum(self.declined.values())

    @property
    def left_out(self) -> int:
        """How many of the declined are left out of the rates, confirmed by another person."""
        return sum(self.excluded.values())

    @property
    def still_due(self) -> int:
        """How many of the declined count in the rates because nobody else has confirmed that they are left out."""
        return self.turned_away - self.left_out

    @property
    def solved(self) -> int:
        """How many were verified as solved, by whichever way: what the shares of the ways are of."""
        return sum(self.ways.values())

    @property
    def solved_by(self) -> list[tuple[str, int]]:
        """By which way matters were solved (PAR-9), all three ways, none left out."""
        return [(str(way.label), self.ways.get(way, 0)) for way in Way]

    @property
    def rates(self) -> tuple[Rate, Rate, Rate, Rate]:
        """Response, resolution, satisfaction, and the answer rate beside it."""
        return self.response, self.resolution, self.satisfaction, self.answers


class Open(NamedTuple):
    """What nobody has counted yet because nothing happened: parts never answered, matters due and not ended."""

    silent: int = 0
    overdue: int = 0


def together(some: Iterable[Open]) -> Open:
    """This function will add up what is open."""
    held = list(some)
    return Open(sum(one.silent for one in held), sum(one.overdue for one in held))


def figures_of(counted: Sequence[Counted], left: Open, *, since: date, until: date) -> Figures:
    """This function will make the figures of the months from ``since`` to before ``until``.

    Response: accepted in time, of those answered and those whose time to accept ended in these months without a
    word. Resolution: verified as solved and not disputed, of all that was due: what was closed, and what is not
    although its time ended in these months. What was declined was due until a second person confirms that it is left
    out; what is shelved was not. What was reopened since is taken off the month in which it had ended, and a filing or verification that holds no more off its own: each
    matter is filed once at most, and solved by one way. Satisfaction: satisfied of those who said so, each by the last
    word, with the answer rate, of what ended and was due. Silence counts in neither.
    """
    steps: Counter[tuple[str, str]] = Counter()
    kinds: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for one in counted:
        inside = since <= one.month < until
        if one.kind == StepKind.REOPENED:
            end, month = _taken_back(one)
            kinds[one.kind] += one.n if inside else 0
            ended[end] -= one.n if since <= month < until else 0
        elif one.kind == StepKind.EXCLUDED:
            kind, _sep, when = one.detail.partition(":")
            if since <= _of_month(when, one.month) < until:
                ended[f"{kind}:"] -= one.n
                ended[f"{kind}:{EXCLUDED}"] += one.n
        elif one.kind == StepKind.UNSAID:
            word, _sep, when = one.detail.partition(":")
            month = _of_month(when, one.month)
            steps[StepKind.CONFIRMED, word] -= one.n if since <= month < until else 0
        elif one.kind == StepKind.UNCOUNTED:
            word, _sep, when = one.detail.rpartition(":")
            lost = one.n if since <= _of_month(when, one.month) < until else 0
            kind, detail = (StepKind.FILED, "") if word == StepKind.FILED else (StepKind.VERIFIED, word)
            steps[kind, detail] -= lost
            kinds[kind] -= lost
        elif inside:
            steps[one.kind, one.detail] += one.n
            kinds[one.kind] += one.n
            if one.kind == StepKind.CLOSED:
                ended[one.detail] += one.n
            elif one.kind == StepKind.DECLINED:
                ended[f"{one.detail}:"] += one.n
    closed: Counter[str] = Counter()
    declined: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    spoke = 0
    for detail, n in ended.items():
        closing, _sep, word = detail.partition(":")
        if word in ("", EXCLUDED):
            declined[closing] += n
            excluded[closing] += n if word else 0
            continue
        closed[DISPUTED if word == DISPUTED else closing] += n
        spoke += n if word in (Confirmation.CONFIRMED, Confirmation.DISPUTED) else 0
    ways: Counter[str] = Counter()
    for (kind, detail), n in steps.items():
        if kind == StepKind.VERIFIED and detail.startswith(f"{Closing.SOLVED}:"):
            ways[detail.partition(":")[2]] += n
    kept_in = declined.total() - excluded.total()
    in_time, late = steps[StepKind.RESPONDED, "IN_TIME"], steps[StepKind.RESPONDED, "LATE"]
    said_yes, said_no = steps[StepKind.CONFIRMED, "SATISFIED"], steps[StepKind.CONFIRMED, "UNSATISFIED"]
    return Figures(
        reported=kinds[StepKind.REPORTED],
        filed=kinds[StepKind.FILED],
        dispatched=kinds[StepKind.DISPATCHED],
        hops=kinds[StepKind.DISPATCHED] + kinds[StepKind.ARBITRATED],
        shelved=kinds[StepKind.SHELVED],
        reopened=kinds[StepKind.REOPENED],
        closed={kind: n for kind, n in closed.items() if n},
        declined={kind: n for kind, n in declined.items() if n},
        excluded={kind: n for kind, n in excluded.items() if n},
        ways={way: n for way, n in ways.items() if n},
        response=Rate(in_time, in_time + late + left.silent),
        resolution=Rate(closed[Closing.SOLVED], closed.total() + kept_in + left.overdue),
        satisfaction=Rate(said_yes, said_yes + said_no),
        answers=Rate(spoke, closed.total() + kept_in),
    )


def too_few(cells: Mapping[str, int], *, least: int = LEAST) -> frozenset[str]:
    """This function will name the cells of a column that nobody may read off, beside a sum that everyone sees.

    Those that count fewer than ``least``, but are not empty. Where they hold fewer than ``least`` together, the
    sum would give them away: then the next larger ones are left out too, until it does not.
    """
    rising = sorted((n, key) for key, n in cells.items() if n > 0)
    hidden = {key for n, key in rising if n < least}
    together = sum(n for n, key in rising if key in hidden)
    for n, key in rising:
        if not hidden or (together >= least and len(hidden) > 1):
            break
        if key not in hidden:
            hidden.add(key)
            together += n
    return frozenset(hidden)
