"""The front door of warnings."""

from .actions import WarningIssued
from .models import Warning
from .queries import area_names, holding, kind_name, public_warning, sent_between, warnings_on
from .terms import Colour

__all__ = [
    "Colour",
    "Warning",
    "WarningIssued",
    "area_names",
    "holding",
    "kind_name",
    "public_warning",
    "sent_between",
    "warnings_on",
]
