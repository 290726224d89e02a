"""A filled form as it is sent: opened safely, held against what the form asks, turned into answers. Pure.

What is not kept is taken out before anything else is done with it: the device's properties, when somebody began, and
of a point more than 50 metres (red line 9). So it stands in no table, no digest and no log. What is left of a point
stands among the answers alone, and not in the XML: it is forgotten before them, and the digest stays that of the XML.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.masking import is_token
from qipan.kernel.refusal import BadInput, Refusal

from .xform import META, OWN_CODE, POINTS, Node, XForm, local

MOST_XML = 1_000_000  # bytes
MOST_NODES = 20_000
DEEPEST = 20
MOST_PROBLEMS = 50
LONGEST = 10_000  # characters of one answer
GRID = 0.0005  # degrees; 55 m from south to north
POINTS_KEPT = timedelta(days=30)  # a round of visits is verified by then, its recount entered (red line 9)
ID = re.compile(r"[!-~]{1,120}")
NUMBER = re.compile(r"[+-]?\d{1,18}")
DECIMAL = re.compile(r"[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})([eE][+-]?\d{1,2})?")
CODE = re.compile(r"[0-9a-f]{16}")
FILE = re.compile(r"(?!\.)[^/\\\x00-\x1f]{1,150}")
ElementTree.register_namespace("orx", "http://openrosa.org/xforms")
ElementTree.register_namespace("jr", "http://openrosa.org/javarosa")


class XmlBroken(Refusal):
    code = "xml_broken"
    sentence = _("The submission is not well-formed XML; nothing was kept.")
    status = 400


class XmlUnsafe(Refusal):
    """Entities, a document type, or far too much of anything: no client of forms sends that."""

    code = "xml_unsafe"
    sentence = _("The submission holds what no form sends (entities, a document type, or far too many answers).")
    status = 400


class XmlTooLarge(Refusal):
    code = "xml_too_large"
    sentence = _("The answers of one form are at most %(most)s kB.")
    status = 413

    def __init__(self) -> None:
        super().__init__(most=MOST_XML // 1000)


class InstanceIdMissing(Refusal):
    code = "instance_id_missing"
    sentence = _("The submission has no instanceID, so a resend could not be told from a new one.")
    status = 400


class SubmissionBroken(BadInput):
    """The answers are not what the form asks; ``problems`` names each question and never an answer."""

    code = "submission_broken"
    sentence = _("The answers are not what the form asks; nothing was kept.")


@dataclass(frozen=True)
class Filled:
    """A submission that was opened: which form in which version, its own id, and the rest as it came."""

    code: str
    version: str
    instance_id: str
    root: Element
    based_on: str | None = None  # the instance that its editor had before him (OpenRosa's deprecatedID)


@dataclass(frozen=True)
class Answered:
    """A submission that was held against its form: what is kept of it."""

    xml: str
    answers: dict[str, Any]
    digest: str
    files: tuple[str, ...]  # the names of the attachments that its answers speak of
    place: int | None
    device_at: datetime | None
    code: str = ""  # of the person whom it is about; kept nowhere but as a keyed digest
    located: bool = False  # whether an answer says where whoever filled it in stood


def read_submission(raw: bytes) -> Filled:
    """This function will open a submission. Raises ``XmlTooLarge``, ``XmlUnsafe``, ``XmlBroken``, ``InstanceIdMissing``."""
    if len(raw) > MOST_XML:
        raise XmlTooLarge
    try:
        root = fromstring(raw, forbid_dtd=True)
    except DefusedXmlException:
        raise XmlUnsafe from None
    except (ParseError, ValueError, LookupError):
        raise XmlBroken from None
    _bounded(root)
    meta = next((one for one in root if local(one.tag) == "meta"), None)
    said = {local(one.tag): (one.text or "").strip() for one in meta} if meta is not None else {}
    instance_id, before = said.get("instanceID", ""), said.get("deprecatedID", "")
    if not ID.fullmatch(instance_id):
        raise InstanceIdMissing
    based_on = before if ID.fullmatch(before) and before != instance_id else None
    return Filled(root.get("id", ""), root.get("version", ""), instance_id, root, based_on)


def _bounded(root: Element) -> None:
    level, count = [root], 0
    for _depth in range(DEEPEST):
        count += len(level)
        if count > MOST_NODES:
            raise XmlUnsafe
        level = [child for one in level for child in one]
        if not level:
            return
    raise XmlUnsafe


def answered(filled: Filled, form: XForm) -> Answered:
    """This function will hold a submission against its form and return what is kept. Raises ``SubmissionBroken``."""
    problems: list[str] = []
    if f"/{local(filled.root.tag)}" != form.root:
        raise SubmissionBroken([_named("/" + local(filled.root.tag), _now("is not asked by this form"))])
    files: list[str] = []
    code = next((tidy_code(one.text or "") for one in filled.root if local(one.tag) == OWN_CODE and form.own_code), "")
    answers = _read(filled.root, form.root, form, problems, files)
    if problems:
        raise SubmissionBroken(problems[:MOST_PROBLEMS])
    moments = [one.text for path, one in _leaves(filled.root) if form.nodes.get(path, Node(path)).closing]
    return Answered(
        xml=ElementTree.tostring(filled.root, encoding="unicode"),
        answers=answers,
        digest=digest_of_content(filled.root),
        files=tuple(dict.fromkeys(files)),
        place=_place(answers, form.place),
        device_at=_moment(moments[0] or "") if moments else None,
        code=code,
        located=form.asks_points and without_points(answers, form) != answers,
    )


def without_points(answers: dict[str, Any], form: XForm, path: str = "") -> dict[str, Any]:
    """This function will return answers less those that say where whoever filled the form in stood."""
    kept: dict[str, Any] = {}
    for name, value in answers.items():
        below = f"{path or form.root}/{name}"
        node = form.nodes.get(below)
        if node is not None and node.kind in POINTS:
            continue
        if isinstance(value, dict):
            kept[name] = without_points(value, form, below)
        elif isinstance(value, list):
            kept[name] = [without_points(one, form, below) if isinstance(one, dict) else one for one in value]
        else:
            kept[name] = value
    return kept


def corrected(device_at: datetime | None, *, sent_at: datetime | None, at: datetime) -> datetime | None:
    """This function will return when something was filled in, the error of the device's clock taken out where it said
    what it showed when it sent. What still lies ahead was filled in before it arrived.
    """
    if device_at is None:
        return None
    try:
        return min(device_at + (at - sent_at) if sent_at else device_at, at)
    except OverflowError:
        return at


def tidy_code(text: str) -> str:
    """This function will read a person's code as people type it: any case, with spaces or hyphens; "" when it is none."""
    plain = re.sub(r"[\s-]", "", text).lower()
    return plain if CODE.fullmatch(plain) else ""


