"""A form that is asked each week or month: the clock opens each next round once, and recall ends the series."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils.timezone import get_default_timezone
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from qipan.access.testing import Cast
from qipan.command import rules
from qipan.command.actions.asking import (
    RhythmNotAdmitted,
    RoundsOverlap,
    SeriesIncomplete,
    SeriesTooLong,
    SeriesTooShort,
    open_for,
)
from qipan.command.actions.rounds import open_rounds
from qipan.command.api import Directive, recall_directive, revise_directive
from qipan.command.jobs import ask_next_rounds
from qipan.command.queries import series_of
from qipan.desk.api import Task, end_admission
from qipan.forms.api import Form, FormOpening, Outcome, open_forms, take_submission
from qipan.forms.testing import publish
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import NOTICE, after_night, robs_sleep, touches_night
from qipan.kernel.place import range_of

from .conftest import Entry, Message
from .test_asking import CHOICES, CODE, JINJIANG, SURVEY, admit, answer, ask, refused, states

ZONE = get_default_timezone()
OWN = "510104001001:community"
CLOCK = Actor.system("rounds of directives", acts=["directive.issue"], ranges=[range_of("5101")])
WEEK = timedelta(weeks=1)


@pytest.fixture
def form(cast: Cast) -> Form:
    survey = [SURVEY[0], ["end", "ended", "", "", "", "", ""], *SURVEY[1:]]
    return publish(cast, code=CODE, subject="UNIT", survey=survey, choices=CHOICES, issuer="5101:health")


def weekly(cast: Cast, form: Form, **changes: Any) -> Directive:
    admission = changes.pop("admission", None) or admit(cast, how_often="WEEKLY", valid_to=cast.at + timedelta(days=28))
    said = {"every": "WEEKLY", "repeat_until": (cast.at + 3 * WEEK).date()}
    return ask(cast, form, admission, **said | changes)


def filled(cast: Cast, name: str, *, ended: datetime, sent: datetime) -> Outcome:
    raw = (
        f'<data id="{CODE}" version="1"><ended>{ended.isoformat(timespec="milliseconds")}</ended><people>1</people><photo></photo>'
        f"<meta><instanceID>uuid:{name}</instanceID></meta></data>"
    )
    return take_submission(raw.encode(), by=cast.worker, at=sent).outcome


@pytest.mark.row("SVC-9", "SVC-13")
def test_the_clock_opens_each_round_once_with_its_own_tasks_and_due_time(cast: Cast, form: Form) -> None:
    first = weekly(cast, form)
    assert (first.next_at, open_rounds(by=CLOCK, at=cast.at + WEEK - timedelta(minutes=1))) == (cast.at + WEEK, 0)
    assert [open_rounds(by=CLOCK, at=cast.at + WEEK) for _n in range(2)] == [1, 0]
    second = Directive.objects.get(round=2)
    assert (second.number, second.version, second.series_id, second.issued_at) == (
        first.number,
        1,
        first.pk,
        cast.at + WEEK,
    )
    assert (second.due_at, second.recipients) == (cast.at + WEEK + timedelta(days=3), 4)
    assert set(states(second).values()) == {"SENT"}
    assert [one.source for one in open_forms([JINJIANG], at=cast.at + WEEK)] == [second.source, first.source]
    assert Message.objects.filter(key=second.source).count() == 1
    first.refresh_from_db()
    assert first.next_at == cast.at + 2 * WEEK
    for n in (2, 3, 4, 5):
        open_rounds(by=CLOCK, at=cast.at + n * WEEK)
    assert list(Directive.objects.order_by("round").values_list("round", flat=True)) == [1, 2, 3, 4]
    first.refresh_from_db()
    assert first.next_at is None
    page = cast.client("lead").get(f"/burden?week={cast.at + WEEK:%F}")
    [line] = page.context["top"]
    assert (line.key, line.burden.tasks, line.burden.minutes) == ("5101:health", 4, 48)


@pytest.mark.row("SVC-9")
def test_a_round_that_breaks_off_leaves_nothing_holds_up_no_other_and_is_tried_again(
    cast: Cast, form: Form, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = weekly(cast, form), weekly(cast, form, number="成卫〔2026〕8号")
    at = cast.at + WEEK
    with monkeypatch.context() as patch:

        def broken(directive: Directive, *args: Any, **given: Any) -> None:
            if directive.number == first.number:
                raise OSError("the machine stopped")
            open_for(directive, *args, **given)

        patch.setattr("qipan.command.actions.directives.open_for", broken)
        assert open_rounds(by=CLOCK, at=at) == 1
    assert f"The next round of directive {first.pk} cannot be opened" in caplog.text
    assert [one.series_id for one in Directive.objects.filter(round=2)] == [second.pk]
    assert Task.objects.everywhere("a test").count() == 3 * 4
    assert FormOpening.objects.count() == 3
    assert [open_rounds(by=CLOCK, at=at + timedelta(minutes=1)) for _n in range(2)] == [1, 0]
    assert (Directive.objects.count(), FormOpening.objects.count()) == (4, 4)


def test_what_would_open_at_night_waits_till_morning_with_all_of_its_time(cast: Cast, form: Form) -> None:
    late = cast.at.replace(hour=21, minute=30)
    first = weekly(cast, form, at=late, due_at=late + timedelta(hours=20))
    Directive.objects.filter(pk=first.pk).update(issued_at=late + timedelta(hours=2))  # as of a drill at night
    Directive.objects.filter(pk=first.pk).update(next_at=after_night(late + WEEK + timedelta(hours=2), ZONE))
    morning = (cast.at + WEEK + timedelta(days=1)).replace(hour=7, minute=0)
    assert open_rounds(by=CLOCK, at=late + WEEK + timedelta(hours=2)) == 0
    assert open_rounds(by=CLOCK, at=morning - timedelta(minutes=1)) == 0
    assert open_rounds(by=CLOCK, at=morning) == 1
    second = Directive.objects.get(round=2)
    assert (second.decided_at, second.due_at) == (morning, morning + timedelta(hours=18))


def test_where_the_clock_stood_still_only_the_newest_round_is_asked(cast: Cast, form: Form) -> None:
    first = weekly(cast, form)
    at = cast.at + 2 * WEEK + timedelta(days=2, hours=23)
    assert open_rounds(by=CLOCK, at=at) == 1
    third = Directive.objects.get(series=first)
    assert (third.round, third.due_at) == (3, at + NOTICE)  # an hour was left: two are given
    series = series_of(first, scope=cast.department.scope)
    assert series is not None
    assert (list(series.left_out), [row.directive.round for row in series.rounds]) == ([2], [3, 1])


@pytest.mark.row("SVC-13")
def test_an_answer_closes_the_round_in_which_it_was_filled_in(cast: Cast, form: Form) -> None:
    first = weekly(cast, form)
    open_rounds(by=CLOCK, at=cast.at + WEEK)
    second = Directive.objects.get(round=2)
    day = timedelta(days=1)
    assert filled(cast, "a", ended=cast.at + 2 * day, sent=cast.at + 8 * day) == Outcome.TAKEN
    assert (states(first)[OWN], states(second)[OWN]) == ("DONE", "SENT")
    # The first round is answered: what was filled in for it once more is not the second one's answer.
    assert filled(cast, "b", ended=cast.at + 3 * day, sent=cast.at + 9 * day) == Outcome.TAKEN
    assert states(second)[OWN] == "SENT"
    assert filled(cast, "c", ended=cast.at + 9 * day, sent=cast.at + 9 * day) == Outcome.TAKEN
    assert states(second)[OWN] == "DONE"


def test_last_weeks_answer_that_comes_after_its_form_closed_is_still_last_weeks(cast: Cast, form: Form) -> None:
    first = weekly(cast, form, due_at=cast.at + timedelta(hours=6))  # open for late answers until a week after that
    open_rounds(by=CLOCK, at=cast.at + WEEK)
    second = Directive.objects.get(round=2)
    sent = cast.at + WEEK + timedelta(hours=7)
    assert filled(cast, "late", ended=cast.at + timedelta(hours=5), sent=sent) == Outcome.TAKEN
    assert (states(first)[OWN], states(second)[OWN]) == ("DONE", "SENT")


def test_a_recall_ends_the_series(cast: Cast, form: Form) -> None:
    first = weekly(cast, form)
    open_rounds(by=CLOCK, at=cast.at + WEEK)
    second, at = Directive.objects.get(round=2), cast.at + WEEK + timedelta(hours=1)
    assert filled(cast, "a", ended=at, sent=at) == Outcome.TAKEN  # closes the older of the two
    assert recall_directive(second, reason="不再需要", by=cast.department, at=at) == 7
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.next_at, first.recalled_at, second.recalled_at, open_forms([JINJIANG], at=at)) == (None, at, at, [])
    assert open_rounds(by=CLOCK, at=cast.at + 2 * WEEK) == 0
    assert (states(first)[OWN], states(second)[OWN]) == ("DONE", "RECALLED")


def test_a_new_version_begins_the_series_anew(cast: Cast, form: Form) -> None:
    first = weekly(cast, form)
    open_rounds(by=CLOCK, at=cast.at + WEEK)
    at = cast.at + WEEK + timedelta(hours=1)
    said = {
        "title": "填报人数",
        "body": "请按时填报。",
        "basis": "清单 4",
        "decided_at": at,
        "due_at": at + timedelta(days=2),
    }
    new = revise_directive(first, **said, repeat_until=(cast.at + 2 * WEEK).date(), by=cast.department, at=at)
    first.refresh_from_db()
    assert (first.next_at, new.next_at, new.every) == (None, at + WEEK, "WEEKLY")
    assert [name for name, _old, _new in new.changes] == ["body", "due_at", "repeat_until"]
    assert set(states(Directive.objects.get(round=2, version=1)).values()) == {"RECALLED"}
    assert open_rounds(by=CLOCK, at=at + WEEK) == 1
    assert open_rounds(by=CLOCK, at=at + 2 * WEEK) == 0
    assert list(Directive.objects.filter(version=2).order_by("round").values_list("round", flat=True)) == [1, 2]


@pytest.mark.row("SVC-9", "ORG-10")
def test_an_admission_that_was_ended_ends_the_series_and_whoever_asked_is_told(cast: Cast, form: Form) -> None:
    first = weekly(cast, form)
    assert first.admission is not None
    end_admission(first.admission, reason="取消", by=cast.lead, at=cast.at + timedelta(days=1))
    before = Entry.objects.count()
    assert [open_rounds(by=CLOCK, at=cast.at + n * WEEK) for n in (1, 2)] == [0, 0]
    first.refresh_from_db()
    assert (Directive.objects.count(), FormOpening.objects.count(), first.next_at) == (1, 1, None)
    assert Entry.objects.count() == before + 2  # the card, and why
    with override("en"):
        assert first.why_ended.startswith("This is work for") and first.why_ended.endswith("Nothing was sent.")
    card = Task.objects.everywhere("a test").get(source=f"series:{first.pk}")
    assert (card.owner.code, card.kind) == ("5101:health", "CARD")
    page = cast.client("department").get(f"/directives/{first.pk}", headers={"Accept-Language": "en"}).content.decode()
    assert "The clock opened no further round: This is work for" in page


@pytest.mark.row("SVC-9")
def test_a_series_that_cannot_be_is_refused_and_nothing_is_sent(cast: Cast, form: Form) -> None:
    admission = admit(cast, how_often="MONTHLY", valid_to=cast.at + timedelta(days=28))
    series = {"every": "WEEKLY", "repeat_until": (cast.at + 3 * WEEK).date()}
    said = refused(cast, RhythmNotAdmitted, form, admission, **series)
    assert said == "“人数统计” was admitted to be asked every month; that is less often."
    admission = admit(cast, how_often="WEEKLY", valid_to=cast.at + timedelta(days=28))
    for refusal, changes in (
        (SeriesIncomplete, {"due_at": None}),
        (SeriesIncomplete, {"repeat_until": None}),
        (SeriesIncomplete, {"form": None}),
        (SeriesTooShort, {"repeat_until": (cast.at + timedelta(days=6)).date()}),
        (RoundsOverlap, {"due_at": cast.at + timedelta(days=8)}),
        (SeriesTooLong, {"repeat_until": (cast.at + 4 * WEEK).date()}),
    ):
        refused(cast, refusal, changes.pop("form", form), admission, **series | changes)


def test_the_pages_show_rounds_with_what_came_back(cast: Cast, form: Form) -> None:
    admission = admit(cast, how_often="WEEKLY", valid_to=cast.at + timedelta(days=28))
    english = {"headers": {"Accept-Language": "en"}}
    department = cast.client("department")
    typed = {
        "areas": "510104", "organ_types": "community", "number": "7号", "title": "填报", "body": "请填报。", "basis": "清单 4",
        "decided_at": "2026-11-20T10:00", "admission": admission.pk, "form": CODE, "every": "WEEKLY",
    }  # fmt: skip
    told = department.post("/directives/new", typed | {"form": "", "confirmed": "4"}, **english)
    assert told.status_code == 400
    assert {name: list(words) for name, words in told.context["form"].errors.items()} == {
        "every": ["Choose the form that is asked again."],
        "due_at": ["Say when the first round is due; each further round has as much time."],
        "repeat_until": ["Say until when it is asked again."],
    }
    assert Directive.objects.count() == 0
    first = weekly(cast, form, admission=admission)
    open_rounds(by=CLOCK, at=cast.at + WEEK)
    assert answer(cast, days=7) == Outcome.TAKEN
    page = department.get(f"/directives/{first.pk}", **english)
    rows = [
        (row.directive.round, row.receipts.asked, row.receipts.done, row.missing)
        for row in page.context["series"].rounds
    ]
    assert rows == [(2, 4, 0, 4), (1, 4, 1, 3)]
    second = Directive.objects.get(round=2)
    assert (page.context["may_recall"], "next round" in page.content.decode()) == (True, True)
    page = department.get(f"/directives/{second.pk}", **english)
    assert (page.context["may_recall"], f'href="/directives/{first.pk}">the directive of' in page.content.decode()) == (
        False,
        True,
    )
    assert "round 2" in department.get("/directives", **english).content.decode()
    own = cast.client("worker").get(f"/directives/{second.pk}", **english).context["series"]
    assert [(row.receipts.asked, row.missing) for row in own.rounds] == [(1, 1), (1, 0)]  # of the own ground


SPANS = st.timedeltas(min_value=timedelta(minutes=1), max_value=WEEK)
MOMENTS = st.integers(0, 3_000_000).map(lambda minutes: datetime(2024, 1, 1, tzinfo=ZONE) + timedelta(minutes=minutes))


@given(first=MOMENTS, every=st.sampled_from(["WEEKLY", "MONTHLY"]), days=st.integers(0, 500))
def test_rounds_open_by_day_in_order_and_never_after_the_last_day(first: datetime, every: str, days: int) -> None:
    until = (first + timedelta(days=days)).date()
    planned = list(rules.rounds_after_first(first=first, every=every, until=until, zone=ZONE))
    assert [n for n, _opening in planned] == list(range(2, len(planned) + 2))
    moments = [first, *(opening for _n, opening in planned)]
    for before, after in pairwise(moments):
        assert timedelta(days=6, hours=14) <= after - before <= timedelta(days=31, hours=10)
    for opening in moments[1:]:
        assert not touches_night(opening, opening, ZONE)
        assert opening.date() <= until
    assert len(planned) >= days // (8 if every == "WEEKLY" else 32)


@given(planned=MOMENTS, late=st.timedeltas(timedelta(0), timedelta(days=40)), span=SPANS)
def test_a_round_leaves_time_to_answer_and_robs_no_sleep(planned: datetime, late: timedelta, span: timedelta) -> None:
    opened = after_night(planned + late, ZONE)
    due = rules.round_due(planned=after_night(planned, ZONE), span=span, opened=opened, zone=ZONE)
    assert due - opened >= min(span, NOTICE)
    assert not robs_sleep(at=opened, due_at=due, zone=ZONE)


def test_months_without_the_day_ask_on_their_last() -> None:
    first = datetime(2026, 10, 31, 9, 30, tzinfo=ZONE)
    planned = rules.rounds_after_first(first=first, every="MONTHLY", until=date(2027, 3, 31), zone=ZONE)
    assert [f"{opening:%m-%d %H:%M}" for _n, opening in planned] == [
        "11-30 09:30", "12-31 09:30", "01-31 09:30", "02-28 09:30", "03-31 09:30",
    ]  # fmt: skip


@pytest.mark.row("SVC-9")
def test_the_minutes_job_opens_the_next_round_once(cast: Cast, form: Form, clock_at: Any) -> None:
    weekly(cast, form)
    clock_at(cast.at + WEEK - timedelta(minutes=1))
    ask_next_rounds.call_local()
    assert Directive.objects.count() == 1
    clock_at(cast.at + WEEK)
    ask_next_rounds.call_local()
    ask_next_rounds.call_local()
    assert list(Directive.objects.order_by("round").values_list("round", "recipients")) == [(1, 4), (2, 4)]
