"""The release of a whole emergency, made from what is really open, whoever opened it (EMG-8)."""

from datetime import UTC, timedelta
from typing import Any

import pytest
from django.core.cache import cache

from qipan.access.api import Pass, Post, Role, give_post, issue_pass
from qipan.access.testing import Cast
from qipan.command.actions import plans
from qipan.command.actions.plans import (
    PlanFinished,
    PlanNotBegun,
    ReleaseOfAnother,
    ResponseRuns,
    RunByAnother,
    hand_over_plan,
    run_plan,
)
from qipan.command.actions.roster import set_watch
from qipan.command.models import ActivationItem, ReleasePlan
from qipan.command.queries import plan_view
from qipan.deployment.api import Team, form_teams
from qipan.desk.api import Admission, Task, admit_emergency, answer_task
from qipan.forms.api import FormOpening, get_form, open_form
from qipan.kernel.actor import Actor
from qipan.kernel.clock import set_clock
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound
from qipan.posture.api import Declaration, Measure, Posture, end_declaration, impose_measure, lift_measure, take_posture
from qipan.retention.api import DueLot
from qipan.screening.api import Campaign, open_campaign

from ..queries import found_open
from .conftest import NOON, Entry, activate, declare_epidemic, everywhere

ENDED = NOON + timedelta(hours=3)
RUN = ENDED + timedelta(hours=1)


def impose(
    cast: Cast, declared: Declaration, n: int, *, of: str = "5101:city-command", by: Actor | None = None
) -> Measure:
    (measure,) = impose_measure(
        kind="gate-check", title=f"措施{n}", article="erl-2024-73", issuer=cast.unit(of),
        grounds=[range_of("510104001001002" if by else "510105001001001")], starts_at=cast.at,
        expires_at=cast.at + timedelta(days=9), review_at=cast.at + timedelta(days=1), declaration=declared,
        by=by or cast.city_commander, at=cast.at,
    )  # fmt: skip
    return measure


def open_everything(cast: Cast) -> Declaration:
    """One of each that can be open for an emergency, all without an activation."""
    declared, by, at = declare_epidemic(cast), cast.city_commander, cast.at
    take_posture(declared, grounds=[range_of("510104"), range_of("510105")], by=by, at=at)
    for n in range(3):
        impose(cast, declared, n)
    for n in range(2):
        impose(cast, declared, n + 3, of="510104:district-command", by=cast.district_head)
    admit_emergency(
        title="应急", declaration=declared.number, basis="法", valid_to=at + timedelta(days=10), by=by, at=at
    )
    form = get_form("door-screening", at=at)
    for emergency in (declared.number, ""):
        open_form(
            form, grounds=[range_of("510105")], closes_at=at + timedelta(days=9), emergency=emergency, by=by, at=at
        )
    give_post(
        cast.accounts["stranger"], unit=cast.unit("510105:district-command"), role=Role.objects.get(code="auditor"),
        emergency=declared.number, by=cast.admin, at=at,
    )  # fmt: skip
    issue_pass(
        label="志愿者01", role_code="screening-worker", unit=cast.unit("510104001001:community"),
        expires_at=at + timedelta(days=9), by=cast.dispatcher, at=at,
    )  # fmt: skip
    form_teams(
        units=[cast.unit("510104001001:community")], per_doors=10, stands_down_at=at + timedelta(days=9), by=by, at=at
    )
    open_campaign(title="全员排查", basis="法", unit=cast.unit("5101:city-command"), form=None, declaration=declared,
                  by=by, at=at)  # fmt: skip
    set_watch(
        cast.unit("5101:city-command"), post="值班长", line="12345", starts_at=RUN - timedelta(hours=1),
        ends_at=RUN + timedelta(hours=7), by=by, at=at,
    )  # fmt: skip
    DueLot.objects.create(
        model="screening.Visit", key="screening.Campaign:77", title="入户记录", rows=120, grounds=[], seen_at=at,
        emergency=declared.number,
    )  # fmt: skip
    return declared


