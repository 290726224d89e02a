"""Notices to people's own channels: which Apprise addresses may be entered, whom a report's contact means, what is said.

Pure. What is said is a number, a kind and an address of this site, never a word about a person.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote, urlsplit

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.addresses import PrivateAddress, is_own, may_call
from qipan.kernel.refusal import Refusal

LONGEST_URL = 500
TO = "{to}"  # stands in the address where a reporter's number or mailbox goes
# What Apprise can do and we let it: robots of groups, mail, a city's own gateway (also of SMS) by web. Nothing that
# writes to this machine (file, syslog, dbus), and no shop of personal messages.
ROBOTS = ("dingtalk", "wecombot", "feishu")
MAIL = ("mailto", "mailtos")
WEB = ("json", "jsons", "xml", "xmls", "form", "forms")
SERVICES = (*ROBOTS, *MAIL, *WEB)
# Lark, and the SMS services that Apprise knows by name, are abroad: what is sent would leave the country (red line 16).
ABROAD = (
    "lark",
    "twilio",
    "vonage",
    "nexmo",
    "plivo",
    "clicksend",
    "clickatell",
    "d7sms",
    "bulksms",
    "sinch",
    "msgbird",
    "sns",
)
NATIVE = {  # what stands before the token in the address that a robot's own page gives
    "https://oapi.dingtalk.com/robot/send?access_token=": "dingtalk",
    "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=": "wecombot",
    "https://open.feishu.cn/open-apis/bot/v2/hook/": "feishu",
    "https://open.larksuite.com/open-apis/bot/v2/hook/": "lark",
}
TOKEN = re.compile(r"[A-Za-z0-9_-]+")
OPEN_LINE = ("mailto", "json", "xml", "form")  # without TLS: only in a network of one's own
# No option that turns off the check of certificates, follows others, waits longer or reads a file.
OPTIONS = frozenset({"to", "from", "name", "mode", "user", "pass", "secret", "token", "unicode", "method"})
MARKS = ("+", "-", ":")  # headers, parameters and fields of a city's own gateway

E_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
MOBILE = re.compile(r"(\+|00)?\d{7,15}")
MAINLAND = re.compile(r"1[3-9]\d{9}")


class ServiceNotAllowed(Refusal):
    code = "service_not_allowed"
    sentence = _("Give the address of a robot of DingTalk, WeCom or Feishu, of mail, or of an own gateway, also of SMS (jsons, forms, xmls).")  # fmt: skip
    status = 400

    def __init__(self) -> None:
        super().__init__(field="url")


class ServiceAbroad(Refusal):
    """Red line 16."""

    code = "service_abroad"
    sentence = _("%(service)s is a service abroad: what is sent, telephone numbers too, would leave the country. Use one within the country, or a gateway there by jsons, forms or xmls (Personal Information Protection Law, art. 38 and 40).")  # fmt: skip
    status = 400

    def __init__(self, *, service: str) -> None:
        super().__init__(field="url", service=service)


class OptionNotAllowed(Refusal):
    code = "option_not_allowed"
    sentence = _("The address has an option that is not allowed here: %(option)s.")
    status = 400

    def __init__(self, *, option: str) -> None:
        super().__init__(field="url", option=option)


class OpenLine(Refusal):
    code = "open_line"
    sentence = _("This would be sent without encryption; use %(secure)s.")
    status = 400

    def __init__(self, *, secure: str) -> None:
        super().__init__(field="url", secure=secure)


class PlaceOfNumber(Refusal):
    code = "place_of_number"
    sentence = _("Write {to} once where the reporter's number or mailbox goes; a unit's own channel has none.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="url")


def as_apprise(text: str) -> str:
    """This function will write the address that a robot's own page gives as Apprise writes it; any other stays."""
    text = text.strip()
    for before, service in NATIVE.items():
        token = text.removeprefix(before)
        if token != text and TOKEN.fullmatch(token):
            return f"{service}://{token}"
    return text


def service_of(text: str, *, reporters: str = "", own: Sequence[str]) -> str:
    """This function will return the service that an Apprise address names, when it may be entered here.

    ``reporters`` is "MAIL" or "SMS" for a channel to reporters. ``own`` are networks of one's own: open
    lines are for them alone. Raises ``ServiceNotAllowed``, ``ServiceAbroad``, ``OptionNotAllowed``, ``OpenLine``, ``PlaceOfNumber``,
    ``PrivateAddress``.
    """
    service, host, options = _parts(as_apprise(text))
    if service in ABROAD:
        raise ServiceAbroad(service=service)
    allowed = {"MAIL": MAIL, "SMS": WEB}.get(reporters, SERVICES)
    if service not in allowed:
        raise ServiceNotAllowed
    for option in options:
        marked = option.startswith(MARKS) and service in WEB
        if not marked and option not in OPTIONS:
            raise OptionNotAllowed(option=option[:40])
    if text.count(TO) != (1 if reporters else 0):
        raise PlaceOfNumber
    literal = service in (*MAIL, *WEB) and re.fullmatch(r"[\d.]+|.*:.*|localhost", host)
    address = "127.0.0.1" if host == "localhost" else host
    if _is_open(service, options) and not (is_own(address, own) if literal else own):
        raise OpenLine(secure=f"{service}s://")
    if literal and not may_call(address, own=own):
        raise PrivateAddress(host=host)
    return service


