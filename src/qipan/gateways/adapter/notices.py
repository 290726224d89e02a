"""How a notice leaves: through Apprise in a process of its own, within seconds, and what came of it is noted."""

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from qipan.journal.api import GiveUp, Later, Message
from qipan.kernel.addresses import PrivateAddress
from qipan.kernel.clock import now
from qipan.matters.api import reach_for_telling

from ..actions.tries import note_delivered, note_failed
from ..models import NoticeChannel
from ..rules.notices import (
    ROBOTS,
    SERVICES,
    ServiceAbroad,
    addressed,
    is_open,
    mail_id,
    reach_of,
    to_reporter,
    to_unit,
    with_key,
    without_secrets,
)
from ..terms import Audience, NoticeKind, Standing
from .webhooks import NotDelivered

SECONDS = 20  # for everything: start, name, connection, answer
KEPT = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")  # no proxy, no home, no secret of ours
# Why a notice did not leave, by the word that the sending process says.
WHY = {
    "unread": gettext_lazy("Apprise does not read this address"),
    "certificate": gettext_lazy("the certificate of the service was refused"),
    "connection": gettext_lazy("no connection to the service"),
    "status": gettext_lazy("the service answered with status %(said)s"),
    "robot": gettext_lazy("the robot refused it: %(said)s"),
    "silent": gettext_lazy("the robot did not say that it took it"),
}


class Child:
    """The process that sends; started when there is something to send, and ended when it takes too long."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self.process is None or self.process.poll() is not None:
            kept = {name: os.environ[name] for name in KEPT if name in os.environ}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "qipan.gateways.adapter.child"],
                env={**kept, "PYTHONPATH": str(settings.SOURCE.parent), "NETRC": os.devnull, "PYTHONUTF8": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        return self.process

    def ask(self, question: dict[str, Any], *, seconds: float) -> dict[str, Any]:
        """This method will return the answer; raises ``TimeoutError`` or ``OSError``, and then nobody knows if it left."""
        with self.lock:
            process = self._started()
            assert process.stdin is not None and process.stdout is not None
            until, read = time.monotonic() + seconds, b""
            try:
                process.stdin.write(json.dumps(question).encode() + b"\n")
                while not read.endswith(b"\n"):
                    ready, _w, _x = select.select([process.stdout], [], [], max(until - time.monotonic(), 0))
                    if not ready:
                        raise TimeoutError
                    part = process.stdout.read(65536)
                    if not part:
                        raise BrokenPipeError("the sender ended")
                    read += part
            except OSError:
                self.end()
                raise
            found: dict[str, Any] = json.loads(read)
            return found

    def end(self) -> None:
        """This method will end the process, whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()
            self.process = None


child = Child()
atexit.register(child.end)


def is_read(url: str, *, to: str = "") -> bool:
    """This function will say whether Apprise reads an address; nothing is sent and no name is looked up."""
    question = {"do": "read", "url": addressed(url, to), "own": [], "open": False, "id": ""}
    try:
        return not child.ask(question, seconds=SECONDS)["why"]
    except OSError:
        return False


def send_notice(message: Message) -> None:
    """This function will send one notice of the outbox to its channel and note what came of it.

    Raises ``Later`` while the channel rests, ``GiveUp`` when it is off, has ended or is not allowed any more, ``NotDelivered``.
    """
    said = message.payload
    channel = NoticeChannel.objects.filter(pk=said["channel"]).select_related("unit").first()
    at = now()
    if channel is None or channel.standing == Standing.ENDED or not channel.url:
        raise GiveUp(_("the channel has ended, or its address cannot be opened any more"))
    if channel.standing != Standing.ACTIVE:
        raise GiveUp(_("the channel is off"))
    if channel.service not in SERVICES:  # entered when it was still allowed
        raise GiveUp(str(ServiceAbroad(service=channel.service)))
    if channel.rest_until is not None and at < channel.rest_until:
        raise Later(max(channel.rest_until, at + timedelta(seconds=1)))
    url = channel.url
    if channel.audience != Audience.UNIT:
        reach = reach_of(reach_for_telling(said["report"]))
        if reach is None or reach[0] != channel.audience:
            return  # erased since, or not wished any more: nobody is left to tell
        url = addressed(url, reach[1])
    outcome = _tried(url, channel, said)
    if outcome:
        note_failed(channel, outcome=outcome, gone=False, at=now())
        raise NotDelivered(outcome)
    note_delivered(channel, outcome=_("sent"), at=now())


def _tried(url: str, channel: NoticeChannel, said: dict[str, Any]) -> str:
    """What went wrong, without anything of the address; empty when the channel took it."""
    key = str(said["key"])
    with override(settings.LANGUAGE_CODE):
        if channel.audience == Audience.UNIT:
            kind = said["kind"]
            label = f"{_('Qipan')} · {NoticeKind(kind).label if kind else _('test')}"
            title, body = to_unit(label, said, key=key, address=settings.ADDRESS)
        else:
            title, body = to_reporter(said["what"], said["number"], address=settings.ADDRESS)
        question = {
            "do": "send",
            "url": with_key(url, channel.service, key),
            "title": title,
            "body": body,
            "own": settings.OWN_NETWORKS,
            "open": is_open(channel.url),
            "robot": channel.service in ROBOTS,
            "id": mail_id(key, site_key=settings.SECRET_KEY),
        }
        try:
            told = child.ask(question, seconds=SECONDS)
        except TimeoutError:
            return _("no answer within %(seconds)s s") % {"seconds": SECONDS}
        except OSError as error:
            return type(error).__name__
        why, words = str(told["why"]), str(told["said"])
        if why == "private":
            return str(PrivateAddress(host=words))
        words = without_secrets(words, url)
        if why in WHY:
            return str(WHY[why]) % {"said": words}
        return why and (words[:200] or _("the channel did not take it"))
