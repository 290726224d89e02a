"""Storing visits: every answer, exactly, and that what is refused leaves nothing."""

import json
from datetime import timedelta

import pytest
from django.apps import apps

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotAllowed
from qipan.screening.api import DoorState, Outcome, close_round, coverage_total, store_visits
from qipan.screening.ingest import MAX_BYTES, BodyTooLarge, BodyUnreadable
from qipan.screening.models import Visit, VisitConflict
from qipan.screening.queries import audit_batches, audit_coverage

from .conftest import COMMUNITY, DISTRICT, doors_of, rows_of


def entries():
    return apps.get_model("journal", "Entry").objects.filter(act="screening.store_visits")


def states(ground, code=COMMUNITY):
    row = coverage_total(ground.round.pk, [range_of(code)])
    assert sum(row.by_state.values()) == row.doors
    return {state.name: count for state, count in row.by_state.items() if count}


def nothing_differs():
    assert audit_coverage() == []
    assert audit_batches() == []


def test_stores_a_batch_counts_it_and_records_it(ground):
    answer = ground.send(
        ground.visit(ground.doors[0]),
        ground.visit(ground.doors[1], "REFUSED"),
        ground.visit(ground.doors[11], "BY_PHONE"),
    )
    assert [(a.answer, a.code) for a in answer.answers] == [("stored", "")] * 3
    assert (answer.stored, answer.duplicates, answer.conflicts, answer.refused) == (3, 0, 0, 0)
    assert states(ground) == {"UNTOUCHED": 17, "REFUSED": 1, "BY_PHONE": 1, "ANSWERED": 1}
    row = coverage_total(ground.round.pk, [DISTRICT])
    assert (row.doors, row.settled, row.visits, row.changed_at) == (80, 3, 3, ground.at)
    entry = entries().get()
    visit = Visit.objects.everywhere("a test").order_by("place").first()
    assert entry.subject == f"screening.Batch:{visit.batch}"
    assert (entry.data["stored"], entry.data["shift"], entry.by_pass, entry.drill) == (3, 0, ground.ours.pass_id, False)
    assert (visit.place, visit.outcome, visit.team_id) == (ground.doors[0], Outcome.ANSWERED, ground.ours.team_id)
    assert visit.happened_at == visit.received_at == ground.at
    nothing_differs()


def test_a_resend_is_a_duplicate_and_changes_nothing(ground):
    visits = [ground.visit(place) for place in ground.doors[:3]]
    assert ground.told(*visits) == ["stored"] * 3
    later = ground.at + timedelta(hours=5)
    answer = ground.send(*visits, ground.visit(ground.doors[3]), at=later)
    assert [a.answer for a in answer.answers] == ["duplicate"] * 3 + ["stored"]
    assert ground.told(*visits, by=ground.theirs) == ["duplicate"] * 3
    assert states(ground) == {"UNTOUCHED": 16, "ANSWERED": 4}
    assert coverage_total(ground.round.pk, [DISTRICT]).visits == 4
    assert sorted(entry.data["stored"] for entry in entries()) == [1, 3]
    nothing_differs()


def test_a_resend_after_the_round_closed_is_still_a_duplicate(ground):
    visit = ground.visit(ground.doors[0])
    ground.told(visit)
    close_round(ground.round, by=ground.cast.city_commander, at=ground.at)
    assert ground.told(visit, ground.visit(ground.doors[1])) == ["duplicate", "late"]
    assert rows_of("screening_visit") == 1


def test_the_same_id_twice_in_a_batch(ground):
    first = ground.visit(ground.doors[0])
    other = {**first, "outcome": "REFUSED"}
    assert ground.told(first, first, other, other) == ["stored", "duplicate", "conflict", "conflict"]
    assert states(ground) == {"UNTOUCHED": 19, "ANSWERED": 1}
    assert rows_of("screening_visitconflict") == 1
    nothing_differs()


def test_the_first_good_one_of_an_id_is_the_one_that_is_stored(ground):
    bad = ground.visit(1)
    good = {**bad, "place": f"{ground.doors[0]:019d}"}
    assert ground.told(bad, good, good) == ["unknown_door", "stored", "duplicate"]
    nothing_differs()


def test_other_content_under_a_known_id_is_kept_once_and_never_counted(ground):
    first = ground.visit(ground.doors[0], "NOT_HOME")
    other = {**first, "outcome": "ANSWERED"}
    ground.told(first)
    assert ground.told(other) == ["conflict"]
    assert ground.told(other) == ["conflict"]
    assert ground.told(first) == ["duplicate"]
    assert states(ground) == {"UNTOUCHED": 19, "NOT_HOME": 1}
    kept = VisitConflict.objects.everywhere("a test").get()
    assert (str(kept.visit_id), kept.place, kept.team_id) == (first["id"], ground.doors[0], ground.ours.team_id)
    assert kept.payload["outcome"] == Outcome.ANSWERED
    assert entries().count() == 1
    nothing_differs()


