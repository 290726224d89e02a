from datetime import timedelta

import pytest

from qipan.command.actions import activations, opening
from qipan.command.actions.activations import (
    AdmissionMissing,
    AlreadyActive,
    DeclarationMissing,
    DeclarationNotInForce,
    DrillNotDeclared,
    GroundNotDeclared,
    HazardDiffers,
    OldVersion,
    ReleaseBegan,
    activate_playbook,
    resume_activation,
)
from qipan.command.actions.playbooks import PlaybookUnchanged, VersionTaken, publish_playbook
from qipan.command.actions.release import hand_over, release
from qipan.command.api import Activation, ActivationItem, Directive, Playbook
from qipan.command.queries import card_of, get_playbook, holds_card
from qipan.deployment.api import Shift, Team
from qipan.desk.api import Admission, Task
from qipan.forms.api import Form, FormOpening, open_forms
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.posture.api import (
    Measure,
    Posture,
    end_declaration,
    measures_in_force,
    posture_over,
)
from qipan.screening.api import Campaign, Round, coverage_total

from .conftest import Entry, Message, activate, declare_epidemic, everywhere

JINJIANG, QINGYANG = range_of("510104"), range_of("510105")

pytestmark = pytest.mark.usefixtures("playbooks")


def opened_nothing():
    return not (
        Activation.objects.exists()
        or ActivationItem.objects.exists()
        or everywhere(Task)
        .exclude(source__startswith="event-review:")
        .exists()  # the end of a response calls its review
        or everywhere(Team).exists()
        or everywhere(Shift).exists()
        or FormOpening.objects.exists()
        or Posture.objects.exists()
        or Measure.objects.exists()
        or Campaign.objects.exists()
        or Admission.objects.exists()
    )


@pytest.mark.row("EMG-2")
def test_one_action_opens_everything_on_the_chosen_ground_and_nothing_elsewhere(cast, declared):
    activation = activate(cast, declared)
    items = list(activation.items.order_by("order"))
    assert [(item.kind, item.blocked) for item in items if item.opened_at is None] == []
    assert [item.kind for item in items] == [
        "POSTURE", "ADMISSION", "MEASURE", "FORM", "FORM", "TEAMS", "SHIFTS",
        "CARD", "CARD", "CARD", "CARD", "DIRECTIVE", "CAMPAIGN", "ROUND",
    ]  # fmt: skip
    count = {item.key: item.count for item in items}
    assert count["teams"] == 4  # a community's 20 doors are one team's
    assert count["gates"] == 8 * 3
    assert [count[f"card-{level}"] for level in ("district", "street", "community", "compound")] == [1, 2, 4, 8]
    assert count["order-all"] == 15
    # On the chosen ground ...
    assert {opening.form.code for opening in open_forms([JINJIANG], at=cast.at)} == {
        "unit-daily-status",
        "door-screening",
    }
    assert (posture_over([JINJIANG], at=cast.at).kind, posture_over([JINJIANG], at=cast.at).level) == ("EMERGENCY", 1)
    # ... and nothing elsewhere.
    assert posture_over([QINGYANG], at=cast.at) is None
    assert open_forms([QINGYANG], at=cast.at) == []
    assert not measures_in_force([QINGYANG], at=cast.at).exists()
    for model in (Task, Team, Shift):
        places = set(everywhere(model).values_list("place", flat=True))
        assert places and all(place in JINJIANG for place in places), model
    round_ = Round.objects.get()
    assert (coverage_total(round_.pk, [JINJIANG]).doors, coverage_total(round_.pk, [QINGYANG]).doors) == (80, 0)
    for ground in (*Posture.objects.all(), *Measure.objects.all(), *FormOpening.objects.all()):
        assert (ground.first, ground.last) == JINJIANG


@pytest.mark.row("EMG-2")
def test_every_item_has_its_owner_and_its_place_in_the_journal(cast, declared):
    activation = activate(cast, declared)
    assert {item.owner for item in activation.items.select_related("owner")} == {cast.unit("5101:city-command")}
    assert Entry.objects.filter(act="command.open_item").count() == activation.items.count() == 14
    assert Entry.objects.get(act="command.activate_playbook").data["grounds"] == ["510104"]


