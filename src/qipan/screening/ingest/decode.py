"""From the bytes of an upload to columns. One typed pass; only when it fails is each item read alone."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext_lazy as _

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.ids import uuid7
from qipan.kernel.place import Range
from qipan.kernel.refusal import BadInput, Refusal

from ..queries.teams import teams_of
from ..rules import EARLIEST, EPOCH, FUTURE_TOLERANCE, MICROSECOND, content_of, microseconds
from ..terms import Outcome

MAX_VISITS = 500
MAX_BYTES = 262_144
MAX_BIGINT = 2**63 - 1
TOLERANCE_US = FUTURE_TOLERANCE // MICROSECOND
OUTCOMES = {outcome.name: outcome.value for outcome in Outcome}


class Code(IntEnum):
    """What became of an item. Above LATE it was refused; the lower-case name is the code in the answer."""

    STORED = 0
    DUPLICATE = 1
    CONFLICT = 2
    LATE = 3
    UNKNOWN_ROUND = 10
    ROUND_CLOSED = 11
    UNKNOWN_DOOR = 12
    OUTSIDE_ROUND = 13
    OTHER_TEAM = 14
    IN_FUTURE = 20
    UNKNOWN_OUTCOME = 21
    BAD_ITEM = 22


class BodyTooLarge(Refusal):
    """More bytes or more visits than one upload may hold."""

    code = "body_too_large"
    sentence = _("One upload holds at most %(visits)s visits and %(bytes)s bytes. Send it in parts.")
    status = 413

    def __init__(self) -> None:
        super().__init__(visits=MAX_VISITS, bytes=MAX_BYTES)


class BodyUnreadable(BadInput):
    """Not JSON, or not the JSON of an upload."""

    code = "body_unreadable"
    sentence = _('The body is not an upload. It is JSON: {"sent_at": time, "visits": [at most 500 visits]}.')


class Item(msgspec.Struct, gc=False):
    """One visit as the device sends it."""

    id: str
    round: int
    place: str
    outcome: str
    at: Annotated[datetime, msgspec.Meta(tz=True)]


TeamKey = Annotated[int, msgspec.Meta(ge=1, le=MAX_BIGINT)]


class Upload(msgspec.Struct, gc=False):
    """Visits, and what the device's clock showed when it sent them."""

    visits: list[Item]
    sent_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    team: TeamKey | None = None  # whose doors they are, where a post says it


@dataclass(slots=True)
class Batch:
    """An upload as columns: what can be stored, and the items that were refused at reading."""

    by: Actor
    received_at: datetime
    size: int
    shift_us: int  # what the device's clock lacks
    team_id: int | None  # whose visits they are: only doors given to it are taken
    ground: Scope | None  # outside of which nothing is taken; a pass has its team's doors alone
    id: UUID = field(default_factory=uuid7)
    positions: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)  # with hyphens, as they are answered
    rounds: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    outcomes: list[int] = field(default_factory=list)
    happened: list[int] = field(default_factory=list)  # microseconds, corrected
    contents: list[int] = field(default_factory=list)
    bad: list[tuple[int, str | None, int]] = field(default_factory=list)

    def taken_on(self, given: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """This method will return the ranges of doors that are taken, of those given to the team where there is one."""
        if self.ground is None:
            return given
        if self.team_id is None:
            return list(self.ground.ranges)
        return [part for pair in given for part in self.ground.narrowed(Range(*pair)).ranges]


# As devices write it; any other spelling of a UUID would be answered under another name.
is_uuid = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_decoder = msgspec.json.Decoder(Upload)


def decode(raw: bytes, *, by: Actor, at: datetime) -> Batch:
    """This function will read an upload, or a single visit, that was received ``at``.

    The device clock's error is the difference between ``sent_at`` and ``at``; it is taken out of each
    visit's time before the time is judged. Raises ``BodyTooLarge`` and ``BodyUnreadable``; a bad
    item is refused alone.
    """
    if len(raw) > MAX_BYTES:
        raise BodyTooLarge
    try:
        upload = _decoder.decode(raw)
        items: list[Any] = upload.visits
        sent_at, team = upload.sent_at, upload.team
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        items, sent_at, team = _loose(raw)
    if len(items) > MAX_VISITS:
        raise BodyTooLarge
    received_us = microseconds(at)
    shift = received_us - microseconds(sent_at) if sent_at else 0
    team_id, ground = _sender(by, team)
    batch = Batch(by=by, received_at=at, size=len(items), shift_us=shift, team_id=team_id, ground=ground)
    latest = received_us + TOLERANCE_US
    for position, item in enumerate(items):
        if type(item) is not Item:
            batch.bad.append((position, _id_of(item), Code.BAD_ITEM))
            continue
        text, place, outcome = item.id, item.place, OUTCOMES.get(item.outcome)
        if is_uuid(text) is None:
            batch.bad.append((position, text[:64], Code.BAD_ITEM))
            continue
        device_us = (item.at - EPOCH) // MICROSECOND
        happened = device_us + shift
        if len(place) != 19 or not place.isascii() or not place.isdigit() or happened < EARLIEST:
            batch.bad.append((position, text, Code.BAD_ITEM))
        elif outcome is None:
            batch.bad.append((position, text, Code.UNKNOWN_OUTCOME))
        elif happened > latest:
            batch.bad.append((position, text, Code.IN_FUTURE))
        elif not 0 < item.round <= MAX_BIGINT:
            batch.bad.append((position, text, Code.UNKNOWN_ROUND))
        elif (number := int(place)) > MAX_BIGINT:
            batch.bad.append((position, text, Code.UNKNOWN_DOOR))
        else:
            batch.positions.append(position)
            batch.ids.append(text)
            batch.rounds.append(item.round)
            batch.places.append(number)
            batch.outcomes.append(outcome)
            batch.happened.append(happened)
            batch.contents.append(content_of(item.round, number, outcome, device_us))
    return batch


def _sender(by: Actor, team: int | None) -> tuple[int | None, Scope | None]:
    """Whose visits an actor sends, and on which ground: none, where he names a team that is not his to name."""
    if by.team_id is not None and team in (None, by.team_id):
        return by.team_id, None
    if team is None or teams_of(by).filter(pk=team).exists():
        return team, by.scope
    return None, Scope()


def _loose(raw: bytes) -> tuple[list[Any], datetime | None, int | None]:
    """This function will read a body whose types are not all right, item by item."""
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyUnreadable([str(error)]) from error
    if not isinstance(body, dict):
        raise BodyUnreadable(["not an object"])
    visits = body.get("visits", [body] if "id" in body else None)
    if not isinstance(visits, list):
        raise BodyUnreadable(["visits: not a list"])
    if len(visits) > MAX_VISITS:
        raise BodyTooLarge
    try:
        sent_at = msgspec.convert(body.get("sent_at"), Annotated[datetime, msgspec.Meta(tz=True)] | None)
    except msgspec.ValidationError as error:
        raise BodyUnreadable([f"sent_at: {error}"]) from error
    try:
        team = msgspec.convert(body.get("team"), TeamKey | None)
    except msgspec.ValidationError as error:
        raise BodyUnreadable([f"team: {error}"]) from error
    return [_item(visit) for visit in visits], sent_at, team


def _item(visit: Any) -> Any:
    try:
        return msgspec.convert(visit, Item)
    except msgspec.ValidationError:
        return visit


def _id_of(visit: Any) -> str | None:
    """This function will return what the device may recognise a bad item by."""
    found = visit.get("id") if isinstance(visit, dict) else None
    return found[:64] if isinstance(found, str) else None