@pytest.fixture
def opened(cast: Cast, playbooks: None) -> Declaration:
    return open_everything(cast)


def ended(cast: Cast, declared: Declaration) -> Declaration:
    return end_declaration(declared, reason="解除", by=cast.city_commander, at=ENDED)


KINDS = {
    "POSTURE": (2, 2), "ADMISSION": (1, 1), "MEASURE": (5, 3), "FORM": (1, 1), "TEAMS": (2, 2), "CAMPAIGN": (1, 1),
    "POST": (1, 1), "PASSES": (1, 1), "ROSTER": (1, 0), "RECORDS": (120, 0),
}  # fmt: skip


@pytest.mark.row("EMG-8")
def test_everything_is_closed_in_order_and_what_is_left_has_its_owner(cast, opened):
    before = plan_view(opened, at=RUN)
    assert (before.plan, before.lines, before.percent) == (None, 15, 0)
    assert before.open_rows[-1].kind == "RECORDS" and [row.kind for row in before.open_rows[-3:-1]] == ["POSTURE"] * 2
    with pytest.raises(ResponseRuns):
        run_plan(opened, seen=0, by=cast.city_commander, at=ENDED)
    assert not ReleasePlan.objects.exists() and not ActivationItem.objects.exists()
    ended(cast, opened)
    report = run_plan(opened, seen=0, by=cast.city_commander, at=RUN)
    left = [(one.item.kind, one.item.reference, one.owner) for one in report.left]
    district, city = cast.unit("510104:district-command").label, cast.unit("5101:city-command").label
    theirs = list(Measure.objects.filter(issuer__code="510104:district-command").order_by("-pk"))
    roster = cast.unit("5101:city-command").pk
    postures = list(Posture.objects.order_by("-pk").values_list("pk", flat=True))
    assert left == [
        ("ROSTER", f"command.Watch:{roster}", city),
        *(("MEASURE", f"posture.Measure:{one.pk}", district) for one in theirs),
        *(("POSTURE", f"posture.Posture:{pk}", city) for pk in postures),
        ("RECORDS", "screening.Visit:screening.Campaign:77", city),
    ]
    assert report.closed == 9
    assert "2026-12-04 12:00" in report.left[1].reason and "2" in report.left[3].reason
    assert Measure.objects.filter(lifted_at=RUN).count() == 3
    assert list(FormOpening.objects.order_by("pk").values_list("closed_at", flat=True)) == [RUN, None]
    assert Admission.objects.get(declaration=opened.number).valid_to == RUN
    assert everywhere(Post).get(emergency=opened.number).valid_to == RUN
    assert set(everywhere(Pass).values_list("label", "revoked_at")) == {("排查一组01", None), ("志愿者01", RUN)}
    assert set(everywhere(Team).values_list("released_at", flat=True)) == {RUN}
    assert Campaign.objects.get().closed_at == RUN
    # Each closing is written down once, last opened first.
    closing = Entry.objects.filter(act="command.close_item").order_by("pk").values_list("data__kind", flat=True)
    assert len(closing) == 9 and "POSTURE" not in closing
    # The owners end theirs; the next run ends the posture. The records go on to their own time.
    for one in theirs:
        lift_measure(one, by=cast.district_head, at=RUN)
    report = run_plan(opened, seen=1, by=cast.city_commander, at=RUN + timedelta(hours=1))
    assert [one.item.kind for one in report.left] == ["ROSTER", "RECORDS"]
    assert not Posture.objects.filter(ended_at=None).exists()
    assert {one.kind: (one.opened, one.closed) for one in plan_view(opened, at=RUN).kinds} == {
        **KINDS, "MEASURE": (5, 5),
    }  # fmt: skip


