"""HTTP as the city's devices speak it: keep-alive, JSON, a pass in the header or a post behind the log-in page."""

import http.client
import re
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

TIMEOUT_S = 60
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class ServerLost(Exception):
    """No answer came: the server is down or the line was cut. What was sent may or may not have arrived."""


class Unexpected(Exception):
    """The server answered what this client did not count on."""


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers and body, and how long it took."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage
    seconds: float

    def json(self) -> Any:
        return _decode(self.body)


@dataclass
class Line:
    """One connection of one actor; not shared between threads. ``pass_token`` may change from call to call."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    pass_token: str = ""
    language: str = "zh-hans"

    def __post_init__(self) -> None:
        self._parts = urlsplit(self.address)
        self._http: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def get(self, path: str, **query: object) -> Answer:
        """This method will read a page or an endpoint."""
        text = urlencode({name: value for name, value in query.items() if value is not None})
        return self.call("GET", f"{path}?{text}" if text else path)

    def read(self, path: str, **query: object) -> Any:
        """This method will read JSON and raise ``Unexpected`` for anything but success."""
        return _good(self.get(path, **query), path)

    def post(self, path: str, body: object) -> Answer:
        """This method will post JSON; bytes go out as they are."""
        raw = body if isinstance(body, bytes) else _encode(body)
        return self.call("POST", path, raw, {"Content-Type": "application/json"})

    def write(self, path: str, body: object) -> Any:
        """This method will post JSON and raise ``Unexpected`` for anything but success."""
        return _good(self.post(path, body), path)

    def fill(self, path: str, form: Mapping[str, str]) -> Answer:
        """This method will send a page's form."""
        return self.call("POST", path, urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"})

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """This method will make one request. Raises ``ServerLost``; an idle line that the server closed is renewed once."""
        said = {"Accept-Language": self.language, **(headers or {})}
        if self.pass_token:
            said["Authorization"] = f"Bearer {self.pass_token}"
        elif self.cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            said["X-CSRFToken"] = self.cookies.get("csrftoken", "")
            said["Referer"] = self.address
        self._renew_if_closed()
        began = time.perf_counter()
        fresh = self._http is None
        try:
            response, raw = self._once(method, path, body, said)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if fresh or method != "GET":
                raise ServerLost(str(error)) from error
            try:
                response, raw = self._once(method, path, body, said)
            except (OSError, http.client.HTTPException) as again:
                self.close()
                raise ServerLost(str(again)) from again
        for line in response.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return Answer(response.status, raw, response.headers, time.perf_counter() - began)

    def _renew_if_closed(self) -> None:
        """Lets go of an idle line that the server has hung up: something to read before a request is its end."""
        if self._http is not None and self._http.sock is not None and select.select([self._http.sock], [], [], 0)[0]:
            self.close()

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        if self._http is None:
            self._http = http.client.HTTPConnection(self._parts.hostname or "", self._parts.port, timeout=TIMEOUT_S)
        self._http.request(method, path, body, dict(headers))
        response = self._http.getresponse()
        return response, response.read()


def _good(answer: Answer, path: str) -> Any:
    if not 200 <= answer.status < 300:
        raise Unexpected(f"{path}: {answer.status} {answer.body[:400].decode(errors='replace')}")
    return answer.json() if answer.body else None


def log_in(address: str, username: str, password: str, *, language: str = "zh-hans") -> Line:
    """This function will log in on the page that people use. Raises ``Unexpected`` when it does not let in."""
    line = Line(address, language=language)
    page = line.get("/accounts/login/")
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)
    if token is None:
        raise Unexpected(f"/accounts/login/: {page.status}, no form")
    form = {"login": username, "password": password, "csrfmiddlewaretoken": token[1].decode()}
    answer = line.fill("/accounts/login/", form)
    if answer.status != 302 or "sessionid" not in line.cookies:
        raise Unexpected(f"log-in of {username}: {answer.status}")
    return line


def moved(answer: Answer) -> str:
    """This function will return where a form that was taken leads to. Raises ``Unexpected`` when it was not."""
    if answer.status != 302:
        said = re.sub(r"<[^>]+>|\s+", " ", answer.body.decode(errors="replace"))
        raise Unexpected(f"a form was not taken ({answer.status}): {said[-600:]}")
    return str(answer.headers["Location"])
