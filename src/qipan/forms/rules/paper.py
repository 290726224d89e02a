"""What an XForm asks, read for a sheet of paper: questions in their order, in every language of the form. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from .xform import local

Words = Mapping[str, str]  # by language; "" where the form has only one
ASKS = {
    "input",
    "select",
    "select1",
    "rank",
    "range",
    "trigger",
}  # a file cannot be given on paper, and no form demands one
DRAWN = {"geopoint", "geotrace", "geoshape", "barcode"}  # what only a device can say
MOST_TICKED = 30  # a longer list would stand at every door of the sheet: its answer is written down
PASSPORT_NOTES = ("qipan_passport", "qipan_refuse")  # printed apart, with the day on which the form lapses


@dataclass(frozen=True)
class Asked:
    """One line of a sheet: a question, or a note of the author (``note``)."""

    path: str
    words: Words
    hint: Words = field(default_factory=dict)
    choices: tuple[Words, ...] = ()
    many: bool = False  # several may be ticked
    conditional: bool = False  # something decides about its being asked
    repeated: bool = False
    note: bool = False


def read_paper(xform: str) -> list[Asked]:
    """This function will read an XForm that was made here for a sheet of paper. What a client fills in is on no line."""
    tree = fromstring(xform.encode(), forbid_dtd=True)
    texts = _texts(tree)
    binds = {one.get("nodeset", ""): one for one in tree.iter() if local(one.tag) == "bind"}
    lists = {one.get("id", ""): one for one in tree.iter() if local(one.tag) == "instance" and one.get("id")}
    body = next(one for one in tree.iter() if local(one.tag) == "body")
    return list(_lines(body, binds, texts, lists))


def _lines(
    body: Element, binds: Mapping[str, Element], texts: Mapping[str, Words], lists: Mapping[str, Element]
) -> Iterator[Asked]:
    waiting = [(one, False, False) for one in reversed(body)]
    while waiting:
        control, conditional, repeated = waiting.pop()
        path = control.get("ref") or control.get("nodeset") or ""
        bind = binds.get(path)
        conditional = conditional or (bind is not None and "relevant" in bind.attrib)
        kind = local(control.tag)
        if kind in ("group", "repeat"):
            repeated = repeated or kind == "repeat"
            waiting += [(one, conditional, repeated) for one in reversed(control)]
        elif bind is not None and bind.get("type", "").rpartition(":")[2] in DRAWN:
            continue
        elif kind in ASKS and path.rpartition("/")[2] not in PASSPORT_NOTES:
            yield Asked(
                path,
                _said(control, "label", texts),
                _said(control, "hint", texts),
                choices=_choices(control, texts, lists),
                many=kind == "select",
                conditional=conditional,
                repeated=repeated,
                note=bind is not None and bind.get("readonly") == "true()" and "calculate" not in bind.attrib,
            )


def _texts(tree: Element) -> dict[str, dict[str, str]]:
    """The texts of all languages by their key."""
    found: dict[str, dict[str, str]] = {}
    for translation in (one for one in tree.iter() if local(one.tag) == "translation"):
        for text in translation:
            plain = next((one for one in text if not one.get("form")), None)
            if plain is not None:
                found.setdefault(text.get("id", ""), {})[translation.get("lang", "")] = _plain(plain)
    return found


def _plain(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _said(control: Element, tag: str, texts: Mapping[str, Words]) -> Words:
    element = next((one for one in control if local(one.tag) == tag), None)
    if element is None:
        return {}
    ref = element.get("ref", "")
    if ref.startswith("jr:itext('"):
        return texts.get(ref[len("jr:itext('") : -len("')")], {})
    return {"": _plain(element)}


def _choices(control: Element, texts: Mapping[str, Words], lists: Mapping[str, Element]) -> tuple[Words, ...]:
    """What may be ticked; none where the list is a file, is long or hangs on another answer: then it is written down."""
    found = tuple(islice(_listed(control, texts, lists), MOST_TICKED + 1))
    return found if len(found) <= MOST_TICKED else ()


def _listed(control: Element, texts: Mapping[str, Words], lists: Mapping[str, Element]) -> Iterator[Words]:
    for item in (one for one in control if local(one.tag) == "item"):
        yield _said(item, "label", texts)
    itemset = next((one for one in control if local(one.tag) == "itemset"), None)
    nodeset = itemset.get("nodeset", "") if itemset is not None else ""
    if not nodeset.startswith("instance('") or "[" in nodeset:
        return
    held = lists.get(nodeset[len("instance('") :].partition("'")[0])
    for item in held.iter() if held is not None and not held.get("src") else ():
        parts = {local(one.tag): one for one in item} if local(item.tag) == "item" else {}
        if "itextId" in parts:
            yield texts.get(_plain(parts["itextId"]), {})
        elif "label" in parts:
            yield {"": _plain(parts["label"])}
