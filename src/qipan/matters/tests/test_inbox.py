"""The inbox finds the same whether it walks from the newest on or looks all of them up."""

from datetime import date

import pytest

from qipan.journal.api import verify
from qipan.kernel.place import range_of

from ..models import StreetTally
from ..queries import figures as queries
from ..queries.reading import SHOWS, inbox


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
