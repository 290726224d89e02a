"""What stands around the areas: where the data came from, and the register counted again."""

from dataclasses import dataclass

from django.db import connection

from ..models import Area, Change, Compound
from ..terms import ChangeKind
from .kept import fresh


@dataclass(frozen=True)
class DataMarks:
    """What a page must say about the data it shows."""

    synthetic_territory: bool
    synthetic_register: bool
    sources: list[str]


def data_marks() -> DataMarks:
    """This function will say whether what the pages show is synthetic, and from which sources it came."""
    kept = fresh()
    if kept is not None and "marks" in kept:
        found: DataMarks = kept["marks"]
        return found
    newest: dict[str, str] = {}
    for kind, source in (
        Change.objects.exclude(kind=ChangeKind.RESTRUCTURE).order_by("id").values_list("kind", "source")
    ):
        newest[kind] = source
    marks = DataMarks(
        synthetic_territory=Area.objects.filter(valid_to=None, synthetic=True).exists(),
        synthetic_register=Compound.objects.filter(synthetic=True).exists(),
        sources=list(dict.fromkeys(newest.values())),
    )
    if kept is not None:
        kept["marks"] = marks
    return marks


UNEQUAL = """
    SELECT c.place, c.doors, (SELECT count(*) FROM territory_door d WHERE d.place BETWEEN c.place + 1 AND c.place + 9999)
    FROM territory_compound c
    WHERE c.doors <> (SELECT count(*) FROM territory_door d WHERE d.place BETWEEN c.place + 1 AND c.place + 9999)
    ORDER BY c.place
"""
TOTALS = "SELECT (SELECT coalesce(sum(doors), 0) FROM territory_compound), (SELECT count(*) FROM territory_door)"


def audit_register() -> list[str]:
    """This function will count the register again: the doors kept with each compound against the doors themselves."""
    with connection.cursor() as cursor:
        cursor.execute(UNEQUAL)
        found = [
            f"compound {place}: {kept} doors kept, {counted} counted" for place, kept, counted in cursor.fetchall()
        ]
        cursor.execute(TOTALS)
        kept, counted = cursor.fetchone()
    if kept != counted and not found:
        found.append(f"{counted - kept} doors belong to no compound")
    return found
