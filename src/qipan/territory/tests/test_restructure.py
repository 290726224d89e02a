"""ORG-5: mergers and splits by date, with history left where it was."""

from datetime import date

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from qipan.journal.api import subscribe
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.territory.api import (
    AreaMerged,
    AreaSplit,
    CannotMerge,
    CannotSplit,
    Compound,
    DayNotReached,
    HeldIsNewer,
    area_at,
    areas_within,
    children,
    denominator,
    get_area,
    import_divisions,
    merge_area,
    path_to,
    set_denominator,
    split_area,
)
from qipan.territory.models import Area, AreaRange

from .conftest import AT, city_rows, journal

pytestmark = [pytest.mark.django_db, pytest.mark.row("ORG-5")]
A, B, C = "510104001", "510104002", "510105001"
APRIL, MAY, JUNE = date(2026, 4, 30), date(2026, 5, 1), date(2026, 6, 15)


@pytest.fixture
def merged(city, keeper):
    Compound.objects.create(place=range_of(A + "001001").first, name="甲", doors=30)
    return merge_area(A, into=B, on=MAY, by=keeper, at=AT)


def held():
    return (
        sorted(Area.objects.values_list("code", "parent_code", "valid_from", "valid_to")),
        sorted(AreaRange.objects.values_list("code", "first", "valid_from")),
        len(journal()),
    )


def test_an_april_report_run_in_june_still_shows_the_merged_street(merged):
    place = range_of(A + "001001").first + 5
    # The figures of April: by April's map.
    assert [a.code for a in children("510104", on=APRIL)] == [A, B]
    assert area_at(place, 3, on=APRIL).code == A
    assert get_area(A, on=APRIL).ranges == (range_of(A),)
    assert get_area(B, on=APRIL).ranges == (range_of(B),)
    assert [a.code for a in path_to(A + "001", on=APRIL)] == ["5101", "510104", A, A + "001"]
    # From May on everything belongs to B.
    for on in (MAY, JUNE, None):
        assert [a.code for a in children("510104", on=on)] == [B]
        assert area_at(place, 3, on=on).code == B
        assert get_area(B, on=on).ranges == ((range_of(A).first, range_of(B).last),)
        assert [a.code for a in children(B, on=on)] == [A + "001", A + "002", B + "001", B + "002"]
        assert [a.code for a in path_to(A + "001001", on=on)] == ["5101", "510104", B, A + "001", A + "001001"]
        with pytest.raises(NotFound):
            get_area(A, on=on)
    assert [a.code for a in areas_within(merged.ranges, 4)] == [A + "001", A + "002", B + "001", B + "002"]
    assert [a.code for a in areas_within([range_of("510104")], 3)] == [B]
    assert areas_within([range_of(A)], 3) == []


def test_a_merger_across_districts_moves_ground_at_both_levels(city, keeper):
    merge_area(A, into=C, on=MAY, by=keeper, at=AT)
    place = range_of(A + "001").first
    assert [area_at(place, level).code for level in (1, 2, 3)] == ["5101", "510105", C]
    assert [area_at(place, level, on=APRIL).code for level in (1, 2, 3)] == ["5101", "510104", A]
    assert not any(part.meets(range_of(A)) for part in get_area("510104").ranges)
    assert any(part.covers(range_of(A)) for part in get_area("510105").ranges)
    assert [a.code for a in areas_within(get_area("510105").ranges, 3)] == [C, "510105002"]
    assert [a.code for a in areas_within(get_area("510104").ranges, 4)] == [B + "001", B + "002"]
    assert [a.code for a in path_to(A + "001")] == ["5101", "510105", C, A + "001"]


def test_a_chain_of_mergers_keeps_every_month(city, keeper):
    merge_area(A, into=B, on=date(2026, 5, 1), by=keeper, at=AT)
    merge_area(B, into=C, on=date(2026, 7, 1), by=keeper, at=AT)
    place = range_of(A + "002").first
    found = [area_at(place, 3, on=day).code for day in (APRIL, date(2026, 6, 30), date(2026, 7, 1))]
    assert found == [A, B, C]
    assert len(children(C)) == 6
    assert get_area("510104").ranges == (range_of("510104"),) or not any(
        p.meets(range_of(A)) for p in get_area("510104").ranges
    )


def test_a_split_and_the_way_back(city, keeper):
    new = split_area(A, new_code="510104009", name="新街道", parts=[A + "002"], on=date(2026, 3, 1), by=keeper, at=AT)
    assert new.ranges[0].covers(range_of(A + "002")) or range_of(A + "002") in new.ranges
    place = range_of(A + "002").first
    assert area_at(place, 3, on=date(2026, 2, 28)).code == A
    assert area_at(place, 3).code == "510104009"
    assert [a.code for a in children(A)] == [A + "001"]
    assert [a.code for a in areas_within([range_of("510104")], 3)] == [A, B, "510104009"]
    merge_area("510104009", into=A, on=MAY, by=keeper, at=AT)
    assert area_at(place, 3).code == A
    assert range_of(A).meets(get_area(A).ranges[0])
    assert [a.code for a in children(A)] == [A + "001", A + "002"]
    assert area_at(place, 3, on=APRIL).code == "510104009"


