"""EMG-14, ORG-5: when communities merge, what the one that ended held is added to what the other one holds."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from qipan.access.testing import Cast, make_city
from qipan.kernel.place import place_of
from qipan.learning.actions.provisions import Line, confirm_provision
from qipan.learning.actions.refusals import TooManyItems
from qipan.learning.models import Provision
from qipan.learning.queries.provisions import provision_of, stored_of
from qipan.learning.rules import joined
from qipan.learning.terms import Need
from qipan.territory.testing import merge

from .conftest import NOON
from .test_provisions import OWN, WATER, acts, count, own, say, signals, stored

pytestmark = pytest.mark.row("EMG-14", "ORG-5")


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The tiny city, once for the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_city(at=NOON)
        transaction.set_rollback(True)


@pytest.fixture
def cast(city: Cast, db: None) -> Iterator[Cast]:
    """The city of the module; what a test does to it is taken back."""
    mark = transaction.savepoint()
    yield city
    transaction.savepoint_rollback(mark)


def merged(cast, at):
    """The second community goes into the first, as an official of the territory orders it."""
    merge(NEXT, into=OWN, at=at)


NEXT = "510104001002"
OIL, BOXES = Line(3, "食用油", "升", 50, 10), Line(1, "饮用水", "箱", 80, 20)


def test_a_merge_adds_the_figures_of_the_community_that_ended_and_says_so(cast):
    first = say(cast)
    other = say(cast, (Line(1, "米面", "千克", 300, 50), OIL, BOXES), (8, 2), who="neighbour_worker",
                unit=cast.unit(f"{NEXT}:community"), at=NOON - timedelta(days=60))  # fmt: skip
    later = NOON + timedelta(days=1)
    merged(cast, later)
    held = provision_of(own(cast))
    assert [(one.name, one.measure, one.amount, one.per_day) for one in stored_of(held)] == [
        ("饮用水（升）", "升", 9000, 1000),
        ("米面", "千克", 1000, 150),
        ("食用油", "升", 50, 10),
        ("饮用水（箱）", "箱", 80, 20),
    ]
    assert (held.households, held.with_helper, held.carried_from) == (20, 11, cast.unit(f"{NEXT}:community"))
    assert (held.said_at, held.confirmed_at, held.confirmed_by) == (later, other.confirmed_at, other.confirmed_by)
    ended = Provision.objects.everywhere("a test").filter(replaced_at=later)
    assert sorted(ended.values_list("pk", flat=True)) == sorted([first.pk, other.pk])
    assert acts()[-1] == (
        "learning.carry_provision",
        {"items": 4, "days": 4, "households": 20, "with_helper": 11, "from": NEXT},
    )
    found = signals(cast, code="510104001", at=later)
    assert list(found) == [OWN]
    assert (found[OWN][Need.STOCK].numbers["days"], found[OWN][Need.HELPERS].numbers["without"]) == (4, 9)
    page = cast.client("worker").get(f"/readiness/{OWN}/stock").content.decode()
    assert cast.unit(f"{NEXT}:community").label in page and "并入本社区" in page
    confirm_provision(own(cast), seen=held.pk, by=cast.worker, at=later)
    assert provision_of(own(cast)).confirmed_at == later


def test_a_count_that_one_never_made_is_not_known_of_both_and_what_nobody_said_changes_nothing(cast):
    unit = cast.unit(f"{NEXT}:community")
    say(cast)
    say(cast, (WATER,), (None, None), who="neighbour_worker", unit=unit)
    merged(cast, NOON + timedelta(days=1))
    held = provision_of(own(cast))
    assert (held.households, held.with_helper) == (None, None)
    assert [one.amount for one in stored_of(held)] == [18_000, 700]


def test_where_the_ended_community_said_nothing_the_figures_stand_as_they_are(cast):
    first, before = say(cast), count()
    merged(cast, NOON + timedelta(days=1))
    assert (provision_of(own(cast)).pk, count()) == (first.pk, before)


def test_where_only_the_ended_community_said_something_that_is_what_is_known(cast):
    say(cast, who="neighbour_worker", unit=cast.unit(f"{NEXT}:community"))
    merged(cast, NOON + timedelta(days=1))
    held = provision_of(own(cast))
    assert (held.households, [one.name for one in stored_of(held)]) == (12, ["饮用水", "米面"])
    assert held.carried_from == cast.unit(f"{NEXT}:community")


@pytest.mark.parametrize("ended_is_example", [True, False])
def test_figures_of_a_demo_never_mix_with_what_was_said(cast, ended_is_example):
    say(cast)
    say(cast, (OIL,), (1, 1), who="neighbour_worker", unit=cast.unit(f"{NEXT}:community"))
    place = place_of(NEXT if ended_is_example else OWN)
    Provision.objects.everywhere("a test").filter(place=place).update(example=True)
    merged(cast, NOON + timedelta(days=1))
    held = provision_of(own(cast))
    assert held.example is False
    assert [one.name for one in stored_of(held)] == (["饮用水", "米面"] if ended_is_example else ["食用油"])


def test_a_list_that_a_merge_made_longer_is_kept_whole_and_only_grows_shorter(cast):
    def lines(first):
        return [Line(n, f"物资{first + n}", "件", 10, 1) for n in range(8)]

    say(cast, lines(0))
    say(cast, lines(20), who="neighbour_worker", unit=cast.unit(f"{NEXT}:community"))
    later = NOON + timedelta(days=1)
    merged(cast, later)
    held = provision_of(own(cast))
    assert len(stored_of(held)) == 16
    page = cast.client("worker").get(f"/readiness/{OWN}/stock").content.decode()
    assert 'name="name_16"' in page and 'name="name_17"' not in page
    all_of_it = [Line(n, one.name, one.measure, one.amount, one.per_day) for n, one in enumerate(stored_of(held), 1)]
    with pytest.raises(TooManyItems):
        say(cast, [*all_of_it, OIL], seen=held.pk, at=later)
    shorter = say(cast, all_of_it[:10], seen=held.pk, at=later)
    assert (len(stored_of(provision_of(own(cast)))), shorter.carried_from) == (10, None)


@given(st.lists(stored, max_size=8), st.lists(stored, max_size=8))
def test_what_two_hold_together_is_what_each_holds(one, other):
    both = joined(one, other)
    assert sum(item.amount for item in both) == sum(item.amount for item in (*one, *other))
    assert sum(item.per_day for item in both) == sum(item.per_day for item in (*one, *other))
    assert len({item.name.casefold() for item in both}) == len(both)