@pytest.mark.row("ORG-10", "EMG-2")
def test_the_lead_organisation_admits_emergency_work_on_the_declarations_basis(cast, declared):
    activation = activate(cast, declared)
    admission = Admission.objects.get()
    assert (admission.state, admission.basis, admission.valid_to) == (
        "ADMITTED",
        declared.basis,
        declared.expected_until,
    )
    assert admission.decided_by.startswith(cast.unit("5101:lead-body").name)
    activation.refresh_from_db()
    assert activation.admission == admission
    assert set(everywhere(Task).values_list("admission", flat=True)) == {admission.pk}


@pytest.mark.row("EMG-1")
def test_each_level_receives_its_own_task_card_and_not_the_plan(cast, declared):
    activation = activate(cast, declared)
    cards = {item.key: item for item in activation.items.filter(kind="CARD")}
    held = {
        name: [key for key, item in cards.items() if holds_card(getattr(cast, name), item)]
        for name in ("district_head", "dispatcher", "worker", "neighbour_head", "screener")
    }
    assert held == {
        "district_head": ["card-district"],
        "dispatcher": ["card-street"],
        "worker": ["card-community"],
        "neighbour_head": [],
        "screener": [],
    }
    card = card_of(cards["card-community"])
    assert card["on_duty"] == "社区书记带班，两名工作人员轮值"
    assert (len(card["first_hour"]), len(card["first_day"])) == (3, 3)


def test_activating_again_is_the_same_activation_and_opens_nothing_twice(cast, declared):
    first = activate(cast, declared)
    before = everywhere(Task).count(), everywhere(Team).count(), Directive.objects.count(), Round.objects.count()
    assert activate(cast, declared) == first
    assert (
        everywhere(Task).count(),
        everywhere(Team).count(),
        Directive.objects.count(),
        Round.objects.count(),
    ) == before
    assert Activation.objects.count() == 1


def test_an_overlapping_activation_of_the_same_playbook_is_refused(cast, declared):
    first = activate(cast, declared)
    with pytest.raises(AlreadyActive) as refused:
        activate(cast, declared, codes=("510104", "510105"))
    assert refused.value.data == {"activation": first.pk}
    assert Activation.objects.count() == 1
    assert activate(cast, declared, codes=("510105",)).items.filter(opened_at=None).count() == 0


@pytest.mark.parametrize(
    ("_case", "given", "refusal"),
    [
        ("no declaration", {"declaration": None}, DeclarationMissing),
        ("a drill asked of a real declaration", {"drill": True}, DrillNotDeclared),
        ("other hazard", {"code": "flood"}, HazardDiffers),
        ("no area", {"codes": ()}, NotFound),
        ("unknown area", {"codes": ("510199",)}, NotFound),
    ],
)
def test_what_does_not_fit_opens_nothing(cast, declared, _case, given, refusal):
    with pytest.raises(refusal):
        activate(cast, given.pop("declaration", declared), **given)
    assert opened_nothing()


def test_the_declaration_must_cover_all_of_the_ground(cast):
    declared = declare_epidemic(cast, codes=("510104",))
    with pytest.raises(GroundNotDeclared):
        activate(cast, declared, codes=("510104", "510105"))
    assert opened_nothing()


def test_an_ended_declaration_opens_nothing(cast, declared):
    end_declaration(declared, reason="结束", by=cast.city_commander, at=cast.at)
    declared.refresh_from_db()
    with pytest.raises(DeclarationNotInForce):
        activate(cast, declared)
    assert opened_nothing()


def test_a_district_activates_on_its_own_ground_only(cast, declared):
    with pytest.raises(NotFound):
        activate_playbook(
            get_playbook("epidemic-emergency"),
            ground_codes=["510105"],
            declaration=declared,
            by=cast.district_head,
            at=cast.at,
        )
    assert opened_nothing()


