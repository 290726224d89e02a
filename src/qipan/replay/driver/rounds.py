"""The field at work: threads that are many phones, each upload kept until the server has answered for all of it."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .client import Answer, Line, ServerLost
from .faults import AGAIN_SHARE, LATE_SHARE, OFFLINE_SHARE, Fault, some_fault
from .ledger import Ledger
from .story import WORKDAY, Story
from .teams import LARGE, USUAL, Team, Upload, Visit, uploads

FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 3.0
BUSY = (502, 503, 504)
MINUTES_PER_DOOR = timedelta(minutes=3)


class GivenUp(Exception):
    """The server did not answer for so long that the replay makes no sense any more."""


@dataclass
class FieldWork:
    """All teams of a replay and the lines on which they send."""

    address: str
    teams: list[Team]
    ledger: Ledger
    story: Story
    seed: int
    threads: int = 4
    patience_s: float = 120.0
    faults: bool = True
    usual: int = USUAL
    rate: float = 800.0  # visits a second, learned day by day
    kept: dict[int, list[Visit]] = field(default_factory=dict)  # of teams that were offline, by team
    stop: threading.Event = field(default_factory=threading.Event)

    def fetch_doors(self) -> None:
        """This method will let every phone fetch its doors; a team without doors in the round stays at home."""

        def fetch(line: Line, number: int) -> None:
            team = self.teams[number]
            line.pass_token = team.token
            sheet = line.read("/api/field/doors")
            team.places = [int(door[0]) for compound in sheet["compounds"] for door in compound["doors"]]

        self._run(fetch, iter(range(len(self.teams))))
        self.teams = [team for team in self.teams if team.places]

    def day(self, round_id: int, day: int, days_left: int, *, seconds: float = 0.0) -> int:
        """This method will let every team work for a day and return how many visits they made.

        ``seconds`` spreads the day over that much real time; 0 is as fast as the server answers.
        Raises ``GivenUp``.
        """
        began = time.monotonic()
        made_before = self.ledger.acknowledged
        expected = sum(len(team.places) for team in self.teams) / max(days_left, 1)
        length = max(seconds, expected / self.rate, 1.0)
        self.story.go_on(at=self.story.morning(day), speed=WORKDAY.total_seconds() / length)
        order = list(range(len(self.teams)))
        random.Random(self.seed * 101 ^ day).shuffle(order)  # noqa: S311
        late: list[Upload] = []
        work = self._feed(order, began, seconds)
        self._run(lambda line, number: self._team_day(line, round_id, day, days_left, number, late), work)
        self._run(lambda line, number: self._deliver(line, late[number]), iter(range(len(late))))
        self.story.go_on(speed=1.0)  # the night is short
        took = max(time.monotonic() - began, 0.001)
        made = self.ledger.acknowledged - made_before
        if not seconds and made:
            self.rate = max(50.0, made / took)
        return made

    def flush(self, round_id: int) -> None:
        """This method will send what teams still keep on their phones."""
        waiting = [team for team in self.teams if self.kept.get(team.id)]
        self._run(lambda line, number: self._send_kept(line, round_id, waiting[number]), iter(range(len(waiting))))

    def _feed(self, order: list[int], began: float, seconds: float) -> Iterator[int]:
        for position, number in enumerate(order):
            if seconds:
                due = began + seconds * 0.95 * position / len(order)
                while (wait := due - time.monotonic()) > 0 and not self.stop.is_set():
                    time.sleep(min(wait, 0.2))
            yield number

    def _run(self, job: Callable[[Line, int], None], numbers: Iterator[int]) -> None:
        """Runs a job for each number on all threads; the first failure stops them and is raised here."""
        lock = threading.Lock()
        failures: list[BaseException] = []

        def work() -> None:
            line = Line(self.address)
            try:
                while not self.stop.is_set():
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    job(line, number)
            except BaseException as failure:  # told in the calling thread
                failures.append(failure)
                self.stop.set()
            finally:
                line.close()

        threads = [threading.Thread(target=work, name=f"phones-{n}", daemon=True) for n in range(self.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.25)
                self._keep_to_the_day()
        if failures:
            raise failures[0]

    def _keep_to_the_day(self) -> None:
        """In the evening the clock slows down until the day's work is done, so that no day overtakes the next."""
        shown = self.story.now()
        if self.story.speed > 1 and shown >= self._evening():
            self.story.go_on(speed=1.0)

    def _evening(self) -> datetime:
        day = (self.story.now() - self.story.midnight).days + 1
        return self.story.evening(day)

    def _team_day(self, line: Line, round_id: int, day: int, days_left: int, number: int, late: list[Upload]) -> None:
        team, other = self.teams[number], self.teams[(number + 1) % len(self.teams)]
        dice = random.Random((self.seed * 131 ^ team.id) * 31 + day)  # noqa: S311
        self._send_kept(line, round_id, team)
        doors = team.day(round_id, day, days_left, dice)
        shown = self.story.now()
        visits = [
            team.visit(round_id, index, day, shown - MINUTES_PER_DOOR * (len(doors) - place), dice)
            for place, index in enumerate(doors)
        ]
        if self.faults and days_left > 1 and dice.random() < OFFLINE_SHARE:
            self.kept[team.id] = visits
            return
        for upload in uploads(team, round_id, visits, dice, usual=self.usual):
            if self.faults and dice.random() < LATE_SHARE:
                late.append(upload)
                continue
            self._deliver(line, upload)
            if self.faults and dice.random() < AGAIN_SHARE:
                self._deliver(line, upload)
            if self.faults:
                fault = some_fault(upload, other, self.story.now(), dice)
                if fault:
                    self._misbehave(line, team, fault)

    def _send_kept(self, line: Line, round_id: int, team: Team) -> None:
        visits = self.kept.pop(team.id, [])
        for start in range(0, len(visits), LARGE):
            self._deliver(line, Upload(team, round_id, visits[start : start + LARGE]))

    def _deliver(self, line: Line, upload: Upload) -> None:
        """Sends an upload until the server has answered for each of its visits. Raises ``GivenUp``."""
        line.pass_token = upload.team.token
        give_up = time.monotonic() + self.patience_s
        wait = FIRST_WAIT_S
        while not self.stop.is_set():
            again = sum(visit.acknowledged for visit in upload.visits)
            self.ledger.note_sent(len(upload.visits), duplicates=again)
            try:
                answer = line.post("/api/visits", upload.body(self.story.now()))
            except ServerLost as lost:
                self.ledger.note_unanswered()
                reason = str(lost)
            else:
                if answer.status not in BUSY:
                    self._settle(upload, answer)
                    return
                self.ledger.note_unanswered()
                reason = f"{answer.status} {answer.body[:200]!r}"
            if time.monotonic() > give_up:
                raise GivenUp(reason)
            time.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)

    def _settle(self, upload: Upload, answer: Answer) -> None:
        if answer.status != 200:
            self.ledger.note_unexpected(f"upload: {answer.status} {answer.body[:300].decode(errors='replace')}")
            return
        said = answer.json()["answers"]
        if [item["id"] for item in said] != [visit.id for visit in upload.visits]:
            self.ledger.note_unexpected("the answers are not those of the visits")
            return
        fresh: list[bytes] = []
        for visit, item in zip(upload.visits, said, strict=True):
            if item["answer"] not in ("stored", "duplicate") or (item["answer"] == "stored" and visit.acknowledged):
                self.ledger.note_unexpected(f"{visit.outcome} at {visit.place}: {item}")
            elif not visit.acknowledged:
                visit.acknowledged = True
                upload.team.hold(upload.round, visit)
                fresh.append(visit.raw)
        self.ledger.note_acknowledged(fresh)

    def _misbehave(self, line: Line, team: Team, fault: Fault) -> None:
        """Sends something wrong and holds the server to the answer that is right for it."""
        line.pass_token = team.token
        self.ledger.note_sent(fault.visits)
        try:
            answer = line.post("/api/visits", fault.body)
        except ServerLost:
            self.ledger.note_unanswered()
            return
        if answer.status in BUSY:
            self.ledger.note_unanswered()
            return
        if answer.status != fault.status:
            self.ledger.note_unexpected(f"{fault.kind}: {answer.status} {answer.body[:200].decode(errors='replace')}")
        elif fault.status != 200:
            self.ledger.note_malformed()
        else:
            [item] = answer.json()["answers"]
            if (item["answer"], item.get("code", "")) != (fault.answer, fault.code):
                self.ledger.note_unexpected(f"{fault.kind}: {item}")
            elif fault.answer == "conflict":
                self.ledger.note_conflict()
            else:
                self.ledger.note_refused(fault.code)
