"""Outlines: matched, repaired, moved to WGS-84, simplified."""

import json
from datetime import date

import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from shapely.geometry import shape

from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.kernel.testing import real_data
from qipan.territory.api import (
    DayNotReached,
    area_holding,
    children,
    from_gcj02,
    import_outlines,
    metres_outside,
    outlines,
    points_in,
)
from qipan.territory.models import Outline
from qipan.territory.rules.datum import to_gcj02, to_wgs84

from .conftest import AT, BEGIN, journal

METRES = 111_320.0
SQUARE = [[104.0, 30.6], [104.1, 30.6], [104.1, 30.7], [104.0, 30.7], [104.0, 30.6]]
BOW = [[104.0, 30.6], [104.1, 30.7], [104.1, 30.6], [104.0, 30.7], [104.0, 30.6]]


def feature(ring, **properties):
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


@pytest.fixture
def geojson(tmp_path):
    def write(*features):
        path = tmp_path / "areas.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}), "utf-8")
        return path

    return write


def load(path, keeper, **changed):
    values = {"datum": "WGS84", "valid_from": BEGIN, "source": "test", "by": keeper, "at": AT, "within": "5101"}
    return import_outlines(path, **values | changed)


@settings_of(deadline=None)
@given(st.floats(73, 135), st.floats(4, 53))
def test_there_and_back_ends_within_a_millimetre(longitude, latitude):
    here = np.array([[longitude, latitude]])
    there = to_gcj02(here)
    assert np.abs(to_wgs84(there) - here).max() * METRES < 0.001
    moved = np.hypot(*((there - here)[0] * METRES))
    assert 1 < moved < 2_000


def test_a_known_point_of_the_web_maps():
    # Tian'anmen: WGS-84 116.3913, 39.9075 is 116.3975, 39.9089 on GCJ-02 maps.
    moved = to_gcj02(np.array([[116.3913, 39.9075]]))[0]
    assert np.abs(moved - [116.39754, 39.90890]).max() < 0.0002


def test_nothing_moves_outside_the_box():
    abroad = np.array([[2.35, 48.85], [-51.2, -30.0]])
    assert (to_gcj02(abroad) == abroad).all()
    assert (to_wgs84(abroad) == abroad).all()


@pytest.mark.django_db
def test_areas_are_matched_by_code_name_and_stem(city, keeper, geojson):
    path = geojson(
        feature(SQUARE, adcode=510104, name="whatever"),
        feature(SQUARE, name="青羊县"),
        feature(SQUARE, name="青羊区1街道"),
        feature(SQUARE, name="不存在区"),
    )
    report = load(path, keeper)
    assert (report.stored, report.repaired, report.unmatched) == (3, [], ["不存在区"])
    assert sorted(Outline.objects.values_list("code", flat=True)) == ["510104", "510105", "510105001"]
    assert outlines(["510104", "510199"]).keys() == {"510104"}
    assert outlines(["510104"])["510104"]["type"] == "Polygon"


@pytest.mark.django_db
def test_a_broken_ring_is_repaired(city, keeper, geojson):
    report = load(geojson(feature(BOW, adcode="510104", name="蝴蝶")), keeper)
    assert report.repaired == ["蝴蝶"]
    geometry = shape(Outline.objects.get().geometry)
    assert geometry.is_valid
    assert geometry.geom_type == "MultiPolygon"
    assert geometry.area == pytest.approx(0.005)


@pytest.mark.django_db
def test_gcj02_is_moved(city, keeper, geojson):
    load(geojson(feature(SQUARE, adcode="510104")), keeper, datum="GCJ02")
    row = Outline.objects.get()
    assert row.source_datum == "GCJ02"
    back = to_gcj02(np.array(shape(row.geometry).exterior.coords))
    assert set(map(tuple, np.round(back, 5).tolist())) == set(map(tuple, SQUARE))


@pytest.mark.django_db
def test_the_newest_outline_counts_and_the_same_day_corrects(city, keeper, geojson):
    load(geojson(feature(SQUARE, adcode="510104")), keeper)
    first = outlines(["510104"])
    half = [[104.0, 30.6], [104.05, 30.6], [104.05, 30.7], [104.0, 30.7], [104.0, 30.6]]
    load(geojson(feature(half, adcode="510104")), keeper)
    assert Outline.objects.count() == 1
    load(geojson(feature(half, adcode="510104")), keeper, valid_from=date(2025, 1, 1))
    assert Outline.objects.count() == 2
    assert outlines(["510104"]) != first


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"type":"FeatureCollection"}', b'{"type":"FeatureCollection","features":[1]}', b"\xff\xfe"],
)
def test_what_is_no_geojson_is_refused(city, keeper, tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        load(path, keeper)
    assert not Outline.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "ring", [[[104.0, 30.6], [104.0, 30.6], [104.0, 30.6], [104.0, 30.6]], [[500, 1], [501, 1], [501, 2], [500, 1]], []]
)
def test_an_outline_without_a_surface_is_refused_and_nothing_written(city, keeper, geojson, ring):
    path = geojson(feature(SQUARE, adcode="510105"), feature(ring, adcode="510104", name="点"))
    with pytest.raises(BadInput) as refusal:
        load(path, keeper)
    assert "2" in refusal.value.problems[0]
    assert not Outline.objects.exists()


