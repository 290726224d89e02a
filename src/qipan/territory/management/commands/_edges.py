"""What the commands of this room share: everywhere, progress lines, refusals as text."""

import time
from collections.abc import Callable
from typing import Any

from qipan.kernel.refusal import BadInput

EVERYWHERE = [(0, 10**19 - 1)]


def progress_line(out: Any) -> Callable[[int], None]:
    """This function will return a callback that prints the number of rows done, at most once a second."""
    last = time.monotonic()

    def show(done: int) -> None:
        nonlocal last
        if out is not None and time.monotonic() - last >= 1:
            last = time.monotonic()
            out.write(f"  {done:,}", ending="\r")

    return show


def refusal_text(refusal: BadInput) -> str:
    """This function will write a refusal with its problems, one a line."""
    return "\n".join([str(refusal), *refusal.problems])
