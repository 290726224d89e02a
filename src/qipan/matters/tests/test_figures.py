"""Figures against a recount from the steps themselves; small cells; no table that ranks anybody."""

from collections import Counter
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.place import place_of, range_of
from qipan.kernel.rate import Rate

from ..actions.dispatching import add_cooperating, dispatch_matter, waive_part
from ..actions.exclusions import decide_exclusion
from ..actions.filing import decline_matter, file_matter, reopen_matter, shelve_matter
from ..actions.handling import (
    SpokenAlready,
    confirm_matter,
    doubt_matter,
    let_stand,
    report_done,
    send_back,
    verify_matter,
)
from ..actions.intake import Words, join_matter
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.times import ask_time, decide_time
from ..models import Handling, Matter, MatterStep, Report
from ..queries import figures as queries
from ..queries.audits import audit_counts, audit_matters, audit_ways
from ..queries.figures import Asked, below, breakdown, figures, public_figures, without_small
from ..rules.figures import LEAST, Counted, Open, ended_word, figures_of, too_few, unsaid_word
from ..rules.limits import month_of, next_month
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
    away = [world.reported("20001", place=near).matter for _n in range(3)]
    for one, kind in zip(away, ("UNLAWFUL", "UNLAWFUL", "REDIRECTED"), strict=True):
        decline_matter(one, kind=kind, reason="不属受理", by=world.cast.dispatcher, at=world.later(hours=4))
    for one in away[1:]:
        decide_exclusion(one, confirmed=True, reason="同意", by=world.cast.lead, at=world.later(days=28))
    reopen_matter(away[2], reason="有理", by=world.cast.dispatcher, at=world.later(days=29))
    return world.later(days=40)


def recount(asked, at):
    """The same figures from steps and handlings, one by one."""
    counted: Counter = Counter()
    silent = overdue = 0
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
    latest = {}
    for part in Handling.objects.select_related("matter__category", "task").order_by("pk"):
        matter = part.matter
        if (
            matter.place in asked.scope
            and asked.unit in (None, part.unit_id)
            and matter.category.code.startswith(asked.category)
            and asked.channel in ("", matter.channel)
        ):
            silent += (
                part.responded_at is None and part.accept_by < at and asked.since <= month_of(part.accept_by) < asked.until
                and (part.ended_at is None or part.ended_at > part.accept_by)
            )  # fmt: skip
        if part.part == "PRIMARY":
            latest[matter.pk] = part
    for part in latest.values():
        matter, due = part.matter, part.task.due_at
        overdue += (
            matter.state in ("DISPATCHED", "OBJECTED", "DONE", "DISPUTED") and part.task.suspended_at is None
            and due < at and asked.since <= month_of(due) < asked.until and matter.place in asked.scope
            and asked.unit in (None, part.unit_id) and matter.category.code.startswith(asked.category)
            and asked.channel in ("", matter.channel)
        )  # fmt: skip
    rows = [Counted(*key, n) for key, n in counted.items()]
    return figures_of(rows, Open(silent, overdue), since=asked.since, until=asked.until)


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
                    assert sum(line.figures.resolution.whole for line in lines) == expected.resolution.whole
                    assert sum(line.figures.satisfaction.whole for line in lines) == expected.satisfaction.whole
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
    assert [(line.key, line.figures.reported) for line in lines] == [("510104", 9), ("510105", 1)]
    assert (whole.reported, whole.reopened, whole.declined) == (10, 2, {"NOT_FOUND": 1, "UNLAWFUL": 2})
    assert (whole.excluded, whole.left_out, whole.still_due) == ({"UNLAWFUL": 1}, 1, 2)
    # Two whose time to handle is over were due, and two that were declined without a second person's word; the word on
    # what was reopened is taken back with its end.
    assert (whole.resolution, whole.satisfaction, whole.answers) == (Rate(2, 6), Rate(1, 2), Rate(2, 4))
    assert whole.response == Rate(3, 5)  # two never accepted in time
    _whole, lines = breakdown(asked, By.UNIT, at=at)
    by_unit = {line.label: line.figures for line in lines}
    assert by_unit["成都市城市管理委员会"].response == Rate(3, 5)
    assert by_unit["成都市城市管理委员会"].resolution == Rate(2, 4)
    assert by_unit["尚无承办单位"].reported == 10
    assert by_unit["尚无承办单位"].resolution == Rate(0, 2)
    _whole, lines = breakdown(asked, By.CATEGORY, at=at)
    assert [(line.key, line.figures.reported) for line in lines] == [("01003", 6), ("20001", 4)]
    _whole, lines = breakdown(asked, By.CHANNEL, at=at)
    assert [(line.key, line.figures.reported) for line in lines] == [("WEB", 9), ("HOTLINE", 1)]


