"""What the commands of this room share: everywhere, progress lines, refusals as text."""

import time
from collections.abc import Callable
from typing import Any

from qipan.kernel.refusal import BadInput

EVERYWHERE = [(0, 10**19 - 1)]


def progress_line(out: Any) -> Callable[[int], None]:
    """This function will return a callback that prints the rows done: in place on a terminal, else every 10 s."""
    pause, ending = (1, "\r") if out.isatty() else (10, "\n")
    last = time.monotonic()

    def show(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= pause:
            last = time.monotonic()
            out.write(f"  {done:,}", ending=ending)

    return show


def refusal_text(refusal: BadInput) -> str:
    """This function will write a refusal with its problems, one a line."""
    return "\n".join([str(refusal), *refusal.problems])
