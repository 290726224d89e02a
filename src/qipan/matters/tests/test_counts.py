"""Counts that are added to in bulk: begun, added to, taken off, the same on both databases."""

from datetime import date

import pytest
from django.db import connection

from qipan.kernel.bulk import add_up
from qipan.kernel.place import place_of

from ..ingest import STANDING, add_counts
from ..models import Category, Standing, StreetTally, Tally

ONE, OTHER = place_of("510104001001"), place_of("510104001002")
MARCH = date(2026, 3, 1)
EVERY = "a test"


def standings():
    return sorted(Standing.objects.everywhere(EVERY).values_list("place", "state", "drill", "n"))


@pytest.mark.django_db
def test_counts_begin_and_are_added_to_and_taken_off():
    assert add_up("matters_standing", STANDING, [(ONE, "FILED", False, 3), (OTHER, "FILED", False, 1)]) == 2
    assert add_up("matters_standing", STANDING, [(ONE, "FILED", False, 4), (ONE, "FILED", True, 1)]) == 2
    assert add_up("matters_standing", STANDING, [(OTHER, "FILED", False, -1)]) == 1
    assert add_up("matters_standing", STANDING, []) == 0
    assert standings() == [(ONE, "FILED", False, 7), (ONE, "FILED", True, 1), (OTHER, "FILED", False, 0)]
    with connection.cursor() as cursor:  # nothing is left over
        assert not [name for name in connection.introspection.table_names(cursor) if name == "adding"]


@pytest.mark.django_db
def test_streets_get_what_their_communities_get(world):
    category = Category.objects.get(code="01003").pk
    key = (category, "IMPORT", 0, MARCH, "REPORTED", "", False)
    add_counts({(ONE, *key): 2, (OTHER, *key): 5}, {(ONE, "REPORTED", False): 2})
    add_counts({(ONE, *key): -1}, {})
    kept = Tally.objects.everywhere(EVERY).filter(channel="IMPORT").order_by("place").values_list("place", "n")
    assert list(kept) == [(ONE, 1), (OTHER, 5)]
    street = StreetTally.objects.everywhere(EVERY).filter(channel="IMPORT").values_list("place", "month", "n")
    assert list(street) == [(place_of("510104001"), MARCH, 6)]
