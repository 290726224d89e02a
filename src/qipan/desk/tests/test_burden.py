"""Work admission in full and the burden meter (SVC-9, SVC-13)."""

import io
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from django.utils.timezone import get_default_timezone
from hypothesis import given
from hypothesis import strategies as st

from qipan.access.testing import Cast
from qipan.desk import rules
from qipan.desk.actions.admissions import (
    AlreadyDecided,
    BasisMissing,
    MoreThanAsked,
    admit_emergency,
    apply_admission,
    decide_admission,
)
from qipan.desk.actions.sending import NotAdmitted, ShortNoticeAtNight, send_task
from qipan.desk.models import Admission, BurdenIndex, Task
from qipan.desk.queries.burden import audit_burden, by_demander, by_week
from qipan.desk.terms import TaskKind
from qipan.journal.api import entries_of
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput

from .test_receipts import send, tasks

ZONE = get_default_timezone()
CITY = range_of("5101")


def apply(city: Cast, **changes) -> Admission:
    asked = {
        "title": "每周台账",
        "basis": "无",
        "organ_types": ["community"],
        "activity": "FORM",
        "questions": 40,
        "how_often": "WEEKLY",
        "minutes_per_unit": 60,
        "valid_from": city.at,
        "valid_to": city.at + timedelta(days=365),
        "by": city.department,
        "at": city.at,
    }
    return apply_admission(**asked | changes)


def admit(city: Cast, admission: Admission, **changes) -> Admission:
    said = {"admitted": True, "reason": "同意", "by": city.lead, "at": city.at}
    return decide_admission(admission, **said | changes)


def ask(city: Cast, admission: Admission | None, **changes) -> int:
    """The department's own demand, at noon with a day's time unless said otherwise."""
    said = {
        "asker": city.unit("5101:health"),
        "organ_types": ["community"],
        "admission": admission,
        "due_at": changes.get("at", city.at) + timedelta(days=1),
        "by": city.department,
    }
    return send(city, **said | changes)


@pytest.mark.row("SVC-9")
def test_unadmitted_work_is_refused_with_the_rule_and_nothing_is_sent(city: Cast):
    waiting = apply(city)
    for admission in (None, waiting, admit(city, waiting, admitted=False, reason="已有此表")):
        with pytest.raises(NotAdmitted) as refusal:
            ask(city, admission)
        assert refusal.value.code == "not_admitted"
    assert tasks() == []
    assert BurdenIndex.objects.everywhere("a test").count() == 0


@pytest.mark.row("SVC-9")
def test_the_lead_organisation_admits_four_columns_for_three_months(city: Cast):
    admission = apply(city)
    assert (admission.units, admission.hours, admission.monthly_hours) == (8, 8.0, 34.7)
    until = city.at + timedelta(days=90)
    for more in ({"questions": 41}, {"valid_to": city.at + timedelta(days=366)}, {"questions": 0}):
        with pytest.raises(MoreThanAsked):
            admit(city, admission, **more)
    admission.refresh_from_db()
    assert admission.state == "APPLIED"
    admitted = admit(city, admission, questions=4, valid_to=until, reason="四项，三个月")
    assert (admitted.questions, admitted.minutes_per_unit, admitted.valid_to) == (4, 6, until)
    assert admitted.monthly_hours == 3.5
    assert admitted.asked == {
        "questions": 40,
        "minutes_per_unit": 60,
        "monthly_hours": 34.7,
        "valid_to": (city.at + timedelta(days=365)).isoformat(),
    }
    assert list(entries_of("desk.decide_admission"))[-1].data["asked"]["questions"] == 40
    with pytest.raises(AlreadyDecided):
        admit(city, admission)
    with pytest.raises(NotAdmitted):
        ask(city, admitted, at=until)


@pytest.mark.row("SVC-9")
@pytest.mark.parametrize(
    "wrong",
    [
        {"questions": -1},
        {"questions": 1001},
        {"activity": "PARTY"},
        {"how_often": "HOURLY"},
        {"form_code": "ledger", "questions": 0},
    ],
)
def test_a_wrong_application_writes_nothing(city: Cast, wrong: dict):
    with pytest.raises(BadInput):
        apply(city, **wrong)
    assert Admission.objects.count() == 0


