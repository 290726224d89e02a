"""Two commands on one ground against one hazard: logged, and the higher prevails (EMG-3)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from qipan.access.testing import Cast
from qipan.kernel.place import range_of
from qipan.posture.api import (
    CommandConflict,
    Declaration,
    conflicts_of,
    contradictions_of,
    declare,
    extend_declaration,
    posture_over,
    take_posture,
)

from .conftest import Entry, response

CITY, HERE = range_of("5101"), range_of("510104")


@pytest.mark.row("EMG-3")
def test_a_conflict_of_two_commands_is_logged_and_the_higher_prevails(
    cast: Cast, declared: Declaration, by_district: Callable[..., Declaration]
) -> None:
    low = by_district()
    conflict = CommandConflict.objects.get()
    assert (conflict.prevails, conflict.yields) == (declared, low)
    assert (conflict.first, conflict.last) == tuple(HERE)
    assert (conflict.level, conflict.other_level) == (1, 4)
    entry = Entry.objects.get(act="posture.conflict_of_commands")
    assert entry.data == {"prevails": declared.number, "yields": low.number, "level": 1, "other_level": 4}
    assert list(conflicts_of(low)) == list(conflicts_of(declared)) == [conflict]
    assert list(contradictions_of(low)) == list(contradictions_of(declared)) == [conflict]
    take_posture(declared, grounds=[CITY], by=cast.city_commander, at=cast.at)
    take_posture(low, grounds=[HERE], by=cast.district_head, at=cast.at)
    view = posture_over([HERE], at=cast.at)
    assert view is not None
    assert (view.number, view.level) == (declared.number, 1)


@pytest.mark.row("EMG-3")
def test_two_commands_at_the_same_level_are_logged_too(cast: Cast, by_district: Callable[..., Declaration]) -> None:
    """Both say level IV, each with measures and an end of its own: on the shared ground it is the city's."""
    low = by_district()
    high = declare(**response(cast, level=4))
    conflict = CommandConflict.objects.get()
    assert (conflict.prevails, conflict.yields, conflict.level, conflict.other_level) == (high, low, 4, 4)
    assert (conflict.first, conflict.last) == tuple(HERE)
    entry = Entry.objects.get(act="posture.conflict_of_commands")
    assert entry.data == {"prevails": high.number, "yields": low.number, "level": 4, "other_level": 4}
    assert list(conflicts_of(low)) == list(conflicts_of(high)) == [conflict]
    assert list(contradictions_of(low)) == []
    take_posture(low, grounds=[HERE], by=cast.district_head, at=cast.at)
    take_posture(high, grounds=[HERE], by=cast.city_commander, at=cast.at)
    view = posture_over([HERE], at=cast.at)
    assert view is not None
    assert view.number == high.number


@pytest.mark.row("EMG-3")
@pytest.mark.parametrize("first", ["city", "health"])
def test_of_two_commands_of_one_rank_the_earlier_prevails(cast: Cast, first: str) -> None:
    rank = cast.unit("5101:city-command").organ_type.authority_rank
    apps.get_model("duties", "OrganType").objects.filter(code=cast.unit("5101:health").organ_type.code).update(
        authority_rank=rank, executes_only=False
    )
    issuers = {"city": cast.unit("5101:city-command"), "health": cast.unit("5101:health")}
    second = next(name for name in issuers if name != first)
    declared = {}
    for name, hours in ((second, 1), (first, 0)):  # whichever is written down first: the one that begins first
        issuer = issuers[name]
        declared[name] = declare(
            **response(
                cast, number=name, issuer=issuer, by=replace(cast.city_commander, unit_id=issuer.pk),
                starts_at=cast.at + timedelta(hours=hours),
            )
        )  # fmt: skip
    conflict = CommandConflict.objects.get()
    assert (conflict.prevails, conflict.yields) == (declared[first], declared[second])


@pytest.mark.row("EMG-3")
def test_a_conflict_that_comes_by_an_extension_is_logged_once(
    cast: Cast, by_district: Callable[..., Declaration]
) -> None:
    high = declare(**response(cast, starts_at=cast.at + timedelta(days=10)))
    low = by_district(expected_until=cast.at + timedelta(days=5))
    assert CommandConflict.objects.count() == 0
    for days in (20, 25):
        low = extend_declaration(
            low, expected_until=cast.at + timedelta(days=days), reason="the danger lasts", by=cast.district_head, at=cast.at
        )  # fmt: skip
    assert [(one.prevails, one.yields) for one in CommandConflict.objects.all()] == [(high, low)]


@pytest.mark.row("EMG-3")
def test_the_higher_prevails_even_when_it_asks_less(cast: Cast, by_district: Callable[..., Declaration]) -> None:
    low = by_district()
    take_posture(low, grounds=[HERE], by=cast.district_head, at=cast.at)
    high = declare(**response(cast, level=3, ground_codes=["510104001"]))
    street = range_of("510104001")
    take_posture(high, grounds=[street], by=cast.city_commander, at=cast.at)
    for ground, number in ((street, high.number), (range_of("510104002"), low.number)):
        view = posture_over([ground], at=cast.at)
        assert view is not None
        assert view.number == number
    assert CommandConflict.objects.get().prevails == high


@pytest.mark.parametrize(
    "changes",
    [{"hazard": "flood"}, {"drill": True}, {"days": -1}, {"ground_codes": ["510105001"]}],
)
def test_no_conflict_where_hazard_drill_time_or_ground_differ(
    cast: Cast, changes: dict[str, Any], by_district: Callable[..., Declaration]
) -> None:
    changes = dict(changes)
    first = {"ground_codes": changes.pop("ground_codes")} if "ground_codes" in changes else {}
    if "days" in changes:
        past = cast.at - timedelta(days=9)
        first = {"starts_at": past, "expected_until": cast.at + timedelta(hours=1), "at": past}
        changes = {"starts_at": cast.at + timedelta(hours=2)}
    declare(**response(cast, **first))
    by_district(**changes)
    assert CommandConflict.objects.count() == 0
    assert not Entry.objects.filter(act="posture.conflict_of_commands").exists()
