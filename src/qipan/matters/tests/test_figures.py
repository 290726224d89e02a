"""Figures against a recount from the steps themselves; small cells; no table that ranks anybody."""

from collections import Counter
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.place import place_of, range_of
from qipan.kernel.rate import Rate

from ..actions.dispatching import dispatch_matter
from ..actions.filing import decline_matter, file_matter, reopen_matter
from ..actions.handling import confirm_matter
from ..models import Handling, MatterStep
from ..queries import figures as queries
from ..queries.figures import Asked, below, breakdown, public_figures, without_small
from ..rules.figures import LEAST, Counted, ended_word, figures_of, too_few
from ..rules.limits import month_of
from ..terms import By
from ..testing import PUBLIC

CITY = (range_of("5101"),)
LIGHTS, HEALTH = "5101:urban-management", "5101:health"


def lively(world):
    """Matters of two categories at three places by two channels, some answered, some silent, one reopened."""
    far, near = place_of("510105001001001"), place_of("510104001002001")
    done = world.matter("VERIFIED")
    confirm_matter(done.reports.get(), satisfied=True, by=PUBLIC, at=world.later(hours=1))
    doubtful = world.matter("VERIFIED")
    confirm_matter(doubtful.reports.get(), satisfied=False, by=PUBLIC, at=world.later(hours=1))
    again = world.matter("VERIFIED")
    confirm_matter(again.reports.get(), satisfied=True, by=PUBLIC, at=world.later(hours=2))
    world.matter("DISPATCHED")
    rats = world.reported("20001", place=near, channel="WEB").matter
    decline_matter(rats, kind="NOT_FOUND", reason="查无", by=world.cast.dispatcher, at=world.later(hours=3))
    world.reported(place=far)
    typed = world.reported(channel="HOTLINE", by=world.cast.dispatcher).matter
    file_matter(typed, by=world.cast.dispatcher, at=world.later(hours=3))
    dispatch_matter(typed, unit=world.cast.unit(LIGHTS), by=world.cast.dispatcher, at=world.later(hours=3))
    reopen_matter(again, reason="又灭了", by=world.cast.dispatcher, at=world.later(days=29))
    return world.later(days=40)


def recount(asked, at):
    """The same figures from steps and handlings, one by one."""
    counted: Counter = Counter()
    silent = 0
    for step in MatterStep.objects.select_related("matter__category"):
        matter = step.matter
        if (
            matter.place in asked.scope
            and asked.unit in (None, step.unit_id)
            and matter.category.code.startswith(asked.category)
            and asked.channel in ("", matter.channel)
            and not matter.drill
        ):
            counted[month_of(step.at), step.kind, step.detail] += 1
    for part in Handling.objects.select_related("matter__category"):
        matter = part.matter
        silent += (
            part.responded_at is None and part.ended_at is None and part.accept_by is not None and part.accept_by < at
            and asked.since <= month_of(part.accept_by) < asked.until and matter.place in asked.scope
            and asked.unit in (None, part.unit_id) and matter.category.code.startswith(asked.category)
            and asked.channel in ("", matter.channel)
        )  # fmt: skip
    rows = [Counted(*key, n) for key, n in counted.items()]
    return figures_of(rows, silent=silent, since=asked.since, until=asked.until)


@pytest.mark.parametrize("streets", [True, False])
def test_every_choice_and_line_is_what_a_recount_says(world, monkeypatch, streets):
    at = lively(world)
    if not streets:
        monkeypatch.setattr(queries, "whole_streets", lambda ranges: False)
    since, until = month_of(world.at), (month_of(at) + timedelta(days=32)).replace(day=1)
    unit = world.cast.unit(LIGHTS).pk
    for ground in ("5101", "510104", "510104001", "510104001001"):
        for more in (
            {}, {"unit": unit}, {"category": "01003"}, {"category": "01"}, {"channel": "WEB"},
            {"unit": unit, "category": "01003", "channel": "HOTLINE"},
        ):  # fmt: skip
            asked = Asked((range_of(ground),), since, until, **more)
            expected = recount(asked, at)
            for by in By:
                whole, lines = breakdown(asked, by, at=at)
                assert whole == expected, (ground, more, by)
                if by != By.MONTH:
                    assert sum(line.figures.reported for line in lines) == expected.reported
                    assert sum(line.figures.response.whole for line in lines) == expected.response.whole
                    assert sum(line.figures.resolution.part for line in lines) == expected.resolution.part
            _whole, months = breakdown(asked, By.MONTH, at=at)
            for line in months:
                month = date.fromisoformat(f"{line.key}-01")
                one = Asked(asked.ranges, month, (month + timedelta(days=32)).replace(day=1), **more)
                assert line.figures == recount(one, at)


