"""A directive that asks units to fill in a form: open with the tasks, counted on the meter, done when the answer is here."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from qipan.access.testing import Cast
from qipan.command.actions.asking import FormNeedsAdmission, FormNotAdmitted, FormOfAnother
from qipan.command.api import Directive, issue_directive, recall_directive, revise_directive
from qipan.desk.api import Admission, Task, apply_admission, decide_admission, receive
from qipan.forms.api import Form, FormOpening, Outcome, Sent, Submission, open_forms, take_submission
from qipan.forms.testing import publish
from qipan.kernel.place import range_of
from qipan.kernel.refusal import Refusal

from .conftest import Entry

JINJIANG = range_of("510104")
CODE = "unit-count"
SURVEY = [
    ["type", "name", "label::中文 (zh)", "label::English (en)", "required", "relevant", "constraint"],
    ["integer", "people", "人数", "People", "yes", "", ""],
    ["image", "photo", "照片", "Photograph", "", "", ""],
]
CHOICES = [["list_name", "name", "label"]]


@pytest.fixture
def form(cast: Cast) -> Form:
    return publish(cast, code=CODE, subject="UNIT", survey=SURVEY, choices=CHOICES, issuer="5101:health")


def admit(cast: Cast, **changes: Any) -> Admission:
    said: dict[str, Any] = {
        "title": "人数统计", "minutes_per_unit": 12, "questions": 3, "form_code": CODE, "basis": "清单 4",
        "activity": "FORM", "organ_types": ["community"], "valid_from": cast.at,
        "valid_to": cast.at + timedelta(days=20), "by": cast.department, "at": cast.at,
    }  # fmt: skip
    application = apply_admission(**said | changes)
    return decide_admission(application, admitted=True, reason="按清单", by=cast.lead, at=cast.at)


def ask(cast: Cast, form: Form, admission: Admission | None, **changes: Any) -> Directive:
    said: dict[str, Any] = {
        "number": "成卫〔2026〕7号", "title": "填报人数", "body": "请填报。", "basis": "清单 4", "organ_types": ["community"],
        "grounds": [JINJIANG], "decided_at": cast.at, "due_at": cast.at + timedelta(days=3), "admission": admission,
        "form": form, "issuer": cast.unit("5101:health"), "by": cast.department, "at": cast.at,
    }  # fmt: skip
    return issue_directive(**said | changes)


def answer(cast: Cast, n: int = 1, *files: Sent, who: str = "worker", photo: str = "", days: int = 0) -> Outcome:
    raw = (
        f'<data id="{CODE}" version="1"><people>{n}</people><photo>{photo}</photo>'
        f"<meta><instanceID>uuid:{who}-{n}</instanceID></meta></data>"
    )
    return take_submission(
        raw.encode(), files, by=getattr(cast, who), at=cast.at + timedelta(hours=1, days=days)
    ).outcome


def states(directive: Directive) -> dict[str, str]:
    rows = Task.objects.everywhere("a test").filter(source=directive.source)
    return dict(rows.order_by("place").values_list("owner__code", "state"))


def written() -> tuple[int, int, int, int]:
    tasks = Task.objects.everywhere("a test").count()
    return Directive.objects.count(), FormOpening.objects.count(), tasks, Entry.objects.count()


def refused(cast: Cast, refusal: type[Refusal], form: Form, admission: Admission | None, **changes: Any) -> str:
    """Asks, is refused, and nothing was written."""
    before = written()
    with override("en"), pytest.raises(refusal) as found:
        ask(cast, form, admission, **changes)
    assert written() == before
    with override("en"):
        return str(found.value)


@pytest.mark.row("SVC-13", "SVC-9")
def test_what_a_form_costs_is_on_the_meter_of_whoever_asks_for_it(cast: Cast, form: Form) -> None:
    assert open_forms([JINJIANG], at=cast.at) == []
    directive = ask(cast, form, admit(cast))
    (opening,) = open_forms([JINJIANG], at=cast.at)
    assert (opening.form_id, opening.source, opening.emergency) == (form.pk, directive.source, "")
    assert opening.closes_at == cast.at + timedelta(days=10)  # three days, and a week for late answers
    assert open_forms([range_of("510105")], at=cast.at) == []
    [line] = cast.client("lead").get(f"/burden?week={cast.at:%F}").context["top"]
    assert (line.key, line.burden.tasks, line.burden.minutes, line.burden.shares[0]) == ("5101:health", 4, 48, 0.8)


def test_a_form_is_never_open_longer_than_admission_and_passport(cast: Cast, form: Form) -> None:
    ask(cast, form, admit(cast, valid_to=cast.at + timedelta(days=5)))
    ask(cast, form, admit(cast, title="又一", valid_to=cast.at + timedelta(days=60)), number="2号", due_at=None)
    assert [one.closes_at for one in FormOpening.objects.order_by("pk")] == [cast.at + timedelta(days=5), form.valid_to]


@pytest.mark.row("SVC-9", "ORG-10")
def test_a_form_that_was_not_admitted_reaches_no_community(cast: Cast, form: Form) -> None:
    refused(cast, FormNeedsAdmission, form, None)
    # Whoever is told of it, the open form would stand on every desk and phone of the ground.
    refused(cast, FormNeedsAdmission, form, None, organ_types=["district-command"])
    foreign = publish(cast, code="foreign", subject="UNIT", survey=SURVEY, choices=CHOICES, number="QP-8")
    said = refused(cast, FormNotAdmitted, form, admit(cast, form_code="foreign"))
    assert said == "“人数统计” was not admitted for the form “Needs at the door”. Choose the admission of this form."
    refused(cast, FormNotAdmitted, form, admit(cast, form_code="", questions=0))  # admitted work names no form
    said = refused(cast, FormOfAnother, foreign, admit(cast, form_code="foreign"))
    assert "only that unit or a command asks others to fill it in" in said


def test_the_answer_closes_the_units_own_task_and_no_other(cast: Cast, form: Form) -> None:
    directive = ask(cast, form, admit(cast))
    assert answer(cast) == Outcome.TAKEN
    done = {"510104001001:community": "DONE"}
    assert states(directive) == {
        code: done.get(code, "SENT")
        for code in (
            f"510104{street}{community}:community" for street in ("001", "002") for community in ("001", "002")
        )
    }
    task = Task.objects.everywhere("a test").get(source=directive.source, state="DONE")
    assert (task.closed_at, task.steps.get(state="DONE").by_label) == (cast.at + timedelta(hours=1), cast.worker.label)
    assert answer(cast) == Outcome.AGAIN  # a resend moves nothing
    assert answer(cast, 2) == Outcome.TAKEN  # nor a second sheet
    assert task.steps.filter(state="DONE").count() == 1


def test_asked_each_week_one_answer_closes_what_has_waited_longest(cast: Cast, form: Form) -> None:
    admission = admit(cast)
    first, second = ask(cast, form, admission), ask(cast, form, admission, number="成卫〔2026〕8号")
    own = "510104001001:community"
    assert answer(cast) == Outcome.TAKEN
    assert (states(first)[own], states(second)[own]) == ("DONE", "SENT")
    assert answer(cast, 2) == Outcome.TAKEN
    assert (states(first)[own], states(second)[own]) == ("DONE", "DONE")


def test_a_changed_answer_is_no_second_one(cast: Cast, form: Form) -> None:
    admission = admit(cast)
    ask(cast, form, admission)
    assert answer(cast) == Outcome.TAKEN
    second = ask(cast, form, admission, number="成卫〔2026〕8号")
    raw = (
        f'<data id="{CODE}" version="1"><people>2</people><photo></photo><meta><instanceID>uuid:changed</instanceID>'
        "<deprecatedID>uuid:worker-1</deprecatedID></meta></data>"
    )
    assert take_submission(raw.encode(), by=cast.worker, at=cast.at + timedelta(hours=2)).outcome == Outcome.TAKEN
    assert states(second)["510104001001:community"] == "SENT"


def test_what_was_filled_in_in_time_closes_its_task_though_it_is_sent_later(cast: Cast) -> None:
    survey = [SURVEY[0], ["end", "ended", "", "", "", "", ""], *SURVEY[1:]]
    form = publish(cast, code=CODE, subject="UNIT", survey=survey, choices=CHOICES, issuer="5101:health")
    directive = ask(cast, form, admit(cast, valid_to=cast.at + timedelta(days=5)))
    raw = (
        f'<data id="{CODE}" version="1"><ended>{(cast.at + timedelta(days=4)).isoformat(timespec="milliseconds")}</ended>'
        "<people>1</people><photo></photo><meta><instanceID>uuid:late</instanceID></meta></data>"
    )
    assert take_submission(raw.encode(), by=cast.worker, at=cast.at + timedelta(days=6)).outcome == Outcome.TAKEN
    assert states(directive)["510104001001:community"] == "DONE"


def test_a_team_hands_in_for_its_unit(cast: Cast, form: Form) -> None:
    directive = ask(cast, form, admit(cast))
    assert answer(cast, who="screener") == Outcome.TAKEN
    assert states(directive)["510104001001:community"] == "DONE"


def test_a_photograph_that_is_awaited_keeps_the_task_open(cast: Cast, form: Form) -> None:
    directive = ask(cast, form, admit(cast))
    assert answer(cast, photo="a.png") == Outcome.PART
    assert states(directive)["510104001001:community"] == "SENT"
    assert answer(cast, 1, Sent.of("a.png", "image/png", b"\x89PNG\r\n\x1a\n"), photo="a.png") == Outcome.TAKEN
    assert states(directive)["510104001001:community"] == "DONE"


def test_an_objection_waits_for_the_word_of_whoever_asked(cast: Cast, form: Form) -> None:
    directive = ask(cast, form, admit(cast))
    task = Task.objects.everywhere("a test").get(source=directive.source, owner__code="510104001001:community")
    receive([(task.pk, "OBJECTED", cast.at, "已报过")], by=cast.worker, at=cast.at)
    assert answer(cast) == Outcome.TAKEN  # what was filled in is not lost
    assert states(directive)["510104001001:community"] == "OBJECTED"


def test_a_recall_closes_the_form_and_a_new_version_opens_it_anew(cast: Cast, form: Form) -> None:
    directive = ask(cast, form, admit(cast))
    later = cast.at + timedelta(minutes=5)
    said = {
        "title": "填报人数",
        "body": "请按时填报。",
        "basis": "清单 4",
        "decided_at": cast.at,
        "due_at": directive.due_at,
    }
    new = revise_directive(directive, **said, by=cast.department, at=later)
    assert (new.form, [one.source for one in open_forms([JINJIANG], at=later)]) == (form, [new.source])
    recall_directive(new, reason="不再需要", by=cast.department, at=later)
    assert open_forms([JINJIANG], at=later) == []
    with pytest.raises(Refusal) as found:
        answer(cast)
    assert (found.value.code, Submission.objects.everywhere("a test").count()) == ("form_not_open", 0)


def test_the_pages_lead_from_the_form_to_the_answer(
    cast: Cast, form: Form, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(cast.at + timedelta(hours=1))
    admission = admit(cast)
    department = cast.client("department")
    english = {"headers": {"Accept-Language": "en"}}
    assert f'href="/directives/new?form={CODE}"' in department.get(f"/forms/{CODE}", **english).content.decode()
    assert "Ask units to fill it in" not in cast.client("worker").get(f"/forms/{CODE}", **english).content.decode()
    page = department.get(f"/directives/new?form={CODE}", **english)
    chosen = {name: page.context["form"][name].value() for name in ("form", "admission", "organ_types", "basis")}
    assert chosen == {"form": CODE, "admission": admission.pk, "organ_types": ["community"], "basis": form.basis}
    assert department.get("/directives/new?form=none", **english).status_code == 404
    typed = {
        "areas": "510104", "organ_types": "community", "number": "7号", "title": "填报", "body": "请填报。", "basis": "清单 4",
        "decided_at": "2026-11-20T10:00", "admission": admission.pk, "form": CODE,
    }  # fmt: skip
    assert department.post("/directives/new", typed | {"form": "none", "confirmed": "4"}).status_code == 404
    sent = department.post("/directives/new", typed | {"confirmed": "4"})
    directive = Directive.objects.get()
    assert (sent.status_code, directive.form) == (302, form)
    seen = cast.client("worker").get(f"/directives/{directive.pk}", **english).content.decode()
    assert f'href="/field/forms?form={CODE}"' in seen
    assert f'href="/field/forms?form={CODE}"' in cast.client("worker").get(f"/forms/{CODE}", **english).content.decode()
    desk = cast.client("worker").get(f"/field/forms?form={CODE}", **english)
    assert (desk.status_code, 'data-form="unit-count"' in desk.content.decode()) == (200, True)
    assert "wasm-unsafe-eval" in desk.headers["Content-Security-Policy"]
    assert cast.client("department").get("/field/forms").status_code == 403
    assert cast.client("anonymous").get("/field/forms").status_code == 302
