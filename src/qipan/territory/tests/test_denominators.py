"""ORG-16: every rate says which count it divides by."""

from datetime import date

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation

from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.territory.api import (
    DayNotReached,
    denominator,
    generate_register,
    get_area,
    rate,
    seed_denominators,
    set_denominator,
)
from qipan.territory.models import Compound, Denominator

from .conftest import AT, BEGIN, journal

pytestmark = [pytest.mark.django_db, pytest.mark.row("ORG-16")]


def put(keeper, value=1000, **changed):
    values = {
        "definition": "living here for half a year",
        "source": "census 2020",
        "valid_from": date(2020, 11, 1),
        "by": keeper,
        "at": AT,
    }
    code, kind = changed.pop("code", "510104"), changed.pop("kind", "RESIDENT")
    return set_denominator(code, kind, value, **values | changed)


def test_a_rate_per_ten_thousand_shows_definition_date_and_source(city, keeper):
    put(keeper, 20_000)
    found = rate(7, "510104", "RESIDENT")
    assert found.value == 3.5
    with translation.override("en"):
        assert found.explained == (
            "per 10,000 of 20,000 (living here for half a year; as of 2020-11-01; source: census 2020)"
        )
    with translation.override("zh-hans"):
        for part in ("10,000", "20,000", "living here for half a year", "2020-11-01", "census 2020"):
            assert part in found.explained
    assert rate(7, "510105", "RESIDENT") is None


def test_a_rate_of_a_past_month_divides_by_that_month_s_count(city, keeper):
    put(keeper, 1_000)
    put(keeper, 2_000, valid_from=date(2025, 1, 1), source="estimate 2025")
    assert rate(1, "510104", "RESIDENT", on=date(2024, 12, 31)).value == 10
    assert rate(1, "510104", "RESIDENT", on=date(2025, 1, 1)).value == 5
    assert rate(1, "510104", "RESIDENT").denominator.source == "estimate 2025"
    assert rate(1, "510104", "RESIDENT", on=date(2020, 10, 31)) is None
    assert put(keeper, 2_100, valid_from=date(2025, 1, 1)).value == 2_100  # the same day is corrected
    assert Denominator.objects.count() == 2


def test_published_populations(city, keeper):
    seed_denominators("5101", by=keeper, at=AT)
    seed_denominators("5101", by=keeper, at=AT)
    assert denominator("5101", "RESIDENT").value == 16_000_000
    assert denominator("5101", "SERVICE").value == 21_000_000
    assert Denominator.objects.count() == 2
    assert all(row.source and row.definition and not row.synthetic for row in Denominator.objects.all())


def test_doors_are_counted_at_every_level(city, keeper):
    report = generate_register([range_of("5101")], seed=1, scale=0.05, by=keeper, at=AT)
    for code in ("5101", "510104", "510104002", "510105001002"):
        scope = get_area(code).ranges[0]
        doors = sum(Compound.objects.filter(place__range=tuple(scope)).values_list("doors", flat=True))
        row = denominator(code, "DOORS")
        assert (row.value, row.valid_from, row.synthetic) == (doors, date(2026, 11, 25), True)
        assert "1" in row.source
    assert denominator("5101", "DOORS").value == report.doors
    assert Denominator.objects.count() == 15
    generate_register([range_of("510104")], seed=2, scale=0.01, replace=True, by=keeper, at=AT)
    assert denominator("5101", "DOORS").value == sum(Compound.objects.values_list("doors", flat=True))
    assert Denominator.objects.count() == 15


@pytest.mark.parametrize(
    "changed",
    [
        {"source": " "},
        {"definition": ""},
        {"source": "x" * 201},
        {"value": 0},
        {"value": -5},
        {"kind": "DOORS"},
        {"kind": "ROBOTS"},
    ],
)
def test_a_count_without_source_or_sense_is_refused(city, keeper, changed):
    entries = len(journal())
    with pytest.raises(BadInput) as refusal:
        put(keeper, **changed)
    assert len(refusal.value.problems) == 1
    assert (Denominator.objects.count(), len(journal())) == (0, entries)


def test_rights_day_and_ground(city, keeper):
    for refusal, changed in (
        (DayNotReached, {"valid_from": date(2026, 11, 26)}),
        (NotFound, {"code": "510199"}),
        (NotAllowed, {"by": Actor(label="x")}),
        (NotFound, {"by": Actor.system("y", acts=["territory.import"], ranges=[range_of("510105")])}),
    ):
        with pytest.raises(refusal):
            put(keeper, **changed)
    assert not Denominator.objects.exists()


def test_the_command(city, capsys):
    options = {"definition": "d", "source": "s", "valid_from": BEGIN}
    call_command("set_denominator", "510104", "RESIDENT", 5, **options)
    assert denominator("510104", "RESIDENT").value == 5
    with pytest.raises(CommandError):
        call_command("set_denominator", "510104", "RESIDENT", 0, **options)
    with pytest.raises(CommandError):
        call_command("set_denominator", "510199", "RESIDENT", 1, **options)
