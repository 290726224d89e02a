from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from qipan.access.testing import Cast, make_city
from qipan.kernel.place import range_of
from qipan.posture.api import Declaration, Measure, declare, impose_measure

Entry = apps.get_model("journal", "Entry")


@pytest.fixture
def cast(db: None) -> Cast:
    return make_city()


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


def restriction(cast: Cast, **changes: Any) -> dict[str, Any]:
    """All that ``impose_measure`` wants, by the city in one community."""
    return {
        "kind": "gate-check",
        "title": "小区出入查验",
        "basis": "《突发事件应对法》第七十三条",
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
