"""A scoped model cannot be read, counted, changed or joined before the scope is said."""

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qipan.kernel.actor import Scope
from qipan.kernel.place import Range
from qipan.kernel.scoped import ScopeMissing

Pass = apps.get_model("access", "Pass")  # any scoped model will do; the kernel imports no room
EVERYTHING = Scope.of([(0, 9_000_000_000_000_000_000)])


async def _walk(rows):
    return [row async for row in rows]


READS = {
    "list": list,
    "len": len,
    "bool": bool,
    "first": lambda rows: rows.first(),
    "index": lambda rows: rows[0],
    "slice": lambda rows: list(rows[:5]),
    "get": lambda rows: rows.get(label="x"),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "values": lambda rows: list(rows.values("label")),
    "values_list": lambda rows: list(rows.values_list("label", flat=True)),
    "iterator": lambda rows: list(rows.iterator()),
    "aggregate": lambda rows: rows.aggregate(),
    "in_bulk": lambda rows: rows.in_bulk(),
    "update": lambda rows: rows.update(label="x"),
    "delete": lambda rows: rows.delete(),
    "raw": lambda rows: rows.raw("SELECT 1"),
    "subquery": lambda rows: Pass.objects.filter(pk__in=rows),
    "or": lambda rows: Pass.objects.within(EVERYTHING) | rows,
    "reverse or": lambda rows: rows | Pass.objects.within(EVERYTHING),
    "xor": lambda rows: Pass.objects.within(EVERYTHING) ^ rows,
    "union": lambda rows: Pass.objects.within(EVERYTHING).union(rows),
    "async": async_to_sync(_walk),
    "async iterator": lambda rows: async_to_sync(_walk)(rows.aiterator()),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_without_a_scope_nothing_is_read(read):
    """No database is needed: the refusal comes before the query."""
    with pytest.raises(ScopeMissing):
        read(Pass.objects.filter(label="x"))


def test_narrowing_does_not_lose_the_scope(city):
    mine = Pass.objects.within(city.worker.scope)
    assert mine.exclude(label="nobody").order_by("-label").count() == 1
    assert (mine & Pass.objects.all()).count() == 1


def test_every_row_needs_a_reason(city):
    with pytest.raises(ScopeMissing):
        Pass.objects.everywhere("")
    assert Pass.objects.everywhere("a test counts them").count() == 1


def test_an_empty_queryset_needs_no_scope(db):
    assert list(Pass.objects.none()) == []


def test_no_ground_sees_no_row(city):
    assert list(Pass.objects.within(Scope())) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda p: Range(*sorted(p))), max_size=4),
    st.integers(0, 3),
)
def test_the_database_keeps_exactly_the_places_that_lie_in_the_scope(city, ranges, shift):
    """``scope.q`` equals membership."""
    units = apps.get_model("duties", "Unit").objects
    base = city.unit("510104001001:community").place
    scope = Scope.of((base + 10_000 * first + shift, base + 10_000 * last + shift) for first, last in ranges)
    everyone = dict(units.values_list("pk", "place"))
    kept = set(units.filter(scope.q()).values_list("pk", flat=True))
    assert kept == {pk for pk, place in everyone.items() if place in scope}
