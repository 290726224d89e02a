"""A person's own answer, corrected: the filled form as it would be sent anew. Pure."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import SubElement

from defusedxml.ElementTree import fromstring

from .xform import local

# Questions whose answer is one text that a person can write: no file, no point, nothing that the form says itself.
NOT_WRITTEN = frozenset(
    {"calculate", "hidden", "note", "image", "audio", "video", "file", "geopoint", "geotrace", "geoshape", "barcode"}
)


def may_write(kind: str, *, held: bool) -> bool:
    """This function will say whether a person may correct an answer to a question of a kind ("select_one yes_no")."""
    return not held and kind.split(" ")[0] not in NOT_WRITTEN


def corrected(xml: str, path: str, value: str, *, instance_id: str, based_on: str) -> bytes:
    """This function will write a filled form with another answer to one question, as a version of the one that it was.

    Raises ``LookupError`` where it does not have the question.
    """
    root = fromstring(xml, forbid_dtd=True)
    at = root
    for step in path.split("/"):
        found = [one for one in at if local(one.tag) == step]
        if len(found) != 1:
            raise LookupError(path)
        at = found[0]
    at.text = value
    meta = next(one for one in root if local(one.tag) == "meta")
    said = {local(one.tag): one for one in meta}
    said["instanceID"].text = instance_id
    before = said.get("deprecatedID")
    if before is None:
        before = SubElement(meta, said["instanceID"].tag.removesuffix("instanceID") + "deprecatedID")
    before.text = based_on
    return ElementTree.tostring(root)


def written(answers: Mapping[str, Any], path: str) -> bool:
    """This function will say whether answers by path hold one answer, not a repeated group, under a path."""
    value = answers.get(path)
    return value is not None and not (isinstance(value, list) and any(isinstance(one, Mapping) for one in value))