def _read(element: Element, path: str, form: XForm, problems: list[str], files: list[str]) -> dict[str, Any]:
    """The answers of a group; at most as deep as ``DEEPEST``."""
    told: dict[str, Any] = {}
    seen: dict[str, int] = {}
    given: set[str] = set()
    if (element.text or "").strip():
        problems.append(_named(path, _now("is a group and holds no answer itself")))
    for child in element:
        name = local(child.tag)
        below = f"{path}/{name}"
        if path == form.root and name == "meta":
            problems += [_named(f"{below}/{local(one.tag)}", _now("is not asked by this form")) for one in child if local(one.tag) not in META and f"{below}/{local(one.tag)}" not in form.nodes]  # fmt: skip
            for one in child:
                one.text = "" if local(one.tag) == "timeStart" else one.text
            continue
        node = form.nodes.get(below)
        if node is None:
            problems.append(_named(below, _now("is not asked by this form")))
            continue
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1 and not node.repeat:
            problems.append(_named(below, _now("is answered twice")))
        if node.group:
            said = _read(child, below, form, problems, files)
            if node.repeat:
                told.setdefault(name, []).append(said)
            else:
                told[name] = said
        elif len(child):
            problems.append(_named(f"{below}/{local(child[0].tag)}", _now("is not asked by this form")))
        elif node.private:
            child.text = ""
        else:
            _settle(child, node)
            value = _value(child.text or "", node, problems)
            if node.closing:
                continue
            given |= {name} if (child.text or "").strip() else set()
            child.text = "" if node.kind in POINTS else child.text
            if value not in (None, ""):
                told[name] = value
                if node.kind == "binary":
                    files.append(str(value))
    problems += [_named(node.path, _now("is needed")) for node in form.needed.get(path, ()) if node.path.rpartition("/")[2] not in given]  # fmt: skip
    return told


def _named(path: str, why: str) -> str:
    return _now("%(path)s: %(why)s") % {"path": path[:200], "why": why}


def _settle(element: Element, node: Node) -> None:
    """A point is kept to 50 metres, without height and without how exact the device was."""
    if node.kind in POINTS and (element.text or "").strip():
        with suppress(ValueError, OverflowError):  # the check of the type says so
            element.text = ";".join(_rounded(point) for point in (element.text or "").split(";") if point.strip())