@pytest.mark.parametrize("into", [B, C])
def test_an_import_that_brings_a_merged_street_back_returns_its_ground(city, keeper, into):
    merge_area(A, into=into, on=MAY, by=keeper, at=AT)
    report = import_divisions(city_rows(), valid_from=JUNE, source="map of June", by=keeper, at=AT)
    assert report.counts == {"added": 1, "removed": 0, "renamed": 0, "moved": 2}
    place = range_of(A + "001").first
    assert [area_at(place, 3, on=day).code for day in (APRIL, MAY, JUNE)] == [A, into, A]
    assert [area_at(place, 2, on=day).code for day in (APRIL, MAY, JUNE)] == ["510104", into[:6], "510104"]
    for code in (A, B, C, "510104", "510105"):
        assert get_area(code).ranges == (range_of(code),)


def test_an_import_without_a_street_that_was_split_off_returns_its_ground(city, keeper):
    split_area(A, new_code="510104009", name="新街道", parts=[A + "002"], on=MAY, by=keeper, at=AT)
    report = import_divisions(city_rows(), valid_from=JUNE, source="map of June", by=keeper, at=AT)
    assert report.counts == {"added": 0, "removed": 1, "renamed": 0, "moved": 1}
    assert get_area(A).ranges == (range_of(A),)
    assert area_at(range_of(A + "002").first, 3, on=MAY).code == "510104009"


def test_merged_communities_keep_their_compounds(city, keeper):
    place = range_of(A + "001001").first
    Compound.objects.create(place=place, name="甲", doors=30)
    merge_area(A + "001", into=A + "002", on=MAY, by=keeper, at=AT)
    assert [c.code for c in children(A + "002")] == [A + "001001"]
    assert children(A + "002")[0].parent_code == A + "002"
    assert children(A + "002", on=APRIL) == []
    assert [a.code for a in path_to(A + "001001")] == ["5101", "510104", A, A + "002", A + "001001"]


def test_populations_and_doors_add_up_from_the_day(city, keeper):
    for code, place, doors in ((A, A + "001001", 30), (B, B + "001001", 12)):
        Compound.objects.create(place=range_of(place).first, name="x", doors=doors)
        set_denominator(
            code,
            "RESIDENT",
            doors * 3,
            definition="d",
            source=f"census {code}",
            valid_from=date(2025, 1, 1),
            by=keeper,
            at=AT,
        )
    merge_area(A, into=B, on=MAY, by=keeper, at=AT)
    assert denominator(B, "RESIDENT").value == 126
    assert denominator(B, "RESIDENT", on=APRIL).value == 36
    assert denominator(A, "RESIDENT", on=APRIL).value == 90
    assert (denominator(B, "DOORS").value, denominator(B, "DOORS").valid_from) == (42, MAY)
    assert denominator("510104", "DOORS").value == 42


def test_the_same_day_leaves_no_version_of_no_length(city, keeper):
    split_area(A, new_code="510104009", name="新街道", parts=[A + "002"], on=MAY, by=keeper, at=AT)
    merge_area("510104009", into=A, on=MAY, by=keeper, at=AT)
    assert Area.objects.filter(code="510104009").count() == 0
    assert Area.objects.filter(code=A + "002").count() == 2
    assert not any(row.valid_from == row.valid_to for row in [*Area.objects.all(), *AreaRange.objects.all()])


@pytest.mark.parametrize(("code", "into"), [(A, A), (A, "510105"), ("5101", "5101"), (A, A + "001")])
def test_what_cannot_be_merged(city, keeper, code, into):
    before = held()
    with pytest.raises(CannotMerge):
        merge_area(code, into=into, on=MAY, by=keeper, at=AT)
    assert held() == before


def test_refusals_write_nothing(city, keeper):
    before = held()
    near = Actor.system("near", acts=["territory.import"], ranges=[range_of("510104")])
    for refusal, arguments in (
        (DayNotReached, {"on": date(2026, 11, 26), "by": keeper}),
        (HeldIsNewer, {"on": date(2023, 12, 31), "by": keeper}),
        (NotAllowed, {"on": MAY, "by": Actor(label="x")}),
        (NotFound, {"on": MAY, "by": near}),
    ):
        with pytest.raises(refusal):
            merge_area(A, into=C, at=AT, **arguments)
        assert held() == before
    for into in ("510104999", "x"):
        with pytest.raises(NotFound):
            merge_area(A, into=into, on=MAY, by=keeper, at=AT)


@pytest.mark.parametrize(
    ("code", "new", "parts", "name"),
    [
        (A, B, [A + "001"], "新"),  # taken
        (A, "510105009", [A + "001"], "新"),  # under another district
        (A, "51010400", [A + "001"], "新"),
        (A, "51010400x", [A + "001"], "新"),
        (A, "510104009", [], "新"),
        (A, "510104009", [A + "001", A + "002"], "新"),
        (A, "510104009", [B + "001"], "新"),
        (A, "510104009", [A + "001"], ""),
    ],
)
def test_what_cannot_be_split(city, keeper, code, new, parts, name):
    before = held()
    with pytest.raises(CannotSplit):
        split_area(code, new_code=new, name=name, parts=parts, on=MAY, by=keeper, at=AT)
    assert held() == before


def test_events_and_commands(city, keeper, capsys):
    heard = []
    subscribe(AreaMerged, heard.append)
    subscribe(AreaSplit, heard.append)
    call_command("split_area", A, new="510104009", name="新街道", parts=[A + "002"], on=date(2026, 3, 1))
    call_command("merge_area", A, into=B, on=MAY)
    assert heard == [AreaSplit(A, "510104009", date(2026, 3, 1), heard[0].at), AreaMerged(A, B, MAY, heard[1].at)]
    assert A in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("merge_area", A, into=B, on=MAY)
    with pytest.raises(CommandError):
        call_command("split_area", A, new="x", name="x", parts=["x"], on=MAY)
    assert [e.act for e in journal()][-2:] == ["territory.split_area", "territory.merge_area"]
