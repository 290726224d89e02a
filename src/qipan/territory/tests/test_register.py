"""The address register: generated with Chengdu's spread, imported line by line, all or nothing."""

import random
import re
import statistics
import tracemalloc

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.territory.api import (
    Compound,
    Door,
    RegisterExists,
    ScaleOutOfRange,
    TerritoryMissing,
    compounds_within,
    doors_within,
    generate_register,
    import_register,
)
from qipan.territory.models import Denominator
from qipan.territory.queries import audit_register
from qipan.territory.rules.synthetic import community_sizes, split_doors, synthetic_compounds, synthetic_doors

from .conftest import AT, journal

HEAD = "community,compound,building,entrance,door"
CITY = [range_of("5101")]
ONE = "510104001001"


def generate(keeper, **changed):
    return generate_register(
        changed.pop("ranges", CITY), **{"seed": 1, "scale": 0.02, "by": keeper, "at": AT} | changed
    )


def content():
    return (
        list(Compound.objects.order_by("place").values_list()),
        list(Door.objects.order_by("place").values_list()),
        len(journal()),
        Denominator.objects.count(),
    )


@pytest.mark.parametrize("count", [3_040, 3_041, 3_047])
def test_the_whole_city_has_8_75_million_doors_with_a_long_tail(count):
    sizes = community_sizes(count)
    assert sum(sizes) == pytest.approx(8_750_000, rel=0.01)
    assert statistics.median(sizes) == pytest.approx(1_600, rel=0.01)
    assert max(sizes) == 12_000


