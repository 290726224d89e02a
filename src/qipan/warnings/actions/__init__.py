"""Acts of the warnings room."""

from .issuing import (
    UpdateReasonMissing,
    WarnerNotCompetent,
    WarningIncomplete,
    WarningIssued,
    WarningOfAnother,
    WarningOutsideGround,
    WarningOver,
    WarningTimesDisordered,
    cancel_warning,
    issue_warning,
    update_warning,
)
from .prealert import note_lapsed
from .receiving import (
    AlertDecided,
    AlertOfAnother,
    AlertUnread,
    NoNewWarning,
    NotForThePublic,
    ReasonNeeded,
    receive_alert,
    relay_alert,
    set_aside,
)

__all__ = [
    "AlertDecided",
    "AlertOfAnother",
    "AlertUnread",
    "NoNewWarning",
    "NotForThePublic",
    "ReasonNeeded",
    "UpdateReasonMissing",
    "WarnerNotCompetent",
    "WarningIncomplete",
    "WarningIssued",
    "WarningOfAnother",
    "WarningOutsideGround",
    "WarningOver",
    "WarningTimesDisordered",
    "cancel_warning",
    "issue_warning",
    "note_lapsed",
    "receive_alert",
    "relay_alert",
    "set_aside",
    "update_warning",
]
