"""Eyes on the boards, in a process of their own so that the driver's other work does not blur what they measure.

``python -m qipan.replay.driver.eyes`` reads one line of JSON (address, cookies, city, places, seed, pause) from its
input, then looks at boards until the input closes, and writes one line of JSON for each look.
"""

import json
import random
import sys
import threading
import time
from typing import Any

from .client import Line, ServerLost


def disagreements(figures: dict[str, Any]) -> tuple[int, list[str]]:
    """This function will compare a board's rows with its total; returns how many comparisons, and what differs."""
    coverage, rows = figures["coverage"], [row["coverage"] for row in figures["areas"] if row["coverage"]]
    wrong, checks = [], 1
    if rows:
        for name, key in (("part", "settled"), ("whole", "doors")):
            total = sum(row[name] for row in rows)
            checks += 1
            if total != coverage[key]:
                wrong.append(f"{figures['code']}: {key} {coverage[key]}, its areas {total}")
    states = sum(coverage["states"].values())
    if states != coverage["doors"]:
        wrong.append(f"{figures['code']}: states sum to {states}, doors {coverage['doors']}")
    return checks, wrong


def look(line: Line, code: str) -> dict[str, Any]:
    """This function will look at a board once and return what is kept of it. Raises ``ServerLost``."""
    asked = time.monotonic()
    answer = line.get(f"/api/board/{code}", show="coverage")
    seen: dict[str, Any] = {"asked": asked, "ms": answer.seconds * 1000, "code": code, "status": answer.status}
    if answer.status == 200:
        figures = answer.json()
        if figures["coverage"] is not None:
            seen["round"], seen["visits"] = figures["coverage"]["round"], figures["coverage"]["visits"]
            seen["checks"], seen["wrong"] = disagreements(figures)
    return seen


def main() -> None:
    """This function will look until the input is closed."""
    told = json.loads(sys.stdin.readline())
    line = Line(told["address"], cookies=told["cookies"])
    dice = random.Random(told["seed"])  # noqa: S311
    closed = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        closed.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    while not closed.wait(told["pause"]):
        code = told["city"] if dice.random() < 0.5 else dice.choice(told["places"])
        try:
            print(json.dumps(look(line, code)), flush=True)  # noqa: T201
        except ServerLost:
            continue  # the server is away; the teams tell what that costs


if __name__ == "__main__":
    main()
