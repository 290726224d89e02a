"""Time limits as a catalogue writes them, track codes, and how alike two reports are. Pure."""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.timezone import localdate
from django.utils.translation import ngettext

from qipan.kernel.calendar import Kind, due_time
from qipan.kernel.place import CODE_LENGTHS, COMMUNITY, DIGITS, STREET, Range

LIMIT = re.compile(r"(\d{1,4})(m|h|wh|wd)")
CLOCKS = {"m": Kind.CLOCK_HOURS, "h": Kind.CLOCK_HOURS, "wh": Kind.WORKING_HOURS, "wd": Kind.WORKING_DAYS}
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0 O 1 I L U: read out over the telephone
CODE_LENGTH = 12
COMMUNITY_SIZE = 10 ** (DIGITS - CODE_LENGTHS[COMMUNITY])  # place numbers in a community
STREET_SIZE = 10 ** (DIGITS - CODE_LENGTHS[STREET])
ALIKE_WITHIN = timedelta(days=7)
OBJECT = "5wd"  # to object to being the handler (Regulations on the Work of Letters and Visits, art. 23)
TRACK_FOR = timedelta(days=90)  # after the end, a track code opens nothing more


def clock_of(limit: str) -> Kind:
    """This function will return the clock of a limit: "30m" minutes and "2h" hours of the clock, "4wh" working hours,
    "3wd" working days. Raises ``ValueError``.
    """
    return _read(limit)[0]


def _read(limit: str) -> tuple[Kind, timedelta | int]:
    found = LIMIT.fullmatch(limit)
    if not found or not int(found[1]):
        raise ValueError(limit)
    clock, amount = CLOCKS[found[2]], int(found[1])
    if clock == Kind.WORKING_DAYS:
        return clock, amount
    return clock, timedelta(minutes=amount) if found[2] == "m" else timedelta(hours=amount)


@dataclass(frozen=True)
class Limit:
    """A limit as people read it, in their language."""

    written: str

    @property
    def label(self) -> str:
        """The limit in words of the active language: "5 working days"."""
        found = LIMIT.fullmatch(self.written)
        if not found:
            raise ValueError(self.written)
        n = int(found[1])
        words = {
            "m": ngettext("%(n)s minute", "%(n)s minutes", n),
            "h": ngettext("%(n)s hour", "%(n)s hours", n),
            "wh": ngettext("%(n)s working hour", "%(n)s working hours", n),
            "wd": ngettext("%(n)s working day", "%(n)s working days", n),
        }
        return words[found[2]] % {"n": n}


def due(limit: str, at: datetime) -> datetime:
    """This function will return when a limit that begins now has passed; raises ``ValueError``."""
    clock, amount = _read(limit)
    return due_time(at, amount, clock).at


def new_code() -> str:
    """This function will make a track code: 58 bits, without letters that are taken for each other."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def tidy_code(text: str) -> str:
    """This function will read a track code as people type it: any case, with spaces or hyphens."""
    return re.sub(r"[\s-]", "", text).upper()[: CODE_LENGTH + 1]


def keyed_hash(text: str, *, key: str, purpose: str) -> str:
    """This function will return what is kept instead of a text that only its holder should know."""
    return hmac.digest(f"qipan.matters.{purpose}.{key}".encode(), text.encode(), "sha256").hex()


def pairs(text: str) -> frozenset[str]:
    """This function will return the neighbouring characters of a text, for any language, without spaces or signs."""
    plain = re.sub(r"[\W_]+", "", text.lower())
    return frozenset(plain[n : n + 2] for n in range(len(plain) - 1))


def likeness(one: str, other: str) -> float:
    """This function will return how alike two texts are, 0 to 1: the share of common pairs of characters."""
    return share_of(pairs(one), pairs(other))


def share_of(first: frozenset[str], second: frozenset[str]) -> float:
    """This function will return the share of common pairs of characters, of the shorter of two texts."""
    if not first or not second:
        return 0.0
    return len(first & second) / min(len(first), len(second))


def community_of(place: int) -> int:
    """This function will return the place of the community by whose code a place begins."""
    return place - place % COMMUNITY_SIZE


def street_of(place: int) -> int:
    """This function will return the place of the street by whose code a place begins."""
    return place - place % STREET_SIZE


def whole_streets(ranges: Iterable[Range]) -> bool:
    """This function will say whether ranges hold every street whole, or not at all."""
    return all(ground.first % STREET_SIZE == 0 and (ground.last + 1) % STREET_SIZE == 0 for ground in ranges)


def quarter(at: datetime) -> tuple[date, date]:
    """This function will return this month and the two before it, as first day and the day after the last."""
    month = month_of(at)
    since = ((month - timedelta(days=1)).replace(day=1) - timedelta(days=1)).replace(day=1)
    return since, next_month(month)


def month_of(at: datetime) -> date:
    """This function will return the first day of a moment's month in civil time."""
    return localdate(at).replace(day=1)


def next_month(month: date) -> date:
    """This function will return the first day of the month after a day's."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)
