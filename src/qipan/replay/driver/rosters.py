"""Who stands at the gates: posts that know their people name them on the roster of shifts, page by page."""

import random
import re

from .client import Line, Unexpected, moved

ROSTER = "/forces/roster"
WATCHES = ("甲班", "乙班", "丙班")
AHEAD = 2  # shifts of a gate that are planned at a time
EMPTY_SHARE = 0.1  # of the gates has nobody yet: its shifts are told as empty when they begin


def name_guards(line: Line, *, seed: int) -> int:
    """This function will name who stands at the gates on a post's ground, where nobody was named yet; returns how many
    shifts got somebody.
    """
    named, page = 0, 1
    while True:
        answer = line.get(ROSTER, page=page)
        if answer.status != 200:
            raise Unexpected(f"{ROSTER}: {answer.status}")
        text = answer.body.decode()
        form: dict[str, str] = {}
        for gate in text.split("<section")[1:]:
            shifts = re.findall(r'name="(shift-\d+)"', gate)[:AHEAD]
            place = re.search(r'name="gate-(\d+)"', gate)
            if place is None or "state-done" in gate:  # all have somebody, or another post plans here
                continue
            chance = random.Random(f"{seed} {place[1]}")  # noqa: S311
            if chance.random() >= EMPTY_SHARE:
                form |= dict.fromkeys(shifts, f"门岗{chance.choice(WATCHES)}")
        if form:
            moved(line.fill(f"{ROSTER}?page={page}", form))
        named += len(form)
        page += 1
        if f'page={page}"' not in text:
            return named
