"""What the tests of sources share: a register of heating, and the field that it holds."""

from typing import Any

from qipan.access.testing import Cast

from ..actions.sources import Reads, add_source, switch_source
from ..models import DataSource, FieldValue
from .register import Register

FIELD = "compound_heating"
ONE, TWO = "510104001001001", "510104001001002"
GAS = f"place,heat\n{ONE},gas\n{TWO},coal\n".encode()


def reads(register: Register, path: str = "/heat.csv", **changes: Any) -> Reads:
    given = {
        "title": "供暖台账",
        "url": register.base + path,
        "kind": "CSV",
        "place_name": "place",
        "value_name": "heat",
        "every": "DAILY",
    }
    return Reads(**{**given, **changes})


def running(town: Cast, register: Register, path: str = "/heat.csv", **changes: Any) -> DataSource:
    made = add_source(FIELD, reads(register, path, **changes), by=town.lead, at=town.at)
    return switch_source(made, on=True, by=town.lead, at=town.at)


def held() -> dict[int, str]:
    return dict(FieldValue.objects.order_by("place").values_list("place", "value"))


BOTH = {int(ONE + "0000"): "gas", int(TWO + "0000"): "coal"}
