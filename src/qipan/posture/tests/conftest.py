from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps

from qipan.access.testing import Cast, make_city
from qipan.journal.api import publish
from qipan.kernel.place import COMMUNITY, level_of, range_of
from qipan.laws.testing import make_articles
from qipan.posture.api import Declaration, Measure, declare, impose_measure
from qipan.posture.models import OpenEnd
from qipan.zones.api import ZoneConfirmed

Entry = apps.get_model("journal", "Entry")


@pytest.fixture
def cast(db: None) -> Cast:
    cast = make_city()
    make_articles()
    return cast


def response(cast: Cast, **changes: Any) -> dict[str, Any]:
    """All that ``declare`` wants, by the city for the whole city."""
    return {
        "number": "成府发〔2026〕1号",
        "matter": "突发公共卫生事件应急响应",
        "hazard": "epidemic",
        "level": 1,
        "basis": "《突发事件应对法》第七十二条",
        "issuer": cast.unit("5101:city-command"),
        "ground_codes": ["5101"],
        "starts_at": cast.at,
        "expected_until": cast.at + timedelta(days=30),
        "measures": ["入户排查", "小区出入值守"],
        "by": cast.city_commander,
        "at": cast.at,
        "drill": False,
        **changes,
    }


def open_end(measure: Measure) -> datetime | None:
    """When it ends, as the minute's pass will find it; None when its end is written down."""
    return OpenEnd.objects.filter(measure=measure).values_list("ends_at", flat=True).first()


def restriction(cast: Cast, **changes: Any) -> dict[str, Any]:
    """All that ``impose_measure`` wants, by the city in one community."""
    return {
        "kind": "gate-check",
        "title": "小区出入查验",
        "article": "erl-2024-73",
        "issuer": cast.unit("5101:city-command"),
        "grounds": [range_of("510104001001")],
        "starts_at": cast.at,
        "expires_at": cast.at + timedelta(days=7),
        "review_at": cast.at + timedelta(days=3),
        "by": cast.city_commander,
        "at": cast.at,
        "drill": False,
        **changes,
    }


def zone(code: str, level: int, *, at: datetime, confirmed: datetime | None = None) -> None:
    """A zone of a community from ``at`` on, confirmed then or before, with whoever subscribes to it told."""
    models = {name: apps.get_model("zones", name) for name in ("RuleSet", "RiskZone")}
    rule_set, _new = models["RuleSet"].objects.get_or_create(
        code="test",
        version=1,
        defaults={
            "title": "规则", "title_en": "Rule", "hazard": "epidemic", "unit": COMMUNITY, "levels": [], "minimum_rank": 2,
            "basis": "b", "source": "s", "valid_from": date(2020, 1, 1), "published_at": at, "by_label": "test",
        },
    )  # fmt: skip
    ground = range_of(code)
    zones = models["RiskZone"].objects.everywhere("a test")
    zones.filter(first=ground.first, ends_at=None).update(ends_at=at)
    zones.create(
        rule_set=rule_set, hazard="epidemic", code=code, area_level=level_of(code), place=ground.first,
        first=ground.first, last=ground.last, level=level, reasons=[], counted_to=at.date(), starts_at=at,
        confirmed_at=at, by_label="test",
    )  # fmt: skip
    publish(ZoneConfirmed(code, (ground,), "epidemic", level, at, confirmed or at))


@pytest.fixture
def declared(cast: Cast) -> Declaration:
    return declare(**response(cast))


@pytest.fixture
def by_district(cast: Cast) -> Callable[..., Declaration]:
    def build(**changes: Any) -> Declaration:
        terms = {
            "number": "锦府发〔2026〕1号",
            "level": 4,
            "issuer": cast.unit("510104:district-command"),
            "ground_codes": ["510104"],
            "by": cast.district_head,
            **changes,
        }
        return declare(**response(cast, **terms))

    return build


@pytest.fixture
def imposed(cast: Cast) -> Measure:
    return impose_measure(**restriction(cast))[0]