def test_each_bad_item_is_refused_alone_with_its_code(ground):
    outside = range_of("510105001001001").first + 1
    late = (ground.at + timedelta(minutes=3)).isoformat()
    door = ground.doors[0]
    cases = [
        (ground.visit(ground.doors[5]), "stored"),
        (ground.visit(door, round=999_999), "unknown_round"),
        (ground.visit(door, round=-1), "unknown_round"),
        (ground.visit(door, round=2**64), "unknown_round"),
        (ground.visit(ground.doors[0] + 500), "unknown_door"),
        ({**ground.visit(door), "place": "9999999999999999999"}, "unknown_door"),
        (ground.visit(outside), "outside_round"),
        (ground.visit(range_of("510104001002001").first + 1), "other_team"),
        (ground.visit(door, at=late), "in_future"),
        (ground.visit(door, "DANCING"), "unknown_outcome"),
        (ground.visit(door, at="yesterday"), "bad_item"),
        (ground.visit(door, at="2026-08-01T08:00:00"), "bad_item"),
        (ground.visit(door, at="0001-01-01T00:00:00Z"), "bad_item"),
        ({**ground.visit(door), "place": "51010400100100100"}, "bad_item"),
        ({**ground.visit(door), "place": int(door)}, "bad_item"),
        ({**ground.visit(door), "place": "５" * 19}, "bad_item"),
        (ground.visit(door, id="7"), "bad_item"),
        (ground.visit(door, round="1"), "bad_item"),
        (ground.visit(door, outcome=None), "bad_item"),
        ("text", "bad_item"),
        (None, "bad_item"),
        ([], "bad_item"),
        (ground.visit(ground.doors[6]), "stored"),
    ]
    answer = ground.send(*[visit for visit, _told in cases])
    assert [a.code or a.answer for a in answer.answers] == [told for _visit, told in cases]
    assert [a.id for a in answer.answers[:2]] == [cases[0][0]["id"], cases[1][0]["id"]]
    assert answer.answers[16].id == "7"
    assert answer.answers[19].id is None
    assert all(bool(a.sentence) == bool(a.code) for a in answer.answers)
    assert (answer.stored, answer.refused) == (2, len(cases) - 2)
    assert rows_of("screening_visit") == 2
    assert rows_of("screening_visitconflict") == 0
    assert states(ground) == {"UNTOUCHED": 18, "ANSWERED": 2}
    nothing_differs()


def test_when_all_is_refused_nothing_is_written(ground):
    before = apps.get_model("journal", "Entry").objects.count()
    assert ground.told(ground.visit(1), ground.visit(ground.doors[0], "DANCING")) == ["unknown_door", "unknown_outcome"]
    assert rows_of("screening_visit") == 0
    assert apps.get_model("journal", "Entry").objects.count() == before
    assert coverage_total(ground.round.pk, [DISTRICT]).visits == 0


@pytest.mark.parametrize("off", [timedelta(days=1), timedelta(days=-1), timedelta(days=9000)])
def test_a_wrong_device_clock_changes_no_outcome(ground, off):
    sent = (ground.at + off).isoformat()
    made = (ground.at + off - timedelta(minutes=30)).isoformat()
    visit = ground.visit(ground.doors[0], at=made)
    assert ground.told(visit, sent_at=sent) == ["stored"]
    stored = Visit.objects.everywhere("a test").get()
    assert stored.happened_at == ground.at - timedelta(minutes=30)
    later = ground.at + timedelta(hours=1)
    assert ground.told(visit, at=later, sent_at=(later + off).isoformat()) == ["duplicate"]
    nothing_differs()


def test_a_future_is_judged_after_the_correction(ground):
    ahead = ground.at + timedelta(days=1)
    told = ground.told(
        ground.visit(ground.doors[0], at=(ahead + timedelta(minutes=2)).isoformat()),
        ground.visit(ground.doors[1], at=(ahead + timedelta(minutes=2, seconds=1)).isoformat()),
        sent_at=ahead.isoformat(),
    )
    assert told == ["stored", "in_future"]


def test_without_a_team_the_scope_decides(ground):
    dispatcher = Actor(label="d", acts=frozenset({"visit.submit"}), scope=Scope((range_of("510104001"),)))
    inside, beyond = ground.visit(ground.doors[0]), ground.visit(range_of("510104002001001").first + 1)
    assert ground.told(inside, beyond, by=dispatcher) == ["stored", "other_team"]
    assert Visit.objects.everywhere("a test").get().team_id is None
    nobody = Actor(label="n", acts=frozenset({"visit.submit"}))
    assert ground.told(ground.visit(ground.doors[1]), by=nobody) == ["other_team"]
    nothing_differs()


