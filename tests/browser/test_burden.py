"""Work admission and the burden meter, in both languages, on a phone and on a desk (SVC-9, SVC-13)."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from qipan.access.testing import make_city
from qipan.desk.api import TaskKind, apply_admission, decide_admission, send_tasks
from qipan.kernel.place import range_of

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.mark.row("SVC-9", "SVC-13")
@pytest.mark.parametrize(("lang", "width"), [("en", 1440), ("zh-hans", 360)])
def test_a_department_sees_the_cost_the_lead_body_cuts_it_and_the_meter_names_it(open_page, troubles, lang, width):
    cast = make_city()
    english = lang == "en"
    page = open_page(cast, "department", "/admissions", lang=lang, width=width)
    page.locator("details.apply summary").click()
    for name, value in (("title", "每周台账"), ("basis", "清单第3项"), ("questions", "40"), ("minutes_per_unit", "60")):
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=how_often]").select_option("WEEKLY")
    page.locator("[name=organ_types][value=community]").check()
    page.locator(".apply [name=valid_to]").fill(f"{cast.at + timedelta(days=365):%Y-%m-%d}")
    page.get_by_role("button", name="Show what it costs" if english else "查看所需工时").click()
    assert "34.7" in page.locator("#cost").inner_text()
    assert serious(page) == []
    page.locator(".apply button").click()
    page.locator(".admission").wait_for()

    lead = open_page(cast, "lead", "/admissions", lang=lang, width=width)
    decide = lead.locator("form.decide")
    assert decide.locator("[name=questions]").input_value() == "40"
    decide.locator("[name=questions]").fill("4")
    decide.locator("[name=valid_to]").fill(f"{cast.at + timedelta(days=90):%Y-%m-%d}")
    decide.locator("[name=reason]").fill("四项，三个月")
    assert serious(lead) == []
    decide.locator("button[value='1']").click()
    said = lead.locator(".admission").inner_text()
    assert ("admitted in part" if english else "部分准入") in said
    assert lead.evaluate("document.documentElement.scrollWidth <= innerWidth")

    admission = apply_admission(
        title="周报", basis="清单", minutes_per_unit=90, activity="FORM", organ_types=["community"],
        valid_from=cast.at, valid_to=cast.at + timedelta(days=9), by=cast.department, at=cast.at,
    )  # fmt: skip
    admission = decide_admission(admission, admitted=True, reason="同意", by=cast.lead, at=cast.at)
    send_tasks(
        kind=TaskKind.DIRECTIVE, source="directive:1", title="周报", asker=cast.unit("5101:health"),
        organ_types=["community"], grounds=[range_of("5101")], basis="清单", admission=admission,
        due_at=cast.at + timedelta(days=1), by=cast.department, at=cast.at,
    )  # fmt: skip
    meter = open_page(cast, "lead", "/burden", lang=lang, width=width)
    assert meter.locator("#burden-each").inner_text() == "1.5"
    assert meter.locator("#burden-demanders tbody tr").count() == 1
    assert meter.locator("#burden-areas tbody tr").count() == 2
    assert meter.locator("#burden-twice").inner_text() == "0"
    assert meter.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(meter) == []
    assert troubles == []


@pytest.mark.row("SVC-11", "SVC-12")
def test_a_community_lists_its_systems_and_reports_a_plaque_and_the_lead_body_answers(open_page, troubles):
    cast = make_city()
    pages = {
        who: open_page(cast, who, "/terminals", lang=lang, width=width)
        for who, lang, width in (("worker", "zh-hans", 360), ("lead", "en", 1440))
    }
    worker, lead = pages["worker"], pages["lead"]
    worker.fill("#id_name", "网格通")
    worker.select_option("#id_owner", label=cast.unit("510104001:street-office").name)
    worker.locator("form[action$='/note'] button").click()
    worker.locator("#terminals-own button").first.click()
    assert worker.locator("#terminals-mine").inner_text() == "1"
    assert worker.locator("#terminals-own tbody tr").count() == 1
    looked(worker, "terminals-zh-360")
    worker.goto("/signs")
    worker.locator("details.apply summary").click()
    worker.fill("#id_words", "数字化示范社区")
    worker.locator("form[action$='/report'] button").click()
    worker.locator(".admission").wait_for()
    looked(worker, "signs-zh-360")
    lead.goto("/desk")
    lead.locator(".row-title").first.click()
    lead.locator("#beside a[href='/signs']").click()
    looked(lead, "signs-en-1440")
    lead.locator("form.decide [name=reason]").fill("not on the list of 2026")
    lead.locator("form.decide button[value='0']").click()
    assert "to be taken down" in lead.locator(".admission").inner_text()
    worker.reload()
    assert "not on the list of 2026" in worker.locator(".admission").inner_text()
    lead.goto("/terminals")
    looked(lead, "terminals-en-1440")
    lead.locator("form.decide [name=instead]").fill("CSV in its columns")
    lead.locator("form.decide button").click()
    assert "CSV in its columns" in lead.locator("main").inner_text()
    assert lead.locator("#terminals-all").count() == 0
    assert troubles == []


def looked(page, name: str) -> None:
    """Nothing is cut off, axe finds nothing; a picture where one is wanted."""
    if folder := os.environ.get("QIPAN_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert serious(page) == [], name
