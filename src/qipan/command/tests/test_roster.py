"""EMG-3: the duty roster of a command, by post and line, handed over with a note, gaps named ahead."""

from datetime import timedelta

import pytest
from django.utils import translation

from qipan.command.actions.roster import (
    NoCommand,
    NothingToHandOver,
    NotYetOnDuty,
    RosterOfAnother,
    WatchFieldMissing,
    WatchHoursDisordered,
    WatchOver,
    WatchTaken,
    cancel_watch,
    hand_over_watch,
    set_watch,
    tell_roster_gaps,
)
from qipan.command.jobs import tell_gaps_of_rosters
from qipan.command.models import Watch
from qipan.command.queries.roster import rosters_of
from qipan.command.rules import roster_gaps, uncovered
from qipan.desk.api import Task
from qipan.duties.api import LinePersonal, LineUnreadable
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.posture.api import take_posture

from .conftest import NOON, Entry, declare_epidemic, everywhere

pytestmark = pytest.mark.row("EMG-3")
LINE = "028-86611234"


def hours(count):
    return timedelta(hours=count)


def put(cast, **changed):
    """A turn of the city command from now on for eight hours."""
    values = {
        "unit": cast.unit("5101:city-command"),
        "post": "值班指挥长",
        "line": LINE,
        "starts_at": cast.at,
        "ends_at": cast.at + hours(8),
        "by": cast.city_commander,
        "at": cast.at,
    } | changed
    return set_watch(values.pop("unit"), **values)


def watcher():
    return Actor.system("roster", acts=["team.manage"], ranges=[range_of("5101")])


def gap_cards(unit):
    return everywhere(Task).filter(owner=unit, source__startswith="roster-gap:")


def test_turns_that_meet_or_overlap_leave_no_gap():
    turns = [(NOON + hours(8), NOON + hours(12)), (NOON, NOON + hours(8)), (NOON + hours(3), NOON + hours(4))]
    assert uncovered(turns, start=NOON, end=NOON + hours(12)) == []
    assert uncovered(turns, start=NOON - hours(1), end=NOON + hours(13)) == [
        (NOON - hours(1), NOON),
        (NOON + hours(12), NOON + hours(13)),
    ]
    assert uncovered([], start=NOON, end=NOON + hours(1)) == [(NOON, NOON + hours(1))]
    assert uncovered([(NOON + hours(2), NOON + hours(3))], start=NOON, end=NOON + hours(1)) == [(NOON, NOON + hours(1))]


@pytest.mark.parametrize(
    ("turns", "since", "gaps"),
    [
        ([], None, []),  # routine: nobody needs to be on duty
        ([], -3, [(-3, 48)]),  # a response for three hours and nobody was ever on duty
        ([(-8, 0)], -30, [(0, 48)]),  # the turn ended and nobody came
        ([(-8, 2), (4, 12)], -30, [(2, 4), (12, 48)]),
        ([(-8, 2), (4, 12)], None, [(2, 4)]),  # in routine the roster ends where it ends
        ([(5, 9)], None, []),  # and begins where it begins
        ([(-9, -1), (5, 9)], None, [(-1, 5)]),
        ([(-60, -50), (5, 9)], None, []),
    ],
)
def test_gaps_by_posture(turns, since, gaps):
    def moments(pairs):
        return [(NOON + hours(first), NOON + hours(last)) for first, last in pairs]

    found = roster_gaps(
        moments(turns), since=None if since is None else NOON + hours(since), at=NOON, until=NOON + hours(48)
    )
    assert found == moments(gaps)


