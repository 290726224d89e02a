"""Deciding conflicts: the counters follow exactly, the digests still hold."""

import pytest

from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.screening.api import AlreadyDecided, RoundOver, UnknownDecision, close_round, coverage_total, decide_conflict
from qipan.screening.models import Visit, VisitConflict
from qipan.screening.queries import audit_batches, audit_coverage, conflicts_for, get_conflict
from qipan.screening.terms import Outcome

from .conftest import DISTRICT


def states(ground):
    row = coverage_total(ground.round.pk, [DISTRICT])
    return {state.name: count for state, count in row.by_state.items() if count}, row.visits


@pytest.fixture
def conflict(ground):
    first = ground.visit(ground.doors[0], "NOT_HOME")
    ground.told(first, ground.visit(ground.doors[1]))
    assert ground.told({**first, "place": f"{ground.doors[11]:019d}", "outcome": "REFUSED"}) == ["conflict"]
    return VisitConflict.objects.everywhere("a test").get()


def decide(conflict, ground, decision, who="district_head"):
    return decide_conflict(conflict, decision=decision, by=getattr(ground.cast, who), at=ground.at)


def test_keeping_the_first_changes_no_figure(ground, conflict):
    before = states(ground)
    decided = decide(conflict, ground, "KEPT")
    assert (decided.decision, decided.decided_at, decided.decided_by) == (
        "KEPT",
        ground.at,
        ground.cast.district_head.label,
    )
    assert states(ground) == before == ({"UNTOUCHED": 78, "NOT_HOME": 1, "ANSWERED": 1}, 2)
    assert audit_coverage() == audit_batches() == []


def test_replacing_moves_the_doors_in_the_counters(ground, conflict):
    decide(conflict, ground, "REPLACED")
    assert states(ground) == ({"UNTOUCHED": 78, "REFUSED": 1, "ANSWERED": 1}, 2)
    visit = Visit.objects.everywhere("a test").get(pk=conflict.visit_id)
    assert (visit.place, visit.outcome, visit.content) == (ground.doors[11], 6, conflict.content)
    assert audit_coverage() == audit_batches() == []


def test_replacing_within_one_door(ground):
    first = ground.visit(ground.doors[0], "ANSWERED")
    ground.told(first, ground.visit(ground.doors[0], "NOT_HOME"), ground.visit(ground.doors[0], "NOT_HOME"))
    ground.told({**first, "outcome": "NOT_HOME"})
    decide(VisitConflict.objects.everywhere("a test").get(), ground, "REPLACED")
    assert states(ground) == ({"UNTOUCHED": 79, "PRESUMED_VACANT": 1}, 3)
    assert audit_coverage() == audit_batches() == []


def test_replacing_twice_keeps_every_digest(ground, conflict):
    visit = Visit.objects.everywhere("a test").get(pk=conflict.visit_id)
    third = {**ground.visit(ground.doors[2], "DEMOLISHED"), "id": str(visit.pk)}
    assert ground.told(third) == ["conflict"]
    for waiting in list(conflicts_for(ground.cast.city_commander)):
        decide(waiting, ground, "REPLACED")
    assert states(ground) == ({"UNTOUCHED": 78, "DEMOLISHED": 1, "ANSWERED": 1}, 2)
    assert audit_coverage() == audit_batches() == []
    assert ground.told(third) == ["duplicate"]


@pytest.mark.parametrize(
    ("_case", "decision", "who", "refusal"),
    [
        ("nonsense", "PERHAPS", "district_head", UnknownDecision),
        ("other ground", "KEPT", "neighbour_head", NotFound),
        ("no right", "KEPT", "worker", NotAllowed),
    ],
)
def test_refuses(ground, conflict, _case, decision, who, refusal):
    before = states(ground)
    with pytest.raises(refusal):
        decide(conflict, ground, decision, who)
    conflict.refresh_from_db()
    assert (conflict.decided_at, conflict.decision, states(ground)) == (None, "", before)


def test_is_decided_once(ground, conflict):
    decide(conflict, ground, "KEPT")
    with pytest.raises(AlreadyDecided):
        decide(conflict, ground, "REPLACED")
    assert states(ground) == ({"UNTOUCHED": 78, "NOT_HOME": 1, "ANSWERED": 1}, 2)


def test_the_figures_of_a_closed_round_stand(ground, conflict):
    close_round(ground.round, by=ground.cast.city_commander, at=ground.at)
    with pytest.raises(RoundOver):
        decide(conflict, ground, "REPLACED")
    assert decide(conflict, ground, "KEPT").decision == "KEPT"


def test_conflicts_are_seen_on_the_ground_only(ground, conflict):
    assert list(conflicts_for(ground.cast.dispatcher)) == [conflict]
    assert list(conflicts_for(ground.cast.neighbour_head)) == []
    assert get_conflict(conflict.pk, actor=ground.cast.district_head) == conflict
    with pytest.raises(NotFound):
        get_conflict(conflict.pk, actor=ground.cast.neighbour_head)
    with pytest.raises(NotAllowed):
        get_conflict(conflict.pk, actor=ground.cast.worker)


@pytest.mark.parametrize(
    ("_case", "change", "says"),
    [
        ("outcome", {"outcome": Outcome.DEMOLISHED}, "is not what was stored"),
        ("door", {"place": 5101040010010010005}, "is not what was stored"),
        ("time", {"happened_at": "2026-08-01T00:00:00Z"}, "is not what was stored"),
        ("content", {"content": 7}, "is not what was stored"),
    ],
)
@pytest.mark.row("ORG-15")
def test_a_changed_visit_is_found(ground, _case, change, says):
    ground.told(ground.visit(ground.doors[0]), ground.visit(ground.doors[1]))
    row = Visit.objects.everywhere("a test").filter(place=ground.doors[0])
    assert row.update(**change) == 1
    assert any(says in difference for difference in audit_batches())


def test_a_removed_and_an_added_visit_are_found(ground):
    ground.told(ground.visit(ground.doors[0]), ground.visit(ground.doors[1]))
    visit = Visit.objects.everywhere("a test").get(place=ground.doors[0])
    Visit.objects.everywhere("a test").filter(pk=visit.pk).delete()
    assert len(audit_batches()) == 1
    assert len(audit_coverage()) == 2
    visit.batch = "0198f000-0000-7000-8000-000000000000"
    visit.save(force_insert=True)
    assert any("have no journal entry" in difference for difference in audit_batches())
    Visit.objects.everywhere("a test").all().delete()
    assert any("are gone" in difference for difference in audit_batches())
