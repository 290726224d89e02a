"""The board, looked at all the time: how fast it answers, how old its figures are, whether its levels agree."""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .client import Line
from .ledger import Ledger
from .rounds import BUSY
from .teams import PRESUMED_VACANT, SETTLED_RANKS, Team

PAUSE_S = 0.2
BOARD_AGE_S = 2.2  # after so long a board shows what was stored before
SAMPLE = 60  # communities whose own boards are compared too
MOST_NAMED = 20
STATE_NAMES = (
    *("UNTOUCHED", "NOT_HOME", "VACANT_UNKNOWN", "VACANT_KNOWN", "APPOINTMENT", "LANGUAGE_HELP", "REFUSED"),
    *("BY_PROXY", "BY_PHONE", "ANSWERED", "DEMOLISHED", "PRESUMED_VACANT"),
)
SETTLED_STATES = SETTLED_RANKS | {PRESUMED_VACANT}
CUTS = (4, 6, 9, 12)  # digits of the code of a city, district, street, community


@dataclass
class Watch:
    """One pair of eyes on the boards of a city."""

    line: Line
    city: str
    ledger: Ledger
    places: list[str]  # codes of areas that are looked at in turn
    seed: int = 0
    before: dict[int, int] = field(default_factory=dict)  # visits acknowledged before each round began
    looks_ms: list[float] = field(default_factory=list)
    ages_s: list[float] = field(default_factory=list)
    checks: int = 0
    mismatches: list[str] = field(default_factory=list)
    mismatched: int = 0
    _process: subprocess.Popen[str] | None = None
    _thread: threading.Thread | None = None
    _lines: list[str] = field(default_factory=list)

    def start(self) -> None:
        """This method will begin to look, in a process of its own."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qipan.replay.driver.eyes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        told = {
            "address": self.line.address,
            "cookies": self.line.cookies,
            "city": self.city,
            "places": self.places,
            "seed": self.seed,
            "pause": PAUSE_S,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        self._lines = []
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        self._lines.extend(self._process.stdout)

    def stop(self) -> None:
        """This method will end looking and weigh what was seen."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        if self._thread is not None:
            self._thread.join()
        self._process = None
        for line in self._lines:
            self._weigh(json.loads(line))

    def _weigh(self, seen: dict[str, Any]) -> None:
        if seen["status"] != 200:
            self.note(seen["status"] not in BUSY, f"{seen['code']}: {seen['status']}")
            return
        self.looks_ms.append(seen["ms"])
        if seen.get("round") not in self.before:
            return
        self.checks += seen["checks"] - len(seen["wrong"])
        for wrong in seen["wrong"]:
            self.note(True, wrong)
        if seen["code"] == self.city:
            self.ages_s.append(self.ledger.age_of(self.before[seen["round"]] + seen["visits"], seen["asked"]))

    def follow(self, round_id: int) -> None:
        """This method will follow a round from its beginning."""
        self.before[round_id] = self.ledger.acknowledged

    def note(self, wrong: bool, what: str) -> None:
        """This method will count a comparison."""
        self.checks += 1
        if wrong:
            self.mismatched += 1
            if len(self.mismatches) < MOST_NAMED:
                self.mismatches.append(what)

    def board(self, code: str) -> dict[str, Any]:
        """This method will read a board."""
        figures: dict[str, Any] = self.line.read(f"/api/board/{code}", show="coverage")
        return figures

    def compare(self, expected: "Expected") -> None:
        """This method will compare the boards of all levels with what the teams know; nothing may be on its way."""
        time.sleep(BOARD_AGE_S)
        dice = random.Random(self.seed)  # noqa: S311
        communities = sorted(expected.doors[12])
        codes = [code for cut in CUTS[:3] for code in sorted(expected.doors[cut])]
        for code in [*codes, *dice.sample(communities, min(SAMPLE, len(communities)))]:
            figures = self.board(code)
            if figures["coverage"] is None:
                self.note(True, f"{code}: no coverage is shown")
                continue
            self._is(code, figures["coverage"], expected)
            for row in figures["areas"]:
                if row["code"] in expected.doors[12] and row["coverage"]:
                    told = (row["coverage"]["part"], row["coverage"]["whole"])
                    wanted = (expected.settled(row["code"]), expected.doors[12][row["code"]])
                    self.note(told != wanted, f"{row['code']}: {told} on the board, {wanted} by the teams")

    def _is(self, code: str, coverage: dict[str, Any], expected: "Expected") -> None:
        cut = len(code)
        wanted = {name: expected.states[cut][code][rank] for rank, name in enumerate(STATE_NAMES)}
        told = {name: coverage["states"].get(name, 0) for name in STATE_NAMES}
        self.note(told != wanted, f"{code}: {told} on the board, {wanted} by the teams")
        visits = expected.visits[cut][code]
        self.note(coverage["visits"] != visits, f"{code}: {coverage['visits']} visits, {visits} by the teams")

    def compare_closed(self, expected: "Expected", read: Callable[[str], dict[str, Any]]) -> None:
        """This method will compare the figures of a closed round, each area and those right below it in one reading."""
        time.sleep(BOARD_AGE_S)
        for cut in CUTS[:3]:
            for code in sorted(expected.doors[cut]):
                found = read(code)
                rows = [found["total"], *found["below"]]
                for row in rows:
                    told = tuple(row["by_state"][name] for name in STATE_NAMES)
                    wanted = tuple(
                        expected.states[len(row["code"])].get(row["code"], Counter())[rank] for rank in range(len(told))
                    )
                    self.note(told != wanted, f"{row['code']}: {told} in the round, {wanted} by the teams")
                for key in ("doors", "settled", "visits"):
                    total = sum(row[key] for row in found["below"])
                    self.note(total != found["total"][key], f"{code}: {key} {found['total'][key]}, its areas {total}")


@dataclass
class Expected:
    """What every level must show for a round: counted from the teams' own books."""

    doors: dict[int, Counter[str]]
    visits: dict[int, Counter[str]]
    states: dict[int, dict[str, Counter[int]]]

    def settled(self, code: str) -> int:
        """This method will return how many doors of an area are settled."""
        return sum(count for state, count in self.states[len(code)][code].items() if state in SETTLED_STATES)


def expected_of(teams: Iterable[Team], round_id: int) -> Expected:
    """This function will count a round from the teams' books, level by level."""
    found = Expected(
        {cut: Counter() for cut in CUTS},
        {cut: Counter() for cut in CUTS},
        {cut: {} for cut in CUTS},
    )
    for team in teams:
        visits = team.tour(round_id).held_visits
        for (place, state), times in zip(team.states(round_id), visits, strict=True):
            text = str(place)
            code = text[:12]
            found.doors[12][code] += 1
            found.visits[12][code] += times
            found.states[12].setdefault(code, Counter())[state] += 1
    for cut in CUTS[:3]:
        for code, count in found.doors[12].items():
            above = code[:cut]
            found.doors[cut][above] += count
            found.visits[cut][above] += found.visits[12][code]
            found.states[cut].setdefault(above, Counter()).update(found.states[12][code])
    return found