def test_what_is_reopened_later_comes_off_the_month_in_which_it_had_ended():
    june, july, august = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
    rows = [
        Counted(june, "CLOSED", "SOLVED:CONFIRMED", 3),
        Counted(july, "REOPENED", ended_word("SOLVED", "CONFIRMED", june), 1),
        Counted(july, "REOPENED", "SOLVED:CONFIRMED", 1),  # written before the month was
        Counted(july, "CLOSED", "SOLVED:UNCONFIRMED", 1),
        Counted(july, "CLOSED", "SOLVED:CONFIRMED", 1),
    ]
    first = figures_of(rows, Open(), since=june, until=july)
    second = figures_of(rows, Open(), since=july, until=august)
    assert (first.resolution, first.answers, first.reopened) == (Rate(2, 2), Rate(2, 2), 0)
    assert (second.resolution, second.answers, second.reopened) == (Rate(1, 1), Rate(0, 1), 2)
    assert len(ended_word("EXPLAINED", "UNCONFIRMED", june)) <= 30  # what a step's detail holds


def test_a_word_that_is_taken_back_comes_off_the_month_in_which_it_was_said():
    june, july, august = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
    rows = [
        Counted(june, "CONFIRMED", "SATISFIED", 3),
        Counted(june, "CONFIRMED", "UNSATISFIED", 1),
        Counted(june, "CONFIRMED", "", 5),
        Counted(july, "UNSAID", unsaid_word(True, june), 2),
        Counted(july, "UNSAID", unsaid_word(False, june), 1),
        Counted(july, "CONFIRMED", "UNSATISFIED", 3),
    ]
    assert figures_of(rows, Open(), since=june, until=july).satisfaction == Rate(1, 1)
    assert figures_of(rows, Open(), since=july, until=august).satisfaction == Rate(0, 3)
    assert figures_of(rows, Open(), since=june, until=august).satisfaction == Rate(1, 4)
    assert len(unsaid_word(False, june)) <= 30  # what a step's detail holds


def rates(world, at):
    return figures(CITY, since=month_of(world.at), until=next_month(month_of(at)), at=at)


@pytest.mark.row("MAT-5")
def test_what_was_due_is_not_solved_until_another_has_verified_it(world):
    """Not by waiting, and not by only reporting it done."""
    cast = world.cast
    matter, other = world.matter("DISPATCHED"), world.matter("VERIFIED")
    confirm_matter(other.reports.get(), satisfied=True, by=PUBLIC, at=world.later(hours=1))
    due = Handling.objects.get(matter=matter).task.due_at
    assert rates(world, due).resolution == Rate(1, 1)  # of what has ended and what was due
    late = due + timedelta(minutes=1)
    assert rates(world, late).resolution == Rate(1, 2)
    report_done(matter, kind="SOLVED", result="已修", by=world.handler(), at=late)
    assert rates(world, late + timedelta(hours=1)).resolution == Rate(1, 2)
    verify_matter(matter, by=cast.dispatcher, at=late + timedelta(hours=2))
    assert rates(world, late + timedelta(hours=3)).resolution == Rate(1, 1)  # its reporter has the last word
    doubt_matter(matter.reports.get(), reason="还是不亮", by=PUBLIC, at=late + timedelta(hours=4))
    assert rates(world, late + timedelta(hours=5)).resolution == Rate(1, 2)
    let_stand(matter, reason="已现场说明", by=cast.dispatcher, at=late + timedelta(hours=6))
    assert rates(world, late + timedelta(hours=7)).resolution == Rate(1, 2)
    assert audit_counts() == []


