from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from qipan.access.testing import Cast

Entry = apps.get_model("journal", "Entry")

# A message as a weather service would send it.
FROM_OUTSIDE = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>WX-7</identifier><sender>weather.example</sender><sent>2026-07-01T08:00:00+08:00</sent>
  <status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
  <info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency>
    <severity>Severe</severity><certainty>Observed</certainty><expires>2026-07-02T08:00:00+08:00</expires>
    <headline>暴雨橙色预警</headline><description>三小时内降雨量将达五十毫米以上。</description><instruction>留在室内。</instruction>
    <area><areaDesc>锦江区</areaDesc><geocode><valueName>GB/T 2260</valueName><value>510104</value></geocode></area></info>
</alert>""".encode()


def storm(cast: Cast, **changes: Any) -> dict[str, Any]:
    """All that ``issue_warning`` wants: an orange rainstorm in one street, by the city."""
    return {
        "kind": "rainstorm",
        "colour": 2,
        "issuer": cast.unit("5101:city-command"),
        "basis": "《突发事件应对法》第六十四条",
        "headline": "暴雨橙色预警",
        "headline_en": "Orange warning of a rainstorm",
        "description": "预计三小时内降雨量将达五十毫米以上。",
        "description_en": "More than fifty millimetres within three hours.",
        "instruction": "避免外出，远离低洼处。",
        "instruction_en": "Stay indoors and away from low ground.",
        "ground_codes": ["510104001"],
        "starts_at": cast.at + timedelta(hours=1),
        "expires_at": cast.at + timedelta(hours=7),
        "by": cast.city_commander,
        "at": cast.at,
        **changes,
    }


@pytest.fixture
def cast(city: Cast) -> Cast:
    return city