def _is_open(service: str, options: Mapping[str, str]) -> bool:
    return service in OPEN_LINE and not (service == "mailto" and options.get("mode") in ("starttls", "ssl"))


def is_open(text: str) -> bool:
    """This function will say whether an Apprise address sends without encryption: then only into networks of one's own."""
    service, _host, options = _parts(text)
    return _is_open(service, options)


def _parts(text: str) -> tuple[str, str, dict[str, str]]:
    plain = text.isascii() and text.isprintable() and " " not in text and "\\" not in text and "#" not in text
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        raise ServiceNotAllowed from None
    service = parts.scheme.lower()
    if not plain or not service or not (parts.netloc or parts.path) or len(text) > LONGEST_URL:
        raise ServiceNotAllowed
    options = {
        name: value.lower() for name, value in parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True)
    }
    return service, host, options


def reach_of(text: str) -> tuple[str, str] | None:
    """This function will read how a reporter can be reached: ("MAIL", address) or ("SMS", number as +86…).

    None where it is neither a mailbox nor a mobile number; then nothing is sent.
    """
    text = text.strip()
    if E_MAIL.fullmatch(text):
        return "MAIL", text
    digits = re.sub(r"[\s()\-]", "", text)
    if not digits.isascii() or not MOBILE.fullmatch(digits):
        return None
    if MAINLAND.fullmatch(digits):
        return "SMS", f"+86{digits}"
    if digits.startswith("+"):
        return "SMS", digits
    return ("SMS", f"+{digits[2:]}") if digits.startswith("00") else None


def addressed(url: str, to: str) -> str:
    """This function will put a reporter's number or mailbox where the address has its place."""
    return url.replace(TO, quote(to, safe=""))


def with_key(url: str, service: str, key: str) -> str:
    """This function will give the channel an idempotency key where it can carry one (a header); robots cannot."""
    if service not in (*WEB, *MAIL):
        return url
    return f"{url}{'&' if '?' in url else '?'}%2BIdempotency-Key={quote(key, safe='')}"


def mail_id(key: str, *, site_key: str) -> str:
    """This function will return the left part of a mail's Message-ID: the same at every try, of this site alone."""
    return f"notice.{key}.{hmac.new(site_key.encode(), f'qipan.gateways.mail.{key}'.encode(), hashlib.sha256).hexdigest()[:16]}"


def without_secrets(said: str, url: str) -> str:
    """This function will blank every part of an address in what a program said about it."""
    pieces = {piece for piece in re.split(r"[^A-Za-z0-9_%+-]+", url) if len(piece) >= 6 and piece not in SERVICES}
    for piece in sorted(pieces, key=len, reverse=True):
        said = said.replace(piece, "…")
    return said


# What each step says to those who reported; the rest is on the page that their code opens.
STEPS: Mapping[str, object] = {
    "matter.filed": _("taken on"),
    "matter.declined": _("declined, with the reason"),
    "matter.merged": _("joined to an earlier report of the same thing"),
    "matter.unmerged": _("made a matter of its own again"),
    "matter.parted": _("made a matter of its own"),
    "matter.shelved": _("shelved, with reason and plan"),
    "matter.taken_up": _("taken up again"),
    "matter.verified": _("done and verified; please say whether it is so"),
    "matter.closed": _("brought to its end"),
    "matter.reopened": _("opened again"),
}


def to_reporter(what: str, number: str, *, address: str) -> tuple[str, str]:
    """This function will write title and text for somebody who reported."""
    said = {"number": number, "step": STEPS[what]}
    lines = [_now("Your report %(number)s: %(step)s.") % said]
    if address:
        lines.append(
            _now("With your code: %(link)s (there you can also stop these messages)") % {"link": f"{address}/track"}
        )
    return _now("Your report"), "\n".join(lines)


def to_unit(label: str, facts: Mapping[str, object], *, key: str, address: str) -> tuple[str, str]:
    """This function will write title and text for a unit's channel: what, number, where to look, number of the notice."""
    lines = [str(facts.get("said", "")), f"{address}{facts.get('path', '')}" if address else ""]
    lines.append(_now("Notice %(key)s; the same number is the same notice.") % {"key": key})
    return label, "\n".join(line for line in lines if line)
