"""What personal data the project holds and how they end: declared once, by the room that holds them (ADR 0017).

Each room's ``retention.py`` names every column of every model of its own. A column that is not named fails a test, so
whoever adds one says there what it may hold of a person, for which purpose, how long, and who destroys it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .actor import Actor
from .place import Range
from .refusal import Refusal


class Starts(models.TextChoices):
    """What starts the clock."""

    COLLECTED = "COLLECTED", _("the day on which it was collected")
    ENDED = "ENDED", _("the end of what it was collected for")
    EMERGENCY = "EMERGENCY", _("the end of the emergency, else of what it was collected for")
    COLLECTED_OR_EMERGENCY = (
        "COLLECTED_OR_EMERGENCY",
        _("the day on which it was collected; for an emergency, the emergency's end"),
    )
    OFFICE = "OFFICE", _("the end of the office or the pass")


class Destroy(models.TextChoices):
    """What is left when the time is over."""

    ROWS = "ROWS", _("the rows are deleted")
    BLANKED = "BLANKED", _("the fields are blanked")
    STATISTICS = "STATISTICS", _("the rows are deleted, counts of ten doors and more stay")
    KEPT = "KEPT", _("stays with the act that it belongs to")


class Way(models.TextChoices):
    """Who sees to it."""

    CLOCK = "CLOCK", _("by itself, when the time is over")
    RUN = "RUN", _("by a run of two people, with a certificate")
    EITHER = "EITHER", _("by itself; what an emergency asked for, by a run of two people, with a certificate")


@dataclass(frozen=True)
class Lot:
    """Rows that fall due together: a campaign, the matters that ended in a month. Counts are kept ones, not live."""

    key: str  # "screening.Campaign:3", unique with its model
    title: str
    rows: int
    grounds: tuple[Range, ...]
    began: datetime | None  # the clock's start; None while the purpose lasts
    due: datetime | None
    drill: bool = False
    emergency: str = ""  # number of the declaration under which it was collected
    by_clock: bool = False  # it is erased by itself, no run takes it


@dataclass(frozen=True)
class Taken:
    """What one step destroyed: where the next one goes on (None: nothing is left), how much, what of which digest."""

    after: str | None
    destroyed: int
    skipped: int  # rows under a hold
    digest: str  # SHA-256 of what was destroyed, in the order of the step


@dataclass(frozen=True)
class Sealed:
    """Figures that stay when the rows go: how many cells, how many of them were folded, and the digest of all."""

    cells: int
    folded: int
    digest: str


class FiguresDiffer(Refusal):
    """What is kept does not agree with its rows, so the rows may not go."""

    code = "figures_differ"
    sentence = _(
        "The figures that would stay differ from their rows: %(first)s. Nothing is destroyed before that is settled."
    )


class Teller(Protocol):
    """How a room tells how much it holds of one kind of personal data."""

    @property
    def model(self) -> str:
        """The model under which its lots are known."""

    def lots(self, *, at: datetime) -> list[Lot]:
        """This method will return what is held, whether the clock runs yet or not."""


class Holder(Teller, Protocol):
    """How a run finds and destroys one kind of personal data."""

    def prove(self, key: str) -> None:
        """This method will prove the figures that stay against the rows, only reading. Raises ``FiguresDiffer``."""

    def seal(self, key: str, *, by: Actor, at: datetime) -> Sealed | None:
        """This method will seal the figures that stay, in the caller's transaction; None where none stay."""

    def take(self, key: str, *, after: str, most: int, held: Sequence[Range]) -> Taken:
        """This method will destroy about ``most`` rows behind ``after``, with files and copies, but none under a hold.

        In the caller's transaction. ``after`` is empty for the first step.
        """

    def tables(self) -> tuple[str, ...]:
        """This method will return the tables whose freed pages are cleaned at the end."""


@dataclass(frozen=True)
class PersonalData:
    """Columns of one model that hold something of a person, for one purpose."""

    fields: str  # names of columns, "reach purpose"
    purpose: str | Promise
    period: timedelta | None  # None: as long as the act that it belongs to
    starts_with: Starts
    destroy: Destroy
    way: Way = Way.CLOCK
    holder: Holder | None = None
    model: str = ""  # filled in by ``declare``
    teller: Teller | None = None  # of what the clock alone destroys: how much is held; a hold is placed on a lot of it
    basis: str = ""  # codes of the articles of the register of laws on which it rests, "pipl-2021-34"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.fields.split())

    @property
    def articles(self) -> tuple[str, ...]:
        """The codes of the articles on which it rests."""
        return tuple(self.basis.split())

    @property
    def room(self) -> str:
        """The room that holds it."""
        return self.model.partition(".")[0]


@dataclass(frozen=True)
class Declared:
    """One model: each of its columns is named once, as personal, as plain or as a key."""

    model: str
    personal: tuple[PersonalData, ...]
    plain: tuple[str, ...]  # words, codes, lists, files and digests that say nothing of a person
    keys: tuple[str, ...]  # numbers, moments, choices, references

    @property
    def columns(self) -> frozenset[str]:
        """Every column that was named."""
        return frozenset({*self.plain, *self.keys, *(name for one in self.personal for name in one.names)})


