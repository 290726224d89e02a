"""Pure decisions on responsibility lists: who comes first at a place, what an organ may be given, what a list lacks."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qipan.kernel.actor import Scope
from qipan.kernel.place import Range

from .terms import FaultKind, ItemKind, Role

CREDIT_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
RANK = {Role.PRIMARY: 0, Role.COOPERATING: 1}


def order_of(role: str, level: int) -> tuple[int, int]:
    """This function will return the key by which proposals are sorted: primary first, then the smallest area."""
    return RANK[Role(role)], -level


def may_enforce(kind: str, role: str, *, executes_only: bool) -> bool:
    """This function will say whether an organ may be primary for an item of this kind: who only carries out has
    no power to enforce the law, on no list.
    """
    return not (executes_only and kind == ItemKind.ENFORCEMENT and role == Role.PRIMARY)


@dataclass(frozen=True)
class Holder:
    """An organ that is primary for an item: a kind of organ on all ground, or one unit on its own.

    ``ground`` is None for a kind. ``kind`` tells a unit's own line from its kind's, which it replaces.
    """

    label: str
    kind: str
    ground: tuple[Range, ...] | None = None


@dataclass(frozen=True)
class Fault:
    """What a list lacks at an item, and who is named there."""

    kind: FaultKind
    labels: tuple[str, ...] = ()


def _overlapping(holders: Sequence[Holder]) -> tuple[str, ...]:
    """The labels of those that meet another: kinds meet everywhere, units where their grounds do."""
    kinds = [holder for holder in holders if holder.ground is None]
    units = [holder for holder in holders if holder.ground is not None]
    double = dict.fromkeys(holder.label for holder in kinds) if len(kinds) > 1 else {}
    for kind in kinds:  # a unit's own line stands in place of its kind's
        if others := [unit.label for unit in units if unit.kind != kind.kind]:
            double |= dict.fromkeys((kind.label, *others))
    before: tuple[int, str] | None = None  # who reaches furthest so far
    for first, last, label in sorted((*part, unit.label) for unit in units for part in unit.ground or ()):
        if before is not None and first <= before[0] and label != before[1]:
            double |= dict.fromkeys((before[1], label))
        if before is None or last > before[0]:
            before = (last, label)
    return tuple(double)


def faults_of(holders: Sequence[Holder], ground: Iterable[Range]) -> list[Fault]:
    """This function will say what is wrong with an item's primary organs: nobody, nobody on a part of the ground,
    or several on the same.
    """
    found: list[Fault] = []
    if not holders:
        found.append(Fault(FaultKind.GAP))
    elif all(holder.ground is not None for holder in holders):
        held = Scope(tuple(part for holder in holders for part in holder.ground or ()))
        if not all(held.covers(part) for part in ground):
            found.append(Fault(FaultKind.PART_GAP, tuple(holder.label for holder in holders)))
    if double := _overlapping(holders):
        found.append(Fault(FaultKind.OVERLAP, double))
    return found


def line_problem(line: str) -> str:
    """This function will say what is wrong with a post's line: "unreadable", "personal" (a mobile phone), or nothing."""
    digits = re.sub(r"\D", "", line).removeprefix("86")
    if re.fullmatch(r"1[3-9]\d{9}", digits):
        return "personal"
    return "" if re.fullmatch(r"[\d\s+#()/转-]{3,40}", line) and len(digits) >= 3 else "unreadable"


def is_credit_code(text: str) -> bool:
    """This function will say whether a text is a unified social credit code: 18 characters of its alphabet, of which the
    last one checks the others (GB 32100-2015: weights 3^(i-1) mod 31).
    """
    if len(text) != 18 or any(sign not in CREDIT_CODE for sign in text):
        return False
    total = sum(CREDIT_CODE.index(sign) * pow(3, i, 31) for i, sign in enumerate(text[:17]))
    return CREDIT_CODE.index(text[17]) == -total % 31
