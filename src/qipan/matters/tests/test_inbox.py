"""The inbox finds the same whether it walks from the newest on or looks all of them up."""

import pytest

from qipan.kernel.place import range_of

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
