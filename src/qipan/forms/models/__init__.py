"""The tables of the room: passports and openings, what a form asks."""

from .definitions import FormMedia
from .passports import Form, FormOpening

__all__ = ["Form", "FormMedia", "FormOpening"]
