"""The Common Alerting Protocol 1.2 (OASIS, 2010): messages are written and read, hostile ones refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from qipan.kernel.text import plain_text

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MOST_BYTES = 1_000_000
MOMENT = re.compile(r"(19|20|21)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")  # as the schema has it, of these centuries
STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
CATEGORIES = (
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
)
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")


class NotCap(Exception):
    """What was given is no CAP 1.2 message; ``problems`` names each fault by its element."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Info:
    """What a message says in one language."""

    event: str
    urgency: str
    severity: str
    certainty: str
    categories: tuple[str, ...]
    language: str = "en-US"  # the standard's own default
    headline: str = ""
    description: str = ""
    instruction: str = ""
    sender_name: str = ""
    web: str = ""
    onset: datetime | None = None
    expires: datetime | None = None
    areas: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()  # (description, ((scheme, code), ...))
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Alert:
    """A CAP message; moments carry their offset from UTC."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    msg_type: str
    scope: str
    infos: tuple[Info, ...] = field(default=())
    references: tuple[str, ...] = ()
    note: str = ""


def warns(status: str, msg_type: str) -> bool:
    """This function will say whether a message warns of something real: no cancellation, answer, test or exercise."""
    return status == "Actual" and msg_type in ("Alert", "Update")


def _stamp(at: datetime) -> str:
    """This function will write a moment as CAP does: whole seconds with an offset, never "Z" (3.3.2)."""
    return at.isoformat(timespec="seconds")


def _add(parent: Element, name: str, text: str) -> None:
    if text := plain_text(text):
        SubElement(parent, name).text = text


def alert_xml(alert: Alert) -> bytes:
    """This function will write a message as XML that is valid by the standard's schema: elements in their order."""
    root = Element("alert", xmlns=NAMESPACE)
    for name, text in (
        ("identifier", alert.identifier),
        ("sender", alert.sender),
        ("sent", _stamp(alert.sent)),
        ("status", alert.status),
        ("msgType", alert.msg_type),
        ("scope", alert.scope),
        ("note", alert.note),
        ("references", " ".join(alert.references)),
    ):
        _add(root, name, text)
    for info in alert.infos:
        _write_info(SubElement(root, "info"), info)
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _write_info(part: Element, info: Info) -> None:
    _add(part, "language", info.language)
    for category in info.categories:
        _add(part, "category", category)
    for name, text in (
        ("event", info.event),
        ("urgency", info.urgency),
        ("severity", info.severity),
        ("certainty", info.certainty),
        ("onset", _stamp(info.onset) if info.onset else ""),
        ("expires", _stamp(info.expires) if info.expires else ""),
        ("senderName", info.sender_name),
        ("headline", info.headline),
        ("description", info.description),
        ("instruction", info.instruction),
        ("web", info.web),
    ):
        _add(part, name, text)
    for name, value in info.parameters:
        _write_pair(SubElement(part, "parameter"), name, value)
    for description, codes in info.areas:
        area = SubElement(part, "area")
        _add(area, "areaDesc", description)
        for scheme, code in codes:
            _write_pair(SubElement(area, "geocode"), scheme, code)


def _write_pair(part: Element, name: str, value: str) -> None:
    _add(part, "valueName", name)
    _add(part, "value", value)


