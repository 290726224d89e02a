"""EMG-14, FOR-11: how ready a community is, with its reasons; a drill raises the level with its score as evidence."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from qipan.command.api import score_of
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound
from qipan.learning.queries.readiness import readiness_area, readiness_on, summed
from qipan.learning.queries.wording import REASONS, signal_lines
from qipan.learning.rules import (
    Drilled,
    Signal,
    backup_signal,
    drill_signal,
    level,
    roster_signal,
)
from qipan.learning.terms import Light, Need
from qipan.learning.testing import end_event, make_event
from qipan.territory.api import get_area

from .conftest import ENDED, NOON

pytestmark = pytest.mark.row("EMG-14", "FOR-11")
TODAY = date(2026, 11, 25)
LATER = ENDED + timedelta(days=1)


def drilled(days, met=5, judged=5):
    return Drilled(7, TODAY - timedelta(days=days), met, judged)


@pytest.mark.parametrize(
    ("last", "light", "reason"),
    [
        (None, Light.RED, "never"),
        (drilled(400), Light.AMBER, "old"),
        (drilled(366), Light.AMBER, "old"),
        (drilled(365), Light.GREEN, "passed"),
        (drilled(730), Light.AMBER, "old"),
        (drilled(731), Light.RED, "old"),
        (drilled(3, met=4), Light.AMBER, "missed"),
        (drilled(3, met=0, judged=0), Light.AMBER, "unjudged"),
    ],
)
def test_a_drill_ages_and_its_result_counts(last, light, reason):
    found = drill_signal(last, on=TODAY)
    assert (found.light, found.reason) == (light, reason)


def test_a_drill_of_400_days_ago_is_amber_with_its_reason():
    [line] = signal_lines([drill_signal(drilled(400), on=TODAY)])
    assert (line.light, line.reason, line.remedy) == (
        Light.AMBER,
        "最近一次演练在400天前。",
        "组织一次演练并解除：系统自动评分。",
    )


@pytest.mark.parametrize(
    ("signal", "light", "reason"),
    [
        (roster_signal(0), Light.RED, "nobody"),
        (roster_signal(1), Light.GREEN, "filled"),
        (roster_signal(2, shifts=4, empty=1), Light.AMBER, "empty"),
        (roster_signal(0, shifts=4, empty=1), Light.RED, "nobody"),
        (backup_signal(0), Light.RED, "nobody"),
        (backup_signal(1), Light.AMBER, "one"),
        (backup_signal(2), Light.GREEN, "second"),
    ],
)
def test_each_line_has_its_reason(signal, light, reason):
    assert (signal.light, signal.reason) == (light, reason)
    [line] = signal_lines([signal])
    assert line.reason and "%" not in line.reason
    assert bool(line.remedy) == (light in (Light.RED, Light.AMBER))


@given(st.lists(st.sampled_from([None, 1, 2, 3]), max_size=6))
def test_the_level_is_the_gravest_line_that_is_known(lights):
    found = level([Signal(Need.ROSTER, light, "filled") for light in lights])
    known = [light for light in lights if light is not None]
    assert found == (min(known) if known else None)
    for light in known:  # what gets better never makes it worse
        better = [*lights]
        better[better.index(light)] = min(3, light + 1)
        assert (level([Signal(Need.ROSTER, one, "filled") for one in better]) or 0) >= (found or 0)


def test_every_reason_is_worded():
    assert {need for need, _reason in REASONS} == set(Need)


def by_code(story, at, code="510104", who="city_commander"):
    rows = readiness_on([range_of(code)], actor=getattr(story.cast, who), at=at)
    return {row.area.code: row for row in rows}


def test_communities_stand_with_what_is_known_of_each(story):
    rows = by_code(story, LATER)
    assert list(rows) == ["510104001001", "510104001002", "510104002001", "510104002002"]
    lights = {code: [signal.light for signal in row.signals] for code, row in rows.items()}
    # The cast's worker and the neighbour hold a post each; nobody ever drilled.
    assert lights["510104001001"] == [Light.GREEN, Light.AMBER, Light.RED, None, None]
    assert lights["510104002001"] == [Light.RED, Light.RED, Light.RED, None, None]
    assert [row.level for row in rows.values()] == [Light.RED] * 4
    assert rows["510104001001"].known == 3


def test_a_drill_with_its_result_raises_the_level(story):
    before = by_code(story, LATER)["510104001001"]
    assert before.level == Light.RED
    cast = type(story.cast)(**{**story.cast.__dict__, "at": LATER})
    drill = make_event(cast, number="DRILL-9", drill=True)
    running = by_code(story, LATER + timedelta(hours=1))["510104001001"]
    assert running.signals[2].reason == "never"  # a drill counts once its release has begun
    end_event(drill, at=LATER + timedelta(hours=5))
    at = LATER + timedelta(hours=6)
    score = score_of(drill.activation)
    after = by_code(story, at)["510104001001"]
    signal = after.signals[2]
    assert (signal.numbers["activation"], signal.numbers["met"], signal.numbers["judged"]) == (
        drill.activation.pk,
        score.met,
        score.judged,
    )
    assert score.met < score.judged  # nobody read, nobody came to the gates: it shows
    assert (signal.light, after.level) == (Light.AMBER, Light.AMBER)
    assert signal_lines(after.signals)[2].drill == drill.activation.pk
    # Without targets that were missed it is green; where nobody drilled nothing changes.
    apps.get_model("command", "Playbook").objects.filter(pk=drill.activation.playbook_id).update(
        targets={"open_after_release": 1000}
    )
    assert by_code(story, at)["510104001001"].signals[2].light == Light.GREEN
    assert by_code(story, at, code="510105")["510105001001"].signals[2].reason == "never"


def test_readiness_stops_at_the_readers_ground(story):
    assert list(by_code(story, LATER, who="worker")) == ["510104001001"]
    assert by_code(story, LATER, code="510105", who="worker") == {}
    with pytest.raises(NotFound):
        readiness_area("510105", actor=story.cast.worker)
    assert readiness_area("510104", actor=story.cast.worker).code == "510104"


def test_an_area_sums_its_communities_in_a_fixed_number_of_statements(story):
    with CaptureQueriesContext(
        connection,
    ) as few:
        by_code(story, LATER, code="510104001")
    with CaptureQueriesContext(connection) as many:
        rows = by_code(story, LATER, code="5101")
    assert len(many) == len(few)
    sums = summed(get_area("5101"), list(rows.values()))
    assert [(one.area.code, one.communities, one.counts) for one in sums] == [
        ("510104", 4, {Light.RED: 4, Light.AMBER: 0, Light.GREEN: 0}),
        ("510105", 4, {Light.RED: 4, Light.AMBER: 0, Light.GREEN: 0}),
    ]
    assert NOON < LATER
