"""The XML of OpenRosa 1.0: list of forms, manifest, answer to a submission. Pure.

https://docs.getodk.org/openrosa/
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5
from xml.sax.saxutils import escape, quoteattr

VERSION = "1.0"
MOST_BYTES = 10_000_000  # of one post; clients send what is larger in several
CONTENT_TYPE = "text/xml; charset=utf-8"
NATURES = {201: "submit_success", 202: "submit_success"}


@dataclass(frozen=True)
class Listed:
    """A form in the list."""

    code: str
    name: str
    version: int
    description: str
    hash: str
    url: str
    manifest: str  # empty where the form has no files


@dataclass(frozen=True)
class File:
    """A file in a manifest."""

    name: str
    hash: str
    url: str


def hash_of(content: bytes) -> str:
    """This function will return the sum by which a client sees that something changed; the standard wants MD5."""
    return "md5:" + md5(content, usedforsecurity=False).hexdigest()


def list_xml(forms: Iterable[Listed]) -> str:
    """This function will write the list of forms."""
    return _document(
        "xforms",
        "http://openrosa.org/xforms/xformsList",
        (
            _element(
                "xform",
                _element("formID", escape(one.code))
                + _element("name", escape(one.name))
                + _element("version", str(one.version))
                + _element("hash", one.hash)
                + _element("descriptionText", escape(one.description))
                + _element("downloadUrl", escape(one.url))
                + (_element("manifestUrl", escape(one.manifest)) if one.manifest else ""),
            )
            for one in forms
        ),
    )


def manifest_xml(files: Iterable[File]) -> str:
    """This function will write the files of a form."""
    return _document(
        "manifest",
        "http://openrosa.org/xforms/xformsManifest",
        (
            _element(
                "mediaFile",
                _element("filename", escape(one.name))
                + _element("hash", one.hash)
                + _element("downloadUrl", escape(one.url)),
            )
            for one in files
        ),
    )


def response_xml(sentence: str, *, status: int) -> str:
    """This function will write what a person is told after a post, or instead of an answer."""
    nature = quoteattr(NATURES.get(status, "submit_error"))
    return _document(
        "OpenRosaResponse",
        "http://openrosa.org/http/response",
        [f"<message nature={nature}>{escape(sentence)}</message>"],
    )


def _element(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>"


def _document(name: str, namespace: str, inner: Iterable[str]) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{namespace}">{"".join(inner)}</{name}>'
