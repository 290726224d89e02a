"""Pure decisions on forms: which passport is complete, which form may open under which posture."""

from collections.abc import Mapping
from datetime import datetime

# What every form must show (Statistics Law 2024, art. 17), in the order in which it is asked for.
PASSPORT = ("number", "issuer", "approval", "basis", "purpose", "valid_from", "valid_to")


def missing_of(passport: Mapping[str, object]) -> str | None:
    """This function will name the first part of a passport that is missing; None means that it is complete."""
    for name in PASSPORT:
        value = passport.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return name
    return None


def may_open(subject: str, posture_kind: str | None) -> bool:
    """This function will say whether a form about ``subject`` may be open under a posture.

    While the standing (low) posture holds, no form about persons is open (EMG-19). ``posture_kind`` is
    ``"STANDING"``, ``"EMERGENCY"`` or None for routine.
    """
    return not (subject == "PERSON" and posture_kind == "STANDING")


def valid(valid_from: datetime, valid_to: datetime, *, at: datetime) -> bool:
    """This function will say whether a passport holds at ``at``: the end itself is outside."""
    return valid_from <= at < valid_to
