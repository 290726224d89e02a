"""EMG-12: a drill is scored after its release, from what was recorded, against the targets of its playbook."""

from datetime import timedelta

import pytest

from qipan.command.actions.playbooks import publish_playbook
from qipan.command.actions.release import release
from qipan.command.api import get_playbook
from qipan.command.models import Playbook
from qipan.command.queries.scoring import DrillNotReleased, NoDrill, score_of
from qipan.command.rules import Measured, score, target_problems
from qipan.deployment.api import Shift, fill_shift
from qipan.desk.api import Task
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput
from qipan.territory.testing import merge

from .conftest import activate, declare_epidemic, everywhere

pytestmark = pytest.mark.row("EMG-12")

WHOLE = Measured(
    nodes=200,
    undelivered=0,
    last_minutes=30.0,
    unread=10,
    doors=80,
    settled=76,
    shifts=20,
    unfilled=1,
    opened=13,
    still_open=0,
)
TARGETS = {
    "last_node_minutes": 30,
    "read_within_minutes": 60,
    "unread_percent": 5,
    "coverage_percent": 95,
    "unfilled_percent": 5,
    "open_after_release": 0,
}


def results(measured, targets=None):
    return {line.name: line.met for line in score(TARGETS if targets is None else targets, measured)}


def changed(**fields):
    return Measured(**{**WHOLE.__dict__, **fields})


def test_what_meets_the_target_exactly_passes():
    lines = {line.name: (line.value, line.part, line.whole, line.target) for line in score(TARGETS, WHOLE)}
    assert lines == {
        "last_node_minutes": (30.0, 200, 200, 30),
        "unread_percent": (5.0, 10, 200, 5),
        "coverage_percent": (95.0, 76, 80, 95),
        "unfilled_percent": (5.0, 1, 20, 5),
        "open_after_release": (0.0, 0, 13, 0),
    }
    assert set(results(WHOLE).values()) == {True}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("last_node_minutes", {"last_minutes": 30.01}),
        ("last_node_minutes", {"undelivered": 1}),  # one node was never reached, however fast the others were
        ("unread_percent", {"unread": 11}),
        ("coverage_percent", {"settled": 75}),
        ("unfilled_percent", {"unfilled": 2}),
        ("open_after_release", {"still_open": 1}),
    ],
)
def test_each_line_fails_alone(name, fields):
    found = results(changed(**fields))
    assert [line for line, met in found.items() if met is False] == [name]


def test_what_was_not_measured_or_has_no_target_is_not_judged():
    nothing = changed(doors=None, settled=None, shifts=None, unfilled=None)
    assert results(nothing)["coverage_percent"] is None
    assert results(nothing)["unfilled_percent"] is None
    assert set(results(WHOLE, {}).values()) == {None}
    # Nobody was reached at all: that is not "nothing to measure".
    assert results(changed(undelivered=200, last_minutes=None))["last_node_minutes"] is False


@pytest.mark.parametrize(
    "targets",
    [
        [],
        {"speed": 1},
        {"coverage_percent": 101},
        {"coverage_percent": -1},
        {"coverage_percent": "95"},
        {"open_after_release": True},
        {"unread_percent": 5},
        {"read_within_minutes": 5},
    ],
)
def test_targets_that_make_no_sense(targets):
    assert len(target_problems(targets)) == 1


@pytest.fixture
def drill(cast, playbooks):
    return activate(cast, declare_epidemic(cast, drill=True), drill=True)