@pytest.mark.row("MAT-12")
def test_what_is_shelved_or_left_out_by_two_or_whose_clock_stands_was_not_due(world):
    cast, at = world.cast, world.later(days=30)
    shelved, paused, rats = world.matter("DISPATCHED"), world.matter("DISPATCHED"), world.matter("REPORTED")
    part = ask_time(
        paused, wish="PAUSE", until=world.later(days=60), reason="等备件", by=world.handler(), at=world.later(hours=1)
    )
    assert rates(world, at).resolution == Rate(0, 2)
    decide_time(part, granted=True, reason="属实", by=cast.dispatcher, at=world.later(hours=2))
    assert rates(world, at).resolution == Rate(0, 1)
    decline_matter(rats, kind="NOT_FOUND", reason="查无", by=cast.dispatcher, at=world.later(hours=3))
    assert rates(world, at).resolution == Rate(0, 2)
    decide_exclusion(rats, confirmed=True, reason="现场核实", by=cast.district_head, at=world.later(hours=4))
    assert rates(world, at).resolution == Rate(0, 1)
    review = world.later(days=50)
    shelve_matter(
        shelved, reason="无经费", plan="明年大修", review_at=review, by=cast.dispatcher, at=world.later(days=20)
    )
    assert rates(world, at).resolution == Rate(0, 0)
    assert audit_counts() == []


@pytest.mark.row("MAT-4", "MAT-12")
def test_a_part_that_was_never_answered_stays_in_the_response_rate_when_it_is_waived_or_shelved(world):
    cast, parks, health = world.cast, world.cast.unit("5101:parks"), world.cast.unit("5101:health")
    matter = world.matter("DISPATCHED")
    helper = add_cooperating(matter, unit=parks, by=cast.dispatcher, at=world.later(minutes=5))
    early = add_cooperating(matter, unit=health, by=cast.dispatcher, at=world.later(minutes=5))
    waive_part(early, reason="不需要", by=cast.dispatcher, at=world.later(minutes=10))  # before it was due
    at = world.later(days=10)
    assert rates(world, at).response == Rate(0, 2)
    waive_part(helper, reason="不再需要", by=cast.dispatcher, at=world.later(days=8))
    assert rates(world, at).response == Rate(0, 2)
    review = world.later(days=50)
    shelve_matter(
        matter, reason="无经费", plan="明年大修", review_at=review, by=cast.dispatcher, at=world.later(days=9)
    )
    assert rates(world, at).response == Rate(0, 2)


@pytest.mark.row("MAT-5")
def test_who_confirmed_and_is_asked_anew_counts_once_by_the_last_word(world):
    cast, matter = world.cast, world.matter("VERIFIED")
    first = matter.reports.get()
    second = join_matter(matter, words=Words("same here"), nonce="j", by=PUBLIC, at=world.later(minutes=4)).report
    confirm_matter(first, satisfied=True, by=PUBLIC, at=world.later(hours=1))
    assert rates(world, world.later(hours=2)).satisfaction == Rate(1, 1)
    doubt_matter(second, reason="还是不亮", by=PUBLIC, at=world.later(hours=2))
    send_back(matter, reason="确未修好", by=cast.dispatcher, at=world.later(hours=3))
    assert rates(world, world.later(hours=4)).satisfaction == Rate(0, 0)
    assert Report.objects.get(pk=first.pk).said_at is None  # asked anew, of what is done now
    report_done(matter, kind="SOLVED", result="已修", by=world.handler(), at=world.later(hours=5))
    verify_matter(matter, by=cast.dispatcher, at=world.later(hours=6))
    confirm_matter(first, satisfied=False, by=PUBLIC, at=world.later(hours=7))
    with pytest.raises(SpokenAlready):
        confirm_matter(first, satisfied=True, by=PUBLIC, at=world.later(hours=8))
    confirm_matter(second, satisfied=True, by=PUBLIC, at=world.later(hours=9))
    whole = rates(world, world.later(hours=10))
    assert (whole.satisfaction, whole.answers, whole.resolution) == (Rate(1, 2), Rate(1, 1), Rate(1, 1))
    reopen_matter(matter, reason="又灭了", report=second, by=PUBLIC, at=world.later(days=2))
    whole = rates(world, world.later(days=3))
    assert (whole.satisfaction, whole.answers) == (Rate(0, 0), Rate(0, 0))
    assert audit_counts() == []