@pytest.mark.row("MAT-5")
def test_exact_values_by_area_unit_category_and_channel(world):
    at = lively(world)
    asked = Asked(CITY, month_of(world.at), (month_of(at) + timedelta(days=32)).replace(day=1))
    whole, lines = breakdown(asked, By.AREA, at=at)
    assert [(line.key, line.figures.reported) for line in lines] == [("510104", 6), ("510105", 1)]
    assert (whole.reported, whole.reopened, whole.declined) == (7, 1, {"NOT_FOUND": 1})
    assert (whole.resolution, whole.satisfaction, whole.answers) == (Rate(2, 2), Rate(2, 3), Rate(2, 2))
    assert whole.response == Rate(3, 5)  # two never accepted in time
    _whole, lines = breakdown(asked, By.UNIT, at=at)
    by_unit = {line.label: line.figures for line in lines}
    assert by_unit["成都市城市管理委员会"].response == Rate(3, 5)
    assert by_unit["成都市城市管理委员会"].resolution == Rate(2, 2)
    assert by_unit["尚无承办单位"].reported == 7
    _whole, lines = breakdown(asked, By.CATEGORY, at=at)
    assert [(line.key, line.figures.reported) for line in lines] == [("01003", 6), ("20001", 1)]
    _whole, lines = breakdown(asked, By.CHANNEL, at=at)
    assert [(line.key, line.figures.reported) for line in lines] == [("WEB", 6), ("HOTLINE", 1)]


def test_what_is_reopened_later_comes_off_the_month_in_which_it_had_ended():
    june, july, august = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
    rows = [
        Counted(june, "CLOSED", "SOLVED:CONFIRMED", 3),
        Counted(july, "REOPENED", ended_word("SOLVED", "CONFIRMED", june), 1),
        Counted(july, "REOPENED", "SOLVED:CONFIRMED", 1),  # written before the month was
        Counted(july, "CLOSED", "SOLVED:UNCONFIRMED", 1),
        Counted(july, "CLOSED", "SOLVED:CONFIRMED", 1),
    ]
    first = figures_of(rows, silent=0, since=june, until=july)
    second = figures_of(rows, silent=0, since=july, until=august)
    assert (first.resolution, first.answers, first.reopened) == (Rate(2, 2), Rate(2, 2), 0)
    assert (second.resolution, second.answers, second.reopened) == (Rate(1, 1), Rate(0, 1), 2)
    assert len(ended_word("EXPLAINED", "UNCONFIRMED", june)) <= 30  # what a step's detail holds


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 40), max_size=9))
@settings(max_examples=300, deadline=None)
def test_nobody_reads_a_small_cell_off_the_rest(cells):
    hidden = too_few(cells)
    assert all(key in hidden for key, n in cells.items() if 0 < n < LEAST)
    left = {key for key, n in cells.items() if n and key not in hidden}
    if hidden and left:
        assert len(hidden) > 1 and sum(cells[key] for key in hidden) >= LEAST
    if not any(0 < n < LEAST for n in cells.values()):
        assert not hidden
    assert not any(cells[one] == 0 for one in hidden)


def test_two_pages_together_give_nothing_away(world):
    for _n in range(12):
        world.reported()
    for _n in range(12):
        world.reported(place=place_of("510104002001001"))
    for _n in range(2):
        world.reported(place=place_of("510105001001001"))
    since, until = month_of(world.at), (month_of(world.at) + timedelta(days=32)).replace(day=1)

    def shown(code):
        own, lines = public_figures(code, since=since, until=until, at=world.at)
        return "reported" not in own.hidden, {line.key: "reported" not in line.hidden for line in lines}

    # 24 and 2: the small one would be 26 less 24, so both are left out, and everything below them.
    assert shown("5101") == (True, {"510104": False, "510105": False})
    assert shown("510104") == (False, {"510104001": False, "510104002": False})
    assert shown("510104001001")[0] is False
    for _n in range(10):
        world.reported(place=place_of("510105001001001"))
    assert shown("5101") == (True, {"510104": True, "510105": True})
    assert shown("510104") == (True, {"510104001": True, "510104002": True})
    assert shown("510104001")[1] == {"510104001001": True, "510104001002": True}


def test_lines_stand_in_the_order_of_codes_and_never_of_rates(world):
    at = lively(world)
    asked = Asked(CITY, month_of(world.at), (month_of(at) + timedelta(days=32)).replace(day=1))
    for by in (By.AREA, By.CATEGORY):
        keys = [line.key for line in breakdown(asked, by, at=at)[1]]
        assert keys == sorted(keys)
    assert [area.code for area in below(CITY)] == ["510104", "510105"]
    assert [area.code for area in below([range_of("510104001001")])] == ["510104001001"]
    _whole, lines = breakdown(asked, By.AREA, at=at)
    assert [line.key for line in without_small(lines)] == [line.key for line in lines]
    pairs = list(combinations(range(len(lines)), 2))
    assert pairs  # more than one line, or the test says nothing
