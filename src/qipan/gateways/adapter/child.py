"""The process of its own in which Apprise sends: a line of JSON in, a line of JSON out, nothing else.

Apart, because Apprise looks names up and opens connections by itself: here each address that a name leads to is
checked when it is called, nothing that it logs comes near our log, and whoever takes too long is ended with it.
"""

import json
import logging
import os
import signal
import socket
import sys
from functools import partial
from typing import Any

import apprise
from apprise.plugins.email import base as mail

from qipan.kernel.addresses import is_own, may_call

from .robots import Heard, put_right

IDLE_S = 300  # without work it goes
_found = socket.getaddrinfo


class Said(logging.Handler):
    """Keeps the last thing that Apprise said went wrong."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()


class Guard:
    """Looks names up for everyone in this process and lets nobody at an address that may not be called."""

    def __init__(self) -> None:
        self.own: list[str] = []  # networks of one's own
        self.open = False  # without encryption: to these alone
        self.refused = ""

    def look_up(self, host: Any, *rest: Any, **more: Any) -> Any:
        """This method will look a name up as ``socket.getaddrinfo`` does; raises ``OSError`` for a private address."""
        found = _found(host, *rest, **more)
        addresses = [str(address[4][0]) for address in found]
        if not all(is_own(one, self.own) if self.open else may_call(one, own=self.own) for one in addresses):
            self.refused = host.decode() if isinstance(host, bytes) else str(host)
            raise OSError("not a public address")
        return found


def _same_id(left: str, idstring: str | None = None, domain: str | None = None) -> str:
    return f"<{left}@{domain}>"


def answer(asked: dict[str, Any], guard: Guard, said: Said, heard: Heard) -> dict[str, Any]:
    """This function will send one notice, or with ``do`` = "read" only say whether Apprise reads its address."""
    # Apprise makes a new Message-ID for each mail and has no option for it: here a second try has that of the first.
    mail.make_msgid = partial(_same_id, asked["id"])
    asset = apprise.AppriseAsset(
        app_id="Qipan", app_desc="Qipan", app_url="", async_mode=False, http_redirects=False, secure_logging=True
    )
    said.last, guard.refused, guard.own, guard.open = "", "", asked["own"], asked["open"]
    heard.forget()
    channel = apprise.Apprise.instantiate(asked["url"], asset=asset, suppress_exceptions=True)
    if channel is None:
        return {"why": "unread", "said": ""}
    if asked["do"] == "read":
        return {"why": "", "said": ""}
    sender = apprise.Apprise(asset=asset)
    sender.add(channel)
    ok = sender.notify(title=asked["title"], body=asked["body"], body_format=apprise.NotifyFormat.TEXT)
    if guard.refused and not ok:
        return {"why": "private", "said": guard.refused}
    why, words = heard.failure(robot=asked["robot"])
    if not why and not ok:
        why, words = "other", said.last
    return {"why": why, "said": words}


def main() -> None:
    """This function will answer each line until there are no more, or none comes for minutes."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints does not come between the answers
    guard, said, heard = Guard(), Said(logging.WARNING), Heard()
    socket.getaddrinfo = guard.look_up
    heard.listen()
    put_right()
    logger = logging.getLogger("apprise")
    logger.handlers, logger.propagate = [said], False
    logger.setLevel(logging.WARNING)
    for line in sys.stdin:
        signal.alarm(0)
        try:
            told = answer(json.loads(line), guard, said, heard)
        except Exception as error:
            told = {"why": "other", "said": type(error).__name__}
        print(json.dumps(told), file=out, flush=True)
        signal.alarm(IDLE_S)


if __name__ == "__main__":
    main()
