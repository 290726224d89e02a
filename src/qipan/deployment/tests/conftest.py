from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from qipan.access.testing import Cast, make_city
from qipan.desk.api import Admission, admit_emergency
from qipan.kernel.place import range_of

HERE = range_of("510104")
Entry = apps.get_model("journal", "Entry")


@pytest.fixture
def cast(db: None) -> Cast:
    return make_city()


@pytest.fixture
def admission(cast: Cast) -> Admission:
    return admit_emergency(
        title="小区门岗值守",
        declaration="成府发〔2026〕1号",
        basis="《突发事件应对法》第七十二条",
        valid_to=cast.at + timedelta(days=30),
        by=cast.district_head,
        at=cast.at,
    )


def gate_duty(cast: Cast, admission: Admission | None, **changes: Any) -> dict[str, Any]:
    """All that ``open_shifts`` wants: today from 20:00 to 8:00 hours after ``cast.at``, at every gate of a district."""
    return {
        "organ_type": "compound",
        "grounds": [HERE],
        "periods": [(cast.at + timedelta(hours=3), cast.at + timedelta(hours=15))],
        "title": "小区门岗值守",
        "asker": cast.unit("510104:district-command"),
        "basis": "《突发事件应对法》第七十二条",
        "source": "activation:1",
        "admission": admission,
        "by": cast.district_head,
        "at": cast.at,
        "drill": False,
        **changes,
    }
