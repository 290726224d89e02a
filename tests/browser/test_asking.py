"""A department asks communities to fill in a form; a community does so at its desk, without a team, and is asked no more."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from qipan.access.testing import make_city
from qipan.desk.api import Task, apply_admission, decide_admission
from qipan.forms.api import Submission
from qipan.forms.testing import publish

from .conftest import serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SURVEY = [
    ["type", "name", "label::中文 (zh)", "label::English (en)", "required", "relevant", "constraint"],
    ["integer", "people", "人数", "People", "yes", "", ""],
]


@pytest.mark.row("SVC-13", "SVC-9", "ORG-12")
def test_a_form_is_asked_for_and_filled_in_at_a_desk(open_page, troubles):
    cast = make_city()
    publish(
        cast,
        code="unit-count",
        subject="UNIT",
        survey=SURVEY,
        choices=[["list_name", "name", "label"]],
        issuer="5101:health",
    )
    application = apply_admission(
        title="人数统计", minutes_per_unit=12, questions=1, form_code="unit-count", basis="清单 4", activity="FORM",
        organ_types=["community"], valid_from=cast.at, valid_to=cast.at + timedelta(days=20), by=cast.department,
        at=cast.at,
    )  # fmt: skip
    decide_admission(application, admitted=True, reason="按清单", by=cast.lead, at=cast.at)
    page = open_page(cast, "department", "/forms/unit-count", lang="en")
    page.get_by_role("link", name="Ask units to fill it in").click()
    expect(page.locator("#id_form")).to_have_value("unit-count")
    expect(page.locator("#id_admission")).to_have_value(str(application.pk))
    assert serious(page) == []
    page.locator("[name=areas][value='5101']").check()
    page.locator("#id_number").fill("成卫〔2026〕7号")
    page.locator("#id_body").fill("请填报。")
    page.locator("[name=look]").click()
    expect(page.locator("#confirm-title")).to_have_text("This goes to 8 units. Send it?")
    page.locator("[name=confirmed]").click()
    expect(page.locator("dl.facts").first).to_contain_text("Needs at the door QP-7")

    worker = open_page(cast, "worker", "/desk", width=360, height=740)
    worker.get_by_text("入户需求表").first.click()
    worker.get_by_role("link", name="查看所属事项").click()
    worker.get_by_role("link", name="填写表格").click()
    expect(worker.locator("#form-passport")).to_contain_text("QP-7")  # the form that was asked for is open
    assert serious(worker) == []
    assert worker.evaluate("document.documentElement.scrollWidth") <= 360
    worker.locator("#form-start").click()
    worker.locator("[data-ref='/data/people'] input").fill("42")
    worker.wait_for_timeout(600)
    worker.reload()  # what was typed is kept
    worker.locator("#form-mine .btn").first.click()
    expect(worker.locator("[data-ref='/data/people'] input")).to_have_value("42")
    worker.locator("#form-finish").click()
    expect(worker.locator("#form-kept")).to_contain_text("已存于本机")
    worker.locator("#form-kept ~ [data-shut]").click()
    worker.locator("button[data-form=unit-count]").click()
    expect(worker.locator("#form-mine")).to_contain_text("服务器已确认", timeout=20_000)
    (row,) = Submission.objects.everywhere("a test")
    assert (row.answers, row.unit_id, row.team) == ({"people": 42}, cast.worker.unit_id, None)
    states = dict(Task.objects.everywhere("a test").values_list("owner__code", "state"))
    assert states.pop("510104001001:community") == "DONE"
    assert "DONE" not in states.values() and len(states) == 7
    meter = open_page(cast, "lead", "/burden", lang="en")
    expect(meter.locator("main")).to_contain_text("1.6")  # eight communities, twelve minutes each
    assert troubles == []
