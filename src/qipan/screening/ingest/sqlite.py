"""SQLite: several batches in one pass of set-based reads and ``executemany`` writes (group commit, see ``writer``)."""

import json
import sqlite3
from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import connection

from qipan.journal.api import ENTRY_COLUMNS, entry_values
from qipan.kernel.place import compound_of

from ..rules import batch_digest, moment_of, state_of
from .decode import Batch, Code

STATES = (
    "not_home", "vacant_unknown", "vacant_known", "appointment", "language_help",
    "refused", "by_phone", "answered", "demolished", "presumed_vacant",
)  # fmt: skip
VISIT = """INSERT INTO screening_visit
    (id, round_id, place, team_id, outcome, happened_at, received_at, batch, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
CONFLICT = """INSERT INTO screening_visitconflict
    (visit_id, content, place, team_id, payload, received_at, decided_by, decision) VALUES (?, ?, ?, ?, ?, ?, '', '')
    ON CONFLICT (visit_id, content) DO NOTHING"""
COUNT = f"""UPDATE screening_coverage SET {", ".join(f"{state} = {state} + ?" for state in STATES)},
    visits = visits + ?, changed_at = ? WHERE round_id = ? AND place = ?"""
ENTRY = f"INSERT INTO journal_entry ({', '.join(ENTRY_COLUMNS)}) VALUES ({', '.join('?' * len(ENTRY_COLUMNS))})"
ACT = "screening.store_visits"

Door = tuple[int, int]  # round, place


def moment_text(moment: datetime) -> str:
    """This function will write a moment as Django does on SQLite: UTC without saying so."""
    return str(moment.replace(tzinfo=None))


class Known:
    """What the database says about the rounds, doors, visits and assignments that some batches name."""

    def __init__(self, cursor: sqlite3.Cursor, batches: list[Batch]) -> None:
        ids = [text.replace("-", "") for batch in batches for text in batch.ids]
        self.content: dict[str, int] = dict(
            cursor.execute(
                "SELECT v.id, v.content FROM json_each(?) j CROSS JOIN screening_visit v ON v.id = j.value",
                (json.dumps(ids),),
            )
        )
        by_round: dict[int, set[int]] = defaultdict(set)
        for batch in batches:
            for round_id, place in zip(batch.rounds, batch.places, strict=True):
                by_round[round_id].add(place)
        self.closed: dict[int, bool] = {}
        self.drill: dict[int, bool] = {}
        self.doors: set[int] = set()
        self.compounds: set[Door] = set()
        self.before: dict[Door, tuple[int, int]] = {}
        for round_id, places in by_round.items():
            row = cursor.execute(
                "SELECT r.closed_at IS NOT NULL, g.drill FROM screening_round r"
                " JOIN screening_campaign g ON g.id = r.campaign_id WHERE r.id = ?",
                (round_id,),
            ).fetchone()
            if row is None:
                continue
            self.closed[round_id], self.drill[round_id] = bool(row[0]), bool(row[1])
            listed = json.dumps(list(places))
            self.doors.update(
                place
                for (place,) in cursor.execute(
                    "SELECT d.place FROM json_each(?) j CROSS JOIN territory_door d ON d.place = j.value", (listed,)
                )
            )
            for compound in {compound_of(place) for place in places}:
                if cursor.execute(
                    "SELECT 1 FROM screening_coverage WHERE round_id = ? AND place = ?", (round_id, compound)
                ).fetchone():
                    self.compounds.add((round_id, compound))
            for place, highest, visits in cursor.execute(
                "SELECT v.place, max(v.outcome), count(*) FROM json_each(?) j"
                " CROSS JOIN screening_visit v ON v.round_id = ? AND v.place = j.value GROUP BY v.place",
                (listed, round_id),
            ):
                self.before[round_id, place] = (highest, visits)
        self._cursor = cursor
        self._grounds: dict[Door, list[Door]] = {}

    def grounds(self, team: int, round_id: int) -> list[Door]:
        """This method will return the ranges of doors that a team visits in a round."""
        if (team, round_id) not in self._grounds:
            self._grounds[team, round_id] = self._cursor.execute(
                "SELECT first, last FROM screening_assignment WHERE team_id = ? AND round_id = ?", (team, round_id)
            ).fetchall()
        return self._grounds[team, round_id]


class Writing:
    """The rows that some batches lead to, and the states of the doors as they go."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.visits: list[tuple[Any, ...]] = []
        self.conflicts: list[tuple[Any, ...]] = []
        self.entries: list[tuple[Any, ...]] = []
        self.doors: dict[Door, tuple[int | None, int]] = {}
        self.added: dict[Door, int] = defaultdict(int)
        self.changed_at: dict[Door, str] = {}

    def judge(self, batch: Batch, index: int) -> int:
        """This method will return the code of one item and, when it is new, note its row."""
        known, by = self.known, batch.by
        hex_id, content = batch.ids[index].replace("-", ""), batch.contents[index]
        round_id, place = batch.rounds[index], batch.places[index]
        held = known.content.get(hex_id)
        if held == content:
            return Code.DUPLICATE
        if round_id not in known.closed:
            return Code.UNKNOWN_ROUND
        if known.closed[round_id]:
            return Code.ROUND_CLOSED
        if place not in known.doors:
            return Code.UNKNOWN_DOOR
        if (round_id, compound_of(place)) not in known.compounds:
            return Code.OUTSIDE_ROUND
        grounds = known.grounds(by.team_id, round_id) if by.team_id else by.scope.ranges
        if not any(first <= place <= last for first, last in grounds):
            return Code.OTHER_TEAM
        if held is not None:
            return Code.CONFLICT
        known.content[hex_id] = content
        return Code.STORED

    def add(self, batch: Batch) -> list[int]:
        """This method will judge a batch and note all rows it leads to; returns the codes."""
        codes, stored, drill = [], [], False
        received, batch_hex = moment_text(batch.received_at), batch.id.hex
        team = batch.by.team_id
        for index, outcome in enumerate(batch.outcomes):
            code = self.judge(batch, index)
            codes.append(code)
            if code > Code.CONFLICT or code == Code.DUPLICATE:
                continue
            hex_id, content = batch.ids[index].replace("-", ""), batch.contents[index]
            round_id, place, happened = batch.rounds[index], batch.places[index], batch.happened[index]
            if code == Code.CONFLICT:
                payload = {
                    "round": round_id, "outcome": outcome, "happened_us": happened, "shift_us": batch.shift_us,
                }  # fmt: skip
                self.conflicts.append((hex_id, content, place, team, json.dumps(payload), received))
                continue
            self.visits.append(
                (hex_id, round_id, place, team, outcome, moment_text(moment_of(happened)), received, batch_hex, content)
            )
            door = (round_id, place)
            highest, visits = self.doors.get(door) or self.known.before.get(door, (0, 0))
            self.doors[door] = (max(highest or 0, outcome), visits + 1)
            compound = (round_id, compound_of(place))
            self.added[compound] += 1
            self.changed_at[compound] = received
            stored.append((hex_id, content))
            drill = drill or self.known.drill[round_id]
        if stored:
            self.entries.append(
                entry_values(
                    act=ACT,
                    subject=f"screening.Batch:{batch.id}",
                    by=batch.by,
                    at=batch.received_at,
                    place=None,
                    data={"digest": batch_digest(stored), "shift": batch.shift_us, "stored": len(stored)},
                    drill=drill,
                )
            )
        return codes

    def write(self, cursor: sqlite3.Cursor) -> None:
        """This method will write everything noted."""
        cursor.executemany(VISIT, self.visits)
        deltas: dict[Door, list[int]] = {}
        for (round_id, place), (highest, visits) in self.doors.items():
            was = state_of(*self.known.before.get((round_id, place), (None, 0)))
            now = state_of(highest, visits)
            if was != now:
                delta = deltas.setdefault((round_id, compound_of(place)), [0] * len(STATES))
                delta[now - 1] += 1
                if was:
                    delta[was - 1] -= 1
        nothing = [0] * len(STATES)
        cursor.executemany(
            COUNT,
            [
                (*deltas.get(compound, nothing), added, self.changed_at[compound], *compound)
                for compound, added in self.added.items()
            ],
        )
        if self.conflicts:
            cursor.executemany(CONFLICT, self.conflicts)
        cursor.executemany(ENTRY, self.entries)


def store(batches: list[Batch]) -> list[list[int]]:
    """This function will store batches in the open transaction and return the codes of each one's items."""
    with connection.wrap_database_errors:
        cursor = connection.connection.cursor(sqlite3.Cursor)
        writing = Writing(Known(cursor, batches))
        codes = [writing.add(batch) for batch in batches]
        writing.write(cursor)
    return codes