def _rounded(point: str) -> str:
    latitude, longitude, *_rest = (float(part) for part in point.split())
    return f"{round(latitude / GRID) * GRID:.4f} {round(longitude / GRID) * GRID:.4f} 0 50"


def _value(text: str, node: Node, problems: list[str]) -> Any:
    """One answer in its type; what is wrong is said of the question, the answer is not repeated."""
    said = text.strip() if node.kind != "string" else text
    if not said.strip():
        return None
    if is_token(said):
        problems.append(_named(node.path, _now("holds a masked value, which cannot be written back")))
        return None
    if len(said) > LONGEST:
        problems.append(_named(node.path, _now("is longer than %(most)s characters") % {"most": LONGEST}))
        return None
    if node.many or node.choices is not None:
        chosen = said.split() if node.many else [said.strip()]
        if node.choices is not None and not node.choices.issuperset(chosen):
            problems.append(_named(node.path, _now("is not on the list")))
        return chosen if node.many else chosen[0]
    try:
        return TYPES.get(node.kind, str)(said)
    except (ValueError, OverflowError):
        problems.append(_named(node.path, _now("is not of the type %(kind)s") % {"kind": node.kind}))
        return None


def _int(text: str) -> int:
    if not NUMBER.fullmatch(text):
        raise ValueError
    return int(text)


def _decimal(text: str) -> str:
    if not DECIMAL.fullmatch(text):
        raise ValueError
    return text


def _date(text: str) -> str:
    date.fromisoformat(text[:10])
    if len(text) > 10:
        datetime.fromisoformat(text)
    return text[:10]


def _time(text: str) -> str:
    time.fromisoformat(text)
    return text


def _date_time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _points(text: str) -> str:
    for point in text.split(";"):
        latitude, longitude, *_rest = (float(part) for part in point.split())
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValueError
    return text


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text] if text in ("true", "1", "false", "0") else _no()


def _no() -> bool:
    raise ValueError


def _file(text: str) -> str:
    if not FILE.fullmatch(text):
        raise ValueError
    return text


TYPES = {
    "int": _int,
    "decimal": _decimal,
    "date": _date,
    "time": _time,
    "dateTime": _date_time,
    "geopoint": _points,
    "geotrace": _points,
    "geoshape": _points,
    "boolean": _boolean,
    "binary": _file,
}


def _leaves(root: Element) -> Iterator[tuple[str, Element]]:
    """Every element without children, in the document's order, with its path."""
    waiting = [(f"/{local(root.tag)}", root)]
    while waiting:
        path, element = waiting.pop()
        if len(element):
            waiting += [(f"{path}/{local(child.tag)}", child) for child in reversed(element)]
        else:
            yield path, element


def digest_of_content(root: Element) -> str:
    """This function will return the SHA-256 of what a submission says, however it is written down.

    Names, order, texts and attributes count; prefixes, spaces between elements and the XML declaration do not.
    """
    said: list[Any] = [root.get("id", ""), root.get("version", "")]
    for path, element in _leaves(root):
        marks = sorted((local(name), value) for name, value in element.attrib.items())
        said.append([path, element.text or "", marks] if marks else [path, element.text or ""])
    return sha256(
        json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    ).hexdigest()


def content_digest(digest: str, files: Iterable[tuple[str, str]]) -> str:
    """This function will return the digest of a filled form with other files than those that stand: name and sum of each."""
    return sha256(json.dumps([digest, sorted(files)]).encode()).hexdigest()


def digest_of_stored(xml: str) -> str:
    """This function will take the digest of a kept submission again, from its XML."""
    return digest_of_content(fromstring(xml.encode(), forbid_dtd=True))


def _place(answers: dict[str, Any], name: str) -> int | None:
    """The door that a form is about: the answer to the question of this name, wherever that stands."""
    waiting: list[Any] = [answers]
    while waiting:
        held = waiting.pop(0)
        if isinstance(held, list):
            waiting += held
        elif isinstance(held, dict):
            said = held.get(name)
            if isinstance(said, str) and re.fullmatch(r"\d{19}", said) and int(said) < 2**63:
                return int(said)
            waiting += held.values()
    return None


def _moment(text: str) -> datetime | None:
    """When the device says that it was finished; None where its words are none or have no zone."""
    try:
        read = datetime.fromisoformat(text.strip())
        return read.astimezone(UTC) if read.tzinfo is not None and 1970 < read.year < 9999 else None
    except (ValueError, OverflowError):
        return None
