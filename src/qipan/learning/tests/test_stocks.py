"""EMG-8: the release of an emergency names the communities whose stock was not counted since its end, or is short."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache

from qipan.access.testing import Cast
from qipan.command.api import PlanView, plan_view
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.learning.actions.provisions import Line, confirm_provision, say_provision
from qipan.learning.models import Provision
from qipan.learning.testing import Story

from .conftest import ENDED, NOON

pytestmark = pytest.mark.row("EMG-8")
OWN = "510104001001"
WATER = Line(1, "饮用水", "升", 9000, 1000)
BEFORE, OVER = NOON - timedelta(days=3), ENDED + timedelta(minutes=2)


def keeper(cast: Cast, code: str = OWN) -> Actor:
    unit = cast.unit(f"{code}:community")
    return Actor(label="k", acts=frozenset({"provision.keep"}), scope=Actor.system("k", ranges=[range_of(code)]).scope,
                 unit_id=unit.pk)  # fmt: skip


def say(cast: Cast, *lines: Line, at: datetime, code: str = OWN, households: int | None = None) -> Provision:
    standing = Provision.objects.everywhere("a test").filter(unit=cast.unit(f"{code}:community"), replaced_at=None)
    before = standing.values_list("pk", flat=True).first()
    return say_provision(
        cast.unit(f"{code}:community"), lines=list(lines), households=households, with_helper=households, seen=before,
        by=keeper(cast, code), at=at,
    )  # fmt: skip


def rows(view: PlanView) -> list[tuple[str, str, str]]:
    return [(row.owner, row.state, row.href) for row in view.open_rows if row.kind == "STOCK"]


@pytest.fixture
def press(story: Story, clock_at: Callable[[datetime], None]) -> Callable[[datetime], None]:
    """Presses the button of the release, as an official of the city command at a moment."""

    def run(at: datetime) -> None:
        cache.clear()
        clock_at(at)
        plan = plan_view(story.declaration, at=at).plan
        page = f"/releases/{story.declaration.pk}/run"
        answer = story.cast.client("city_commander").post(page, {"seen": plan.runs if plan else 0})
        assert answer.status_code == 302

    return run


def test_a_stock_from_before_the_end_is_counted_again_and_filled_up(story, press):
    cast = story.cast
    label, href = cast.unit(f"{OWN}:community").label, f"/readiness/{OWN}/stock"
    say(cast, WATER, at=BEFORE)
    say(cast, at=BEFORE, code="510104001002", households=3)  # counts only: nothing is stored there
    say(cast, WATER, at=OVER + timedelta(minutes=1), code="510104002001")  # counted since, and enough
    assert rows(plan_view(story.declaration, at=OVER + timedelta(hours=1))) == [(label, "OPEN", href)]
    press(OVER + timedelta(hours=1))
    view = plan_view(story.declaration, at=OVER + timedelta(hours=1))
    assert rows(view) == [(label, "LEFT", href)]
    (line,) = [row for row in view.open_rows if row.kind == "STOCK"]
    assert line.reason == "其数据为2026-11-22所报，早于响应终止：请报告现存数量。"
    say(cast, Line(1, "饮用水", "升", 2000, 1000), at=OVER + timedelta(hours=2))
    press(OVER + timedelta(hours=3))
    (line,) = [row for row in plan_view(story.declaration, at=OVER).open_rows if row.kind == "STOCK"]
    assert line.reason == "现存可用2天，不足3天：请补足并报告。"
    say(cast, WATER, at=OVER + timedelta(hours=4))
    press(OVER + timedelta(hours=5))
    view = plan_view(story.declaration, at=OVER + timedelta(hours=5))
    assert rows(view) == []
    assert [row.owner for row in view.closed_rows if row.kind == "STOCK"] == [label]


def test_the_same_figures_once_more_are_enough_and_a_drill_uses_nothing_up(story):
    before = say(story.cast, WATER, at=BEFORE)
    story.declaration.drill = True
    assert rows(plan_view(story.declaration, at=OVER)) == []
    story.declaration.drill = False
    confirm_provision(before.unit, seen=before.pk, by=keeper(story.cast), at=OVER + timedelta(minutes=5))
    assert rows(plan_view(story.declaration, at=OVER + timedelta(hours=1))) == []
