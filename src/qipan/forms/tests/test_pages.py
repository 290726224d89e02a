from datetime import timedelta

import pytest

from qipan.access.testing import Cast, make_city
from qipan.forms.api import open_form, seed_forms
from qipan.forms.models import Form
from qipan.kernel.place import range_of


@pytest.fixture
def cast(db: None) -> Cast:
    cast = make_city()
    seed_forms(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    return cast


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("lead", 200),
        ("city_commander", 200),
        ("worker", 200),
        ("guard", 200),
        ("auditor", 200),
        ("admin", 403),
        ("screener", 403),
        ("stranger", 403),
        ("anonymous", 302),
    ],
)
def test_who_reads_the_forms(cast: Cast, name: str, status: int) -> None:
    assert cast.client(name).get("/forms").status_code == status


def test_the_passport_is_printed(cast: Cast) -> None:
    page = cast.client("worker").get("/forms").content.decode()
    for form in Form.objects.all():
        for part in (form.title, form.number, form.approval, form.basis, form.purpose, form.issuer.name):
            assert part in page


@pytest.mark.row("SVC-9")
def test_whoever_is_asked_checks_the_passport_by_the_code_in_print_without_a_log_in(cast: Cast) -> None:
    form = Form.objects.get(code="unit-daily-status")
    address = f"http://testserver/public/forms/{form.code}"
    assert address in cast.client("worker").get(f"/forms/{form.code}").content.decode()
    nobody = cast.client("anonymous")
    page = nobody.get(address, headers={"Accept-Language": "en"}).content.decode()
    for part in (form.label, form.number, form.approval, form.issuer.label, "<svg"):
        assert part in page
    assert "you may refuse this form" in page and "You may refuse this form." not in page
    assert [one.label for one in form.questions.all() if one.label in page] == []  # who asks, not what
    Form.objects.filter(pk=form.pk).update(valid_from=cast.at - timedelta(days=9), valid_to=cast.at)
    assert "You may refuse this form." in nobody.get(address, headers={"Accept-Language": "en"}).content.decode()
    assert nobody.get("/public/forms/none").status_code == 404


def test_only_openings_on_ones_own_ground_are_listed(cast: Cast) -> None:
    form = Form.objects.get(code="door-screening")
    openings = open_form(
        form,
        grounds=[range_of("510104001001")],
        closes_at=cast.at + timedelta(days=3),
        by=cast.city_commander,
        at=cast.at,
    )
    for name, found in (("worker", openings), ("neighbour_worker", [])):
        rows = {one: listed for one, listed, _said in cast.client(name).get("/forms").context["rows"]}
        assert rows[form] == found


def test_an_expired_form_says_that_it_may_be_refused(cast: Cast) -> None:
    Form.objects.filter(code="unit-daily-status").update(valid_from=cast.at - timedelta(days=9), valid_to=cast.at)
    answer = cast.client("worker").get("/forms", headers={"Accept-Language": "en"})
    assert [form.code for form, _said in answer.context["expired"]] == ["unit-daily-status"]
    assert "You may refuse this form." in answer.content.decode()
