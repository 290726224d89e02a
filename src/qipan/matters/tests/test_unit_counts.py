"""What street calls show of units, by the quarter in which they were called."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from qipan.kernel.rate import Rate

from ..actions.calls import accept_call, note_attendance
from ..actions.filing import file_matter
from ..actions.refusing import refuse_call
from ..queries.audits import audit_counts
from ..queries.patterns import unit_counts
from .test_joint import CITY, called


@pytest.mark.row("ORG-17")
def test_how_a_unit_answered_counts_in_the_quarter_of_its_call(world):
    """Called on the last day of a quarter, answered on the first of the next, put right and rated weeks after."""
    last = datetime(2026, 9, 30, 7, tzinfo=UTC)
    matter = world.reported(at=last - timedelta(hours=2)).matter
    file_matter(matter, by=world.cast.dispatcher, at=last - timedelta(hours=1))
    call, (health, fire) = called(
        world, matter, "5101:health", "5101:emergency", urgency="PRESSING", meets_at=last + timedelta(days=2), at=last
    )
    accept_call(call, post="值班医生", by=world.handler("5101:health"), at=last + timedelta(hours=20))
    refuse_call(call, reason="非我职责", by=world.handler("5101:emergency"), at=last + timedelta(hours=21))
    at = last + timedelta(days=3)
    note_attendance(health, came=True, by=world.cast.dispatcher, at=at)
    note_attendance(health, came=False, by=world.cast.dispatcher, at=at + timedelta(days=100))
    quarters = [date(2026, 7, 1), date(2026, 10, 1), date(2027, 1, 1), date(2027, 4, 1)]

    def counts(since, until):
        found = unit_counts(CITY, since=since, until=until)
        return {one.unit.code: (one.in_time, one.came, one.refused, one.needless) for one in found}

    own, *rest = (counts(*quarter) for quarter in pairwise(quarters))
    assert own == {
        "5101:emergency": (Rate(0, 1), Rate(0, 0), Rate(1, 1), Rate(0, 0)),
        "5101:health": (Rate(1, 1), Rate(0, 1), Rate(0, 1), Rate(0, 0)),
    }
    assert rest == [{}, {}]
    assert fire.unit.code == "5101:emergency" and audit_counts() == []
