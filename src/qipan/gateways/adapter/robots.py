"""What Apprise leaves out of the robots' protocols, in the process that sends.

A robot answers 200 to what it refuses, too: whether it took a notice stands in the body. And why a call failed is kept
here as a word and a number, since Apprise only logs a sentence of its own.
"""

import json
from collections.abc import Callable
from typing import Any

import requests
from apprise.manager_plugins import NotificationManager
from apprise.plugins.dingtalk import NotifyDingTalk

# How robots say in JSON what they did: 0 is yes. DingTalk and WeCom; Feishu; Feishu as it was before.
CODES = (("errcode", "errmsg"), ("code", "msg"), ("StatusCode", "StatusMessage"))


def said_by_robot(body: bytes) -> tuple[str, str]:
    """This function will read a robot's answer: empty when it took the notice, else the kind of failure and its words."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    for code, words in CODES:
        if isinstance(answer, dict) and code in answer:
            return ("", "") if answer[code] == 0 else ("robot", f"{answer[code]} {answer.get(words, '')}".strip())
    return "silent", ""


class Heard:
    """What came of the last call by web."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """This method will begin anew."""
        self.why, self.status, self.body = "", 0, b""

    def listen(self) -> None:
        """This method will hear every call that is made by ``requests`` in this process from now on."""
        requests.request = requests.api.request = self._heard(requests.api.request)

    def _heard(self, call: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
        def heard(*given: Any, **more: Any) -> requests.Response:
            self.forget()
            try:
                answer = call(*given, **more)
            except requests.exceptions.SSLError:
                self.why = "certificate"
                raise
            except requests.RequestException:
                self.why = "connection"
                raise
            self.status, self.body = answer.status_code, answer.content
            return answer

        return heard

    def failure(self, *, robot: bool) -> tuple[str, str]:
        """This method will return the kind of failure and what was said of it; empty when the call was answered by yes."""
        if self.why:
            return self.why, ""
        if self.status and not 200 <= self.status < 300:
            return "status", str(self.status)
        return said_by_robot(self.body) if self.status and robot else ("", "")


class DingTalk(NotifyDingTalk):
    """Apprise 2.3 writes the signature as it stands in an address, ``requests`` does so once more: DingTalk refuses that."""

    def get_signature(self) -> tuple[str, str]:
        """This method will return the time and the signature, which are written into the address afterwards."""
        timestamp, signature = super().get_signature()
        return timestamp, self.unquote(signature)


def put_right() -> None:
    """This function will have Apprise send to DingTalk by the class above."""
    NotificationManager().add(DingTalk, force=True)
