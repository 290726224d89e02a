"""Communities and compounds at their desks: a screen at each gate that asks, reads and signs; paper where there is none."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from qipan.duties.api import units_on
from qipan.kernel.place import COMMUNITY, COMPOUND, code_of, range_of
from qipan.territory.api import compounds_within

from .city import PassRow, enrol
from .client import Line, ServerLost, Unexpected
from .story import Story

SLOW_SHARE = 0.04  # offices that read and do not sign
BUSY_SHARE = 0.06  # offices that accept and are not done by the end
PATIENCE_S = 60.0
DEVICE_ROLE = "desk-device"


@dataclass(frozen=True)
class Device:
    """A screen at the desk of a community or at the gate of a compound."""

    code: str
    token: str


def devices_of(admin: Line, city: str, *, last_day: datetime) -> list[Device]:
    """This function will give every community, and every compound that has a screen, a device with a pass."""
    ground = [range_of(city)]
    units = units_on(ground, ["community", "compound"]).values_list("place", "organ_type__level")
    dark = set(compounds_within(ground).filter(has_screen=False).values_list("place", flat=True))
    codes = sorted(
        code_of(place, level)
        for place, level in units
        if (level in (COMMUNITY, COMPOUND) and place not in dark) or level == COMMUNITY
    )
    connection.close()
    rows = enrol(admin, DEVICE_ROLE, [PassRow(f"终端{code}", code) for code in codes], last_day=last_day)
    return [Device(row.area, row.token) for row in rows]


@dataclass
class Offices:
    """All devices of a city. ``delivered`` holds, by source of a task, the moments at which desks showed it."""

    address: str
    devices: Sequence[Device]
    story: Story
    seed: int = 0
    threads: int = 4
    delivered: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _source: str = ""
    _signed: int = 0
    _shown: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    _signing: threading.Thread | None = None
    _failure: BaseException | None = None

    def areas(self) -> list[str]:
        """This method will return the codes of the districts, streets and communities that have a desk."""
        found = {device.code[:cut] for device in self.devices for cut in (6, 9, 12)}
        return sorted(found)

    def read_desks(self) -> None:
        """This method will let every device ask for its desk once: what it shows is delivered."""
        self._run(self._read, range(len(self.devices)), threads=self.threads)

    def begin_signing(self) -> None:
        """This method will let the devices sign for what they were shown, one after the other, while other work goes on."""
        self._signing = threading.Thread(target=self._sign_all, name="offices", daemon=True)
        self._signing.start()

    def end_signing(self) -> None:
        """This method will wait for the last signature; raises what went wrong there."""
        if self._signing is not None:
            self._signing.join()
            self._signing = None
        if self._failure is not None:
            raise self._failure

    def _sign_all(self) -> None:
        try:
            self._run(self._sign_own, sorted(self._shown), threads=1)
        except BaseException as failure:  # told in the thread that waits
            self._failure = failure

    def sign_paper(self, source: str) -> int:
        """This method will let communities enter what their compounds signed on paper; returns how many."""
        self._source = source
        communities = [n for n, device in enumerate(self.devices) if len(device.code) == 12]
        self._signed = 0
        self._run(self._sign_paper, communities, threads=self.threads)
        return self._signed

    def _run(self, job: Callable[[Line, int], None], numbers: Sequence[int], *, threads: int) -> None:
        waiting: Iterator[int] = iter(numbers)
        lock = threading.Lock()
        failures: list[BaseException] = []

        def work() -> None:
            line = Line(self.address)
            try:
                while not failures:
                    with lock:
                        number = next(waiting, None)
                    if number is None:
                        return
                    self._patiently(job, line, number)
            except BaseException as failure:  # told in the calling thread
                failures.append(failure)
            finally:
                line.close()

        working = [threading.Thread(target=work, daemon=True) for _n in range(threads)]
        for thread in working:
            thread.start()
        for thread in working:
            thread.join()
        if failures:
            raise failures[0]

    def _patiently(self, job: Callable[[Line, int], None], line: Line, number: int) -> None:
        line.pass_token = self.devices[number].token
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                job(line, number)
                return
            except ServerLost:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.5)

    def _read(self, line: Line, number: int) -> None:
        tasks = line.read("/api/desk/inbox")["tasks"]
        shown = time.monotonic()
        with self._lock:
            self._shown[number] = [
                (task["id"], task["kind"]) for task in tasks if task["state"] in ("SENT", "DELIVERED")
            ]
            for task in tasks:
                self.delivered[task["source"]].append(shown)

    def _sign_own(self, line: Line, number: int) -> None:
        """Most offices do what they were asked; some only accept, some read and do not sign. A shift wants a name, so it is accepted."""
        chance = random.Random(f"{self.seed} {self.devices[number].code}").random()  # noqa: S311
        state = "READ" if chance < SLOW_SHARE else "ACCEPTED" if chance < SLOW_SHARE + BUSY_SHARE else "DONE"
        at = self.story.now()
        said = [
            {"task": task, "state": "ACCEPTED" if kind == "SHIFT" and state == "DONE" else state, "at": at}
            for task, kind in self._shown[number]
        ]
        self._receipts(line, said)

    def _sign_paper(self, line: Line, number: int) -> None:
        """Enters the signatures of a community's compounds that were reached on paper."""
        tasks = line.read("/api/desk/tasks", source=self._source, limit=500)["tasks"]
        papers = [task for task in tasks if task["on_paper"] and task["state"] in ("SENT", "DELIVERED")]
        at = self.story.now()
        self._receipts(line, [{"task": task["id"], "state": "ACCEPTED", "at": at} for task in papers])
        with self._lock:
            self._signed += len(papers)

    def _receipts(self, line: Line, receipts: list[dict[str, Any]]) -> None:
        for start in range(0, len(receipts), 500):
            said = line.write("/api/desk/receipts", {"receipts": receipts[start : start + 500]})["answers"]
            # What was recalled while an office wrote its answer asks for nothing more: the right answer to a late office.
            refused = [answer for answer in said if answer["answer"] == "refused" and answer["code"] != "recalled"]
            if refused:
                raise Unexpected(f"receipts: {refused[:3]}")
