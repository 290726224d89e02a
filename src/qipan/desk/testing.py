"""Work that the lead organisation has admitted, for tests of the rooms that need it."""

from datetime import datetime, timedelta
from typing import Any

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range

from .actions.admissions import apply_admission, decide_admission
from .models import Admission, WorkAsked
from .queries.burden import audit_burden, by_demander
from .rules import week_of

__all__ = ["WorkAsked", "admitted", "audit_burden", "by_demander", "week_of"]


def admitted(unit: Unit, *, ground: Range, at: datetime, **changes: Any) -> Admission:
    """This function will return work that a unit applied for and the lead organisation admitted: for years, any kind."""
    scope = Scope((ground,))
    applying = Actor(label="applies", acts=frozenset({"admission.apply"}), scope=scope, unit_id=unit.pk)
    deciding = Actor(label="decides", acts=frozenset({"admission.decide"}), scope=scope)
    asked: dict[str, Any] = {
        "title": "入户走访",
        "basis": "年度计划第8项",
        "minutes_per_unit": 600,
        "valid_from": at,
        "valid_to": at + timedelta(days=3650),
    }
    admission = apply_admission(**asked | changes, by=applying, at=at)
    return decide_admission(admission, admitted=True, reason="同意", by=deciding, at=at)
