"""The front door of warnings."""

from .actions import WarningIssued, cancel_warning, issue_warning
from .models import Warning
from .queries import (
    area_names,
    get_warning,
    holding,
    kind_name,
    last_of,
    open_lines,
    prealert_of,
    public_warning,
    sent_between,
    still_holds,
    warnings_on,
)
from .terms import Colour

__all__ = [
    "Colour",
    "Warning",
    "WarningIssued",
    "area_names",
    "cancel_warning",
    "get_warning",
    "holding",
    "issue_warning",
    "kind_name",
    "last_of",
    "open_lines",
    "prealert_of",
    "public_warning",
    "sent_between",
    "still_holds",
    "warnings_on",
]