@pytest.mark.row("EMG-8")
def test_it_goes_on_after_a_crash_and_of_two_at_once_one_is_told(cast, opened, monkeypatch):
    ended(cast, opened)
    real, calls = plans.close_item, []

    def dies(pk: int, **how: Any) -> bool:
        calls.append(pk)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(pk, **how)

    monkeypatch.setattr(plans, "close_item", dies)
    with pytest.raises(KeyboardInterrupt):
        run_plan(opened, seen=0, by=cast.city_commander, at=RUN)
    plan = ReleasePlan.objects.get()
    assert (plan.runs, plan.items.exclude(closed_at=None).count()) == (1, 2)
    monkeypatch.setattr(plans, "close_item", real)
    # Who had the page open before that run is told; nothing is written.
    with pytest.raises(RunByAnother) as told:
        run_plan(opened, seen=0, by=cast.city_commander, at=RUN)
    assert cast.city_commander.label in str(told.value)
    assert (ReleasePlan.objects.get().runs, plan.items.exclude(closed_at=None).count()) == (1, 2)
    report = run_plan(opened, seen=1, by=cast.city_commander, at=RUN)
    assert (report.closed, plan.items.count()) == (7, 15)
    doubled = Entry.objects.filter(act="command.close_item").values_list("subject", flat=True)
    assert len(doubled) == len(set(doubled)) == 9


@pytest.mark.row("EMG-8")
def test_a_run_may_be_cut_short_and_the_rest_is_the_next_ones(cast, opened):
    ended(cast, opened)
    first = run_plan(opened, seen=0, by=cast.city_commander, at=RUN, most=5)
    assert (
        first.more
        and first.plan.items.filter(closed_at=None).exclude(still_open__isnull=True).count() + first.closed == 5
    )
    rest = run_plan(opened, seen=1, by=cast.city_commander, at=RUN)
    assert (first.closed + rest.closed, rest.more) == (9, False)


@pytest.mark.row("EMG-8")
def test_what_cannot_be_closed_keeps_no_other_from_its_turn(cast, opened):
    ended(cast, opened)
    runs = [run_plan(opened, seen=seen, by=cast.city_commander, at=RUN, most=1) for seen in range(15)]
    items = runs[-1].plan.items
    assert (sum(run.closed for run in runs), items.filter(closed_at=None, still_open__isnull=True).count()) == (9, 0)


@pytest.mark.row("EMG-8")
def test_what_is_left_becomes_tasks_by_name_and_the_posture_ends(cast, opened):
    ended(cast, opened)
    with pytest.raises(PlanNotBegun):
        hand_over_plan(opened, by=cast.city_commander, at=RUN)
    run_plan(opened, seen=0, by=cast.city_commander, at=RUN)
    report = hand_over_plan(opened, by=cast.city_commander, at=RUN)
    tasks = everywhere(Task).filter(kind="RELEASE").order_by("pk")
    assert (report.handed_over, report.closed) == (3, 2)
    assert [task.owner.code for task in tasks] == ["5101:city-command"] + ["510104:district-command"] * 2
    assert not Posture.objects.filter(ended_at=None).exists()
    answer_task(tasks[1], state="DONE", by=cast.district_head, at=RUN + timedelta(hours=1))
    rows = plan_view(opened, at=RUN).open_rows
    assert [(row.kind, row.state) for row in rows] == [
        ("ROSTER", "GIVEN"), ("MEASURE", "GIVEN"), ("RECORDS", "LEFT"),
    ]  # fmt: skip


@pytest.mark.row("EMG-8", "EMG-3")
def test_a_district_does_not_release_what_the_city_declared(cast, opened):
    ended(cast, opened)
    with pytest.raises(NotFound):
        run_plan(opened, seen=0, by=cast.district_head, at=RUN)
    city_wide = Actor.system("x", acts=["release.run"], ranges=[range_of("510104"), range_of("510105")])
    below = Actor(
        label="d", acts=city_wide.acts, scope=city_wide.scope, unit_id=cast.unit("510104:district-command").pk
    )
    with pytest.raises(ReleaseOfAnother):
        run_plan(opened, seen=0, by=below, at=RUN)
    assert not ReleasePlan.objects.exists()


