"""Refusals: anticipated, explained, with a code for machines and a sentence for people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """The act was refused; nothing was written.

    Subclass it beside the function that raises it. ``code`` is for machines and stays stable,
    ``sentence`` is a translatable literal with named placeholders, ``status`` the HTTP status.
    The keyword arguments fill the placeholders and travel to the client as ``data``.
    """

    code = "refused"
    sentence: str | Promise = _("The act was refused.")
    status = 409

    def __init__(self, **data: object) -> None:
        super().__init__(self.code)
        self.data = data

    def __str__(self) -> str:
        return str(self.sentence) % self.data if self.data else str(self.sentence)


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