@pytest.mark.django_db
def test_who_is_on_duty_until_when_on_which_line(cast):
    put(cast)
    put(cast, post="值班员", line="12345", days=3)
    city = cast.unit("5101:city-command")
    (roster,) = rosters_of([city], at=cast.at + hours(1))
    assert [(watch.post, watch.line, watch.ends_at) for watch in roster.now] == [
        ("值班员", "12345", cast.at + hours(8)),
        ("值班指挥长", LINE, cast.at + hours(8)),
    ]
    assert [watch.starts_at for watch in roster.next] == [cast.at + hours(24), cast.at + hours(48)]
    assert roster.gaps == [(cast.at + hours(8), cast.at + hours(24)), (cast.at + hours(32), cast.at + hours(48))]
    entry = Entry.objects.filter(act="command.set_watch").latest("id")
    assert (entry.by_label, entry.place, entry.data["post"], entry.data["days"]) == (
        cast.city_commander.label,
        city.place,
        "值班员",
        3,
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("refusal", "changed"),
    [
        (WatchFieldMissing, {"post": "  "}),
        (LineUnreadable, {"line": ""}),
        (LinePersonal, {"line": "138 0013 8000"}),
        (WatchHoursDisordered, {"ends_at": NOON}),
        (WatchHoursDisordered, {"ends_at": NOON + hours(25)}),
        (WatchHoursDisordered, {"starts_at": NOON - hours(9), "ends_at": NOON}),
        (WatchHoursDisordered, {"days": 32}),
        (WatchHoursDisordered, {"days": 0}),
    ],
)
def test_a_turn_that_makes_no_sense_is_refused(cast, refusal, changed):
    entries = Entry.objects.count()
    with pytest.raises(refusal):
        put(cast, **changed)
    assert (everywhere(Watch).count(), Entry.objects.count()) == (0, entries)


@pytest.mark.django_db
def test_a_command_keeps_its_own_roster_only(cast):
    for refusal, changed in (
        (RosterOfAnother, {"unit": cast.unit("510104:district-command")}),
        (NoCommand, {"unit": cast.unit("510104001:street-office"), "by": cast.dispatcher}),
        (NotFound, {"by": cast.neighbour_head, "unit": cast.unit("510104:district-command")}),
        (NotAllowed, {"by": cast.auditor}),
    ):
        with pytest.raises(refusal):
            put(cast, **changed)
    assert not everywhere(Watch).exists()
    assert len(put(cast, unit=cast.unit("510104:district-command"), by=cast.district_head)) == 1


@pytest.mark.django_db
def test_a_post_is_on_duty_once_at_a_time_and_all_days_or_none_are_written(cast):
    put(cast, starts_at=cast.at + hours(50), ends_at=cast.at + hours(58))
    with pytest.raises(WatchTaken) as refusal:
        put(cast, days=4)  # its third day meets the turn that is there
    assert everywhere(Watch).count() == 1
    assert refusal.value.data["post"] == "值班指挥长"
    assert len(put(cast, post="值班员", days=4)) == 4


@pytest.mark.django_db
def test_a_turn_is_handed_over_with_a_note(cast):
    (watch,) = put(cast)
    with pytest.raises(NothingToHandOver):
        hand_over_watch(watch, note=" ", by=cast.city_commander, at=cast.at + hours(1))
    with pytest.raises(NotYetOnDuty):
        hand_over_watch(watch, note="早", by=cast.city_commander, at=cast.at - hours(1))
    with pytest.raises(NotYetOnDuty):
        hand_over_watch(watch, note="晚", by=cast.city_commander, at=cast.at + hours(33))
    with pytest.raises(NotFound):
        hand_over_watch(watch, note="别人", by=cast.district_head, at=cast.at + hours(8))
    assert everywhere(Watch).get().note == ""
    hand_over_watch(watch, note="锦江区三个点位未回执，已电话催办。", by=cast.city_commander, at=cast.at + hours(8))
    kept = everywhere(Watch).get()
    assert (kept.note, kept.handed_over_at) == ("锦江区三个点位未回执，已电话催办。", cast.at + hours(8))
    entry = Entry.objects.filter(act="command.hand_over_watch").get()
    assert entry.data == {"post": "值班指挥长", "note": kept.note}


@pytest.mark.django_db
def test_a_gap_is_told_two_hours_ahead_once_and_taken_back_when_filled(cast):
    take_posture(declare_epidemic(cast), grounds=[range_of("510104")], by=cast.city_commander, at=cast.at)
    put(cast)
    city, district = cast.unit("5101:city-command"), cast.unit("510104:district-command")
    tell_roster_gaps(by=watcher(), at=cast.at + hours(5))
    assert gap_cards(city).count() == 0  # the turn runs for three more hours
    tell_roster_gaps(by=watcher(), at=cast.at + hours(6) + timedelta(minutes=1))
    card = gap_cards(city).get()
    assert (card.place, card.due_at, card.closed_at) == (city.place, cast.at + hours(8), None)
    with translation.override("zh-hans"):
        assert card.title == f"{city.name} 11-25 20:00 起无人值班"
    for later in (6.1, 7, 9):  # also when the gap has begun
        tell_roster_gaps(by=watcher(), at=cast.at + hours(later))
    assert gap_cards(city).count() == 1
    # A response is in force over the districts too, and their commands have no roster at all.
    assert gap_cards(district).filter(closed_at=None).count() == 1
    put(cast, starts_at=cast.at + hours(8), ends_at=cast.at + hours(16), at=cast.at + hours(9))
    assert gap_cards(city).get().state == "RECALLED"
    # What is cancelled opens the gap again, and it is told again.
    cancel_watch(everywhere(Watch).get(starts_at=cast.at + hours(8)), by=cast.city_commander, at=cast.at + hours(9))
    assert [card.closed_at is None for card in gap_cards(city).order_by("pk")] == [False, True]


