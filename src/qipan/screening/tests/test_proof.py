"""The counters are proven part by part before a row goes, and a run rests between its steps."""

import pytest

from qipan.kernel.place import Range, compound_of
from qipan.kernel.retention import FiguresDiffer, holders
from qipan.retention.api import carry_out, clock_actor
from qipan.screening.models import Coverage, Visit
from qipan.screening.queries import audit_parts, recount_coverage
from qipan.screening.queries.audits import EVERYWHERE

from .test_destruction import LATER, approved, lot, over

pytestmark = pytest.mark.django_db
__all__ = ["over"]


def everywhere(model):
    return model.objects.everywhere("a test")


@pytest.mark.parametrize("size", [1, 3, 11, 12, 25_000])
def test_the_parts_of_a_round_are_whole_compounds_and_everywhere_together(over, monkeypatch, size):
    monkeypatch.setattr("qipan.screening.queries.audits.PART", size)
    parts = list(audit_parts(over.round.pk))
    assert (parts[0].first, parts[-1].last) == EVERYWHERE
    assert [one.last + 1 for one in parts[:-1]] == [one.first for one in parts[1:]]
    assert all(one.first == compound_of(one.first) for one in parts)
    compounds = {compound_of(place) for place in everywhere(Visit).values_list("place", flat=True)}
    # Each visit ends a part where parts are of one visit, so that each compound with visits ends one.
    assert size > 1 or {compound_of(one.last) for one in parts[:-1]} == compounds
    assert size < 25_000 or parts == [EVERYWHERE]


@pytest.mark.parametrize("size", [1, 25_000])
def test_whatever_differs_is_found_in_its_part(over, monkeypatch, size):
    monkeypatch.setattr("qipan.screening.queries.audits.PART", size)
    first, *_others, last = everywhere(Coverage).filter(round=over.round).order_by("place")
    prove = holders()["screening.Visit"].prove
    prove(lot().key)

    everywhere(Coverage).filter(pk=last.pk).update(visits=last.visits + 1)
    wrong = f"coverage of round {over.round.pk}, compound {last.place:019d}: visits is kept as {last.visits + 1}, counted {last.visits}"
    with pytest.raises(FiguresDiffer, match=wrong):
        prove(lot().key)
    everywhere(Coverage).filter(pk=last.pk).update(visits=last.visits)

    everywhere(Coverage).filter(pk=first.pk).delete()
    with pytest.raises(
        FiguresDiffer, match=f"visits without counters: round {over.round.pk}, compound {first.place:019d}"
    ):
        prove(lot().key)


def test_what_differs_elsewhere_is_not_named(over):
    row = everywhere(Coverage).filter(round=over.round).order_by("place").first()
    everywhere(Coverage).filter(pk=row.pk).update(visits=row.visits + 1)
    beside = Range(row.place + 10_000, EVERYWHERE.last)
    assert recount_coverage([over.round.pk], within=beside) == []
    assert len(recount_coverage([over.round.pk], within=Range(row.place, row.place + 9_999))) == 1


def test_a_run_rests_after_each_step_that_leaves_something(over, monkeypatch):
    rests: list[float] = []
    run = approved(over)
    monkeypatch.setattr("qipan.retention.actions.running.time.sleep", rests.append)
    assert carry_out(run, by=clock_actor(), at=LATER, step_rows=5)
    # Three steps with visits, one with doors, one with conflicts; after the last one there is nothing to wait for.
    assert len(rests) == 5
    assert all(rest > 0 for rest in rests)
