"""What is open of an emergency: each room says it of its own things, in one form (ADR 0021).

Every room that opens something for an emergency has ``open_lines`` in its api. The command room asks them all, makes one
plan of the answers and closes line by line; nothing is read from a list that somebody kept beside the things themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .place import Range


@dataclass(frozen=True)
class Emergency:
    """What the rooms are asked about: a declared emergency, by its key and its number, on its ground from its start on."""

    key: int
    number: str
    issuer: int  # unit
    grounds: tuple[Range, ...]
    since: datetime
    drill: bool
    hazard: str = ""
    follows: int | None = None  # the warning that came before it
    ended: datetime | None = None


@dataclass(frozen=True)
class OpenLine:
    """One thing that is open: what, whose, since when. The same thing has the same reference each time it is told.

    ``by_ground`` says that nothing ties it to this emergency but ground and time; where two emergencies hold there, its
    owner says to which it belongs. ``detail`` is what its closing needs, and nothing of a person.
    """

    kind: str
    reference: str  # "posture.Measure:12"
    title: str
    owner: int  # unit
    since: datetime
    count: int = 1
    detail: dict[str, Any] = field(default_factory=dict)
    by_ground: bool = False
    grounds: tuple[Range, ...] = ()  # empty: all of the emergency's


Choices = Callable[[Sequence[Range], datetime], list[tuple[str, str]]]
Ended = Callable[[str], datetime | None]
_known: list[tuple[Choices, Ended]] = []


def register_emergencies(choices: Choices, ended: Ended) -> None:
    """This function will let rooms below declarations ask which emergencies hold on a ground, and when one ended."""
    _known[:] = [(choices, ended)]


def emergencies_on(ranges: Sequence[Range], *, at: datetime) -> list[tuple[str, str]]:
    """This function will return number and matter of each emergency in force on the ground."""
    return _known[0][0](ranges, at) if _known else []


def emergency_ended(number: str) -> datetime | None:
    """This function will return when the emergency of this number ended; None while it lasts."""
    return _known[0][1](number) if _known else None