def test_compounds_lie_between_100_and_3000_doors_and_a_tenth_has_no_screen():
    communities = [(f"510104{n // 900 + 1:03d}{n % 900 + 1:03d}", "社区") for n in range(3_041)]
    compounds = list(synthetic_compounds(communities, seed=1, scale=1.0))
    doors = [c.doors for c in compounds]
    assert (min(doors) >= 100, max(doors) <= 3_000) == (True, True)
    assert sum(doors) == sum(community_sizes(3_041))
    without = sum(not c.has_screen for c in compounds) / len(compounds)
    assert 0.08 < without < 0.12
    assert len({(c.place // 10**7, c.name) for c in compounds}) == len(compounds)
    small = list(synthetic_compounds(communities, seed=1, scale=0.05))
    assert [c.place for c in small] == [c.place for c in compounds]  # fewer doors, no fewer compounds
    assert sum(c.doors for c in small) == pytest.approx(sum(doors) / 20, rel=0.01)
    other = list(synthetic_compounds(communities, seed=2, scale=1.0))
    assert other != compounds
    assert sum(c.doors for c in other) == sum(doors)
    assert list(synthetic_compounds(reversed(communities), seed=1, scale=1.0)) == compounds


@settings(deadline=None)
@given(st.integers(120, 12_000), st.integers())
def test_no_door_is_lost_when_a_community_is_divided(doors, seed):
    parts = split_doors(doors, random.Random(seed))
    assert sum(parts) == doors
    assert all(100 <= part <= 3_000 for part in parts)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_doors_are_numbered_from_one_and_stand_once(seed):
    for compound in synthetic_compounds([(ONE, "某社区"), ("510104001002", "某村村委会")], seed=seed, scale=1.0):
        doors = list(synthetic_doors(compound))
        assert [place - compound.place for place, *_ in doors] == list(range(1, compound.doors + 1))
        assert len({door[1:] for door in doors}) == len(doors)
        assert all(re.fullmatch(r"\d{1,5}", label) for *_, label in doors)


@pytest.mark.django_db
def test_generating_twice_with_one_seed_gives_one_register(city, keeper):
    report = generate(keeper)
    first = content()
    assert (len(first[0]), len(first[1])) == (report.compounds, report.doors)
    assert report.communities == 8
    with pytest.raises(RegisterExists):
        generate(keeper)
    assert content() == first
    generate(keeper, replace=True)
    assert content()[:2] == first[:2]
    generate(keeper, replace=True, seed=2)
    assert content()[:2] != first[:2]
    assert not Compound.objects.filter(synthetic=False).exists()
    for compound in Compound.objects.all():
        assert doors_within([range_of(str(compound.place)[:15])]).count() == compound.doors


@pytest.mark.django_db
def test_the_register_is_counted_again(city, keeper):
    generate(keeper)
    assert audit_register() == []
    compound = Compound.objects.order_by("place").first()
    door = doors_within([range_of(str(compound.place)[:15])]).order_by("place").last()
    door.delete()
    assert audit_register() == [f"compound {compound.place}: {compound.doors} doors kept, {compound.doors - 1} counted"]
    Compound.objects.filter(pk=compound.pk).delete()
    assert audit_register() == [f"{compound.doors - 1} doors belong to no compound"]


@pytest.mark.django_db
def test_replacing_a_district_leaves_the_other(city, keeper):
    generate(keeper)
    other = list(doors_within([range_of("510105")]).order_by("place").values_list())
    generate(keeper, ranges=[range_of("510104")], seed=9, replace=True)
    assert list(doors_within([range_of("510105")]).order_by("place").values_list()) == other


@pytest.mark.django_db
def test_generating_is_refused_clearly(city, keeper):
    before = content()
    for refusal, changed in (
        (ScaleOutOfRange, {"scale": 0}),
        (ScaleOutOfRange, {"scale": -1}),
        (ScaleOutOfRange, {"scale": 3.4}),
        (ScaleOutOfRange, {"scale": float("nan")}),
        (TerritoryMissing, {"ranges": [range_of("5102")]}),
        (TerritoryMissing, {"ranges": []}),
        (NotAllowed, {"by": Actor(label="x")}),
        (NotFound, {"by": Actor.system("y", acts=["register.edit"], ranges=[range_of("510104")])}),
    ):
        with pytest.raises(refusal):
            generate(keeper, **changed)
        assert content() == before


@pytest.mark.django_db
def test_progress_is_told(city, keeper):
    told = []
    report = generate(keeper, progress=told.append)
    assert told[-1] == report.doors


def load(path, keeper, **changed):
    return import_register(path, **{"by": keeper, "at": AT} | changed)


@pytest.mark.django_db
def test_a_file_becomes_places_in_the_order_it_comes(city, keeper, csv_file):
    report = load(
        csv_file(HEAD, f"{ONE},锦绣苑,1,1,101", f"{ONE},锦绣苑,1,1,102", f"{ONE},望江里,,,1", f"{ONE},锦绣苑,1,2,101"),
        keeper,
    )
    assert (report.communities, report.compounds, report.doors) == (1, 2, 4)
    assert list(Door.objects.order_by("place").values_list()) == [
        (5101040010010010001, "1", "1", "101"),
        (5101040010010010002, "1", "1", "102"),
        (5101040010010010003, "1", "2", "101"),
        (5101040010010020001, "", "", "1"),
    ]
    assert list(Compound.objects.order_by("place").values_list("place", "name", "doors", "synthetic")) == [
        (5101040010010010000, "锦绣苑", 3, False),
        (5101040010010020000, "望江里", 1, False),
    ]
    assert journal()[-1].data["doors"] == 4


@pytest.mark.django_db
def test_signs_that_mean_something_to_the_database_arrive_as_they_are(city, keeper, csv_file):
    load(csv_file(HEAD, f'{ONE},"甲, ""乙""",\\N,\\.,1\\t', f"{ONE},%s'丙,,NULL,'; --"), keeper)
    assert list(Door.objects.order_by("place").values_list("building", "entrance", "label")) == [
        ("\\N", "\\.", "1\\t"),
        ("", "NULL", "'; --"),
    ]
    assert list(Compound.objects.order_by("place").values_list("name", flat=True)) == ['甲, "乙"', "%s'丙"]


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_chinese_headings_numbers_and_encodings(city, keeper, csv_file, encoding):
    path = csv_file("社区代码,小区,户号", f"{ONE}000,7,一", f"{ONE},007,二", encoding=encoding)
    load(path, keeper)
    assert list(Door.objects.order_by("place").values_list("place", "label")) == [
        (5101040010010070001, "一"),
        (5101040010010070002, "二"),
    ]
    assert Compound.objects.get().doors == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("510104001009,甲,1,1,101", "510104001009"),
        ("51010400100x,甲,1,1,101", "51010400100x"),
        ("12345678901234567890,甲,1,1,101", "12345678901234567890"),
        ("5.10104E+11,甲,1,1,101", "5.10104E+11"),
        (f"{ONE},,1,1,101", ""),
        (f"{ONE},{'长' * 81},1,1,101", ""),
        (f"{ONE},甲,1,1,", ""),
        (f"{ONE},甲,1,1,{'9' * 17}", "9999"),
        (f"{ONE},甲,{'9' * 13},1,1", ""),
        (f"{ONE},甲,1,1,10\x07", ""),
        (f"{ONE},乙,1,1,9", "2"),  # twice
        (f"{ONE},12,1,1,101", ""),  # numbered among named
        (f"{ONE},甲,1,1", "4"),
        (f'{ONE},"甲,1,1,1', ""),
    ],
)
def test_every_bad_line_is_named_and_nothing_is_half_imported(city, keeper, csv_file, line, reason):
    before = content()
    with pytest.raises(BadInput) as refusal:
        load(csv_file(HEAD, f"{ONE},乙,1,1,9", line), keeper)
    (problem,) = refusal.value.problems
    assert "3" in problem
    assert reason in problem
    assert content() == before


@pytest.mark.django_db
def test_more_bad_files(city, keeper, csv_file):
    before = content()
    for lines in (
        [HEAD],
        ["community,compound", f"{ONE},甲"],
        [HEAD, f"{ONE},1000,1,1,1"],
        [HEAD, f"{ONE},0,1,1,1"],
        [HEAD, f"{ONE},99999999999999999999,1,1,1"],
        [HEAD, *(f"{ONE},c{n},1,1,1" for n in range(1_000))],
        [HEAD, *(f"{ONE},甲,{n},1,1" for n in range(10_000))],
        [HEAD, *("x,甲,1,1,1" for _ in range(500))],
    ):
        with pytest.raises(BadInput):
            load(csv_file(*lines), keeper)
        assert content() == before
    # A bad line at the very end of a long file undoes all chunks before it.
    lines = [HEAD, *(f"{ONE},c{n % 99},{n},1,1" for n in range(60_000)), "x,甲,1,1,1"]
    with pytest.raises(BadInput):
        load(csv_file(*lines), keeper)
    assert content() == before


@pytest.mark.django_db
def test_a_register_is_replaced_only_when_said(city, keeper, csv_file):
    generate(keeper)
    other = doors_within([range_of("510105")]).count()
    before = content()
    path = csv_file(HEAD, f"{ONE},甲,1,1,101")
    with pytest.raises(RegisterExists):
        load(path, keeper)
    assert content() == before
    load(path, keeper, replace=True)
    assert compounds_within([range_of(ONE)]).count() == 1
    assert doors_within([range_of(ONE)]).count() == 1
    assert doors_within([range_of("510105")]).count() == other


@pytest.mark.django_db
def test_importing_is_refused_without_right_ground_or_map(city, keeper, csv_file):
    path = csv_file(HEAD, f"{ONE},甲,1,1,101")
    before = content()
    with pytest.raises(NotAllowed):
        load(path, Actor(label="x"))
    with pytest.raises(TerritoryMissing):
        load(path, Actor(label="x", acts=frozenset(["register.edit"])))
    with pytest.raises(BadInput):  # a community outside the ground looks as if it were not there
        load(path, Actor.system("y", acts=["register.edit"], ranges=[range_of("510105")]))
    assert content() == before


@pytest.mark.django_db
def test_a_long_file_needs_little_memory(city, keeper, tmp_path):
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD + "\n")
        for n in range(300_000):
            file.write(f"51010400100{n % 2 + 1},小区{n % 64},{n // 640},{n % 5},{n}\n")
    tracemalloc.start()
    report = load(path, keeper)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.doors == 300_000
    # One chunk of rows (50,000) and eight bytes a door, whatever the length: 8.75 million need 70 MB more.
    assert peak < 60_000_000


@pytest.mark.django_db
def test_the_commands(city, csv_file, capsys):
    call_command("generate_register", scale=0.01)
    out = capsys.readouterr().out
    assert str(Door.objects.count()) in out.replace(",", "")
    path = csv_file(HEAD, f"{ONE},甲,1,1,101")
    for command, arguments, options in (
        ("generate_register", [], {}),
        ("generate_register", [], {"city": "51x"}),
        ("generate_register", [], {"city": "5102"}),
        ("import_register", [path], {}),
        ("import_register", [path.with_name("none.csv")], {}),
    ):
        with pytest.raises(CommandError):
            call_command(command, *arguments, **options)
    call_command("import_register", path, replace=True)
    assert doors_within([range_of(ONE)]).count() == 1


def test_the_first_door():
    compound = next(iter(synthetic_compounds([(ONE, "某社区")], seed=1, scale=1.0)))
    assert next(synthetic_doors(compound))[1:] == ("1", "1", "101")