@pytest.mark.django_db
def test_in_routine_without_a_roster_nobody_is_told(cast):
    assert tell_roster_gaps(by=watcher(), at=cast.at) == 0
    assert everywhere(Task).count() == 0
    with pytest.raises(NotAllowed):
        tell_roster_gaps(by=cast.auditor, at=cast.at)


@pytest.mark.django_db
def test_a_turn_that_is_over_is_not_cancelled(cast):
    (watch,) = put(cast)
    with pytest.raises(WatchOver):
        cancel_watch(watch, by=cast.city_commander, at=cast.at + hours(8))
    with pytest.raises(NotFound):
        cancel_watch(watch, by=cast.district_head, at=cast.at)
    cancel_watch(watch, by=cast.city_commander, at=cast.at)
    with pytest.raises(WatchOver):
        hand_over_watch(watch, note="x", by=cast.city_commander, at=cast.at)
    assert everywhere(Watch).get().cancelled_at == cast.at


@pytest.mark.django_db
def test_the_page_shows_own_and_higher_commands_and_takes_a_turn(live_cast):
    cast = live_cast
    put(cast)
    page = cast.client("district_head").get("/roster").content.decode()
    assert LINE in page  # the line of the command above
    assert "watch_new" not in page and 'action="/roster/new"' in page
    client = cast.client("district_head")
    given = {
        "post": "区值班长",
        "line": "028-1110",
        "starts_at": f"{cast.at + hours(8):%Y-%m-%dT%H:%M}",
        "ends_at": f"{cast.at + hours(16):%Y-%m-%dT%H:%M}",
        "days": "2",
    }
    refused = client.post("/roster/new", given | {"line": "13800138000"})
    assert refused.status_code == 400
    assert "区值班长" in refused.content.decode()  # what was typed stays
    assert everywhere(Watch).count() == 1
    assert client.post("/roster/new", given).status_code == 302
    assert everywhere(Watch).filter(unit=cast.unit("510104:district-command")).count() == 2
    # A neighbour and a reader without the right see no form and change nothing.
    assert "区值班长" not in cast.client("neighbour_head").get("/roster").content.decode()
    assert 'action="/roster/new"' not in cast.client("dispatcher").get("/roster").content.decode()
    assert cast.client("dispatcher").post("/roster/new", given).status_code == 404
    assert cast.client("guard").get("/roster").status_code == 403
    watch = everywhere(Watch).filter(post="值班指挥长").get()
    commander = cast.client("city_commander")
    assert commander.post(f"/roster/{watch.pk}/hand-over", {"note": ""}).status_code == 400
    assert commander.post(f"/roster/{watch.pk}/hand-over", {"note": "平稳"}).status_code == 302
    assert "平稳" in commander.get("/roster").content.decode()
    assert cast.client("district_head").post(f"/roster/{watch.pk}/cancel").status_code == 404
    assert commander.post(f"/roster/{watch.pk}/cancel").status_code == 302
    assert commander.post(f"/roster/{watch.pk}/cancel").status_code == 409
    assert "当前值班" in commander.get("/activations").content.decode()


@pytest.mark.django_db
def test_the_minutes_job_tells_a_gap(cast, clock_at):
    take_posture(declare_epidemic(cast), grounds=[range_of("510104")], by=cast.city_commander, at=cast.at)
    put(cast)
    city = cast.unit("5101:city-command")
    clock_at(cast.at + hours(5))
    tell_gaps_of_rosters.call_local()
    assert gap_cards(city).count() == 0
    clock_at(cast.at + hours(6.1))
    tell_gaps_of_rosters.call_local()
    tell_gaps_of_rosters.call_local()
    assert gap_cards(city).get().due_at == cast.at + hours(8)
