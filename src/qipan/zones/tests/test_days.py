"""Local calendar days where the clock changes: windows count days and not hours, a rule set ends at its local midnight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from qipan.kernel.place import range_of
from qipan.zones.actions.rule_sets import publish_rule_set
from qipan.zones.actions.zones import confirm_zone
from qipan.zones.api import level_over
from qipan.zones.queries.history import moment_of
from qipan.zones.queries.proposals import proposals
from qipan.zones.rules.sets import day_begins

from .conftest import COMMUNITY, RULE, had

pytestmark = pytest.mark.row("EMG-15")
NEW_YORK = ZoneInfo("America/New_York")


def length(day: date, zone: ZoneInfo) -> timedelta:
    return day_begins(day + timedelta(days=1), zone).astimezone(UTC) - day_begins(day, zone).astimezone(UTC)


def test_a_day_is_as_long_as_the_clock_makes_it():
    assert length(date(2026, 11, 1), NEW_YORK) == timedelta(hours=25)
    assert length(date(2026, 3, 8), NEW_YORK) == timedelta(hours=23)
    # In Brazil midnight itself was left out: the day began at one o'clock.
    assert day_begins(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")).astimezone(UTC) == datetime(
        2018, 11, 4, 3, tzinfo=UTC
    )


@pytest.mark.django_db
def test_windows_and_ends_go_by_the_citys_own_days(cast, settings):
    settings.TIME_ZONE = "America/New_York"
    given = RULE | {"valid_to": "2026-11-15", "end_basis": "order 9"}
    rule_set = publish_rule_set(given, by=cast.city_commander, at=datetime(2026, 10, 1, tzinfo=UTC))
    assert rule_set.ends_at.astimezone(UTC) == datetime(2026, 11, 15, 5, tzinfo=UTC)
    had(COMMUNITY, date(2026, 10, 26), 1)
    had(COMMUNITY, date(2026, 11, 8), 0, name="clusters")
    before, after = datetime(2026, 11, 10, 4, 59, tzinfo=UTC), datetime(2026, 11, 10, 5, tzinfo=UTC)
    # 26 October and the 13 days after it, one of them of 25 hours: the 14th day is 8 November, over on the 9th.
    (still,) = proposals(rule_set, cast.city_commander.scope, at=datetime(2026, 11, 9, 12, tzinfo=UTC))
    assert (still.level, still.day) == (2, date(2026, 11, 8))
    assert proposals(rule_set, cast.city_commander.scope, at=after) == []
    (late,) = proposals(rule_set, cast.city_commander.scope, at=before)  # still the evening of the 9th there
    assert late.day == date(2026, 11, 8)
    confirm_zone(rule_set, COMMUNITY, level=2, proposed=2, by=cast.city_commander, at=before)
    ground, end = [range_of(COMMUNITY)], rule_set.ends_at
    assert level_over(ground, hazard="epidemic", at=end - timedelta(seconds=1))[0][1] == 2
    assert level_over(ground, hazard="epidemic", at=end)[0][1] is None
    first = date(2026, 11, 1)
    assert moment_of(first, at=end).astimezone(UTC) == datetime(2026, 11, 2, 4, 59, 59, 999999, tzinfo=UTC)
    assert moment_of(date(2026, 11, 14), at=before) == before
