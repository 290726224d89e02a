"""What is found at doors goes its own way beside the emergency: residents report it, offices handle and verify it.

Everything goes through the pages that people use: the public report page without log-in, the dispatcher's inbox, the
handler's and the verifier's page of a matter, and the reporter's own page behind the code.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

from .client import Answer, Line, Unexpected, moved

PESTS, CLUTTER = "20001", "18003"  # of the example catalogue: the health department's, and the community's own
WORDS = {PESTS: "垃圾房旁发现老鼠，请安排消杀", CLUTTER: "楼道堆放杂物，安全门打不开"}
RESULTS = {PESTS: "已完成消杀并封堵鼠洞", CLUTTER: "已与住户一起清理楼道"}
OBJECTS_ON_DAY, DOUBTS_ON_DAY = 2, 3
SILENT_SHARE = 0.3  # of those who reported never answer: theirs end as unconfirmed, never as satisfied


@dataclass
class Findings:
    """The people of one community, ``place`` its code: two reports a day, and what becomes of them."""

    address: str
    place: str
    posts: dict[str, Line]  # lines of the posts "street", "community", "health" and "lead"
    seed: int = 0
    reported: int = 0
    joined: int = 0
    confirmed: int = 0
    objected: int = 0
    doubted: int = 0

    def day(self, day: int) -> None:
        """This method will let residents report, the offices take each report through, and the residents answer."""
        codes = {category: [self._report(category, day)] for category in WORDS}
        if day % 2:
            codes[CLUTTER].append(self._join(CLUTTER, day))
        for number in self._found("new"):
            self._take_through(number, object_first=day == OBJECTS_ON_DAY)
        if day == DOUBTS_ON_DAY:
            self._doubt(codes[CLUTTER][0])
        for category, reporters in codes.items():
            if random.Random(f"{self.seed} {day} {category}").random() >= SILENT_SHARE:  # noqa: S311
                for code in reporters:
                    self._say(code, "satisfied")
                self.confirmed += 1

    # -- residents, without log-in --------------------------------------------------------------------

    def _report(self, category: str, day: int) -> str:
        """Reports what is new there; the page that answers has the code to follow it by."""
        line = Line(self.address)
        said = {**self._said(category, day), "same": "another"}
        code = _code(line.fill("/report", {**said, **_question(line.get("/report"))}))
        line.close()
        self.reported += 1
        return code

    def _join(self, category: str, day: int) -> str:
        """A neighbour reports the same, is shown that it is known, and joins it instead."""
        line = Line(self.address)
        said = self._said(category, day)
        hint = line.fill("/report", {**said, **_question(line.get("/report"))})
        known = _one(r'name="same" value="(\d+)"', hint)
        code = _code(line.fill("/report", {**said, **_question(hint), "same": known}))
        line.close()
        self.joined += 1
        return code

    def _said(self, category: str, day: int) -> dict[str, str]:
        return {"place": self.place, "category": category, "text": f"{WORDS[category]}(第{day}天)"}

    def _say(self, code: str, word: str, **reason: str) -> None:
        line = Line(self.address)
        line.get(f"/track/{code}")
        moved(line.fill(f"/track/{code}/{word}", reason))
        line.close()

    # -- offices ----------------------------------------------------------------------------------------

    def _found(self, show: str) -> list[int]:
        """The matters that the dispatcher's inbox shows, the oldest first."""
        page = self.posts["street"].get("/matters", show=show)
        return sorted({int(number) for number in re.findall(rb'href="/matters/(\d+)"', page.body)})

    def _take_through(self, number: int, *, object_first: bool) -> None:
        street, act = self.posts["street"], self._act
        act(street, number, "file")
        unit = _one(r'name="unit" value="([^"]+)" checked', street.get(f"/matters/{number}"))
        act(street, number, "dispatch", unit=unit)
        own = unit.endswith(":community")
        if object_first and not own:
            act(self.posts["health"], number, "object", reason="该处属施工围挡范围")
            act(self.posts["lead"], number, "arbitrate", unit=unit, reason="围挡外侧，仍由原单位办理")
            self.objected += 1
        self._do(number, own=own)

    def _do(self, number: int, *, own: bool) -> None:
        """The handler reports it done; another unit looks and verifies."""
        handler, verifier = (self.posts[name] for name in (("community", "street") if own else ("health", "community")))
        result = RESULTS[CLUTTER if own else PESTS]
        self._act(handler, number, "report_done", kind="SOLVED", result=result)
        self._act(verifier, number, "verify", way="RESIDENTS" if own else "GOVERNMENT")

    def _doubt(self, code: str) -> None:
        """A reporter says that it is not done: it goes back to the same handler, who does it."""
        self._say(code, "doubt", reason="仍有杂物")
        self.doubted += 1
        for number in self._found("verify"):
            self._act(self.posts["street"], number, "send_back", reason="现场复核，确有杂物")
            self._do(number, own=True)

    def _act(self, line: Line, number: int, act: str, **form: str) -> None:
        moved(line.fill(f"/matters/{number}/{act}", form))


def people_of(line: Callable[[str], Line], address: str, place: str, *, seed: int) -> Findings:
    """This function will log in the posts that take matters through; ``line`` logs one in by its name."""
    posts = {name: line(name) for name in ("street", "community", "health", "lead")}
    return Findings(address, place, posts, seed=seed)


def _question(page: Answer) -> dict[str, str]:
    """What a person reads and answers on the report page."""
    token = _one(r'name="token" value="([^"]+)"', page)
    question = _one(r'<label for="answer">([^<]+)</label>', page)
    return {"token": token, "answer": str(sum(int(number) for number in re.findall(r"\d+", question)))}


def _code(answer: Answer) -> str:
    return moved(answer).rsplit("/", 1)[1]


def _one(pattern: str, page: Answer) -> str:
    found = re.search(pattern, page.body.decode(errors="replace"))
    if found is None:
        raise Unexpected(f"a page ({page.status}) without {pattern}")
    return unescape(found[1])
