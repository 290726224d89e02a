"""EMG-14: what a community stores and for how many households help is arranged, kept by the community itself."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from qipan.access.testing import Cast, make_city
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.learning.actions.provisions import Line, confirm_provision, say_provision
from qipan.learning.actions.refusals import (
    ChangedMeanwhile,
    CountsIncomplete,
    ItemIncomplete,
    ItemTwice,
    MoreHelpedThanThere,
    NothingSaid,
    TooManyItems,
)
from qipan.learning.actions.seeds import EXAMPLES, seed_provisions
from qipan.learning.models import Provision, ProvisionItem
from qipan.learning.queries.provisions import earlier_of, provision_of, stored_of
from qipan.learning.queries.readiness import readiness_on
from qipan.learning.queries.wording import signal_lines
from qipan.learning.rules import Provided, Stored, helpers_signal, limits, scarcest, stock_signal
from qipan.learning.terms import Light, Need

from .conftest import NOON

pytestmark = pytest.mark.row("EMG-14")
TODAY = date(2026, 11, 25)
OWN = "510104001001"
WATER, RICE = Line(1, "饮用水", "升", 9000, 1000), Line(2, "米面", "千克", 700, 100)

stored = st.builds(Stored, st.text(max_size=3), st.just("kg"), st.integers(0, 10**7), st.integers(1, 10**7))


@given(st.lists(stored, max_size=8))
def test_the_stock_lasts_as_long_as_what_is_used_up_first(items):
    first = scarcest(items)
    assert (first.days if first else None) == min((one.amount // one.per_day for one in items), default=None)
    assert first is None or first is next(one for one in items if one.days == first.days)


@given(st.lists(stored, min_size=1, max_size=8), stored, st.integers(0, 1000))
def test_more_to_look_after_never_lasts_longer_and_more_on_hand_never_shorter(items, other, more):
    days = scarcest(items).days
    assert scarcest([*items, other]).days <= days
    first = scarcest(items)
    fuller = [Stored(one.name, one.measure, one.amount + more * (one is first), one.per_day) for one in items]
    assert scarcest(fuller).days >= days
    assert scarcest(items[::-1]).days == days


@given(stored, st.integers(0, 50), st.integers(0, 50), st.integers(0, 400), st.integers(0, 400))
def test_what_grows_older_never_looks_better_and_a_helper_more_never_worse(item, helped, alone, ago, more):
    def lights(ago, helped=helped):
        said = Provided(TODAY - timedelta(days=ago), item, helped + alone, helped)
        return stock_signal(said, on=TODAY).light, helpers_signal(said, on=TODAY).light

    young, old = lights(ago), lights(ago + more)
    assert all(after <= before for before, after in zip(young, old, strict=True))
    if ago > limits()["confirmed_days"]:
        assert Light.GREEN not in young
    fewer = Provided(TODAY - timedelta(days=ago), item, helped + alone, helped)
    if alone:
        further = Provided(TODAY - timedelta(days=ago), item, helped + alone, helped + 1)
        assert helpers_signal(further, on=TODAY).light >= helpers_signal(fewer, on=TODAY).light


def said(days=10, households=20, with_helper=20, ago=0):
    return Provided(TODAY - timedelta(days=ago), Stored("水", "升", days, 1), households, with_helper)


@pytest.mark.parametrize(
    ("given", "stock", "helpers"),
    [
        (None, (None, "unknown"), (None, "unknown")),
        (Provided(TODAY), (None, "unknown"), (None, "unknown")),
        (said(), (Light.GREEN, "lasts"), (Light.GREEN, "all")),
        (said(days=7, households=0, with_helper=0), (Light.GREEN, "lasts"), (Light.GREEN, "none")),
        (said(days=6, with_helper=19), (Light.AMBER, "short"), (Light.AMBER, "some")),
        (said(days=3, with_helper=16), (Light.AMBER, "short"), (Light.AMBER, "some")),
        (said(days=2, with_helper=15), (Light.RED, "short"), (Light.RED, "some")),
        (said(ago=92), (Light.GREEN, "lasts"), (Light.GREEN, "all")),
        (said(ago=93), (Light.AMBER, "unconfirmed"), (Light.AMBER, "unconfirmed")),
        (said(days=6, with_helper=19, ago=93), (Light.AMBER, "unconfirmed"), (Light.AMBER, "unconfirmed")),
        (said(days=0, with_helper=0, ago=93), (Light.RED, "short"), (Light.RED, "some")),
    ],
)
def test_stock_and_helpers_have_their_light_and_their_reason(given, stock, helpers):
    found = [stock_signal(given, on=TODAY), helpers_signal(given, on=TODAY)]
    assert [(one.light, one.reason) for one in found] == [stock, helpers]
    for line, signal in zip(signal_lines(found), found, strict=True):
        assert line.kept and line.reason and "%" not in line.reason + line.remedy
        assert bool(line.remedy) == (signal.light != Light.GREEN)


def test_figures_of_93_days_ago_are_amber_with_that_as_the_reason():
    lines = signal_lines([stock_signal(said(ago=93), on=TODAY), helpers_signal(said(ago=93), on=TODAY)])
    assert [(line.light, line.reason) for line in lines] == [
        (Light.AMBER, "最近一次确认在2026年8月24日，已过93天。"),
        (Light.AMBER, "最近一次确认在2026年8月24日，已过93天。"),
    ]
    [line, _helpers] = signal_lines([stock_signal(None, on=TODAY), helpers_signal(None, on=TODAY)])
    assert (line.reason, line.remedy) == (
        "不掌握：社区尚未填写储备情况。",
        "由社区工作者在“储备与帮扶”页面填写。",
    )


@pytest.mark.parametrize(
    ("number", "days", "households"),
    [
        (1, "1 day", "1 household cannot help itself; it has a helper."),
        (1234, "1,234 days", "1,234 households cannot help themselves; all have a helper."),
    ],
)
def test_english_has_a_singular(number, days, households):
    given = said(days=number, households=number, with_helper=number)
    with override("en"):
        stock, helpers = signal_lines([stock_signal(given, on=TODAY), helpers_signal(given, on=TODAY)])
    assert (stock.reason, helpers.reason) == (
        f"Stock lasts for {days}; used up first: 水. Confirmed on 25 November 2026.",
        f"{households} Confirmed on 25 November 2026.",
    )


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The tiny city, once for the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_city(at=NOON)
        transaction.set_rollback(True)


@pytest.fixture
def cast(city: Cast, db: None) -> Iterator[Cast]:
    """The city of the module; what a test does to it is taken back."""
    mark = transaction.savepoint()
    yield city
    transaction.savepoint_rollback(mark)


def own(cast):
    return cast.unit(f"{OWN}:community")


def say(cast, lines=(WATER, RICE), counts=(12, 9), seen=None, at=NOON, who="worker", unit=None):
    households, with_helper = counts
    return say_provision(
        unit or own(cast), lines=lines, households=households, with_helper=with_helper, seen=seen,
        by=getattr(cast, who), at=at,
    )  # fmt: skip


def acts():
    entries = apps.get_model("journal", "Entry").objects.filter(act__startswith="learning.").order_by("pk")
    return list(entries.values_list("act", "data"))


def count():
    return (Provision.objects.everywhere("a test").count(), ProvisionItem.objects.count(), len(acts()))


def signals(cast, who="city_commander", code=OWN, at=NOON):
    rows = readiness_on([range_of(code)], actor=getattr(cast, who), at=at)
    return {row.area.code: {signal.need: signal for signal in row.signals} for row in rows}


def test_a_community_says_what_it_holds_and_readiness_shows_it(cast):
    before = signals(cast)[OWN]
    assert [before[need].light for need in (Need.STOCK, Need.HELPERS)] == [None, None]
    held = say(cast)
    assert (held.said_at, held.confirmed_at, held.said_by, held.example) == (NOON, NOON, cast.worker.label, False)
    assert acts() == [("learning.say_provision", {"items": 2, "days": 7, "households": 12, "with_helper": 9})]
    found = signals(cast)[OWN]
    assert (found[Need.STOCK].light, found[Need.STOCK].numbers["days"], found[Need.STOCK].numbers["item"]) == (
        Light.GREEN,
        7,
        "米面",
    )
    assert (found[Need.HELPERS].light, found[Need.HELPERS].numbers["without"]) == (Light.RED, 3)
    late = signals(cast, at=NOON + timedelta(days=93))[OWN]
    assert (late[Need.STOCK].light, late[Need.STOCK].reason) == (Light.AMBER, "unconfirmed")
    assert late[Need.HELPERS].light == Light.RED  # what is worse is not hidden behind its age
    other = signals(cast, code="510104001002")["510104001002"]
    assert other[Need.STOCK].light is None


def test_a_change_is_the_next_version_and_the_same_once_more_a_confirmation(cast):
    first = say(cast)
    later = NOON + timedelta(days=30)
    assert say(cast, seen=None, at=later).pk == first.pk  # sent twice, by whoever saw what
    assert count() == (1, 2, 2)
    second = say(cast, lines=[WATER], counts=(12, 12), seen=first.pk, at=later)
    assert (second.pk != first.pk, count()) == (True, (2, 3, 3))
    assert [(one.pk, one.replaced_at) for one in earlier_of(own(cast))] == [(first.pk, later)]
    assert [one.name for one in stored_of(provision_of(own(cast)))] == ["饮用水"]
    found = signals(cast, at=later)[OWN]
    assert (found[Need.STOCK].numbers["days"], found[Need.HELPERS].light) == (9, Light.GREEN)


def test_one_press_says_that_the_figures_are_still_right(cast):
    held = say(cast)
    late = NOON + timedelta(days=100)
    assert signals(cast, at=late)[OWN][Need.STOCK].light == Light.AMBER
    confirm_provision(own(cast), seen=held.pk, by=cast.worker, at=late)
    now = provision_of(own(cast))
    assert (now.pk, now.said_at, now.confirmed_at) == (held.pk, NOON, late)
    assert signals(cast, at=late)[OWN][Need.STOCK].light == Light.GREEN
    assert [act for act, _data in acts()] == ["learning.say_provision", "learning.confirm_provision"]


@pytest.mark.parametrize(
    ("lines", "counts", "refusal", "field"),
    [
        ([], (None, None), NothingSaid, None),
        ([Line(3, " ", "kg", 1, 1)], (1, 1), ItemIncomplete, "name_3"),
        ([Line(3, "x", "", 1, 1)], (1, 1), ItemIncomplete, "measure_3"),
        ([Line(3, "x", "kg", None, 1)], (1, 1), ItemIncomplete, "amount_3"),
        ([Line(3, "x", "kg", -1, 1)], (1, 1), ItemIncomplete, "amount_3"),
        ([Line(3, "x", "kg", 1, None)], (1, 1), ItemIncomplete, "per_day_3"),
        ([Line(3, "x", "kg", 1, 0)], (1, 1), ItemIncomplete, "per_day_3"),
        ([Line(1, "X", "kg", 1, 1), Line(2, "x ", "kg", 1, 1)], (1, 1), ItemTwice, "name_2"),
        ([Line(n, f"x{n}", "kg", 1, 1) for n in range(9)], (1, 1), TooManyItems, None),
        ([WATER], (5, None), CountsIncomplete, "with_helper"),
        ([WATER], (None, 5), CountsIncomplete, "households"),
        ([WATER], (-1, -1), CountsIncomplete, "households"),
        ([WATER], (5, 6), MoreHelpedThanThere, "with_helper"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_written(cast, lines, counts, refusal, field):
    with pytest.raises(refusal) as refused:
        say(cast, lines=lines, counts=counts)
    assert refused.value.data.get("field") == field
    assert count() == (0, 0, 0)


def test_only_the_community_itself_keeps_its_figures(cast):
    held = say(cast)
    was = count()
    for who, refusal in (("dispatcher", NotAllowed), ("neighbour_worker", NotFound), ("city_commander", NotAllowed)):
        with pytest.raises(refusal):
            say(cast, lines=[WATER], seen=held.pk, who=who)
        with pytest.raises(refusal):
            confirm_provision(own(cast), seen=held.pk, by=getattr(cast, who), at=NOON)
    whole = Actor.system("a test", acts=["provision.keep"], ranges=[range_of("5101")])
    with pytest.raises(NotFound):  # a street is no community
        say_provision(
            cast.unit("510104001:street-office"), lines=[WATER], households=1, with_helper=1, seen=None, by=whole,
            at=NOON,
        )  # fmt: skip
    assert count() == was


def test_who_looked_at_older_figures_is_told_so(cast):
    first = say(cast)
    second = say(cast, lines=[WATER], seen=first.pk)
    was = count()
    with pytest.raises(ChangedMeanwhile):
        say(cast, lines=[RICE], seen=first.pk)
    with pytest.raises(ChangedMeanwhile):
        confirm_provision(own(cast), seen=first.pk, by=cast.worker, at=NOON)
    with pytest.raises(NothingSaid):
        confirm_provision(cast.unit("510104001002:community"), seen=None, by=cast.neighbour_worker, at=NOON)
    assert (count(), provision_of(own(cast)).pk) == (was, second.pk)


def test_the_database_holds_no_second_standing_version_and_no_impossible_count(cast):
    held = say(cast)
    for change in ({"with_helper": 13}, {"households": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Provision.objects.everywhere("a test").filter(pk=held.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Provision.objects.create(unit=held.unit, place=held.place, said_at=NOON, confirmed_at=NOON)


def test_readiness_of_a_city_takes_no_more_statements_than_of_a_street(cast):
    say(cast)
    with CaptureQueriesContext(connection) as few:
        signals(cast, code="510105001")
    with CaptureQueriesContext(connection) as many:
        signals(cast, code="5101")
    assert len(many) == len(few)


def test_the_example_says_that_it_is_one_until_the_community_looks_at_it(cast):
    assert seed_provisions("5101", at=NOON) == 7  # four communities of the first district, three of the second
    made = Provision.objects.everywhere("a test")
    assert set(made.values_list("example", flat=True)) == {True}
    assert seed_provisions("5101", at=NOON) == 0
    lights = {code: found[Need.STOCK].light for code, found in signals(cast, code="5101").items()}
    assert len(EXAMPLES) == 4 and Light.GREEN in lights.values()
    held = provision_of(own(cast))
    confirm_provision(own(cast), seen=held.pk, by=cast.worker, at=NOON)
    assert provision_of(own(cast)).example is False


PAGE = f"/readiness/{OWN}/stock"


def body(**given):
    rows = {
        "name_1": "饮用水",
        "measure_1": "升",
        "amount_1": "9000",
        "per_day_1": "1000",
        "name_2": "口罩",
        "measure_2": "只",
    }
    return {**rows, "households": "12", "with_helper": "12", "seen": "", **given}


def test_the_page_is_filled_in_kept_confirmed_and_read_by_the_levels_above(cast):
    worker = cast.client("worker")
    page = worker.get(PAGE).content.decode()
    assert 'value="饮用水"' in page and "尚未填写" in page
    assert worker.post(PAGE, body()).status_code == 302
    held = provision_of(own(cast))
    assert [(one.name, one.days) for one in stored_of(held)] == [
        ("饮用水", 9)
    ]  # the name that was only offered is left out
    page = worker.get(PAGE).content.decode()
    assert 'name="still"' in page and f'name="seen" value="{held.pk}"' in page
    assert worker.post(PAGE, {"still": "1", "seen": str(held.pk)}).status_code == 302
    assert provision_of(own(cast)).confirmed_at > held.confirmed_at
    for who in ("dispatcher", "district_head", "city_commander"):
        page = cast.client(who).get(PAGE).content.decode()
        assert "饮用水" in page and 'name="still"' not in page
        assert PAGE in cast.client(who).get(f"/readiness/{OWN}").content.decode()
    english = cast.client("dispatcher").get(PAGE, headers={"Accept-Language": "en"}).content.decode()
    assert "Stock and helpers" in english


def test_the_page_is_shut_to_other_grounds_and_to_companies(cast):
    say(cast)
    was = count()
    answers = {
        who: cast.client(who).get(PAGE).status_code
        for who in ("neighbour_worker", "neighbour_dispatcher", "neighbour_head", "guard", "admin", "stranger")
    }
    assert answers == {
        "neighbour_worker": 404, "neighbour_dispatcher": 404, "neighbour_head": 404, "guard": 403, "admin": 403,
        "stranger": 403,
    }  # fmt: skip
    assert cast.client("dispatcher").post(PAGE, body()).status_code == 403
    assert cast.client("neighbour_worker").post(PAGE, body()).status_code == 404
    assert cast.client("city_commander").get("/readiness/510104001/stock").status_code == 404
    assert count() == was


def test_what_was_typed_stays_beside_its_refusal(cast):
    worker = cast.client("worker")
    answer = worker.post(PAGE, body(per_day_1=""))
    assert answer.status_code == 400 and 'value="9000"' in answer.content.decode()
    assert "每项物资" in answer.content.decode()
    assert worker.post(PAGE, body(with_helper="13")).status_code == 400
    assert worker.post(PAGE, {"still": "1", "seen": "7"}).status_code == 400
    assert count() == (0, 0, 0)
    held = say(cast)
    answer = worker.post(PAGE, body(seen="0"))
    assert answer.status_code == 409 and f'name="seen" value="{held.pk}"' in answer.content.decode()
    answer = worker.post(PAGE, body(seen="0", households=""))
    assert f'name="seen" value="{held.pk}"' not in answer.content.decode().split("<details")[1]
    assert count() == (1, 2, 1)