@pytest.mark.parametrize("name", ["dispatcher", "worker", "lead", "department", "auditor", "stranger", "screener"])
def test_a_post_without_the_act_activates_and_releases_nothing(cast, declared, name):
    actor = getattr(cast, name)
    with pytest.raises(NotAllowed):
        activate_playbook(
            get_playbook("epidemic-emergency"), ground_codes=["510104"], declaration=declared, by=actor, at=cast.at
        )
    assert opened_nothing()
    activation = activate(cast, declared)
    for act in (release, hand_over, resume_activation):
        with pytest.raises(NotAllowed):
            act(activation, by=actor, at=cast.at)
    activation.refresh_from_db()
    assert activation.release_started_at is None


class TestResuming:
    def test_a_crash_between_two_steps_loses_nothing(self, cast, declared, monkeypatch):
        def crash(_opening):
            raise RuntimeError("power cut")

        monkeypatch.setitem(opening.OPENERS, "SHIFTS", crash)
        with pytest.raises(RuntimeError):
            activate(cast, declared)
        activation = Activation.objects.get()
        assert activation.items.exclude(opened_at=None).count() == 6
        assert everywhere(Team).count() == 4
        monkeypatch.undo()
        resume_activation(activation, by=cast.city_commander, at=cast.at + timedelta(minutes=1))
        assert activation.items.filter(opened_at=None).count() == 0
        assert (everywhere(Team).count(), Round.objects.count(), Admission.objects.count()) == (4, 1, 1)

    def test_a_refused_step_is_named_and_the_others_open(self, cast, declared):
        # A newer screening form expired: its step and nothing else stands still.
        Form.objects.filter(code="door-screening").update(valid_to=cast.at)
        activation = activate(cast, declared)
        blocked = {item.key: item.blocked for item in activation.items.filter(opened_at=None)}
        assert blocked == {
            "door-visit": blocked["door-visit"],
            # A round needs its campaign; both are named, nothing else is.
        }
        assert blocked["door-visit"]["code"] == "forms.form_not_valid"
        assert activation.items.get(key="order-all").opened_at == cast.at
        Form.objects.filter(code="door-screening").update(valid_to=cast.at + timedelta(days=30))
        resume_activation(activation, by=cast.city_commander, at=cast.at + timedelta(minutes=1))
        assert not activation.items.filter(opened_at=None).exists()
        assert not activation.items.exclude(blocked__isnull=True).exists()

    def test_nothing_is_opened_once_the_release_has_begun(self, cast, declared, monkeypatch):
        monkeypatch.setitem(opening.OPENERS, "ROUND", lambda _opening: (_ for _ in ()).throw(RuntimeError("power cut")))
        with pytest.raises(RuntimeError):
            activate(cast, declared)
        monkeypatch.undo()
        activation = Activation.objects.get()
        release(activation, by=cast.city_commander, at=cast.at)
        ActivationItem.objects.filter(key="round-1").update(opened_at=None)
        with pytest.raises(ReleaseBegan):
            activations._open_item(
                ActivationItem.objects.get(key="round-1").pk, grounds=[JINJIANG], by=cast.city_commander, at=cast.at
            )
        assert not Round.objects.exists()


class TestStanding:
    def test_it_needs_an_admission_but_no_declaration(self, cast):
        with pytest.raises(AdmissionMissing):
            activate(cast, None, code="standing-epidemic")
        assert opened_nothing()

    @pytest.mark.row("EMG-19")
    def test_it_opens_no_form_about_persons(self, cast, admitted):
        activation = activate(cast, None, code="standing-epidemic", admission=admitted)
        assert not activation.items.filter(opened_at=None).exists()
        assert posture_over([JINJIANG], at=cast.at).kind == "STANDING"
        opened = open_forms([JINJIANG], at=cast.at)
        assert [(opening.form.code, opening.form.subject) for opening in opened] == [("unit-daily-status", "UNIT")]


