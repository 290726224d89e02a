"""What arrives when its round is closed is kept, acknowledged and shown, and moves no figure."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.apps import apps

from qipan.kernel.place import range_of
from qipan.screening.api import assign_doors, close_round, coverage_total, open_round, visits_held, visits_of_team
from qipan.screening.models import Coverage, LateVisit
from qipan.screening.queries import audit_batches, audit_coverage, audit_late, audit_samples
from qipan.screening.terms import Outcome

from .conftest import DISTRICT, doors_of, rows_of

WEEK = timedelta(days=7)


def entries():
    return apps.get_model("journal", "Entry").objects.filter(act="screening.keep_late")


def rows():
    return list(LateVisit.objects.everywhere("a test").order_by("place", "content"))


def figures(ground):
    names = [field.name for field in Coverage._meta.concrete_fields]
    return list(Coverage.objects.everywhere("a test").filter(round=ground.round).order_by("place").values_list(*names))


def nothing_differs():
    assert [audit() for audit in (audit_coverage, audit_samples, audit_batches, audit_late)] == [[]] * 4


@pytest.fixture
def closed(ground):
    """A round in which one door was visited, closed on the third day; a phone comes back after a week."""
    assert ground.told(ground.visit(ground.doors[0])) == ["stored"]
    close_round(ground.round, by=ground.cast.city_commander, at=ground.at + timedelta(days=2))
    ground.round.refresh_from_db()
    return ground


@pytest.mark.row("EMG-20", "SCR-1")
def test_a_week_offline_loses_nothing_and_moves_no_figure(closed):
    before = figures(closed)
    made = [
        closed.visit(place, outcome)
        for place, outcome in zip(closed.doors[:3], ("NOT_HOME", "ANSWERED", "REFUSED"), strict=True)
    ]
    answer = closed.send(*made, at=closed.at + WEEK)
    assert [(one.id, one.answer, one.code) for one in answer.answers] == [(one["id"], "late", "late") for one in made]
    assert (answer.stored, answer.late, answer.refused, answer.plain) == (0, 3, 0, False)
    assert str(answer.answers[0].sentence).startswith("送达时该轮已结束")
    kept = rows()
    assert [(row.place, row.outcome, row.round_id, row.team_id) for row in kept] == [
        (place, outcome, closed.round.pk, closed.ours.team_id)
        for place, outcome in zip(closed.doors[:3], (Outcome.NOT_HOME, Outcome.ANSWERED, Outcome.REFUSED), strict=True)
    ]
    assert {row.received_at for row in kept} == {closed.at + WEEK}
    assert visits_held([UUID(one["id"]) for one in made]) == {UUID(one["id"]) for one in made}
    entry = entries().get()
    assert (entry.subject, entry.data["kept"], entry.by_pass) == (
        f"screening.Batch:{kept[0].batch}",
        3,
        closed.ours.pass_id,
    )
    assert figures(closed) == before
    assert (rows_of("screening_visit"), coverage_total(closed.round.pk, [DISTRICT]).visits) == (1, 1)
    nothing_differs()


@pytest.mark.row("SCR-7")
def test_a_post_names_the_team_of_a_sheet_that_comes_back_late(closed):
    worker, ours = closed.cast.worker, closed.ours.team_id
    told = closed.told(closed.visit(closed.doors[7]), closed.visit(doors_of("510104001002")[0]), by=worker, team=ours)
    assert told == ["late", "other_team"]
    assert [(row.place, row.team_id) for row in rows()] == [(closed.doors[7], ours)]
    nothing_differs()


def test_sent_again_it_is_late_again_and_kept_once(closed):
    visit = closed.visit(closed.doors[1])
    for step in range(2):
        assert (
            closed.told(visit, visit, at=closed.at + WEEK + timedelta(hours=step), sent_at=closed.at.isoformat())
            == ["late"] * 2
        )
    assert (len(rows()), entries().count()) == (1, 1)
    nothing_differs()


def test_another_content_under_one_id_is_one_more_row(closed):
    counted = closed.visit(closed.doors[4])
    assert closed.told({**counted, "outcome": "NOT_HOME"}, counted) == ["late"] * 2
    assert [row.outcome for row in sorted(rows(), key=lambda row: row.outcome)] == [Outcome.NOT_HOME, Outcome.ANSWERED]
    nothing_differs()


def test_what_a_running_round_would_refuse_is_refused_with_the_same_reason(closed):
    told = closed.told(
        closed.visit(closed.doors[0] + 500),
        closed.visit(range_of("510105001001001").first + 1),
        closed.visit(range_of("510104001002001").first + 1),
        closed.visit(closed.doors[1], round=999_999),
        closed.visit(closed.doors[1], "DANCING"),
    )
    assert told == ["unknown_door", "outside_round", "other_team", "unknown_round", "unknown_outcome"]
    assert (rows(), entries().count()) == ([], 0)


def test_beside_visits_of_a_round_that_runs_each_is_told_its_own(closed):
    by, at = closed.cast.city_commander, closed.at + timedelta(days=3)
    running = open_round(closed.round.campaign, grounds=[DISTRICT], closes_at=at + 2 * WEEK, by=by, at=at)
    assert assign_doors(running, by=by, at=at) == 2
    old, new = closed.visit(closed.doors[2]), closed.visit(closed.doors[2], round=running.pk)
    assert closed.told(old, new, at=closed.at + WEEK) == ["late", "stored"]
    assert (len(rows()), rows_of("screening_visit")) == (1, 2)
    nothing_differs()


def test_a_changed_or_missing_row_shows(closed):
    closed.told(*[closed.visit(place) for place in closed.doors[1:4]], at=closed.at + WEEK)
    first, second, _third = rows()
    LateVisit.objects.everywhere("a test").filter(pk=first.pk).update(outcome=Outcome.DEMOLISHED)
    assert audit_late() == [f"late visit {first.visit_id.hex} of batch {first.batch} is not what was kept"]
    LateVisit.objects.everywhere("a test").filter(pk__in=[first.pk, second.pk]).delete()
    assert audit_late() == ["2 late visits are missing, destructions took 0"]


def test_the_team_sees_what_it_handed_in(closed):
    closed.told(closed.visit(closed.doors[1], "REFUSED"), at=closed.at + WEEK)
    found = visits_of_team(closed.ours.team_id, since=closed.at - WEEK, until=closed.at + 2 * WEEK)
    assert [(place, outcome.name, late) for place, outcome, late in found] == [
        (closed.doors[0], "ANSWERED", False),
        (closed.doors[1], "REFUSED", True),
    ]


class TestPage:
    def page(self, closed, who="district_head", area="510104"):
        return closed.cast.client(who).get(f"/rounds/{closed.round.pk}/late", {"area": area})

    def test_shows_the_door_beside_what_the_round_counts_without_the_time_of_day(self, closed):
        after = closed.round.closed_at + timedelta(minutes=1)
        closed.told(
            closed.visit(closed.doors[0], "REFUSED"),
            closed.visit(closed.doors[1], at=after.isoformat()),
            at=closed.at + WEEK,
            sent_at=(closed.at + WEEK).isoformat(),
        )
        text = self.page(closed).content.decode()
        assert [text.count(word) for word in ("该轮进行期间", "该轮结束之后", "未走访")] == [1, 1, 1]
        assert "08:01" not in text
        campaign = closed.cast.client("district_head").get(f"/campaigns/{closed.round.campaign_id}").content.decode()
        assert f"/rounds/{closed.round.pk}/late" in campaign and "该轮结束后送达2次走访" in campaign

    def test_of_another_ground_nothing_is_told(self, closed):
        closed.told(closed.visit(closed.doors[1]), at=closed.at + WEEK)
        assert self.page(closed, who="neighbour_head", area="510104").status_code == 404
        assert self.page(closed, who="guard").status_code == 403
        assert f"{closed.doors[1]:019d}" not in self.page(closed, area="510104002").content.decode()