@pytest.mark.row("SCR-7")
def test_a_post_sends_visits_of_a_team_that_it_names(ground):
    worker, ours, theirs = ground.cast.worker, ground.ours.team_id, ground.theirs.team_id
    first, second = ground.doors[:2]
    assert ground.told(ground.visit(first), by=worker, team=ours) == ["stored"]
    assert ground.told(ground.visit(second), by=worker) == ["stored"]
    assert ground.told(ground.visit(doors_of("510104001002")[0]), by=worker, team=ours) == ["other_team"]
    assert ground.told(ground.visit(ground.doors[2]), by=worker, team=theirs) == ["other_team"]  # outside his ground
    assert ground.told(ground.visit(ground.doors[2]), by=ground.ours, team=theirs) == ["other_team"]
    of_another_unit = Actor(label="n", acts=frozenset({"visit.submit"}), scope=worker.scope)
    assert ground.told(ground.visit(ground.doors[2]), by=of_another_unit, team=ours) == ["other_team"]
    part = Scope((Range(first, first),))
    narrow = Actor(label="n", acts=frozenset({"visit.submit"}), scope=part, unit_id=worker.unit_id)
    assert ground.told(ground.visit(ground.doors[2]), by=narrow, team=ours) == ["other_team"]
    rows = Visit.objects.everywhere("a test").order_by("place").values_list("place", "team_id")
    assert list(rows) == [(first, ours), (second, None)]
    assert entries().count() == 2
    nothing_differs()


def test_a_team_that_was_released_still_has_its_visits(ground):
    team = apps.get_model("deployment", "Team").objects.everywhere("a test").filter(pk=ground.ours.team_id)
    team.update(released_at=ground.at)
    assert ground.told(ground.visit(ground.doors[0]), by=ground.cast.worker, team=ground.ours.team_id) == ["stored"]
    assert Visit.objects.everywhere("a test").get().team_id == ground.ours.team_id


def test_needs_the_act(ground):
    with pytest.raises(NotAllowed):
        ground.send(ground.visit(ground.doors[0]), by=ground.cast.stranger)
    assert rows_of("screening_visit") == 0


def test_a_single_visit_and_an_empty_upload(ground):
    visit = {**ground.visit(ground.doors[0]), "sent_at": ground.at.isoformat()}
    answer = store_visits(json.dumps(visit).encode(), by=ground.ours, at=ground.at)
    assert [a.answer for a in answer.answers] == ["stored"]
    assert ground.send().answers == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'"text"',
        b"{}",
        b'{"visits": 7}',
        b'{"visits": {}}',
        b"\xff\xfe",
        b'{"visits": [], "sent_at": 7}',
        b'{"visits": [], "team": "ours"}',
        b'{"visits": [], "team": 0}',
        b'{"visits": [], "team": 9223372036854775808}',
    ],
)
def test_a_body_that_is_no_upload(ground, raw):
    with pytest.raises(BodyUnreadable):
        store_visits(raw, by=ground.ours, at=ground.at)


def test_deep_nesting_is_unreadable(ground):
    with pytest.raises(BodyUnreadable):
        store_visits(b'{"visits":' + b"[" * 100_000, by=ground.ours, at=ground.at)


def test_too_much_for_one_upload(ground):
    with pytest.raises(BodyTooLarge):
        store_visits(b" " * (MAX_BYTES + 1), by=ground.ours, at=ground.at)
    with pytest.raises(BodyTooLarge):
        ground.send(*[ground.visit(ground.doors[0])] * 501)
    with pytest.raises(BodyTooLarge):
        ground.send(*[None] * 501)
    assert rows_of("screening_visit") == 0


@pytest.mark.row("SCR-2")
def test_three_times_nobody_home_is_presumed_vacant_and_is_checked_again(ground):
    door = ground.doors[0]
    assert ground.told(ground.visit(door, "NOT_HOME"), ground.visit(door, "NOT_HOME")) == ["stored"] * 2
    assert states(ground) == {"UNTOUCHED": 19, "NOT_HOME": 1}
    ground.told(ground.visit(door, "NOT_HOME"))
    assert states(ground) == {"UNTOUCHED": 19, "PRESUMED_VACANT": 1}
    ground.told(ground.visit(door, "NOT_HOME"))
    assert states(ground) == {"UNTOUCHED": 19, "PRESUMED_VACANT": 1}
    ground.told(ground.visit(door, "APPOINTMENT"))
    assert states(ground) == {"UNTOUCHED": 19, "APPOINTMENT": 1}
    ground.told(ground.visit(door, "ANSWERED"), ground.visit(door, "NOT_HOME"))
    assert states(ground) == {"UNTOUCHED": 19, "ANSWERED": 1}
    assert DoorState.ANSWERED in coverage_total(ground.round.pk, [DISTRICT]).by_state
    nothing_differs()
