"""What an XForm asks, read for the server: paths, types, what is needed, which answers a list holds. Pure.

A server sees an answer after the fact. It checks what stands in the binds and can be said of one answer alone; what
hangs on other answers (``relevant``, ``constraint``, a filtered list) is the client's to check. The format is
https://getodk.github.io/xforms-spec.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

# What a client writes under ``meta`` of itself (OpenRosa metadata); none of it is an answer.
META = frozenset({"instanceID", "instanceName", "deprecatedID", "timeStart", "timeEnd"})
# Of the device and of who holds it, and when he began: asked of nobody here, so it is not kept (red line 9).
PRIVATE_PRELOADS = frozenset({("property", ""), ("timestamp", "start")})
PLACE = "place"  # the question that says which door a form is about: 19 digits, as everywhere outside the program
PICTURES = ("image/", "video/")  # what shows people and their homes: never demanded, whatever a form says
# Of a form about a person: what that person keeps, made on the phone. It is taken out before anything is stored.
OWN_CODE, MADE_ONCE = "qipan_code", "once(substr(uuid(), 0, 18))"
FINISHED = "qipan_end"  # by which a client says when it was finished, where the author's sheet has nothing that does
POINTS = frozenset({"geopoint", "geotrace", "geoshape"})  # where whoever fills it in stands (red line 9)
PATTERN = re.compile(r"instance\('([^']+)'\)")


@dataclass(frozen=True)
class Node:
    """One place in the form: a question, a group of them, or a group that may be answered several times."""

    path: str  # "/data/household/size"
    kind: str = "string"  # the type of its bind
    group: bool = False
    repeat: bool = False
    needed: bool = False  # required="true()", and neither it nor a group around it may be irrelevant
    many: bool = False  # several of the list, with spaces between
    choices: frozenset[str] | None = None  # None where any text will do, or the server cannot know
    upload: str = ""  # "image/*"
    private: bool = False
    closing: bool = False  # when the form was finished, by the device's clock


@dataclass(frozen=True)
class XForm:
    """A form as a server checks it."""

    root: str
    nodes: Mapping[str, Node] = field(default_factory=dict)
    place: str = PLACE  # the name of the question that says which door it is about

    @property
    def own_code(self) -> bool:
        """Whether it makes a code for the person whom it is about."""
        return f"{self.root}/{OWN_CODE}" in self.nodes and self.nodes[f"{self.root}/{OWN_CODE}"].private

    @cached_property
    def asks_points(self) -> bool:
        """Whether it asks where whoever fills it in stands."""
        return any(node.kind in POINTS for node in self.nodes.values())

    @cached_property
    def needed(self) -> dict[str, list[Node]]:
        """What is needed right below each path; a filled form may hold a group thousands of times."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            if node.needed:
                found.setdefault(node.path.rpartition("/")[0], []).append(node)
        return found


def local(tag: str) -> str:
    """This function will return a name without its namespace."""
    return tag.rpartition("}")[2]


