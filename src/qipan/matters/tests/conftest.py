from types import SimpleNamespace

import pytest

from qipan.access.testing import Cast
from qipan.duties import api as lists
from qipan.kernel.refusal import Refusal

from ..testing import World, make_world


@pytest.fixture
def world(city: Cast) -> World:
    return make_world(city)


if not hasattr(lists, "proposals"):  # TEMPORARY

    class NotOnList(Refusal):
        code = "not_on_list"
        sentence = "not on list"

    def proposals(item_code, place, *, on):
        codes = {
            "street-lighting": ["5101:urban-management", "5101:housing"],
            "illegal-building": ["5101:urban-management"],
            "stairwell-clutter": ["510104001001:community"],
            "street-trees": ["5101:parks"],
        }.get(item_code, [])
        return [
            SimpleNamespace(
                unit=lists.get_unit(c), role="PRIMARY" if n == 0 else "COOPERATING", basis="清单", why="list"
            )
            for n, c in enumerate(codes)
        ] + [
            SimpleNamespace(
                unit=lists.get_unit("510104:district-command"), role="PRIMARY", basis="兜底", why="backstop"
            )
        ]

    def check_primary(unit, item_code, *, on):
        if (
            not any(p.unit.pk == unit.pk and p.role == "PRIMARY" for p in proposals(item_code, 0, on=on))
            and unit.code != "5101:parks"
        ):
            raise NotOnList

    lists.proposals, lists.check_primary, lists.NotOnList = proposals, check_primary, NotOnList
