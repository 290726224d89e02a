from datetime import UTC, datetime, timedelta

import pytest

from qipan.kernel.clock import set_clock
from qipan.pages.queries.tick import ticker
from qipan.pages.testing import Scene, make_emergency

AT = datetime(2026, 8, 3, 2, tzinfo=UTC)  # ten in the morning in Chengdu


@pytest.fixture(autouse=True)
def five_past_ten(settings, tmp_path):
    """The pages' clock stands a little after the moment of the story, and nothing is kept from other tests."""
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    set_clock(settings.CLOCK_FILE, shown=AT + timedelta(minutes=5), speed=1)
    ticker.forget()


@pytest.fixture
def scene(db) -> Scene:
    """The tiny city in an emergency, with 20 visits and 4 recipients who have read."""
    return visited(make_emergency(at=AT))


@pytest.fixture
def drill(db) -> Scene:
    """The same as a drill."""
    return visited(make_emergency(at=AT, drill=True))


def visited(scene: Scene) -> Scene:
    """This function will store 12 answers and 3 nobody home in Jinjiang, 5 by phone in Qingyang; 4 read there."""
    scene.visit("510104001001", "ANSWERED", 12)
    scene.visit("510104002", "NOT_HOME", 3)
    scene.visit("510105", "BY_PHONE", 5)
    scene.read("510104", 4)
    return scene
