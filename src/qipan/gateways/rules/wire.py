"""JSON and XML of Open311, from the same plain values. Pure.

XML is written by the standard library's ElementTree, which escapes all text; what XML 1.0 cannot carry is left
out. Nothing that anybody sends is ever read as XML here, so no entity, no document type and no inclusion is.
"""

import json
import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

FORMATS = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
# Characters that no XML 1.0 document may hold, however written.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What one entry of a list is called, by the name of the list.
ENTRY = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "values": "value",
    "attributes": "attribute",
    "endpoints": "endpoint",
    "formats": "format",
}


def as_json(_root: str, value: Any) -> bytes:
    """This function will write plain values as JSON."""
    return json.dumps(value, ensure_ascii=False).encode()


def as_xml(root: str, value: Any) -> bytes:
    """This function will write plain values as XML under a root: lists by the name of their entries, None as empty."""
    element = Element(root)
    _fill(element, value)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(element, encoding="utf-8", xml_declaration=False)


def _fill(element: Element, value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _fill(SubElement(element, name), inner)
    elif isinstance(value, list):
        for inner in value:
            _fill(SubElement(element, ENTRY[element.tag]), inner)
    elif value is not None:
        element.text = FORBIDDEN.sub("", ("true" if value else "false") if isinstance(value, bool) else str(value))


WRITERS = {"json": as_json, "xml": as_xml}
