"""The map changes, for tests of rooms that wrote about its areas before."""

from datetime import datetime

from django.utils.timezone import localdate

from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of

from .actions.divisions import import_divisions
from .actions.restructure import merge_area
from .models import Area
from .queries import OFFICIAL
from .rules.divisions import DivisionRow


def _surveyor() -> Actor:
    return Actor.system("surveyor", acts=["territory.import"], ranges=[range_of("5101")])


def merge(code: str, *, into: str, at: datetime) -> None:
    """This function will merge an area into another one, as a surveyor orders it."""
    merge_area(code, into=into, on=localdate(at), by=_surveyor(), at=at)


def close(code: str, *, at: datetime, whole: bool = False) -> None:
    """This function will import a map that has an area no more; ``whole`` with all below it."""
    gone = {"code__startswith": code} if whole else {"code": code}
    rows = [
        DivisionRow(one.code, one.name, one.level, one.parent_code, one.name_en)
        for one in Area.objects.filter(hierarchy=OFFICIAL, valid_to=None).exclude(**gone)
    ]
    import_divisions(rows, valid_from=localdate(at), source="the new map", by=_surveyor(), at=at)
