"""The inbox finds the same whether it walks from the newest on or looks all of them up."""

from datetime import date

import pytest

from qipan.journal.api import verify
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound
from qipan.territory.api import Compound, areas_within

from ..models import StreetTally
from ..queries import figures as queries
from ..queries import public
from ..queries.offices import Offices, office_for
from ..queries.public import PUBLIC_SHOWS, public_list
from ..queries.reading import SHOWS, chips, inbox


@pytest.mark.parametrize("show", SHOWS)
@pytest.mark.parametrize("area", ["5101", "510104001", "510105"])
def test_walking_and_looking_up_find_the_same(world, show, area):
    for state in ("REPORTED", "FILED", "DISPATCHED", "DISPATCHED", "DONE", "VERIFIED"):
        world.matter(state)
    unit = world.cast.unit("5101:urban-management").pk
    for more in ({}, {"category": "01003"}, {"unit": unit}, {"category": "01003", "unit": unit}):
        looked = list(inbox([range_of(area)], show=show, **more).values_list("pk", flat=True))
        walked = list(inbox([range_of(area)], show=show, many=True, **more).values_list("pk", flat=True))
        assert walked == looked == sorted(looked, reverse=True)
        if looked:
            assert list(inbox([range_of(area)], show=show, many=True, before=looked[0], **more)) == list(
                inbox([range_of(area)], show=show, before=looked[0], **more)
            )
    assert bool(list(inbox([range_of("510104001")], show=show))) == (
        show in ("new", "filed", "handled", "verify", "waiting")
    )


def test_streets_have_the_same_sums_as_their_communities(world, monkeypatch):
    for state in ("REPORTED", "FILED", "DISPATCHED", "DONE", "VERIFIED"):
        world.matter(state)

    def sums(*codes):
        ground = [range_of(code) for code in codes]
        return queries.figures(ground, since=date(2020, 1, 1), until=date(2100, 1, 1), at=world.later(days=1))

    codes = ("5101", "510104", "510104001", "510104002", "510105")
    short = [sums(code) for code in codes]
    assert [found.reported for found in short] == [5, 5, 5, 0, 0]
    assert sums("510104001001", "510104001002") == short[2]
    monkeypatch.setattr(queries, "whole_streets", lambda ranges: False)
    assert [sums(code) for code in codes] == short
    StreetTally.objects.everywhere("a test").filter(kind="FILED").update(n=9)
    assert [line.partition("(")[0] for line in verify().differences] == [
        "counts of matters against their steps: steps of a street "
    ]


@pytest.mark.row("PAR-10")
@pytest.mark.parametrize("area", ["5101", "510104001", "510105"])
def test_everyone_reads_the_same_list_however_many_matters_there_are(world, monkeypatch, area):
    for state in ("REPORTED", "FILED", "DISPATCHED", "DONE", "VERIFIED"):
        world.matter(state)
    world.reported(private=True, text="不公开")
    ground = [range_of(area)]
    looked = {show: public_list(ground, show=show) for show in PUBLIC_SHOWS}
    assert [len(rows) for rows in looked.values()] == ([0, 0, 0, 0] if area == "510105" else [5, 5, 0, 0])
    monkeypatch.setattr(public, "MANY", -1)
    for show, rows in looked.items():
        assert public_list(ground, show=show) == rows == sorted(rows, key=lambda one: -one.pk)
        if rows:
            assert public_list(ground, show=show, before=rows[0].pk) == rows[1:]


def test_an_import_asks_the_same_office_as_a_report(world):
    """Of every community and compound, of the city as a whole, and of no place at all."""
    offices = Offices()
    places = [area.ranges[0].first for level in (2, 3, 4) for area in areas_within([range_of("5101")], level)]
    places += [*Compound.objects.values_list("place", flat=True), range_of("5101").first]
    found = [offices.at(place) for place in places]
    assert found == [office_for(place) for place in places]
    assert {unit.code for unit in found} >= {"510104001:street-office"}
    for act in (offices.at, office_for):
        with pytest.raises(NotFound):
            act(range_of("5202").first)


@pytest.mark.parametrize("drill", [False, True])
def test_the_inbox_lists_what_its_chips_count_a_drill_apart(world, drill):
    real, exercise = world.reported().matter, world.reported(drill=True).matter
    world.reported(drill=True)
    ground = [range_of("5101")]
    assert [one.n for one in chips(ground, drill=drill)] == [2 if drill else 1] + [0] * 7
    for many in (False, True):
        keys = list(inbox(ground, show="new", many=many, drill=drill).order_by("pk").values_list("pk", flat=True))
        assert keys == ([exercise.pk, exercise.pk + 1] if drill else [real.pk])
    page = world.cast.client("dispatcher").get("/matters?drill=1" if drill else "/matters").content.decode()
    assert page.count("row-matter") == (2 if drill else 1)
    assert (real.number in page, exercise.number in page) == (not drill, drill)
    assert page.count('<b class="num">2</b>') == (1 if drill else 0)
    assert page.count('<span class="badge">演练</span>') == (3 if drill else 0)  # above the list, and at each
    assert ('&amp;drill=1"><' in page or 'drill=1" aria-current="true"' in page) == drill
