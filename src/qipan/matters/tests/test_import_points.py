"""Points of imported tables: by line, near their place, moved where they are those of web maps."""

import json
from dataclasses import replace

import pytest

from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.territory.api import from_gcj02

from ..actions.importing import check_lines, import_lines
from ..models import Matter
from ..rules.importing import Datum
from ..rules.points import Point, cell_of
from ..testing import draw_outlines
from .test_imports import GOOD, HEADER, RULES

pytestmark = pytest.mark.row("MAT-1")
WHERE = [*HEADER, "lng", "lat"]
PLACED = replace(RULES, columns={**RULES.columns, "longitude": ("lng",), "latitude": ("lat",)})


@pytest.fixture
def drawn(world):
    draw_outlines(world.cast)
    return world


def table(points):
    return [(n + 2, [*row, *point]) for n, (row, point) in enumerate(zip(GOOD, points, strict=True))]


def importer():
    return Actor.system("import", acts=["matter.import"], ranges=(range_of("5101"),))


def check(world, points, rules=PLACED):
    by = importer()
    return check_lines(WHERE, table(points), mapping="m", rules=rules, by=by, at=world.later(days=300))


def test_points_come_in_with_their_lines_and_bad_ones_are_told_by_line(drawn):
    good = check(drawn, [("104.0212345", "30.62"), ("-", ""), ("104.03", "30.63"), ("", "-")])
    assert good.problems == []
    import_lines(good, name="a.csv", sha256="a", mapping="m", rules=PLACED, by=importer(), at=drawn.later(days=300))
    held = Matter.objects.everywhere("a test").order_by("imported__line")
    assert [one.point for one in held] == [(104.02123, 30.62), None, (104.03, 30.63), None]
    assert [one.cell for one in held] == [cell_of(Point(104.02123, 30.62)), 0, cell_of(Point(104.03, 30.63)), 0]
    bad = check(drawn, [("104.02", ""), ("东经104", "30"), ("104.02", "95"), ("104.15", "30.62")])
    assert [(one.line, one.fault, one.field) for one in bad.problems] == [
        (2, "NO_POINT", "latitude"),
        (3, "NO_POINT", "longitude"),
        (4, "NO_POINT", "latitude"),
        (5, "ELSEWHERE", "longitude"),
    ]
    assert str(bad.problems[3]) == "点位距其地点超过300米：104.15, 30.62"


def test_points_of_web_maps_are_moved(drawn):
    rules = replace(PLACED, datum=Datum.GCJ02)
    points = [("104.0225", "30.6176"), ("", ""), ("", ""), ("", "")]
    import_lines(
        check(drawn, points, rules), name="a.csv", sha256="a", mapping="m", rules=rules, by=importer(), at=drawn.later(days=300)
    )  # fmt: skip
    east, north = from_gcj02(104.0225, 30.6176)
    kept = Matter.objects.everywhere("a test").get(longitude__isnull=False)
    assert kept.point == (round(east, 5), round(north, 5)) != (104.0225, 30.6176)
    assert json.loads(json.dumps(rules.as_json()))["datum"] == "GCJ02"