@pytest.mark.row("EMG-12")
def test_in_a_drill_every_record_is_marked_and_no_message_leaves(cast):
    declared = declare_epidemic(cast, drill=True)
    activation = activate(cast, declared)
    assert activation.drill is True
    assert not activation.items.filter(opened_at=None).exists()
    for model in (Posture, Measure, FormOpening, Campaign, Directive, Activation, Admission, Message):
        assert set(model.objects.values_list("drill", flat=True)) == {True}, model
    for model in (Task, Team, Shift):
        assert set(everywhere(model).values_list("drill", flat=True)) == {True}, model
    acts = ("command.", "desk.", "posture.", "deployment.", "screening.", "forms.open")
    entries = [entry for entry in Entry.objects.filter(at__gte=cast.at) if entry.act.startswith(acts)]
    assert len(entries) > 20
    assert [entry.act for entry in entries if not entry.drill] == []
    real = activate(cast, declare_epidemic(cast, number="成应急〔2026〕2号"))
    assert real != activation
    assert not real.items.filter(opened_at=None).exists()
    assert everywhere(Team).filter(drill=False).count() == 4


class TestPublishing:
    def publish(self, cast, **changed):
        newest = get_playbook("flood")
        given = {
            "code": "flood",
            "title": newest.title,
            "title_en": newest.title_en,
            "hazard": newest.hazard,
            "posture": newest.posture,
            "steps": newest.steps[:-1],
            "note": "精简",
            "after": newest.version,
            "by": cast.city_commander,
            "at": cast.at,
        }
        return publish_playbook(**{**given, **changed})

    def test_a_new_version_leaves_the_old_one_as_it_was(self, cast):
        old = get_playbook("flood")
        new = self.publish(cast)
        assert (new.version, new.note, len(new.steps)) == (2, "精简", 7)
        assert len(get_playbook("flood", 1).steps) == len(old.steps) == 8
        assert get_playbook("flood") == new

    def test_two_authors_do_not_overwrite_each_other(self, cast):
        self.publish(cast)
        with pytest.raises(VersionTaken):
            self.publish(cast, after=1, steps=get_playbook("flood").steps[:3])
        assert Playbook.objects.filter(code="flood").count() == 2

    def test_the_same_again_is_refused(self, cast):
        with pytest.raises(PlaybookUnchanged):
            self.publish(cast, steps=get_playbook("flood").steps)
        assert Playbook.objects.filter(code="flood").count() == 1

    def test_faulty_steps_are_named(self, cast):
        with pytest.raises(BadInput) as refused:
            self.publish(cast, steps=[{"kind": "POSTURE"}])
        assert "step 1: key is missing" in refused.value.problems
        assert Playbook.objects.filter(code="flood").count() == 1

    @pytest.mark.row("EMG-16")
    def test_a_measure_is_reviewed_no_later_than_its_kind_is(self, cast, declared):
        steps = [dict(step) for step in get_playbook("epidemic-emergency").steps]
        gate = next(step for step in steps if step["kind"] == "MEASURE")
        gate["review_days"] = 8
        with pytest.raises(BadInput) as refused:
            self.publish(cast, steps=steps, posture="EMERGENCY")
        place = steps.index(gate) + 1
        assert refused.value.problems == [f"step {place}: review_days is more than the 7 of entry-check"]
        assert Playbook.objects.filter(code="flood").count() == 1
        # One that was published before the list of kinds said so opens it with the days of the kind.
        Playbook.objects.filter(code="epidemic-emergency").update(steps=steps)
        activate(cast, declared)
        assert set(Measure.objects.values_list("review_at", flat=True)) == {cast.at + timedelta(days=7)}

    def test_it_needs_the_act(self, cast):
        with pytest.raises(NotAllowed):
            self.publish(cast, by=cast.district_head)

    def test_an_old_version_is_not_activated(self, cast, declared):
        old = get_playbook("epidemic-emergency")
        publish_playbook(
            code=old.code, title=old.title, hazard=old.hazard, posture=old.posture, steps=old.steps[:3], after=1,
            by=cast.city_commander, at=cast.at,
        )  # fmt: skip
        with pytest.raises(OldVersion):
            activate_playbook(old, ground_codes=["510104"], declaration=declared, by=cast.city_commander, at=cast.at)
        assert opened_nothing()
