"""SQLite: several batches in one pass of set-based reads and ``executemany`` writes (group commit, see ``writer``)."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.db import connection

from qipan.journal.api import ENTRY_COLUMNS, canonical, entry_values

from ..rules import EPOCH, PRESUMED_AFTER, batch_digest
from ..terms import DoorState
from .decode import Batch, Code

STATES = tuple(state.name.lower() for state in DoorState if state)  # the counters' columns, by rank


def inserts(table: str, columns: tuple[str, ...], sizes: tuple[int, ...]) -> dict[int, str]:
    """This function will return the statement that inserts so many rows, for each size."""
    row = f"({', '.join('?' * len(columns))})"
    into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - the names are this file's own
    return {size: into + ", ".join([row] * size) for size in sizes}


VISITS = inserts(
    "screening_visit",
    ("id", "round_id", "place", "team_id", "outcome", "happened_at", "received_at", "batch", "content"),
    (100, 10, 1),
)
ENTRIES = inserts("journal_entry", ENTRY_COLUMNS, (10, 1))
CONFLICT = """INSERT INTO screening_visitconflict
    (visit_id, content, place, team_id, payload, received_at, decided_by, decision) VALUES (?, ?, ?, ?, ?, ?, '', '')
    ON CONFLICT (visit_id, content) DO NOTHING"""
_COUNTED = (*STATES, "visits")
_DELTA = (*_COUNTED, "changed_at", "place")  # what an item of the JSON holds
# The items become a table first, and the counters are looked up by its places: an UPDATE that joins json_each itself
# goes through every compound of the round for each item.
COUNT = (
    "WITH delta AS MATERIALIZED (SELECT "  # noqa: S608 - the names are this file's own
    + ", ".join(f"value ->> {n} AS d_{name}" for n, name in enumerate(_DELTA))
    + " FROM json_each(?)) UPDATE screening_coverage SET "
    + ", ".join(f"{name} = {name} + d_{name}" for name in _COUNTED)
    + ", changed_at = d_changed_at FROM delta"
    " WHERE round_id = ? AND place IN (SELECT d_place FROM delta) AND place = d_place"
)
ACT = "screening.store_visits"
PRESUMED = DoorState.PRESUMED_VACANT.value
NAIVE_EPOCH = EPOCH.replace(tzinfo=None)


def moment_text(moment: datetime) -> str:
    """This function will write a moment as Django does on SQLite: UTC without saying so."""
    return str(moment.replace(tzinfo=None))


# The driver gives way to the other threads at each step of a statement, at each row read or written, and then
# waits for its turn again. So the writer reads lists in one row and writes a hundred rows in one statement.


def read_list(cursor: sqlite3.Cursor, sql: str, *parameters: Any) -> list[Any]:
    """This function will return the rows of a statement that gathers them with ``json_group_array``."""
    rows: list[Any] = json.loads(cursor.execute(sql, parameters).fetchone()[0])
    return rows


def write_rows(cursor: sqlite3.Cursor, statements: dict[int, str], rows: list[tuple[Any, ...]]) -> None:
    """This function will insert rows with the statements for so many rows at once, the largest first."""
    start = 0
    for size, statement in statements.items():
        while len(rows) - start >= size:
            cursor.execute(statement, list(chain.from_iterable(rows[start : start + size])))
            start += size


class RoundFacts:
    """What the database says about a round and the doors of it that some batches name, and what is to be written."""

    def __init__(self, cursor: sqlite3.Cursor, round_id: int, places: set[int]) -> None:
        self.id = round_id
        row = cursor.execute(
            "SELECT r.closed_at IS NOT NULL, g.drill FROM screening_round r"
            " JOIN screening_campaign g ON g.id = r.campaign_id WHERE r.id = ?",
            (round_id,),
        ).fetchone()
        self.exists = row is not None
        self.closed, self.drill = (bool(row[0]), bool(row[1])) if row else (False, False)
        listed = json.dumps(list(places))
        self.doors = set(
            read_list(
                cursor,
                "SELECT json_group_array(d.place) FROM json_each(?) j CROSS JOIN territory_door d ON d.place = j.value",
                listed,
            )
        )
        covered = set(
            read_list(
                cursor,
                "SELECT json_group_array(c.place) FROM json_each(?) j"
                " CROSS JOIN screening_coverage c ON c.round_id = ? AND c.place = j.value",
                json.dumps(list({place - place % 10_000 for place in self.doors})),
                round_id,
            )
        )
        self.open_doors = (
            {place for place in self.doors if place - place % 10_000 in covered}
            if self.exists and not self.closed
            else set()
        )
        self.before: dict[int, tuple[int, int]] = {
            place: (highest, visits)
            for place, highest, visits in read_list(
                cursor,
                "SELECT json_group_array(json_array(place, highest, visits)) FROM ("
                " SELECT v.place AS place, max(v.outcome) AS highest, count(*) AS visits FROM json_each(?) j"
                " CROSS JOIN screening_visit v ON v.round_id = ? AND v.place = j.value GROUP BY v.place)",
                listed,
                round_id,
            )
        }
        self.after: dict[int, tuple[int, int]] = {}
        self.added: dict[int, tuple[int, str]] = {}  # by compound: visits, when the last of them was received
        self._cursor = cursor
        self._grounds: dict[int, list[tuple[int, int]]] = {}

    def grounds(self, batch: Batch) -> list[tuple[int, int]]:
        """This method will return the ranges of doors of the round that a batch may hold visits of."""
        if batch.team_id is None:
            return batch.taken_on([])
        if batch.team_id not in self._grounds:
            self._grounds[batch.team_id] = self._cursor.execute(
                "SELECT first, last FROM screening_assignment WHERE team_id = ? AND round_id = ?",
                (batch.team_id, self.id),
            ).fetchall()
        return batch.taken_on(self._grounds[batch.team_id])

    def refusal(self, place: int, grounds: list[tuple[int, int]]) -> int:
        """This method will return why a visit of the door is refused; STORED when it is not."""
        if not self.exists:
            return Code.UNKNOWN_ROUND
        if self.closed:
            return Code.ROUND_CLOSED
        if place not in self.doors:
            return Code.UNKNOWN_DOOR
        if place not in self.open_doors:
            return Code.OUTSIDE_ROUND
        if not any(first <= place <= last for first, last in grounds):
            return Code.OTHER_TEAM
        return Code.STORED

    def counter_rows(self) -> Iterator[tuple[Any, ...]]:
        """This method will return the changes of the compounds' counters: each door's state before and after."""
        deltas: dict[int, list[int]] = {}
        for place, (highest, visits) in self.after.items():
            now = PRESUMED if highest == 1 and visits >= PRESUMED_AFTER else highest
            highest, visits = self.before.get(place, (0, 0))
            was = PRESUMED if highest == 1 and visits >= PRESUMED_AFTER else highest
            if was != now:
                compound = place - place % 10_000
                delta = deltas.get(compound)
                if delta is None:
                    delta = deltas[compound] = [0] * len(STATES)
                delta[now - 1] += 1
                if was:
                    delta[was - 1] -= 1
        nothing = [0] * len(STATES)
        for compound, (added, received) in self.added.items():
            yield (*deltas.get(compound, nothing), added, received, compound)


class Writing:
    """Reads what some batches name in one go, judges their items in order, and notes the rows to write."""

    def __init__(self, cursor: sqlite3.Cursor, batches: list[Batch]) -> None:
        ids: list[str] = []
        places: dict[int, set[int]] = defaultdict(set)
        for batch in batches:
            ids += [text.replace("-", "") for text in batch.ids]
            if len(set(batch.rounds)) == 1:
                places[batch.rounds[0]].update(batch.places)
                continue
            for round_id, place in zip(batch.rounds, batch.places, strict=True):
                places[round_id].add(place)
        self.content: dict[str, int] = dict(
            read_list(
                cursor,
                "SELECT json_group_array(json_array(v.id, v.content)) FROM json_each(?) j"
                " CROSS JOIN screening_visit v ON v.id = j.value",
                json.dumps(ids),
            )
        )
        self.rounds = {round_id: RoundFacts(cursor, round_id, named) for round_id, named in places.items()}
        self.visits: list[tuple[Any, ...]] = []
        self.conflicts: list[tuple[Any, ...]] = []
        self.entries: list[tuple[Any, ...]] = []

    def add(self, batch: Batch) -> list[int]:
        """This method will judge a batch and note all rows it leads to; returns the codes."""
        codes: list[int] = []
        stored: list[tuple[str, int]] = []
        drill = False
        received, batch_hex, team = moment_text(batch.received_at), batch.id.hex, batch.team_id
        content_of_id, visits = self.content, self.visits
        round_now, first, last = 0, 1, 0
        facts: RoundFacts | None = None
        grounds: list[tuple[int, int]] = []
        for text, round_id, place, outcome, happened, content in zip(
            batch.ids, batch.rounds, batch.places, batch.outcomes, batch.happened, batch.contents, strict=True
        ):
            if facts is None or round_id != round_now:
                facts, round_now = self.rounds[round_id], round_id
                grounds = facts.grounds(batch)
                first, last = grounds[0] if grounds else (1, 0)
            hex_id = text.replace("-", "")
            held = content_of_id.get(hex_id)
            if held is not None or place not in facts.open_doors or not first <= place <= last:
                code = Code.DUPLICATE if held == content else facts.refusal(place, grounds)
                if code == Code.STORED and held is not None:
                    code = Code.CONFLICT
                    payload = {
                        "round": round_id, "outcome": outcome, "happened_us": happened, "shift_us": batch.shift_us,
                    }  # fmt: skip
                    self.conflicts.append((hex_id, content, place, team, json.dumps(payload), received))
                if code != Code.STORED:
                    codes.append(code)
                    continue
            codes.append(0)
            content_of_id[hex_id] = content
            happened_at = str(NAIVE_EPOCH + timedelta(0, 0, happened))
            visits.append((hex_id, round_id, place, team, outcome, happened_at, received, batch_hex, content))
            stored.append((hex_id, content))
            drill = drill or facts.drill
            now = facts.after.get(place) or facts.before.get(place)
            facts.after[place] = (max(now[0], outcome), now[1] + 1) if now else (outcome, 1)
            compound = place - place % 10_000
            facts.added[compound] = (facts.added.get(compound, (0,))[0] + 1, received)
        if stored:
            self.entries.append(
                entry_values(
                    act=ACT,
                    subject=f"screening.Batch:{batch.id}",
                    by=batch.by,
                    at=batch.received_at,
                    place=None,
                    data=canonical({"digest": batch_digest(stored), "shift": batch.shift_us, "stored": len(stored)}),
                    drill=drill,
                )
            )
        return codes

    def write(self, cursor: sqlite3.Cursor) -> None:
        """This method will write everything noted."""
        write_rows(cursor, VISITS, self.visits)
        for facts in self.rounds.values():
            cursor.execute(COUNT, (json.dumps(list(facts.counter_rows())), facts.id))
        if self.conflicts:
            cursor.executemany(CONFLICT, self.conflicts)
        write_rows(cursor, ENTRIES, self.entries)


def store(batches: list[Batch]) -> list[list[int]]:
    """This function will store batches in the open transaction and return the codes of each one's items."""
    with connection.wrap_database_errors:
        cursor = connection.connection.cursor(sqlite3.Cursor)
        writing = Writing(cursor, batches)
        codes = [writing.add(batch) for batch in batches]
        writing.write(cursor)
    return codes