@pytest.mark.row("SVC-9")
def test_the_page_shows_the_cost_before_it_is_sent_and_both_sides_afterwards(city: Cast):
    department, lead = city.client("department"), city.client("lead")
    typed = {
        "title": "每周台账",
        "basis": "清单第3项",
        "activity": "FORM",
        "questions": "40",
        "how_often": "WEEKLY",
        "minutes_per_unit": "60",
        "organ_types": ["community"],
        "valid_from": f"{city.at:%Y-%m-%d}",
        "valid_to": f"{city.at + timedelta(days=364):%Y-%m-%d}",
    }
    english = {"headers": {"Accept-Language": "en"}}
    shown = department.post("/admissions", typed, **english)
    assert "This would cost 8 units 34.7 working hours a month." in shown.content.decode()
    stale = department.post("/admissions", typed | {"minutes_per_unit": "90", "seen": "8:34.7"}, **english)
    assert "52.0 working hours a month" in stale.content.decode()
    assert Admission.objects.count() == 0
    assert department.post("/admissions", typed | {"seen": "8:34.7"}).status_code == 302
    admission = Admission.objects.get()
    assert "34.7 working hours a month" in lead.get("/admissions", **english).content.decode()
    last = city.at + timedelta(days=90)
    said = {"admitted": "1", "reason": "四项", "questions": "4", "valid_to": f"{last:%Y-%m-%d}"}
    assert lead.post(f"/admissions/{admission.pk}/decide", said | {"questions": "99"}).status_code == 409
    assert lead.post(f"/admissions/{admission.pk}/decide", said).status_code == 302
    admission.refresh_from_db()
    assert (admission.questions, admission.monthly_hours) == (4, 3.5)
    listed = city.client("worker").get("/admissions", **english).content.decode()
    assert "40 questions, 34.7 working hours a month" in listed
    assert "admitted in part" in listed


@pytest.mark.row("SVC-9")
@pytest.mark.parametrize(
    ("at", "notice", "refused"),
    [((23, 30), 30, True), ((23, 30), 120, False), ((6, 30), 60, True), ((14, 0), 30, False), ((21, 30), 60, True)],
)
def test_nobody_is_asked_at_night_for_at_once(city: Cast, at: tuple[int, int], notice: int, refused: bool):
    begin = datetime(2026, 3, 3, 0, tzinfo=ZONE).astimezone(UTC)
    admission = admit(city, apply(city, valid_from=begin))
    moment = datetime(2026, 3, 3, *at, tzinfo=ZONE).astimezone(UTC)
    due_at = moment + timedelta(minutes=notice)
    alone = {
        "kind": TaskKind.REQUEST,
        "source": "request:1",
        "title": "补报",
        "asker": city.unit("5101:health"),
        "owner": city.unit("510104001001:community"),
        "place": city.unit("510104001001:community").place,
        "basis": "清单",
        "admission": admission,
        "due_at": due_at,
        "by": city.department,
        "at": moment,
    }
    if not refused:
        assert ask(city, admission, at=moment, due_at=due_at) == 8
        assert send_task(**alone).pk
        return
    with pytest.raises(ShortNoticeAtNight):
        ask(city, admission, at=moment, due_at=due_at)
    with pytest.raises(ShortNoticeAtNight):
        send_task(**alone)
    assert tasks() == []
    assert ask(city, admission, at=moment, due_at=due_at, named_person="陈主任") == 8


@pytest.mark.row("SVC-13")
def test_the_meter_keeps_minutes_by_demander_community_and_week(city: Cast):
    admission = admit(city, apply(city))
    week = rules.week_of(city.at)
    assert ask(city, admission) == 8
    assert ask(city, admission) == 0  # a resend costs nobody anything
    assert ask(city, admission, source="directive:2") == 8
    assert ask(city, admission, source="directive:3", drill=True) == 8
    [line] = by_demander([CITY], week)
    assert (line.key, line.burden.communities, line.burden.tasks, line.burden.minutes) == ("5101:health", 8, 16, 960)
    assert (line.burden.hours, line.burden.each, line.burden.shares) == (16.0, 2.0, [16.0, 0.0, 0.0, 0.0])
    [below] = by_demander([range_of("510104001001")], week)
    assert (below.burden.communities, below.burden.minutes, below.burden.each) == (1, 120, 2.0)
    assert by_demander([CITY], week - timedelta(weeks=1)) == []
    assert [one.burden.minutes for one in by_week([CITY], week)] == [960, *[0] * 7]
    assert audit_burden() == []
    Task.objects.everywhere("a test").filter(source="directive:2").first().delete()
    assert len(audit_burden()) == 1


