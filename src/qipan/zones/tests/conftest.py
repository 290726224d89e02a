"""The tiny city with a rule set of its own: medium from one case in 14 days, high from 10 in all with a cluster."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils.timezone import get_default_timezone

from qipan.access.testing import Cast, make_city
from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of, range_of
from qipan.zones.actions.rule_sets import publish_rule_set
from qipan.zones.models import Correction, Count, RiskZone, RuleSet

AT = datetime(2026, 11, 28, 12, tzinfo=get_default_timezone()).astimezone(UTC)
TODAY = date(2026, 11, 28)
COMMUNITY = "510104001001"
OTHER = "510104001002"
STREET = "510104001"

RULE: dict[str, Any] = {
    "code": "test-rule",
    "title": "测试规则",
    "title_en": "Test rule",
    "hazard": "epidemic",
    "unit": "COMMUNITY",
    "levels": [
        {
            "level": "HIGH",
            "all": [{"input": "new_cases", "at_least": 10}, {"input": "clusters", "days": 14, "at_least": 1}],
        },
        {"level": "MEDIUM", "all": [{"input": "new_cases", "days": 14, "at_least": 1}]},
    ],
    "minimum_rank": 2,
    "basis": "city order 12",
    "source": "city gazette 2026-3",
    "valid_from": "2026-01-01",
}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_city(at=AT)


@pytest.fixture
def rule_set(cast: Cast) -> RuleSet:
    return publish_rule_set(RULE, by=cast.city_commander, at=AT)


@pytest.fixture
def keeper() -> Actor:
    """Somebody who may count and publish everywhere, a job of the system."""
    return Actor.system("test", acts=["zone.count", "zone.confirm", "zone.rule"], ranges=[range_of("5101")])


def had(code: str, day: date, n: int, *, name: str = "new_cases", level: int | None = None, unit: int | None = None):
    """This function will write a count as it is stored."""
    level = level or {4: 1, 6: 2, 9: 3, 12: 4}[len(code)]
    return Count.objects.create(hazard_input=name, place=place_of(code), level=level, day=day, n=n, unit_id=unit, at=AT)


def everything() -> tuple[int, int, int, int]:
    """This function will count the rows of the room: rule sets, counts, corrections, zones."""
    return (
        RuleSet.objects.count(),
        *(model.objects.everywhere("a test").count() for model in (Count, Correction, RiskZone)),
    )  # type: ignore[return-value]
