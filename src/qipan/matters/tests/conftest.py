import pytest

from qipan.access.testing import Cast

from ..testing import World, make_world


@pytest.fixture
def world(city: Cast) -> World:
    return make_world(city)