_declared: dict[str, Declared] = {}


def declare(model: str, *personal: PersonalData, plain: str = "", keys: str = "") -> None:
    """This function will declare every column of a model: what is personal, what is plain, what is a key.

    Without ``personal`` the model is declared to hold no personal data. Raises ``ValueError`` for what cannot be true:
    a column in two places, a period that never ends of something that is not kept, a run without a holder, a purpose
    that rests on no article.
    """
    named = [name for one in personal for name in one.names] + plain.split() + keys.split()
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise ValueError(f"{model}: {', '.join(twice)} is declared twice")
    for one in personal:
        if (one.period is None) != (one.destroy == Destroy.KEPT):
            raise ValueError(f"{model}: only what is kept with its act has no period")
        if (one.way == Way.CLOCK) != (one.holder is None):
            raise ValueError(f"{model}: a run needs a holder, and nothing else does")
        if not one.articles:
            raise ValueError(f"{model}: {one.fields} rests on no article")
    parts = tuple(replace(one, model=model) for one in personal)
    _declared[model] = Declared(model, parts, tuple(plain.split()), tuple(keys.split()))


def declared() -> dict[str, Declared]:
    """This function will return what is declared, by model ("matters.Contact")."""
    return dict(_declared)


def personal_data() -> Iterator[PersonalData]:
    """This function will return every declared kind of personal data, room by room."""
    for model in sorted(_declared):
        yield from _declared[model].personal


def holders() -> dict[str, Holder]:
    """This function will return who destroys in a run, by the model under which the lots are known."""
    return {one.holder.model: one.holder for one in personal_data() if one.holder is not None}


def tellers() -> dict[str, Teller]:
    """This function will return who tells how much is held, by model: what a run destroys, and what the clock does."""
    clocked = {one.teller.model: one.teller for one in personal_data() if one.teller is not None}
    return {**clocked, **holders()}


HeldGrounds = Callable[[str, datetime], dict[str, list[Range]]]
_holds: list[HeldGrounds] = []


def register_holds(reader: HeldGrounds) -> None:
    """This function will let the room of legal holds say which grounds of which lots of a model are held."""
    _holds[:] = [reader]


def held_grounds(model: str, *, at: datetime) -> dict[str, list[Range]]:
    """This function will return the grounds on which rows of a lot must not be destroyed, by the lot's key.

    Whatever erases by the clock asks this first: a hold by written assessment keeps what it holds (art. 85).
    """
    return _holds[0](model, at) if _holds else {}


def destroyed_with(model: str) -> list[PersonalData]:
    """This function will return all that a run destroys with the lots of a model: visits go with what recounts saw."""
    return [one for one in personal_data() if one.holder is not None and one.holder.model == model]


def told_with(model: str) -> list[PersonalData]:
    """This function will return all that is told with the lots of a model, whoever destroys it: a run or the clock."""
    clocked = [one for one in personal_data() if one.teller is not None and one.teller.model == model]
    return destroyed_with(model) + clocked


def who_acted(fields: str) -> PersonalData:
    """This function will declare columns that say which office did something: part of the record of the act."""
    return PersonalData(
        fields,
        purpose=_("which office did it: the record of the act"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    )


def digest_of_lines(lines: Sequence[str]) -> str:
    """This function will return the SHA-256 of lines: what stands in a certificate for rows that are gone."""
    return sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Look:
    """Somebody looked: which office, when, and why."""

    at: datetime
    by_label: str
    why: str


@dataclass(frozen=True)
class Held:
    """One thing that is held of whoever holds a code, in the purpose of that code alone."""

    label: str
    value: str
    until: datetime | None  # None: ``ends`` says when
    ends: str = ""
    correct: str = ""  # the name under which it may be corrected at once


@dataclass(frozen=True)
class Own:
    """What a code opens: one purpose, what is held in it, who looked, and whose desk a wish for deletion goes to."""

    subject: str  # "matters.Report:12"
    purpose: str
    held: list[Held]
    looks: list[Look]
    unit_id: int
    place: int
    drill: bool = False


@dataclass(frozen=True)
class Opener:
    """How one purpose shows its own: by the code that the person already holds, never by a name or a telephone."""

    label: str | Promise
    open: Callable[[str, datetime], Own | None]
    correct: Callable[..., None]  # (subject, name, value, *, by, at)
    destroy: Callable[..., None]  # (subject, *, by, at)
    # What a code was called where nothing of it may be left: what was asked about it is still answered to its holder.
    subjects: Callable[[str], list[str]] = lambda _code: []


_openers: dict[str, Opener] = {}


def register_opener(model: str, opener: Opener) -> None:
    """This function will let a code of one purpose open what is held in it; ``model`` is that of the subject."""
    _openers[model] = opener


def openers() -> dict[str, Opener]:
    """This function will return who shows what, by model."""
    return dict(_openers)