@pytest.mark.row("MAT-5", "PAR-9")
def test_a_matter_is_solved_by_one_way_at_most_its_last_standing_verification(world):
    by, matter = world.cast.dispatcher, world.matter("VERIFIED")

    def ways(days):
        return rates(world, world.later(days=days)).ways

    def again(days, way):
        report_done(matter, kind="SOLVED", result="已修", by=world.handler(), at=world.later(days=days))
        verify_matter(matter, way=way, by=by, at=world.later(days=days, hours=1))

    first = matter.reports.get()
    assert ways(1) == {"GOVERNMENT": 1}
    doubt_matter(first, reason="还是不亮", by=PUBLIC, at=world.later(days=1))
    assert ways(2) == {} and audit_ways() == []
    send_back(matter, reason="确未修好", by=by, at=world.later(days=2))
    again(40, "SOCIETY")  # in another month
    assert ways(50) == {"SOCIETY": 1}
    assert rates(world, world.at).ways == {}  # of the month of the first
    doubt_matter(first, reason="又不亮", by=PUBLIC, at=world.later(days=41))
    let_stand(matter, reason="已现场说明", by=by, at=world.later(days=42))
    assert ways(50) == {}  # closed as disputed
    reopen_matter(matter, reason="又灭了", by=by, at=world.later(days=43))
    assert ways(50) == {} and audit_ways() == []
    dispatch_matter(matter, unit=world.cast.unit(LIGHTS), by=by, at=world.later(days=44))
    again(45, "RESIDENTS")
    confirm_matter(first, satisfied=True, by=PUBLIC, at=world.later(days=46))
    whole = rates(world, world.later(days=50))
    assert (whole.ways, whole.solved, whole.closed) == ({"RESIDENTS": 1}, 1, {"SOLVED": 1})
    reopen_matter(matter, reason="又灭了", by=by, at=world.later(days=47))
    assert ways(50) == {}
    assert audit_counts() == [] and audit_ways() == [] and audit_matters() == []


def test_the_recount_of_ways_sees_a_verification_that_nobody_took_back(world):
    matter = world.matter("VERIFIED")
    assert audit_ways() == []
    every = Matter.objects.everywhere("a test").filter(pk=matter.pk)
    every.update(state="DISPATCHED", way="", verified_at=None)
    [line] = audit_ways()
    assert line.startswith("verified (") and "'SOLVED:GOVERNMENT'" in line and line.endswith("1 kept, 0 counted")


@pytest.mark.row("MAT-1")
def test_what_was_filed_joined_and_parted_is_filed_once(world):
    by, one, other = world.cast.dispatcher, world.matter("FILED"), world.matter("FILED")
    merge_matter(one, into=other, by=by, at=world.later(hours=1))
    unmerge_matter(one, by=by, at=world.later(days=40))
    whole = rates(world, world.later(days=41))
    assert (whole.reported, whole.filed) == (2, 1)
    assert rates(world, world.at).filed == 1  # it is taken off the month in which it was filed
    file_matter(one, by=by, at=world.later(days=41))
    assert (rates(world, world.later(days=42)).filed, rates(world, world.at).filed) == (2, 1)
    merge_matter(one, into=other, by=by, at=world.later(days=42))
    unmerge_matter(one, by=by, at=world.later(days=43))
    never = world.matter("REPORTED")
    merge_matter(never, into=other, by=by, at=world.later(days=43))
    unmerge_matter(never, by=by, at=world.later(days=43))
    assert rates(world, world.later(days=44)).filed == 1
    assert audit_counts() == [] and audit_matters() == []
    MatterStep.objects.filter(matter=one, kind="UNCOUNTED").delete()
    assert audit_matters() == [f"matter {one.pk} counts as filed 2 times"]


@pytest.mark.row("MAT-5")
def test_a_reporter_who_confirms_and_then_doubts_is_no_longer_satisfied(world):
    matter = world.matter("VERIFIED")
    first = matter.reports.get()
    join_matter(matter, words=Words("same here"), nonce="j", by=PUBLIC, at=world.later(minutes=4))
    confirm_matter(first, satisfied=True, by=PUBLIC, at=world.later(hours=1))
    doubt_matter(first, reason="又灭了", by=PUBLIC, at=world.later(hours=2))
    assert rates(world, world.later(hours=3)).satisfaction == Rate(0, 0)
    assert Report.objects.values_list("confirmed", "satisfied").get(pk=first.pk) == (False, None)
    assert audit_counts() == []


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