@pytest.mark.django_db
def test_refusals(city, keeper, geojson):
    path = geojson(feature(SQUARE, adcode="510104"))
    for refusal, changed in (
        (BadInput, {"datum": "BD09"}),
        (DayNotReached, {"valid_from": date(2026, 11, 26)}),
        (NotAllowed, {"by": Actor(label="x")}),
        (NotFound, {"by": Actor.system("y", acts=["territory.import"], ranges=[range_of("510105")])}),
    ):
        with pytest.raises(refusal):
            load(path, keeper, **changed)
    with pytest.raises(BadInput):
        load(geojson(feature(SQUARE, name="不存在区")), keeper)
    assert not Outline.objects.exists()
    assert "territory.import_outlines" not in [e.act for e in journal()]


@pytest.mark.django_db
def test_the_real_outlines_of_chengdu(keeper, capsys):
    divisions, geo = real_data("divisions/chengdu_divisions_2021.csv"), real_data("geo")
    call_command("import_territory", csv=divisions, valid_from=date(2021, 10, 31))
    call_command("import_outlines", geo / "chengdu_districts_datav_lyhmyd.json", datum="GCJ02")
    shapes = outlines([a.code for a in children("5101")])
    assert len(shapes) == 20  # 新津县 of the file is 新津区 on the map
    assert all(shape(geometry).is_valid for geometry in shapes.values())
    assert len(json.dumps(shapes)) < 200_000
    whole = {row.code: shape(row.geometry) for row in Outline.objects.all()}
    for code, geometry in shapes.items():
        assert shape(geometry).area == pytest.approx(whole[code].area, rel=0.02)
    grouping = settings.SOURCE / "territory" / "data" / "governing_5101.csv"
    call_command("import_territory", governing=grouping, valid_from=date(2021, 10, 31))
    call_command("import_outlines", geo / "chengdu_24_areas.json", datum="GCJ02", hierarchy="GOVERNING")
    governed = outlines([a.code for a in children("5101", hierarchy="GOVERNING")], hierarchy="GOVERNING")
    assert len(governed) == 22  # the three parts of the High-tech Zone are one
    assert shape(governed["5101-gx"]).geom_type == "MultiPolygon"
    assert "郫都区" in capsys.readouterr().out


@pytest.mark.django_db
def test_the_command_refuses_clearly(city, geojson):
    with pytest.raises(CommandError):
        call_command("import_outlines", geojson(feature(SQUARE, name="不存在区")), datum="WGS84")


def test_a_point_lies_in_the_smallest_area_that_holds_it(city, keeper, geojson):
    small = [[104.0, 30.6], [104.02, 30.6], [104.02, 30.62], [104.0, 30.62], [104.0, 30.6]]
    load(geojson(feature(SQUARE, code="510104"), feature(small, code="510104001001")), keeper)
    assert area_holding(longitude=104.01, latitude=30.61).code == "510104001001"
    assert area_holding(longitude=104.05, latitude=30.65).code == "510104"
    assert area_holding(longitude=104.2, latitude=30.65) is None
    assert area_holding(longitude=-170.0, latitude=-80.0) is None
    ((code, (longitude, latitude)),) = points_in(["510104001001", "510105"]).items()
    assert code == "510104001001"
    assert 104.0 < longitude < 104.02
    assert 30.6 < latitude < 30.62
    assert points_in(["510105"]) == {}
    # A newer outline counts at once.
    load(geojson(feature(small, code="510104")), keeper, valid_from=date(2024, 2, 1))
    assert area_holding(longitude=104.05, latitude=30.65) is None


def test_how_far_a_point_lies_outside_its_place(city, keeper, geojson):
    place = 5101040010010010001
    assert metres_outside(place, longitude=104.05, latitude=30.65) is None
    load(geojson(feature(SQUARE, code="510104")), keeper)
    assert metres_outside(place, longitude=104.05, latitude=30.65) == ("510104", 0.0)
    code, metres = metres_outside(place, longitude=104.101, latitude=30.65)
    assert code == "510104"
    assert metres == pytest.approx(0.001 * 111_320 * np.cos(np.radians(30.65)), rel=1e-6)
    assert metres_outside(5101050010010010001, longitude=104.05, latitude=30.65) is None
    # The smallest one that is known decides.
    half = [[104.0, 30.6], [104.05, 30.6], [104.05, 30.7], [104.0, 30.7], [104.0, 30.6]]
    load(geojson(feature(half, code="510104001")), keeper)
    code, metres = metres_outside(place, longitude=104.06, latitude=30.65)
    assert (code, round(metres)) == ("510104001", 958)


def test_one_point_of_the_web_maps_is_moved():
    longitude, latitude = from_gcj02(104.06575, 30.65748)
    there = to_gcj02(np.array([[longitude, latitude]]))[0]
    assert tuple(there.round(8)) == (104.06575, 30.65748)
    assert (round(longitude, 4), round(latitude, 4)) == (104.0632, 30.6599)