def read_alert(raw: bytes) -> Alert:
    """This function will read a CAP 1.2 message. Raises ``NotCap`` with every fault by its element.

    A signature is not checked. No entity, no document type and nothing from the network is read.
    """
    if len(raw) > MOST_BYTES:
        raise NotCap(f"more than {MOST_BYTES} bytes")
    try:
        root = fromstring(raw, forbid_dtd=True)
    except DefusedXmlException:
        raise NotCap("a document type or an entity") from None
    except (ParseError, ValueError, LookupError) as error:
        raise NotCap(f"no XML: {error}") from None
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise NotCap(f"the root is {root.tag[:120]}, not alert of {NAMESPACE}")
    reader = _Reader(root, "alert")
    infos = tuple(
        _read_info(_Reader(one, f"info {n}", reader.problems)) for n, one in enumerate(reader.parts("info"), 1)
    )
    alert = Alert(
        identifier=reader.name("identifier"),
        sender=reader.name("sender"),
        sent=reader.moment("sent") or datetime.min.replace(tzinfo=UTC),
        status=reader.one_of("status", STATUSES),
        msg_type=reader.one_of("msgType", MESSAGES),
        scope=reader.one_of("scope", SCOPES),
        infos=infos,
        references=tuple(reader.text("references").split()),
        note=reader.text("note"),
    )
    if alert.msg_type == "Alert" and not infos:
        reader.problems.append("alert: info is missing")
    if alert.msg_type in ("Update", "Cancel") and not alert.references:
        reader.problems.append("alert: references is missing")
    reader.problems += [
        f"alert: references {one[:80]!r} is no sender,identifier,sent"
        for one in alert.references
        if one.count(",") != 2
    ]
    if reader.problems:
        raise NotCap(*reader.problems)
    return alert


def _read_info(reader: "_Reader") -> Info:
    categories = reader.texts("category")
    if not categories or set(categories) - set(CATEGORIES):
        reader.problems.append(f"{reader.where}: category is missing or unknown")
    areas = []
    for one in reader.parts("area"):
        area = _Reader(one, f"{reader.where} area", reader.problems)
        codes = [_Reader(code, area.where, reader.problems) for code in area.parts("geocode")]
        areas.append((area.text("areaDesc", needed=True), tuple((c.text("valueName"), c.text("value")) for c in codes)))
    pairs = [_Reader(one, reader.where, reader.problems) for one in reader.parts("parameter")]
    return Info(
        event=reader.text("event", needed=True),
        urgency=reader.one_of("urgency", URGENCIES),
        severity=reader.one_of("severity", SEVERITIES),
        certainty=reader.one_of("certainty", CERTAINTIES),
        categories=tuple(categories),
        language=reader.text("language") or "en-US",
        headline=reader.text("headline"),
        description=reader.text("description"),
        instruction=reader.text("instruction"),
        sender_name=reader.text("senderName"),
        web=reader.text("web"),
        onset=reader.moment("onset", needed=False),
        expires=reader.moment("expires", needed=False),
        areas=tuple(areas),
        parameters=tuple((one.text("valueName"), one.text("value")) for one in pairs),
    )


class _Reader:
    """Reads the children of one element and notes every fault."""

    def __init__(self, element: Element, where: str, problems: list[str] | None = None) -> None:
        self.element = element
        self.where = where
        self.problems: list[str] = [] if problems is None else problems

    def parts(self, name: str) -> list[Element]:
        return self.element.findall(f"{{{NAMESPACE}}}{name}")

    def texts(self, name: str) -> list[str]:
        return [plain_text(one.text or "").strip() for one in self.parts(name)]

    def text(self, name: str, *, needed: bool = False) -> str:
        found = next(iter(self.texts(name)), "")
        if needed and not found:
            self.problems.append(f"{self.where}: {name} is missing")
        return found

    def name(self, name: str) -> str:
        """An identifier or a sender: no spaces, commas, < and & (CAP 1.2, 3.2.1)."""
        found = self.text(name, needed=True)
        if len(found) > 200 or any(sign in found for sign in " ,<&"):
            self.problems.append(f"{self.where}: {name} holds a space, a comma, < or &, or is longer than 200")
        return found

    def one_of(self, name: str, values: Sequence[str]) -> str:
        found = self.text(name, needed=True)
        if found and found not in values:
            self.problems.append(f"{self.where}: {name} {found[:40]!r} is not one of {', '.join(values)}")
        return found

    def moment(self, name: str, *, needed: bool = True) -> datetime | None:
        found = self.text(name, needed=needed)
        if not found:
            return None
        try:
            at = datetime.fromisoformat(found) if MOMENT.fullmatch(found) else None
        except ValueError:
            at = None
        if at is None:
            self.problems.append(f"{self.where}: {name} {found[:40]!r} is no moment with an offset from UTC")
            return None
        return at
