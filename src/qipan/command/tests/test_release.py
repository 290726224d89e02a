from datetime import timedelta

import pytest
from django.utils.translation import override

from qipan.access.api import Pass
from qipan.command.actions.release import AlreadyReleased, ReleaseNotBegun, hand_over, release
from qipan.command.actions.roster import tell_roster_gaps
from qipan.command.api import left_open
from qipan.deployment.api import Shift, Team, fill_shift
from qipan.desk.api import Admission, Task, answer_task
from qipan.forms.api import open_forms
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound
from qipan.posture.api import (
    impose_measure,
    lift_measure,
    measures_in_force,
    posture_over,
)
from qipan.screening.api import Campaign, Round, close_round

from .conftest import Entry, activate, everywhere

JINJIANG = range_of("510104")

pytestmark = pytest.mark.usefixtures("playbooks")


class TestRelease:
    def settle_round(self, cast):
        close_round(Round.objects.get(), by=cast.city_commander, at=cast.at + timedelta(hours=1))

    @pytest.mark.row("EMG-8")
    def test_it_closes_everything_in_the_reverse_order(self, cast, declared):
        activation = activate(cast, declared)
        self.settle_round(cast)
        at = cast.at + timedelta(hours=2)
        report = release(activation, by=cast.city_commander, at=at)
        assert (report.left, report.closed) == ([], 14)
        assert report.activation.released_at == at
        closing = Entry.objects.filter(act="command.close_item").order_by("pk").values_list("data__kind", flat=True)
        assert list(closing) == [
            "ROUND", "CAMPAIGN", "DIRECTIVE", "CARD", "CARD", "CARD", "CARD",
            "SHIFTS", "TEAMS", "FORM", "FORM", "MEASURE", "ADMISSION", "POSTURE",
        ]  # fmt: skip
        assert posture_over([JINJIANG], at=at) is None
        assert open_forms([JINJIANG], at=at) == []
        assert not measures_in_force([JINJIANG], at=at).exists()
        assert not everywhere(Task).filter(closed_at=None).exists()
        assert not everywhere(Team).filter(released_at=None).exists()
        assert not everywhere(Shift).filter(released_at=None).exists()
        assert Campaign.objects.get().closed_at == at
        assert Admission.objects.get().valid_to == at
        with pytest.raises(AlreadyReleased):
            release(activation, by=cast.city_commander, at=at)

    @pytest.mark.row("EMG-8", "SCR-8")
    def test_what_was_asked_about_shifts_that_are_over_is_closed_too(self, cast, declared):
        activation = activate(cast, declared)
        self.settle_round(cast)
        ends = max(everywhere(Shift).values_list("ends_at", flat=True))
        assert everywhere(Task).filter(kind="SHIFT", closed_at=None).exists()
        release(activation, by=cast.city_commander, at=ends + timedelta(hours=1))
        assert not everywhere(Task).filter(closed_at=None).exclude(kind="RELEASE").exists()

    @pytest.mark.row("EMG-3", "EMG-8")
    def test_nobody_is_missed_on_duty_once_the_response_is_over(self, cast, declared):
        activation = activate(cast, declared)
        watcher = Actor.system("duty roster", acts=["team.manage"], ranges=[range_of("5101")])
        gaps = everywhere(Task).filter(source__startswith="roster-gap:")
        assert tell_roster_gaps(by=watcher, at=cast.at + timedelta(hours=1)) == gaps.filter(closed_at=None).count() > 0
        self.settle_round(cast)
        release(activation, by=cast.city_commander, at=cast.at + timedelta(hours=2))
        assert set(gaps.values_list("state", flat=True)) == {"RECALLED"}
        assert tell_roster_gaps(by=watcher, at=cast.at + timedelta(hours=3)) == 0

    @pytest.mark.row("EMG-8")
    def test_a_measure_of_another_command_is_listed_with_its_owner(self, cast, declared):
        activation = activate(cast, declared)
        self.settle_round(cast)
        (measure,) = impose_measure(
            kind="gate-check",
            title="二号院单元封闭",
            article="erl-2024-73",
            issuer=cast.unit("510104:district-command"),
            grounds=[range_of("510104001001002")],
            starts_at=cast.at,
            expires_at=cast.at + timedelta(days=2),
            review_at=cast.at + timedelta(days=1),
            declaration=declared,
            by=cast.district_head,
            at=cast.at,
        )
        at = cast.at + timedelta(hours=2)
        report = release(activation, by=cast.city_commander, at=at)
        left = {one.item.kind: one for one in report.left}
        assert set(left) == {"MEASURE", "POSTURE"}
        assert left["MEASURE"].owner == cast.unit("510104:district-command").label
        assert left["MEASURE"].item.reference == f"posture.Measure:{measure.pk}"
        assert "2026-11-27 12:00" in left["MEASURE"].reason
        assert (report.activation.released_at, posture_over([JINJIANG], at=at).kind) == (None, "EMERGENCY")
        # The owner lifts it; the next run ends the rest.
        lift_measure(measure, by=cast.district_head, at=at)
        report = release(activation, by=cast.city_commander, at=at)
        assert (report.left, report.closed, report.activation.released_at) == ([], 2, at)

    def test_a_round_with_doors_left_is_named_and_not_cut_short(self, cast, declared):
        activation = activate(cast, declared)
        report = release(activation, by=cast.city_commander, at=cast.at + timedelta(hours=1))
        reasons = {one.item.kind: one.reason for one in report.left}
        assert set(reasons) == {"ROUND", "CAMPAIGN", "POSTURE"}
        assert "80" in reasons["ROUND"]
        assert Round.objects.get().closed_at is None
        # After its time it is closed without asking.
        report = release(activation, by=cast.city_commander, at=cast.at + timedelta(days=5))
        assert report.left == []

    def test_who_is_on_duty_stays_until_the_end_of_the_shift(self, cast, declared):
        activation = activate(cast, declared)
        self.settle_round(cast)
        shift = everywhere(Shift).order_by("starts_at", "place").first()
        fill_shift(shift, filled_by="一班", by=cast.worker, at=cast.at + timedelta(hours=2))
        on_duty = shift.starts_at + timedelta(hours=1)
        report = release(activation, by=cast.city_commander, at=on_duty)
        assert {one.item.kind for one in report.left} == {"SHIFTS", "POSTURE"}
        assert everywhere(Shift).filter(released_at=None).count() == 1
        report = release(activation, by=cast.city_commander, at=shift.ends_at)
        assert report.left == []

    @pytest.mark.row("EMG-8")
    def test_what_is_left_is_handed_over_by_name(self, cast, declared):
        activation = activate(cast, declared)
        with pytest.raises(ReleaseNotBegun):
            hand_over(activation, by=cast.city_commander, at=cast.at)
        at = cast.at + timedelta(hours=1)
        release(activation, by=cast.city_commander, at=at)
        with override("en"):
            report = hand_over(activation, by=cast.city_commander, at=at)
        tasks = list(everywhere(Task).filter(kind="RELEASE").select_related("owner"))
        assert (report.handed_over, len(tasks)) == (2, 2)
        assert {task.owner.code for task in tasks} == {"5101:city-command"}
        assert {task.source for task in tasks} == {f"release:{one.item.pk}" for one in left_open(activation)}
        assert all(task.basis for task in tasks)
        assert all(task.title.startswith("收尾：") for task in tasks)
        activation.refresh_from_db()
        assert activation.released_at == at
        assert posture_over([JINJIANG], at=at) is None
        with pytest.raises(AlreadyReleased):
            hand_over(activation, by=cast.city_commander, at=at)
        # The owner reports it done: the item is closed and off the list.
        answer_task(tasks[0], state="DONE", by=cast.city_commander, at=at + timedelta(hours=1))
        assert [one.item.handed_over_id for one in left_open(activation)] == [tasks[1].pk]

    def test_a_district_cannot_release_what_the_city_opened_beyond_it(self, cast, declared):
        activation = activate(cast, declared, codes=("510104", "510105"))
        with pytest.raises(NotFound):
            release(activation, by=cast.district_head, at=cast.at)
        activation.refresh_from_db()
        assert activation.release_started_at is None

    def test_passes_of_the_teams_are_revoked(self, cast, declared):
        activation = activate(cast, declared)
        self.settle_round(cast)
        team = everywhere(Team).order_by("place").first()
        held = everywhere(Pass)
        held.update(team=team.pk)
        release(activation, by=cast.city_commander, at=cast.at + timedelta(hours=2))
        assert everywhere(Pass).get().revoked_at == cast.at + timedelta(hours=2)
