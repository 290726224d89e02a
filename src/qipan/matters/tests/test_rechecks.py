"""After the close: a share drawn by lot is looked at again by a third, what comes back counts for who closed it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import localdate
from hypothesis import given
from hypothesis import strategies as st

from qipan.desk.api import Task, TaskState
from qipan.journal.api import verify
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import place_of, range_of
from qipan.kernel.refusal import NotAllowed

from ..actions.dispatching import dispatch_matter
from ..actions.filing import file_matter, reopen_matter
from ..actions.handling import confirm_matter, report_done, verify_matter
from ..actions.hazards import grade_hazard, inspect_hazard
from ..actions.rechecks import recheck_matter, set_sampling
from ..actions.sessions import prepare_session
from ..jobs import look, look_again
from ..models import Matter, MatterStep, Recheck, Sampling
from ..queries.audits import audit_counts, audit_rechecks
from ..queries.rechecks import sample_on, unit_closes, watched
from ..rules import loop, sampling
from ..rules.limits import month_of
from ..rules.loop import Loop, ReasonNeeded, S
from ..rules.sampling import LookedBefore, NoRecheck, Sample, SamplingWrong
from ..testing import PUBLIC, SPOT

CITY = [range_of("5101")]
LIGHTS = "5101:urban-management"
DISTRICT = "510104:district-command"


def everyone(world, share=100, after_days=10):
    return set_sampling(
        share=share, after_days=after_days, valid_from=localdate(world.at), by=world.cast.lead, at=world.at
    )


def closed(world, code="01003", unit=LIGHTS, kind="SOLVED", begins=None, place=SPOT, satisfied=True):
    """A matter from its report to its confirmed close within an hour."""
    at = begins or world.at
    reported = world.reported(code, at=at, place=place)
    matter, by = reported.matter, world.cast.dispatcher
    file_matter(matter, by=by, at=at + timedelta(minutes=1))
    dispatch_matter(matter, unit=world.cast.unit(unit), by=by, at=at + timedelta(minutes=2))
    report_done(matter, kind=kind, result="已更换", by=world.handler(unit), at=at + timedelta(minutes=30))
    verify_matter(matter, by=by, at=at + timedelta(minutes=40))
    confirm_matter(reported.report, satisfied=satisfied, by=PUBLIC, at=at + timedelta(hours=1))
    return Matter.objects.everywhere("a test").get(pk=matter.pk)


def open_task() -> Task:
    return Task.objects.everywhere("a test").select_related("owner").get(source__startswith="recheck:", closed_at=None)


def asked(world, **how):
    """A closed matter that the district command has on its desk to look at again."""
    everyone(world)
    matter = closed(world, **how)
    assert look_again(at=world.later(days=11)) == (1, 0)
    return matter


def counts(world):
    return {
        one.unit.code: one
        for one in unit_closes(CITY, since=localdate(world.at).replace(day=1), until=localdate(world.later(days=130)))
    }


AT = datetime(2026, 3, 2, 4, tzinfo=UTC)


@given(st.integers(1, 10**9), st.integers(0, 100), st.text(min_size=1, max_size=9))
def test_a_lot_is_always_the_same_and_lies_between_0_and_1(matter, share, key):
    lot = sampling.lot_of(matter, AT, key=key)
    assert 0 <= lot < 1 and lot == sampling.lot_of(matter, AT, key=key)
    assert sampling.is_drawn(Sample(100), lot) and not sampling.is_drawn(Sample(0), lot)
    # A larger share takes all that a smaller one takes.
    assert not sampling.is_drawn(Sample(share), lot) or all(
        sampling.is_drawn(Sample(n), lot) for n in range(share, 101)
    )


def test_five_percent_of_the_lots_are_drawn():
    drawn = sum(sampling.is_drawn(Sample(), sampling.lot_of(n, AT, key="a key")) for n in range(20_000))
    assert 900 <= drawn <= 1100  # 1,000 expected, three standard deviations are 92
    other = sum(sampling.is_drawn(Sample(), sampling.lot_of(n, AT, key="another")) for n in range(20_000))
    assert other != drawn  # nobody without the key can tell


@given(
    st.sampled_from(list(S)), st.integers(1, 4), st.integers(10, 13), st.sets(st.integers(1, 4)),
    st.sets(st.integers(10, 13)), st.none() | st.integers(1, 4), st.none() | st.integers(10, 13),
)  # fmt: skip
def test_only_a_third_unit_and_person_look_again(state, unit, account, handlers, workers, verifier, verified_by):
    now_ = Loop(state=state, handlers=frozenset(handlers), workers=frozenset(workers))
    third = unit not in handlers | {verifier} and account not in workers | {verified_by}
    try:
        sampling.look_again(now_, unit=unit, account=account, verifier=(verifier, verified_by))
    except NoRecheck:
        assert state != S.CLOSED
    except LookedBefore:
        assert state == S.CLOSED and not third
    else:
        assert state == S.CLOSED and third
    with pytest.raises((NoRecheck, LookedBefore)):
        sampling.look_again(now_, unit=None, account=account, verifier=(verifier, verified_by))


@pytest.mark.row("MAT-5")
def test_the_setting_is_dated_and_belongs_to_the_lead_organisation(world):
    lead, today = world.cast.lead, localdate(world.at)
    assert sample_on(today) == Sample(5, 10)
    set_sampling(share=20, after_days=7, valid_from=today + timedelta(days=3), by=lead, at=world.at)
    assert (sample_on(today), sample_on(today + timedelta(days=3))) == (Sample(5, 10), Sample(20, 7))
    set_sampling(share=30, after_days=7, valid_from=today + timedelta(days=3), by=lead, at=world.at)
    assert Sampling.objects.get().share == 30
    good = {"share": 5, "after_days": 5, "valid_from": today, "by": lead, "at": world.at}
    for how in (
        {"share": 101},
        {"share": -1},
        {"after_days": 0},
        {"after_days": 21},
        {"valid_from": today - timedelta(days=1)},
    ):
        with pytest.raises(SamplingWrong):
            set_sampling(**{**good, **how})
    with pytest.raises(NotAllowed):
        set_sampling(**{**good, "by": world.cast.dispatcher})
    assert Sampling.objects.count() == 1


@pytest.mark.row("MAT-5")
def test_a_close_is_drawn_by_the_setting_of_its_day_and_only_if_it_claims_to_be_solved(world):
    everyone(world, share=0)
    closed(world)
    assert not Recheck.objects.everywhere("a test").exists()
    everyone(world)
    matter = closed(world, begins=world.later(hours=2))
    closed(world, kind="EXPLAINED", begins=world.later(hours=4))
    [drawn] = Recheck.objects.everywhere("a test").select_related("closer")
    assert (drawn.matter_id, drawn.closer.code, drawn.ended_at) == (matter.pk, LIGHTS, matter.ended_at)
    assert drawn.look_at == matter.ended_at + timedelta(days=10)
    # Until its day nobody sees that it was drawn.
    assert look_again(at=world.later(days=9)) == (0, 0)
    assert not Task.objects.everywhere("a test").filter(source__startswith="recheck:").exists()


@pytest.mark.row("MAT-5")
def test_what_is_not_solved_is_reopened_and_counts_for_the_unit_that_closed_it(world):
    matter = asked(world)
    task = open_task()
    # The street verified it, so the level above the street looks, within five working days and the thirty.
    assert (task.owner.code, task.source.rpartition(":")[0]) == (DISTRICT, f"recheck:{matter.pk}")
    assert world.later(days=11) < task.due_at <= matter.ended_at + timedelta(days=30)
    head, at = world.cast.district_head, world.later(days=12)
    recheck_matter(matter, solved=False, note="灯仍不亮", by=head, at=at)
    held = Matter.objects.everywhere("a test").get(pk=matter.pk)
    assert (held.state, held.handler_id, held.closing) == ("FILED", None, "")
    done = Recheck.objects.everywhere("a test").get()
    assert (done.verdict, done.note, done.unit_id, done.at) == ("NOT_SOLVED", "灯仍不亮", head.unit_id, at)
    assert Task.objects.everywhere("a test").get(pk=task.pk).state == TaskState.DONE
    last = list(matter.steps.order_by("pk").values_list("kind", "detail", "unit__code", "note"))[-4:]
    assert last[0] == ("RECHECKED", "NOT_SOLVED", LIGHTS, "灯仍不亮")
    assert (last[1][0], last[1][2]) == ("REOPENED", LIGHTS)
    verified = f"SOLVED:GOVERNMENT:{month_of(matter.verified_at):%Y-%m}"
    assert last[2] == ("UNCOUNTED", verified, LIGHTS, "")
    said = f"SATISFIED:{month_of(matter.ended_at):%Y-%m}"
    assert last[3] == ("UNSAID", said, LIGHTS, "")  # its reporter is asked anew
    assert held.waiting.owner.code == "510104001:street-office"
    one = counts(world)[LIGHTS]
    assert (one.solved, one.reopened, one.returned, one.looked, one.not_solved) == (1, 1, 0, 1, 1)
    assert audit_counts() == [] and audit_rechecks() == [] and verify().differences == []


@pytest.mark.row("MAT-5")
def test_what_is_solved_stays_closed(world):
    matter = asked(world)
    recheck_matter(matter, solved=True, note="灯亮", by=world.cast.district_head, at=world.later(days=12))
    held = Matter.objects.everywhere("a test").get(pk=matter.pk)
    assert (held.state, held.closing, held.ended_at) == ("CLOSED", "SOLVED", matter.ended_at)
    one = counts(world)[LIGHTS]
    assert (one.solved, one.reopened, one.looked, one.not_solved) == (1, 0, 1, 0)
    assert look_again(at=world.later(days=40)) == (0, 0)
    assert audit_counts() == [] and audit_rechecks() == []


@pytest.mark.row("MAT-5")
def test_neither_handler_nor_verifier_looks_again(world):
    matter = asked(world)
    at, head = world.later(days=12), world.cast.district_head
    same_person = Actor(**{**head.__dict__, "account_id": 9001})  # reported it done
    verifier = Actor(**{**head.__dict__, "account_id": world.cast.dispatcher.account_id})
    handler = Actor(**{**world.handler().__dict__, "acts": frozenset({"matter.verify"})})
    steps = MatterStep.objects.count()
    for by, note, error in (
        (world.cast.dispatcher, "x", LookedBefore), (same_person, "x", LookedBefore), (verifier, "x", LookedBefore),
        (handler, "x", LookedBefore), (world.cast.lead, "x", NotAllowed), (head, " ", ReasonNeeded),
    ):  # fmt: skip
        with pytest.raises(error):
            recheck_matter(matter, solved=False, note=note, by=by, at=at)
    other = closed(world, begins=world.later(days=11))
    with pytest.raises(NoRecheck):  # drawn, but its day has not come
        recheck_matter(other, solved=True, note="x", by=head, at=at)
    assert MatterStep.objects.filter(matter=matter).count() < steps + 1
    assert open_task().closed_at is None and audit_rechecks() == []


def test_a_review_that_nobody_did_lapses_for_the_office_that_was_asked(world):
    matter = asked(world)
    task = open_task()
    assert look_again(at=world.later(days=30)) == (0, 0)
    assert look_again(at=world.later(days=31)) == (0, 1)
    assert Recheck.objects.everywhere("a test").get().verdict == "LAPSED"
    assert Task.objects.everywhere("a test").get(pk=task.pk).state == TaskState.RECALLED
    one = counts(world)
    assert (one[DISTRICT].not_looked, one[LIGHTS].looked, one[LIGHTS].not_looked) == (1, 0, 0)
    with pytest.raises(NoRecheck):
        recheck_matter(matter, solved=False, note="x", by=world.cast.district_head, at=world.later(days=32))
    assert audit_counts() == [] and audit_rechecks() == []


def test_a_matter_reopened_before_is_looked_at_no_more_and_drawn_anew_at_its_next_close(world):
    matter = asked(world)
    reopen_matter(matter, reason="又坏了", by=world.cast.dispatcher, at=world.later(days=12))
    with pytest.raises(NoRecheck):
        recheck_matter(matter, solved=True, note="x", by=world.cast.district_head, at=world.later(days=12))
    assert look_again(at=world.later(days=12)) == (0, 1)
    assert Recheck.objects.everywhere("a test").get().verdict == "DROPPED"
    dispatch_matter(matter, unit=world.cast.unit(LIGHTS), by=world.cast.dispatcher, at=world.later(days=12))
    report_done(matter, kind="SOLVED", result="已修", by=world.handler(), at=world.later(days=12, hours=1))
    verify_matter(matter, by=world.cast.dispatcher, at=world.later(days=12, hours=2))
    look(at=world.later(days=20))  # nobody speaks for a week: unconfirmed
    assert Recheck.objects.everywhere("a test").filter(verdict="").count() == 1
    assert not MatterStep.objects.filter(kind="RECURRED").exists()  # the same matter is no recurrence
    assert audit_counts() == [] and audit_rechecks() == []


@pytest.mark.row("MAT-5")
def test_the_same_at_the_same_place_within_90_days_counts_for_the_unit_that_closed(world):
    before = closed(world)
    again = closed(world, begins=world.later(days=60), place=SPOT + 3)  # a door of the same compound
    [step] = MatterStep.objects.filter(kind="RECURRED").select_related("unit")
    assert (step.matter_id, step.unit.code, step.note) == (again.pk, LIGHTS, before.number)
    assert step.at == world.later(days=60, minutes=2)  # at its first dispatch
    one = counts(world)[LIGHTS]
    assert (one.solved, one.returned) == (2, 1)
    # Another category, another compound, after 90 days: none.
    closed(world, code="11002", unit="5101:water", begins=world.later(days=61))
    closed(world, begins=world.later(days=61), place=place_of("510104001001002"))
    closed(world, begins=world.later(days=151))
    assert MatterStep.objects.filter(kind="RECURRED").count() == 1
    assert audit_counts() == []


def test_what_only_claimed_no_solution_or_was_reported_meanwhile_does_not_come_back(world):
    closed(world, kind="EXPLAINED")
    closed(world, begins=world.later(days=1))
    begun = world.reported(at=world.later(days=2)).matter
    closed(world, begins=world.later(days=3))  # counts: the second one was closed before
    file_matter(begun, by=world.cast.dispatcher, at=world.later(days=4))
    dispatch_matter(begun, unit=world.cast.unit(LIGHTS), by=world.cast.dispatcher, at=world.later(days=4))
    found = list(MatterStep.objects.filter(kind="RECURRED").order_by("pk").values_list("matter", "note"))
    second, third = Matter.objects.everywhere("a test").order_by("pk")[1:4:2]
    assert found == [(third.pk, second.number), (begun.pk, second.number)]


@pytest.mark.row("MAT-5", "MAT-11", "ORG-13")
def test_a_hazard_closed_as_solved_is_watched_for_90_days_and_what_came_back_is_on_the_agenda(world):
    by = world.cast.dispatcher
    reported = world.reported("05001")
    matter = file_matter(reported.matter, by=by, at=world.later(minutes=1))
    grade_hazard(matter, grade="MAJOR", measure="已围挡", by=by, at=world.later(minutes=2))
    housing = "5101:housing"
    dispatch_matter(matter, unit=world.cast.unit(housing), by=by, at=world.later(minutes=3))
    report_done(matter, kind="SOLVED", result="已拆除", by=world.handler(housing), at=world.later(minutes=20))
    assert watched(CITY, at=world.later(hours=1)) == []
    inspect_hazard(matter, remedied=True, note="已不存在", by=by, at=world.later(minutes=30))
    verify_matter(matter, by=by, at=world.later(minutes=31))
    confirm_matter(reported.report, satisfied=True, by=PUBLIC, at=world.later(minutes=40))
    [kept] = watched(CITY, at=world.later(days=1))
    assert (kept.site, kept.matter.pk, kept.since, kept.until, kept.returned) == (
        (SPOT, 0), matter.pk, world.later(minutes=40), world.later(days=90, minutes=40), (),
    )  # fmt: skip
    world.reported("01003", at=world.later(days=2))  # something else there
    again = file_matter(world.reported("05001", at=world.later(days=85)).matter, by=by, at=world.later(days=85))
    dispatch_matter(again, unit=world.cast.unit(housing), by=by, at=world.later(days=85))
    [kept] = watched(CITY, at=world.later(days=86))
    assert [one.pk for one in kept.returned] == [again.pk]
    session = prepare_session(by=world.cast.lead, at=world.later(days=86))
    item = session.items.get(kind="RECURRED")
    behind = item.matters.through.objects.filter(agendaitem=item).values_list("matter", flat=True)
    assert (item.n, list(behind)) == (1, [again.pk])
    assert watched(CITY, at=world.later(days=91)) == []
    assert watched([range_of("510105")], at=world.later(days=1)) == []


@pytest.mark.row("MAT-5", "ORG-9")
def test_a_hot_spot_is_watched_when_all_its_matters_have_ended(world):
    ends = [closed(world, begins=world.later(days=n)) for n in range(2)]
    open_one = world.reported(at=world.later(days=3)).matter
    session = prepare_session(by=world.cast.lead, at=world.later(days=4))
    assert session.items.get(kind="HOT_SPOT").n == 3
    assert watched(CITY, at=world.later(days=5)) == []
    by = world.cast.dispatcher
    file_matter(open_one, by=by, at=world.later(days=5))
    dispatch_matter(open_one, unit=world.cast.unit(LIGHTS), by=by, at=world.later(days=5))
    report_done(open_one, kind="SOLVED", result="已修", by=world.handler(), at=world.later(days=5))
    verify_matter(open_one, by=by, at=world.later(days=5))
    look(at=world.later(days=13))
    [kept] = watched(CITY, at=world.later(days=14))
    assert (kept.site, kept.matter, kept.since, kept.returned) == ((SPOT, 0), None, world.later(days=13), ())
    world.reported("11002", at=world.later(days=20))  # of whatever category
    [kept] = watched(CITY, at=world.later(days=21))
    assert len(kept.returned) == 1 and kept.until == world.later(days=103)
    assert watched(CITY, at=world.later(days=104)) == [] and ends


def test_a_drill_is_neither_looked_at_nor_watched(world):
    everyone(world)
    matter = closed(world)
    Recheck.objects.everywhere("a test").all().delete()
    Matter.objects.everywhere("a test").filter(pk=matter.pk).update(drill=True)
    closed(world, begins=world.later(days=1))
    assert not MatterStep.objects.filter(kind="RECURRED").exists()
    assert watched(CITY, at=world.later(days=2)) == []


def test_an_audit_finds_a_review_without_its_step(world):
    matter = asked(world)
    recheck_matter(matter, solved=True, note="灯亮", by=world.cast.district_head, at=world.later(days=12))
    Recheck.objects.everywhere("a test").update(verdict="NOT_SOLVED")
    assert len(audit_rechecks()) == 2
    Recheck.objects.everywhere("a test").update(verdict="")
    assert any("verdict and task" in line for line in audit_rechecks())


@pytest.fixture
def lively(world):
    """A matter closed eleven days ago that waits to be looked at again now."""
    world.cast.at = now().replace(microsecond=0) - timedelta(days=11)
    Sampling.objects.create(
        share=100, after_days=10, valid_from=localdate(world.at) - timedelta(days=9), at=world.at, by_label="lead"
    )
    matter = closed(world)
    assert look_again(at=now()) == (1, 0)
    return world, matter


@pytest.mark.row("MAT-5")
def test_the_pages_of_the_sampled_review(lively):
    world, matter = lively
    head = world.cast.client("district_head")
    listed = head.get("/matters/rechecks").content.decode()
    assert f'href="/matters/{matter.pk}/recheck"' in listed and "100" in listed and "抽查比例" not in listed
    page = head.get(f"/matters/{matter.pk}").content.decode()
    assert "跟踪至" in page and f'href="/matters/{matter.pk}/recheck"' in page
    form = head.get(f"/matters/{matter.pk}/recheck").content.decode()
    assert "已更换" in form and "并未解决：重新打开" in form
    task = open_task()
    assert f'href="/matters/{matter.pk}/recheck"' in head.get(f"/desk/tasks/{task.pk}").content.decode()
    said = {"solved": "0", "note": "灯仍不亮"}
    for who, status in (("dispatcher", 403), ("department", 403), ("neighbour_head", 404), ("auditor", 403)):
        assert world.cast.client(who).post(f"/matters/{matter.pk}/recheck", said).status_code == status, who
    assert head.post(f"/matters/{matter.pk}/recheck", {**said, "note": ""}).status_code == 400
    assert Recheck.objects.everywhere("a test").get().verdict == ""
    assert head.post(f"/matters/{matter.pk}/recheck", said).status_code == 302
    assert head.post(f"/matters/{matter.pk}/recheck", said).status_code == 409
    assert "并未解决" in head.get(f"/matters/{matter.pk}/recheck").content.decode()
    assert "灯仍不亮" in head.get("/matters/rechecks").content.decode()
    lead = world.cast.client("lead")
    assert "抽查比例" in lead.get("/matters/rechecks").content.decode()
    given_ = {"share": "20", "after_days": "7", "valid_from": f"{localdate(now()) + timedelta(days=2):%F}"}
    assert world.cast.client("dispatcher").post("/matters/rechecks", given_).status_code == 403
    for how in ({"share": "101"}, {"share": "x"}, {"after_days": "0"}, {"valid_from": "2020-01-01"}):
        answer = lead.post("/matters/rechecks", {**given_, **how})
        assert answer.status_code == 400 and "field-error" in answer.content.decode(), how
    assert Sampling.objects.count() == 1
    assert lead.post("/matters/rechecks", given_).status_code == 302
    assert Sampling.objects.count() == 2
    for client, says in ((lead, "Closed as solved"), (world.cast.client("department"), "Looked at again")):
        assert says in client.get("/matters/rechecks", headers={"Accept-Language": "en"}).content.decode()
    assert "灯仍不亮" not in world.cast.client("department").get("/matters/rechecks").content.decode()


def test_the_hazards_states_are_those_of_the_loop():
    assert sampling.look_until(AT) == AT + loop.REOPEN_WITHIN
    assert sampling.watched_until(AT) == AT + timedelta(days=90)


def test_nothing_is_promised_of_what_lies_nowhere_nearer_than_a_street():
    closed = {"state": "CLOSED", "closing": "SOLVED", "confirmation": "CONFIRMED", "ended_at": AT}
    assert Matter(place=place_of("510104001001001"), **closed).watched_until == AT + timedelta(days=90)
    assert Matter(place=place_of("510104001001"), **closed).watched_until == AT + timedelta(days=90)
    assert Matter(place=place_of("510104001"), **closed).watched_until is None
    assert Matter(place=place_of("510104001"), cell=1, **closed).watched_until == AT + timedelta(days=90)
