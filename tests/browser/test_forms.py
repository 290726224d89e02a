"""Forms in a browser: the draft, the dictionary, one form, its answers; both languages, desk and phone."""

import os
from pathlib import Path

import pytest

from qipan.access.testing import make_city
from qipan.forms.actions.drafts import start_draft
from qipan.forms.actions.sources import note_failure, take_delivery, take_source
from qipan.forms.adapter import AnswerRefused, lines_of
from qipan.forms.api import seed_forms
from qipan.forms.models import DataSource, FieldEntry, FormDraft
from qipan.forms.tests.pulling import FIELD, GAS, running
from qipan.forms.tests.register import Register, body
from qipan.forms.tests.sheets import HEATING, sheet

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.mark.row("ORG-12", "SVC-10")
@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("width", [1440, 360])
def test_forms_are_written_and_read(open_page, troubles, lang, width):
    city = make_city()
    seed_forms(city.unit("5101:lead-body"), by=city.lead, at=city.at)
    rows = [*HEATING, ["text", "symptoms", "症状", "", "", "person_symptoms"], ["text", "why", "为什么", "Why", "", ""]]
    start_draft(code="heating", file_name="heating.xlsx", source=sheet(*rows), by=city.department, at=city.at)
    draft = FormDraft.objects.get()
    page = open_page(city, "department", "/forms/new", width=width, lang=lang)
    for address in (
        "/forms/new",
        f"/forms/drafts/{draft.pk}",
        "/forms/fields",
        "/forms/door-screening",
        "/forms/door-screening/answers",
        "/forms",
    ):
        page.goto(address)
        if folder := os.environ.get("QIPAN_SCREENSHOTS"):
            page.screenshot(
                path=Path(folder) / f"{address.strip('/').replace('/', '-')}-{lang}-{width}.png", full_page=True
            )
        assert serious(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), address
    assert troubles == []


@pytest.mark.row("ORG-12")
@pytest.mark.parametrize(("width", "lang"), [(1440, "en"), (360, "zh-hans")])
def test_a_source_is_set_up_and_tried(open_page, troubles, settings, lang, width):
    settings.OWN_NETWORKS = ("127.0.0.1/32",)
    city, register = make_city(), Register()
    seed_forms(city.unit("5101:lead-body"), by=city.lead, at=city.at)
    FieldEntry.objects.filter(code=FIELD).update(owner=city.unit("5101:health"))
    # One delivery, then a failure: by the acts alone, as the browser's loop keeps this thread from reading by itself.
    taken = take_source(running(city, register).pk, at=city.at)
    take_delivery(taken, lines_of(taken, GAS), sha256="0" * 64, as_of=city.at.date(), at=city.at)
    DataSource.objects.update(due_at=city.at)
    note_failure(take_source(taken.pk, at=city.at), AnswerRefused(status=503), at=city.at)
    page = open_page(city, "lead", "/forms/fields/sources", width=width, lang=lang)

    def seen(name: str) -> None:
        if folder := os.environ.get("QIPAN_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"source-{name}-{lang}-{width}.png", full_page=True)
        assert serious(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name

    seen("list")
    page.locator("main table a").first.click()
    register.answers["/heat.csv"] = body(GAS + b"51x,gas\n")
    page.locator("form[action$='/try'] button").click()
    assert page.locator(".form-problems li").count() == 1
    page.locator("main details summary").first.click()
    seen("one")
    page.goto("/forms/fields/sources/new")
    seen("new")
    register.stop()
    assert troubles == []
