"""Forms in a browser: the draft, the dictionary, one form, its answers; both languages, desk and phone."""

import os
from pathlib import Path

import pytest

from qipan.access.testing import make_city
from qipan.forms.actions.drafts import start_draft
from qipan.forms.api import seed_forms
from qipan.forms.models import FormDraft
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