@pytest.mark.row("SVC-13")
def test_an_emergency_counts_for_the_command_and_only_for_communities(city: Cast):
    admission = admit_emergency(
        title="核查",
        declaration="1号",
        basis="应对法",
        minutes_per_unit=30,
        valid_to=city.at + timedelta(days=3),
        by=city.city_commander,
        at=city.at,
    )
    assert send(city, admission=admission) == 8 + 16
    [line] = by_demander([CITY], rules.week_of(city.at))
    assert (line.key, line.burden.tasks, line.burden.hours) == ("5101:city-command", 8, 4.0)
    assert audit_burden() == []


@pytest.mark.row("SVC-13")
def test_the_burden_page_names_demanders_and_is_taken_along(city: Cast):
    ask(city, admit(city, apply(city)))
    week = rules.week_of(city.at)
    english = {"headers": {"Accept-Language": "en"}}
    lead = city.client("lead").get("/burden", **english)
    assert lead.status_code == 200
    assert '<dd class="num" id="burden-each">1.0</dd>' in lead.content.decode()
    assert [line.key for line in lead.context["top"]] == ["5101:health"]
    assert [line.burden.hours for line in lead.context["areas"]] == [4.0, 4.0]
    worker = city.client("worker").get("/burden").context
    assert (worker["whole"].communities, worker["whole"].hours) == (1, 1.0)
    assert "社区负担" in city.client("worker").get("/burden").content.decode()
    empty = city.client("lead").get(f"/burden?week={week - timedelta(weeks=3)}", **english).content.decode()
    assert "Nothing was asked of communities in this week." in empty
    lines = city.client("worker").get("/burden.csv", **english).content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].endswith(",form or ledger,1,1.0")
    book = openpyxl.load_workbook(io.BytesIO(city.client("lead").get("/burden.xlsx").content))
    assert book.active.max_row == 9
    assert city.client("worker").get("/burden?area=510105").status_code == 404
    assert city.client("worker").get("/burden.pdf").status_code == 404
    assert city.client("lead").get("/burden?week=last").status_code == 400
    assert city.client("stranger").get("/burden").status_code == 404
    assert city.client("anonymous").get("/burden").status_code == 302


@pytest.mark.row("SVC-9")
def test_the_story_costs_5200_hours_a_month():
    assert rules.hours_a_month(60, 1200, "WEEKLY") == 5200.0
    assert rules.hours_a_month(60, 12, "DAILY") == 365.0
    assert rules.hours_a_month(90, 2, "ONCE") == rules.hours_a_month(90, 2, "MONTHLY") == 3.0


@given(st.integers(0, 10_000), st.integers(1, 1000), st.data())
def test_fewer_questions_never_take_longer_nor_nothing(minutes: int, asked: int, data: st.DataObject):
    admitted = data.draw(st.integers(1, asked))
    cut = rules.cut_minutes(minutes, asked=asked, admitted=admitted)
    assert minutes * admitted <= cut * asked < minutes * admitted + asked
    assert cut <= minutes


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_week_begins_on_monday(day: date):
    monday = rules.week_of(day)
    assert monday.weekday() == 0
    assert timedelta(0) <= day - monday < timedelta(weeks=1)


@pytest.mark.row("SVC-9")
def test_work_without_a_basis_is_shown_as_such_and_admitted_only_on_one(city: Cast):
    admission = apply(city, basis=" ")
    assert admission.basis == ""
    lead, english = city.client("lead"), {"headers": {"Accept-Language": "en"}}
    assert "No basis is named." in city.client("worker").get("/admissions", **english).content.decode()
    before = (Admission.objects.get().state, len(list(entries_of("desk.decide_admission"))))
    refused = lead.post(f"/admissions/{admission.pk}/decide", {"admitted": "1", "reason": "typed"}, **english)
    page = refused.content.decode()
    assert refused.status_code == 400
    assert "name the one on which you admit it" in page and 'value="typed"' in page
    with pytest.raises(BasisMissing):
        admit(city, admission, basis="  ")
    assert (Admission.objects.get().state, len(list(entries_of("desk.decide_admission")))) == before == ("APPLIED", 0)
    admitted = admit(city, admission, basis="list 4")
    assert (admitted.basis, admitted.asked) == ("list 4", {"basis": ""})
    named = admit(city, apply(city, basis="law 7"), basis="another")
    assert (named.basis, named.asked) == ("law 7", {})
    assert admit(city, apply(city, basis=""), admitted=False).state == "REFUSED"
