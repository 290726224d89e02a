"""The second hierarchy: areas as governed, grouping streets across districts."""

from datetime import date

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.kernel.testing import real_data
from qipan.territory.api import (
    GOVERNING,
    HeldIsNewer,
    children,
    compounds_within,
    denominator,
    generate_register,
    get_area,
    import_governing,
    rate,
)
from qipan.territory.models import Area, AreaRange

from .conftest import AT, BEGIN

pytestmark = [pytest.mark.django_db, pytest.mark.row("ORG-5")]
HEAD = "code,name,parent_code,members,name_en"
GOOD = (
    HEAD,
    "510104,锦江区,5101,510104,Jinjiang",
    "510105,青羊区,5101,510105,Qingyang",
    "GX,高新区,5101,510104002;510105002001,High-tech Zone",
)


def load(path, keeper, on=BEGIN):
    return import_governing(path, valid_from=on, source=path.name, by=keeper, at=AT)


def test_a_governing_area_holds_streets_of_several_districts(city, csv_file, keeper):
    report = load(csv_file(*GOOD), keeper)
    assert (report.areas, report.changed) == (3, 3)
    # The street of which GX holds only a part belongs to two areas together, so it is covered.
    assert report.uncovered == []
    areas = {a.code: a for a in children("5101", hierarchy=GOVERNING)}
    assert sorted(areas) == ["510104", "510105", "GX"]
    assert areas["GX"].ranges == (range_of("510104002"), range_of("510105002001"))
    for one in areas.values():
        for two in areas.values():
            assert one is two or not any(p.meets(q) for p in one.ranges for q in two.ranges)
    assert [a.code for a in children("GX", hierarchy=GOVERNING)] == ["510104002", "510105002001"]
    assert [a.code for a in children("510105", hierarchy=GOVERNING)] == ["510105001", "510105002002"]
    # The official tree is untouched.
    assert [a.code for a in children("510104")] == ["510104001", "510104002"]
    assert get_area("GX", hierarchy=GOVERNING).level == 2
    assert children("none", hierarchy=GOVERNING) == []


def test_regrouping_is_dated_and_idempotent(city, csv_file, keeper):
    load(csv_file(*GOOD), keeper)
    assert load(csv_file(*GOOD), keeper, date(2025, 1, 1)).changed == 0
    changed = [line.replace("510104002;", "") for line in GOOD]
    assert load(csv_file(*changed), keeper, date(2025, 1, 1)).changed == 2
    assert len(get_area("GX", hierarchy=GOVERNING, on=date(2024, 12, 31)).ranges) == 2
    assert len(get_area("GX", hierarchy=GOVERNING).ranges) == 1
    assert get_area("510104", hierarchy=GOVERNING).ranges == (range_of("510104"),)
    with pytest.raises(HeldIsNewer):
        load(csv_file(*GOOD), keeper, date(2024, 6, 1))
    load(csv_file(*GOOD[:3]), keeper, date(2026, 1, 1))
    with pytest.raises(NotFound):
        get_area("GX", hierarchy=GOVERNING)


def test_streets_in_no_area_are_named(city, csv_file, keeper):
    report = load(csv_file(HEAD, "510104,锦江区,5101,510104,"), keeper)
    assert [code for code, _name in report.uncovered] == ["510105001", "510105002"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("GX,高新区,5101,510199,", "510199"),
        ("GX,高新区,5101,,", "GX"),
        ("GX,高新区,5101,5101,", "5101"),
        ("GX,高新区,5101,510104,", "510104"),
        ("GX,,5101,510105,", "GX"),
        ("510104,再来,5101,510105,", "510104"),
        (",高新区,5101,510105,", ""),
        ("GX,高新区,5102,510105,", ""),
        ("X" * 20 + ",高新区,5101,510105,", "XXX"),
        ("GX,高新区,5101,510105;坏,", "坏"),
    ],
)
def test_bad_lines_are_named_and_nothing_is_written(city, csv_file, keeper, line, reason):
    path = csv_file(HEAD, "510104,锦江区,5101,510104,", line)
    with pytest.raises(BadInput) as refusal:
        load(path, keeper)
    assert reason in "".join(refusal.value.problems) or reason == "GX"
    assert not Area.objects.filter(hierarchy=GOVERNING).exists()
    assert not AreaRange.objects.exists()


def test_an_area_of_which_nothing_is_left(city, csv_file, keeper):
    path = csv_file(HEAD, "A,甲,5101,510104001,", "B,乙,5101,510104001001;510104001002,", "C,丙,5101,510105,")
    report = load(path, keeper)  # what the street has beside its communities stays with A
    assert report.areas == 3
    with pytest.raises(BadInput):
        load(csv_file(HEAD, "A,甲,510104,510105,"), keeper)  # beyond its parent