@pytest.mark.django_db
class TestADrill:
    def receive(self, cast, minutes, *, read=None, leave=0):
        """Deliver, and perhaps read, every card and directive of the drill but the last ``leave``."""
        tasks = everywhere(Task).exclude(kind="SHIFT").order_by("pk")
        at = cast.at + timedelta(minutes=minutes)
        chosen = list(tasks.values_list("pk", flat=True))[: tasks.count() - leave]
        marks = {"delivered_at": at} | ({"read_at": cast.at + timedelta(minutes=read)} if read is not None else {})
        everywhere(Task).filter(pk__in=chosen).update(**marks)
        return len(chosen)

    def test_it_is_scored_from_what_was_recorded(self, cast, drill):
        nodes = self.receive(cast, 12, read=20)
        shift = everywhere(Shift).earliest("starts_at", "place")
        begun = everywhere(Shift).filter(starts_at=shift.starts_at).count()
        fill_shift(shift, filled_by="一班", by=cast.worker, at=cast.at + timedelta(hours=1))
        release(drill, by=cast.city_commander, at=shift.starts_at + timedelta(minutes=1))
        drill.refresh_from_db()
        lines = {line.name: line for line in score_of(drill).lines}
        last = lines["last_node_minutes"]
        assert (last.value, last.part, last.whole, last.met) == (12.0, nodes, nodes, True)
        unread = lines["unread_percent"]
        assert (unread.value, unread.part, unread.whole, unread.met) == (0.0, 0, nodes, True)
        covered = lines["coverage_percent"]
        assert (covered.value, covered.part, covered.whole, covered.target, covered.met) == (0.0, 0, 80, 95, False)
        unfilled = lines["unfilled_percent"]
        assert (unfilled.part, unfilled.whole, unfilled.met) == (begun - 1, begun, False)
        still = lines["open_after_release"]
        assert (still.part, still.whole, still.met) == (4, drill.items.exclude(opened_at=None).count(), False)

    def test_who_was_late_to_read_or_never_reached_is_counted_and_the_last_node_is_named(self, cast, drill):
        nodes = self.receive(cast, 31, read=61, leave=2)
        release(drill, by=cast.city_commander, at=cast.at + timedelta(hours=1))
        drill.refresh_from_db()
        found = score_of(drill)
        lines = {line.name: line for line in found.lines}
        assert (lines["last_node_minutes"].part, lines["last_node_minutes"].whole) == (nodes, nodes + 2)
        assert (lines["last_node_minutes"].value, lines["last_node_minutes"].met) == (31.0, False)
        assert (lines["unread_percent"].value, lines["unread_percent"].met) == (100.0, False)
        assert lines["unfilled_percent"].met is None  # no shift had begun
        assert found.last_owner != ""
        assert (found.met, found.judged) == (0, 4)

    def test_only_a_drill_and_only_after_its_release(self, cast, playbooks):
        real = activate(cast, declare_epidemic(cast))
        with pytest.raises(NoDrill):
            score_of(real)
        exercise = declare_epidemic(cast, drill=True, number="演练1号", codes=("510105",))
        with pytest.raises(DrillNotReleased):
            score_of(activate(cast, exercise, codes=("510105",), drill=True))

    def test_the_page(self, cast, drill):
        assert cast.client("city_commander").get(f"/activations/{drill.pk}/score").status_code == 409
        self.receive(cast, 12, read=20)
        release(drill, by=cast.city_commander, at=cast.at + timedelta(hours=1))
        page = cast.client("district_head").get(f"/activations/{drill.pk}/score")
        assert page.status_code == 200
        text = page.content.decode()
        assert "演练评分" in text
        assert "4 项指标中达标 2 项" in text
        for name in cast.accounts.values():
            assert name.display_name not in page.content.decode().split("<main", 1)[1].split("</main", 1)[0]
        assert cast.client("neighbour_head").get(f"/activations/{drill.pk}/score").status_code == 404
        assert cast.client("guard").get(f"/activations/{drill.pk}/score").status_code == 403
        activation = cast.client("city_commander").get(f"/activations/{drill.pk}").content.decode()
        assert f"/activations/{drill.pk}/score" in activation

    def test_the_page_names_areas_that_were_merged_since(self, cast, drill):
        release(drill, by=cast.city_commander, at=cast.at + timedelta(hours=1))
        merge("510104", into="510105", at=cast.at + timedelta(hours=2))
        page = cast.client("city_commander").get(f"/activations/{drill.pk}/score")
        assert (page.status_code, page.context["areas"][0].name) == (200, "锦江区")


@pytest.mark.django_db
def test_the_playbook_holds_the_targets_by_version(cast, playbooks):
    planner = Actor.system("plan", acts=["playbook.edit"], ranges=[range_of("5101")])
    one = get_playbook("flood")
    assert one.targets["last_node_minutes"] == 15
    given = {
        "code": "flood",
        "title": one.title,
        "title_en": one.title_en,
        "hazard": one.hazard,
        "posture": one.posture,
        "steps": one.steps,
        "by": planner,
        "at": cast.at,
    }
    versions = Playbook.objects.count()
    with pytest.raises(BadInput) as refusal:
        publish_playbook(**given, targets={"last_node_minutes": -1}, after=1)
    assert refusal.value.problems == ["targets: last_node_minutes must be a number from 0 on"]
    assert Playbook.objects.count() == versions
    two = publish_playbook(**given, targets={"last_node_minutes": 10}, after=1)
    assert (two.version, two.targets, get_playbook("flood", 1).targets) == (2, {"last_node_minutes": 10}, one.targets)
    three = publish_playbook(**{**given, "title": "防汛"}, after=2)
    assert three.targets == two.targets  # kept where nothing else is said
