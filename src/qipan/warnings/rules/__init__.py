"""Pure decisions of the warnings room."""

from .cap import MOST_BYTES, Alert, Info, NotCap, alert_xml, read_alert, warns
from .contents import REQUIRED, Kind, kinds, may_warn, missing_of, severity_of
from .prealert import PreAction, actions, due_at_colour, due_by

__all__ = [
    "MOST_BYTES",
    "REQUIRED",
    "Alert",
    "Info",
    "Kind",
    "NotCap",
    "PreAction",
    "actions",
    "alert_xml",
    "due_at_colour",
    "due_by",
    "kinds",
    "may_warn",
    "missing_of",
    "read_alert",
    "severity_of",
    "warns",
]
