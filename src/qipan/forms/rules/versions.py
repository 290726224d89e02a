"""Several editors of one filled form: who changed what, what they are together, what only a person can decide. Pure.

A version names the one that its editor had before him (``based_on``; OpenRosa's ``deprecatedID``). What a version
changed is what it says otherwise than that one. The record is a function of the set of its versions, so the order in
which they arrive, and how often, changes nothing (ADR 0015). What was filled in apart for one asking is one record too: each
began with nothing, so what only one says stands, and what two say differently a person decides.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Version:
    """One version of a record: its id, the one it is based on, and its answers by path ("spot/width")."""

    id: str
    based_on: str = ""
    said: Mapping[str, Any] = field(default_factory=dict)
    # By question: the versions over whose answer a person chose this one's.
    chosen: Mapping[str, Iterable[str]] = field(default_factory=dict)
    asking: int = 0  # in which a place is asked once; 0 where several make sense


@dataclass(frozen=True)
class Contest:
    """A question that versions changed differently without knowing of each other: a person decides."""

    path: str
    before: Any  # what stood when they began; it stands until then
    sides: Mapping[str, Any]  # the answer of each, by the version's id


@dataclass(frozen=True)
class Merged:
    """What the versions of a record are together."""

    answers: dict[str, Any]  # by path
    contests: tuple[Contest, ...] = ()


def flat(answers: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """This function will give each answer with its path. A repeated group is one answer: its parts have no names."""
    for name, value in answers.items():
        below = f"{path}/{name}" if path else name
        if isinstance(value, Mapping):
            yield from flat(value, below)
        else:
            yield below, value


def nested(said: Mapping[str, Any]) -> dict[str, Any]:
    """This function will put answers back into their groups."""
    told: dict[str, Any] = {}
    for path, value in said.items():
        *groups, name = path.split("/")
        held = told
        for group in groups:
            held = held.setdefault(group, {})
        held[name] = value
    return told


def with_held(answers: dict[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """This function will return answers with what registers hold in place of what was sent; None takes it out."""
    told = {path: value for path, value in {**dict(flat(answers)), **held}.items() if value is not None}
    return nested(told) if held else answers


def undecided(
    held: Mapping[str, Any], answers: Mapping[str, Any], family: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """This function will leave out of what registers hold otherwise whatever a person let stand in an earlier version."""
    said, known = dict(flat(answers)), [dict(flat(one)) for one in family]
    return {path: one for path, one in held.items() if not any(before.get(path) == said[path] for before in known)}


def bases(versions: Iterable[Version]) -> dict[str, str]:
    """This function will return what each version is based on, as far as that is here; "" for one that stands alone.

    Versions that name each other in a circle, as no client does, are cut at the smallest id.
    """
    given = {one.id: one.based_on for one in versions}
    found = {one: base if base in given and base != one else "" for one, base in given.items()}
    for one in sorted(found):
        at, seen = found[one], set()
        while at and at != one and at not in seen:
            seen.add(at)
            at = found[at]
        if at == one:
            found[one] = ""
    return found


def roots(versions: Iterable[Version]) -> dict[str, str]:
    """This function will return for each version the one with which its record began, as far as that is here.

    Those that began apart in one asking are one record, of which the first that is given stands for all.
    """
    given = {one.id: one for one in versions}
    based = bases(given.values())
    began = {one.asking: one.id for one in reversed(given.values()) if one.asking and not based[one.id]}
    told = {}
    for one in based:
        first = one
        while based[first]:
            first = based[first]
        told[one] = began.get(given[first].asking, first)
    return told


def merge(versions: Iterable[Version]) -> Merged:
    """This function will put the versions of one record together, question by question.

    A later version replaces what it knew. Where two that did not know of each other changed a question to different
    answers, what a person chose before, else what both had before, stands and the question is contested.
    """
    held = {one.id: one for one in versions}
    based = bases(held.values())
    changed: dict[str, set[str]] = {}
    for one in held.values():
        before = held[based[one.id]].said if based[one.id] else NOTHING
        for path in {*one.said, *before}:
            if one.said.get(path) != before.get(path):
                changed.setdefault(path, set()).add(one.id)
    answers: dict[str, Any] = {}
    contests: list[Contest] = []
    for path in sorted(changed):
        known = {one: _known(one, path, held, based) for one in changed[path]}
        value, heads = _value(path, changed[path], known, held)
        if len(heads) > 1:
            contests.append(Contest(path, value, {one: held[one].said.get(path) for one in sorted(heads)}))
        if value is not None:
            answers[path] = value
    return Merged(answers, tuple(contests))


def _known(version: str, path: str, held: Mapping[str, Version], based: Mapping[str, str]) -> set[str]:
    """Every version whose answer to a question this one replaces: what it is based on, what it was chosen over."""
    told: set[str] = set()
    waiting = [version]
    while waiting:
        one = held[waiting.pop()]
        for other in (based[one.id], *one.chosen.get(path, ())):
            if other in held and other not in told:
                told.add(other)
                waiting.append(other)
    return told


def _value(
    path: str, changers: set[str], known: Mapping[str, set[str]], held: Mapping[str, Version]
) -> tuple[Any, set[str]]:
    """The answer that stands, and the versions that contest it (one where they agree)."""
    if not changers:
        return None, set()
    heads = {one for one in changers if not any(one in known[other] for other in changers if other != one)} or changers
    values = [held[one].said.get(path) for one in sorted(heads)]
    if all(one == values[0] for one in values):
        return values[0], {min(heads)}
    decided = [one for one in heads if held[one].chosen.get(path)]
    if len(decided) == 1:  # a phone that comes late does not undo what a person decided
        return held[decided[0]].said.get(path), heads
    agreed = set.intersection(*(known[one] for one in heads)) & changers - heads
    return _value(path, agreed, known, held)[0], heads
