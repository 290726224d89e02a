"""Refusals: anticipated, explained, with a code for machines and a sentence for people."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # known to the types only


KEPT_IN = {"zh": "zh-hans", "en": "en"}  # the languages of the house


class Refusal(Exception):
    """The act was refused; nothing was written.

    Subclass it beside the function that raises it. ``code`` is for machines and stays stable,
    ``sentence`` is a translatable literal with named placeholders, ``status`` the HTTP status.
    The keyword arguments fill the placeholders and travel to the client as ``data``. What has a name in two languages is
    given itself, never its name: the sentence is made when it is read, in the language of its reader.
    """

    code = "refused"
    sentence: "str | _StrPromise" = _("The act was refused.")
    status = 409

    def __init__(self, **data: object) -> None:
        super().__init__(self.code)
        self.data = data

    def __str__(self) -> str:
        return str(self.sentence % self.spoken) if self.data else str(self.sentence)

    @property
    def spoken(self) -> dict[str, Any]:
        """The data as people and clients read it, in the active language."""
        return {name: spoken(value) for name, value in self.data.items()}


class NotFound(Refusal):
    """Missing and out of scope look exactly alike."""

    code = "not_found"
    sentence = _("There is nothing here, or it lies outside your area.")
    status = 404


class NotAllowed(Refusal):
    """In scope, but the post does not give this act."""

    code = "not_allowed"
    sentence = _("Your post does not give the right to do this (%(act)s).")
    status = 403

    def __init__(self, *, act: str) -> None:
        super().__init__(act=act)


class NotSignedIn(Refusal):
    """Nobody is signed in."""

    code = "not_signed_in"
    sentence = _("Please sign in, or open your link or QR code again.")
    status = 401


class BadInput(Refusal):
    """The input cannot be understood; ``problems`` names each place and reason."""

    code = "bad_input"
    sentence = _("The input has errors; nothing was saved.")
    status = 400

    def __init__(self, problems: list[str] | None = None, **data: object) -> None:
        super().__init__(**data)
        self.problems = problems or []


def later(say: Callable[..., str], *told: Any) -> Any:
    """This function will let ``say`` make its words when they are read, in the language of their reader."""
    return lazy(say, str)(*told)


def spoken(value: Any) -> Any:
    """This function will return what is read where a value stands: the name in the active language of what has one, the
    names of several.
    """
    if isinstance(value, list | tuple):
        return ", ".join(str(spoken(one)) for one in value)
    for name in ("shown", "label"):  # an actor is shown, all else has a label
        if hasattr(value, name):
            return str(getattr(value, name))
    return value


def kept(refusal: Refusal) -> dict[str, Any]:
    """This function will return a refusal as it is kept in a row: its room and code, what fills its sentence, and its words.

    ``worded`` says it again in the language of whoever reads it. What has a name in two languages is kept with both. The
    words are those of the site's own language, for the day when a later version no longer knows the code.
    """
    with override(settings.LANGUAGE_CODE):
        words = str(refusal)[:300]
    data = {name: _kept_value(value) for name, value in refusal.data.items()}
    return {"code": key_of(type(refusal)), "data": data, "words": words}


def worded(row: dict[str, Any] | None) -> str:
    """This function will say what ``kept`` made, in the active language; nothing where nothing was kept."""
    if not row:
        return ""
    known = _by_key(str(row.get("code", "")))
    if known is None:
        return str(row.get("words", ""))
    data = {name: _said(value) for name, value in row["data"].items()}
    try:
        return str(known.sentence % data) if data else str(known.sentence)
    except (KeyError, TypeError, ValueError):  # a later version asks for other values
        return str(row.get("words", ""))


def key_of(kind: type[Refusal]) -> str:
    """This function will return the name of a kind of refusal in all of the house: its room and its code."""
    return f"{kind.__module__.split('.')[1]}.{kind.code}"


def every_refusal(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """This function will yield every kind of refusal that is loaded."""
    yield kind
    for below in kind.__subclasses__():
        yield from every_refusal(below)


_kinds: dict[str, type[Refusal]] = {}


def _by_key(key: str) -> type[Refusal] | None:
    if key not in _kinds:
        _kinds.update({key_of(kind): kind for kind in every_refusal() if kind.__module__.startswith("qipan.")})
    return _kinds.get(key)


def _kept_value(value: Any) -> Any:
    if value is None or type(value) in (int, float, str, bool):
        return value
    words = {}
    for short, language in KEPT_IN.items():
        with override(language):
            words[short] = str(spoken(value))
    return words if len(set(words.values())) > 1 else words["zh"]


def _said(value: Any) -> Any:
    return value["zh" if (get_language() or "").startswith("zh") else "en"] if isinstance(value, dict) else value
