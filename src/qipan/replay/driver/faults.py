"""What goes wrong in the field, and what the server must answer to it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from qipan.kernel.ids import uuid7

from .teams import OUTCOME_RANK, Team, Upload

OFFLINE_SHARE = 0.04  # of teams, for a whole day
LATE_SHARE = 0.04  # of uploads, to the end of the day
AGAIN_SHARE = 0.03  # of uploads, sent again whole after the answer
FAULT_SHARE = 0.02  # of uploads, followed by a wrong one


@dataclass(frozen=True)
class Fault:
    """A wrong upload: its body and the answers that are right for it."""

    kind: str
    body: Any  # bytes go out as they are
    visits: int
    status: int = 200
    answer: str = "refused"
    code: str = ""


def _item(round_id: int, place: str, outcome: str, at: datetime) -> dict[str, Any]:
    return {"id": str(uuid7()), "round": round_id, "place": place, "outcome": outcome, "at": at}


def wrong_team(upload: Upload, other: Team, shown: datetime) -> Fault:
    """A door of another team."""
    item = _item(upload.round, f"{other.places[0]:019d}", "ANSWERED", shown)
    return Fault("wrong_team", {"sent_at": shown, "visits": [item]}, 1, code="other_team")


def unknown_door(upload: Upload, other: Team, shown: datetime) -> Fault:
    """A door that is not on the register: number 9999 of the first compound."""
    place = upload.team.places[0] // 10_000 * 10_000 + 9_999
    return Fault(
        "unknown_door",
        {"sent_at": shown, "visits": [_item(upload.round, f"{place:019d}", "ANSWERED", shown)]},
        1,
        code="unknown_door",
    )


def future(upload: Upload, other: Team, shown: datetime) -> Fault:
    """A visit of tomorrow, by a clock that is right."""
    item = _item(upload.round, upload.visits[0].place, "ANSWERED", shown + timedelta(days=1))
    return Fault("future", {"sent_at": shown, "visits": [item]}, 1, code="in_future")


def unknown_outcome(upload: Upload, other: Team, shown: datetime) -> Fault:
    """An outcome that nobody knows."""
    item = _item(upload.round, upload.visits[0].place, "DANCED", shown)
    return Fault("unknown_outcome", {"sent_at": shown, "visits": [item]}, 1, code="unknown_outcome")


def other_content(upload: Upload, other: Team, shown: datetime) -> Fault:
    """The id of a stored visit with another outcome: a conflict, kept for a person, never counted."""
    visit = upload.visits[0]
    changed = next(name for name in OUTCOME_RANK if name != visit.outcome)
    body = upload.body(shown)
    item = {**body["visits"][0], "outcome": changed}  # type: ignore[index]
    return Fault("other_content", {**body, "visits": [item]}, 1, answer="conflict", code="conflict")


def malformed(upload: Upload, other: Team, shown: datetime) -> Fault:
    """Half a body, as a broken line leaves it."""
    return Fault("malformed", b'{"visits": [{"id": "0190', 0, status=400)


def bad_item(upload: Upload, other: Team, shown: datetime) -> Fault:
    """An item whose types are wrong."""
    item = {**_item(upload.round, upload.visits[0].place, "ANSWERED", shown), "round": "first"}
    return Fault("bad_item", {"sent_at": shown, "visits": [item]}, 1, code="bad_item")


FAULTS: tuple[Callable[[Upload, Team, datetime], Fault], ...] = (
    wrong_team,
    unknown_door,
    future,
    unknown_outcome,
    other_content,
    malformed,
    bad_item,
)


def some_fault(upload: Upload, other: Team, shown: datetime, dice: random.Random) -> Fault | None:
    """This function will now and then return something wrong that the team sends after an upload."""
    if dice.random() >= FAULT_SHARE:
        return None
    return dice.choice(FAULTS)(upload, other, shown)
