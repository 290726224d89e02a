"""What the JSON endpoints of all rooms take in the same way."""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime

from qipan.kernel.clock import FIRST_YEAR, LAST_YEAR

D = TypeVar("D", bound=date)


def _in_this_world(given: D) -> D:
    if not FIRST_YEAR <= given.year <= LAST_YEAR:
        raise ValueError(f"a year between {FIRST_YEAR} and {LAST_YEAR} is needed")
    return given


# With an offset, and of a year that can be told in every zone.
Moment = Annotated[AwareDatetime, AfterValidator(_in_this_world)]
Day = Annotated[date, AfterValidator(_in_this_world)]