def test_rights(city, csv_file, keeper):
    path = csv_file(*GOOD)
    with pytest.raises(NotAllowed):
        load(path, Actor(label="x"))
    with pytest.raises(NotFound):
        load(path, Actor.system("y", acts=["territory.import"], ranges=[range_of("510104")]))
    assert not Area.objects.filter(hierarchy=GOVERNING).exists()


def test_chengdu_is_governed_as_23_areas(db, keeper, capsys):
    call_command(
        "import_territory", csv=real_data("divisions/chengdu_divisions_2021.csv"), valid_from=date(2021, 10, 31)
    )
    grouping = settings.SOURCE / "territory" / "data" / "governing_5101.csv"
    call_command("import_territory", governing=grouping, valid_from=date(2021, 10, 31))
    areas = children("5101", hierarchy=GOVERNING)
    assert (len(areas), len(children("5101"))) == (23, 20)
    assert "23" in capsys.readouterr().out
    streets = [len(children(a.code, hierarchy=GOVERNING)) for a in areas]
    assert sum(streets) == 261
    assert [len(children(c, hierarchy=GOVERNING)) for c in ("5101-gx", "5101-tf", "5101-db")] == [7, 9, 15]


def test_the_command_refuses_clearly(city, csv_file):
    with pytest.raises(CommandError):
        call_command("import_territory", governing=csv_file("code,name", "1,2"))


@pytest.mark.row("ORG-16")
def test_governing_areas_have_doors_of_their_own_to_divide_by(city, csv_file, keeper):
    generate_register([range_of("5101")], seed=1, scale=0.02, by=keeper, at=AT)
    load(csv_file(*GOOD), keeper)
    counted = {
        code: sum(compounds_within(get_area(code, hierarchy=GOVERNING).ranges).values_list("doors", flat=True))
        for code in ("510104", "510105", "GX")
    }
    today = AT.date()
    for code, doors in counted.items():
        row = denominator(code, "DOORS", hierarchy=GOVERNING)
        assert (row.value, row.valid_from, row.synthetic) == (doors, today, True)
        assert row.source == denominator("5101", "DOORS").source
    assert sum(counted.values()) == denominator("5101", "DOORS").value
    # One code, two hierarchies, two grounds: the official district keeps the count of all its streets.
    official = denominator("510104", "DOORS").value
    assert official == sum(compounds_within([range_of("510104")]).values_list("doors", flat=True)) != counted["510104"]
    assert rate(official, "510104", "DOORS", per=1).value == 1
    assert rate(counted["GX"], "GX", "DOORS", per=1, hierarchy=GOVERNING).value == 1
    assert denominator("GX", "DOORS") is None


@pytest.mark.row("ORG-16")
def test_doors_of_governing_areas_follow_the_register_and_the_regrouping(city, csv_file, keeper):
    load(csv_file(*GOOD), keeper)
    assert denominator("GX", "DOORS", hierarchy=GOVERNING) is None  # no register yet: nothing is counted
    generate_register([range_of("510104")], seed=1, scale=0.02, by=keeper, at=AT)
    before = denominator("GX", "DOORS", hierarchy=GOVERNING).value
    assert before == sum(compounds_within([range_of("510104002")]).values_list("doors", flat=True))
    assert denominator("510105", "DOORS", hierarchy=GOVERNING) is None
    generate_register([range_of("510104")], seed=2, scale=0.05, replace=True, by=keeper, at=AT)
    after = denominator("GX", "DOORS", hierarchy=GOVERNING).value
    assert after == sum(compounds_within([range_of("510104002")]).values_list("doors", flat=True)) != before
    whole = denominator("510104", "DOORS").value
    load(csv_file(*[line.replace("510104002;", "") for line in GOOD]), keeper, date(2026, 11, 25))
    assert denominator("GX", "DOORS", hierarchy=GOVERNING).value == 0
    assert rate(1, "GX", "DOORS", hierarchy=GOVERNING) is None
    assert denominator("510104", "DOORS", hierarchy=GOVERNING).value == whole


def test_a_governing_area_without_an_english_name_gets_one(city, csv_file, keeper):
    load(csv_file(HEAD, "510104,锦江区,5101,510104,", "GX,高新区,5101,510105,High-tech Zone"), keeper)
    assert [area.name_en for area in children("5101", hierarchy=GOVERNING)] == ["Jinjiang District", "High-tech Zone"]