@pytest.mark.row("EMG-8")
def test_what_only_ground_and_time_tie_to_it_waits_for_its_owner_where_two_emergencies_hold(cast, opened):
    declare_epidemic(cast, number="成应急〔2026〕9号", codes=("510104",))
    ended(cast, opened)
    report = run_plan(opened, seen=0, by=cast.city_commander, at=RUN)
    held = {one.item.kind: one.reason for one in report.left if one.item.detail.get("by_ground")}
    assert set(held) == {"TEAMS", "PASSES", "ROSTER"}
    assert all("成应急〔2026〕9号" in reason for reason in held.values())
    assert not everywhere(Pass).exclude(revoked_at=None).exists()


@pytest.mark.row("EMG-8")
def test_activations_are_played_back_within_the_plan(cast, opened):
    activation = activate(cast, opened)
    assert "MEASURE" not in {line.kind for line in found_open(opened, at=RUN) if "措施" not in line.title}
    ended(cast, opened)
    at = cast.at + timedelta(days=15)  # shifts and round are over
    report = run_plan(opened, seen=0, by=cast.city_commander, at=at)
    activation.refresh_from_db()
    # The measures are over by themselves; what is left is not the activation's.
    assert [one.item.kind for one in report.left] == ["RECORDS"]
    assert activation.released_at == at
    assert report.plan.items.filter(activation=activation).count() == 14
    DueLot.objects.all().delete()
    done = run_plan(opened, seen=1, by=cast.city_commander, at=at)
    assert (done.left, done.plan.finished_at) == ([], at)
    with pytest.raises(PlanFinished):
        run_plan(opened, seen=2, by=cast.city_commander, at=at)


@pytest.mark.row("EMG-8")
def test_the_page_runs_it_and_the_file_names_every_line(cast, opened, settings, tmp_path):
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    cache.clear()
    set_clock(settings.CLOCK_FILE, shown=RUN.astimezone(UTC), speed=1)
    client = cast.client("city_commander")
    page = f"/releases/{opened.pk}"
    assert "解除" not in client.get(page).content.decode()
    assert client.post(f"{page}/run", {"seen": "0"}).status_code == 409
    assert not ReleasePlan.objects.exists()
    ended(cast, opened)
    assert client.post(f"{page}/run", {"seen": "x"}).status_code == 400
    assert client.post(f"{page}/run", {"seen": "0"}).status_code == 302
    told = client.post(f"{page}/run", {"seen": "0"})
    assert told.status_code == 409
    shown = client.get(page).content.decode()
    assert shown.count("state-soon") >= 6
    # Whoever ran it, each reads the reasons in their own language, on the page, on paper and in the file.
    item = ActivationItem.objects.filter(kind="MEASURE", closed_at=None).first()
    assert item.still_open["code"] == "command.imposer_lifts"
    issuer = item.still_open["data"]["issuer"]
    assert issuer == {"zh": item.owner.name, "en": item.owner.name_en}
    assert f"有效至 2026-12-04 12:00；由{issuer['zh']}采取，由其解除。" in shown
    said = f"In force until 2026-12-04 12:00; {issuer['en']} imposed it and lifts it."
    english = {"accept-language": "en"}
    assert said in client.get(page, headers=english).content.decode()
    assert said in client.get(f"{page}/lines.csv", headers=english).content.decode("utf-8-sig")
    lines = client.get(f"{page}/lines.csv").content.decode("utf-8-sig").strip().splitlines()
    assert len(lines) == 1 + 15
    assert cast.client("worker").get(page).status_code == 403
    assert cast.client("district_head").post(f"{page}/run", {"seen": "1"}).status_code == 404
    assert client.post(f"{page}/hand-over").status_code == 302
