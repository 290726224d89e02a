"""A round's register follows the address register when doors were added to a compound after it was opened."""

from collections.abc import Iterable

from django.db import connection, transaction

from qipan.kernel.place import compound_of


@transaction.atomic
def follow_register(rounds: Iterable[int], places: Iterable[int]) -> int:
    """This function will raise the doors of the compounds in a round to those on the register; returns how many changed.

    Doors are only added here: what a round has counted it keeps.
    """
    changed = 0
    with connection.cursor() as cursor:
        for round_id, compound in sorted({(r, compound_of(p)) for r, p in zip(rounds, places, strict=True)}):
            cursor.execute(
                "UPDATE screening_coverage SET doors ="
                " (SELECT count(*) FROM territory_door d WHERE d.place BETWEEN %s AND %s)"
                " WHERE round_id = %s AND place = %s AND doors <"
                " (SELECT count(*) FROM territory_door d WHERE d.place BETWEEN %s AND %s)",
                [compound, compound + 9_999, round_id, compound, compound, compound + 9_999],
            )
            changed += cursor.rowcount
    return changed