def read_xform(xform: str, files: Mapping[str, bytes]) -> XForm:
    """This function will read an XForm that was made here, with the files (by name) that it takes its lists from.

    Raises ``ValueError`` when it is none.
    """
    try:
        tree = fromstring(xform.encode(), forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError("not an XForm") from error
    model = next((one for one in tree.iter() if local(one.tag) == "model"), None)
    instances = [one for one in model if local(one.tag) == "instance"] if model is not None else []
    if model is None or not instances or not len(instances[0]):
        raise ValueError("not an XForm")
    root = instances[0][0]
    binds = {one.get("nodeset", ""): one for one in model.iter() if local(one.tag) == "bind"}
    controls, repeats = _body(tree)
    secondary = {one.get("id", ""): one for one in instances[1:]}
    nodes: dict[str, Node] = {}
    for path, element, conditional in _walk(root, binds):
        bind = binds.get(path)
        control = controls.get(path)
        if len(element):
            nodes[path] = Node(path, group=True, repeat=path in repeats)
            continue
        kind = bind.get("type", "string").rpartition(":")[2] if bind is not None else "string"
        preload = _preload(bind)
        upload = _upload(control)
        nodes[path] = Node(
            path,
            kind=kind,
            repeat=path in repeats,
            needed=bind is not None
            and bind.get("required", "").strip() == "true()"
            and not conditional
            and not upload.startswith(PICTURES),
            many=control is not None and local(control.tag) in ("select", "rank"),
            choices=_choices(control, secondary, files) if control is not None else None,
            upload=upload,
            private=preload in PRIVATE_PRELOADS or preload[0] == "property" or _own_code(path, root, bind),
            closing=preload == ("timestamp", "end"),
        )
    return XForm(f"/{local(root.tag)}", nodes)


def demanded_pictures(xform: str) -> tuple[str, ...]:
    """This function will return the questions (paths) for a photograph or a film that a client would let nobody leave
    out, always or under a condition. Raises ``ValueError`` when it is no XForm."""
    if not xform:
        return ()
    try:
        tree = fromstring(xform.encode(), forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError("not an XForm") from error
    binds = {one.get("nodeset", ""): one for one in tree.iter() if local(one.tag) == "bind"}
    controls, _repeats = _body(tree)
    return tuple(
        path
        for path, control in controls.items()
        if _upload(control).startswith(PICTURES)
        and path in binds
        and binds[path].get("required", "").strip() not in ("", "false()")
    )


def _upload(control: Element | None) -> str:
    """The type of file that a control takes, "" where it takes none."""
    return control.get("mediatype", "*/*") if control is not None and local(control.tag) == "upload" else ""


def _walk(root: Element, binds: Mapping[str, Element]) -> Iterator[tuple[str, Element, bool]]:
    """Each path once, with whether something decides about its being asked at all."""
    waiting = [(f"/{local(root.tag)}", root, False)]
    seen: set[str] = set()
    while waiting:
        path, element, conditional = waiting.pop()
        bind = binds.get(path)
        conditional = conditional or (bind is not None and "relevant" in bind.attrib)
        if path not in seen:
            seen.add(path)
            yield path, element, conditional
        waiting += [(f"{path}/{local(child.tag)}", child, conditional) for child in reversed(element)]


def _body(tree: Element) -> tuple[dict[str, Element], set[str]]:
    controls: dict[str, Element] = {}
    repeats: set[str] = set()
    body = next((one for one in tree if local(one.tag) == "body"), None)
    for one in body.iter() if body is not None else ():
        if local(one.tag) == "repeat":
            repeats.add(one.get("nodeset", ""))
        elif one.get("ref") and local(one.tag) not in ("label", "hint", "value", "group"):
            controls[one.get("ref", "")] = one
    return controls, repeats


def _own_code(path: str, root: Element, bind: Element | None) -> bool:
    return bind is not None and path == f"/{local(root.tag)}/{OWN_CODE}" and bind.get("calculate") == MADE_ONCE


def _preload(bind: Element | None) -> tuple[str, str]:
    said = {local(name): value for name, value in bind.attrib.items()} if bind is not None else {}
    kind = said.get("preload", "")
    return (kind, said.get("preloadParams", "")) if kind == "timestamp" else (kind, "")


def _choices(control: Element, secondary: Mapping[str, Element], files: Mapping[str, bytes]) -> frozenset[str] | None:
    """The values that may be chosen, None where they cannot be known: other answers, a search, a missing file."""
    if local(control.tag) not in ("select", "select1", "rank") or "search(" in control.get("appearance", ""):
        return None
    inline = [value.text or "" for item in control if local(item.tag) == "item" for value in item if local(value.tag) == "value"]  # fmt: skip
    itemset = next((one for one in control if local(one.tag) == "itemset"), None)
    if itemset is None:
        return frozenset(inline)
    named = PATTERN.match(itemset.get("nodeset", "").strip())
    value = next((one.get("ref", "") for one in itemset if local(one.tag) == "value"), "")
    held = secondary.get(named[1]) if named else None
    if held is None or not value:
        return None
    source = held.get("src", "")
    if not source:
        return frozenset(_values(held, value))
    name = source.rpartition("/")[2]
    return frozenset(values_of(name, files[name], value)) if name in files else None


def _values(tree: Element, name: str) -> Iterator[str]:
    return (one.text or "" for one in tree.iter() if local(one.tag) == name)


def words_of(name: str, content: bytes) -> list[str]:
    """This function will return every text in a list beside a form; of a file of another kind nothing."""
    ending = name.rpartition(".")[2].lower()
    try:
        if ending == "csv":
            return [text for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for text in row]
        if ending == "geojson":
            return list(_texts(json.loads(content)))
        if ending == "xml":
            tree = fromstring(content, forbid_dtd=True)
            return [text for one in tree.iter() for text in (one.text or "", one.tail or "", *one.attrib.values())]
    except (ParseError, DefusedXmlException, ValueError, csv.Error, RecursionError):
        # What cannot be read as such a list is looked through as it stands.
        return [content.decode("utf-8", "replace")]
    return []


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def values_of(name: str, content: bytes, column: str) -> Iterable[str]:
    """This function will return what a column of a list holds: CSV, GeoJSON or XML, told apart by the name."""
    ending = name.rpartition(".")[2].lower()
    try:
        if ending == "csv":
            return [row.get(column) or "" for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
        if ending == "geojson":
            features = json.loads(content)["features"]
            return [str(one.get(column, one.get("properties", {}).get(column, ""))) for one in features]
        return list(_values(fromstring(content, forbid_dtd=True), column))
    except (ParseError, DefusedXmlException, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
