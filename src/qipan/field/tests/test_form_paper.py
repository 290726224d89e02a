"""Sheets of a form on paper: by stairwell, with what is held, the passport and the right to refuse (SVC-10)."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from qipan.forms.api import Form, open_form, seed_forms
from qipan.forms.testing import CODE, opened, publish
from qipan.kernel.place import range_of

pytestmark = pytest.mark.row("SVC-10", "ORG-12")
EN = {"headers": {"Accept-Language": "en"}}
SHEET = f"/field/forms/{CODE}/paper"


def page(scene, path=SHEET, who="worker"):
    return scene.cast.client(who).get(path, **EN)


def samples(scene):
    """The sample forms, open in Jinjiang."""
    seed_forms(scene.cast.unit("5101:lead-body"), by=scene.cast.lead, at=scene.cast.at - timedelta(days=1))
    until = scene.cast.at + timedelta(days=3)
    for form in Form.objects.all():
        open_form(form, grounds=[range_of("510104")], closes_at=until, by=scene.cast.city_commander, at=scene.cast.at)


def test_the_sheet_holds_passport_questions_and_boxes_for_each_door_of_a_compound(scene):
    opened(scene.cast, publish(scene.cast))
    text = page(scene).content.decode()
    for said in (
        "QP-7",
        "help where it is needed",
        "approval 7",
        "you may refuse this form.",
        "A photograph is not needed.",
    ):
        assert said in text
    doors = re.findall(r"<caption>\s*锦江一街一社区1号院[^<]*· (\d+)</caption>", text)
    assert len(doors) == 10 and doors[:2] == ["102", "101"]
    asked = re.findall(r'<th scope="row">([^<]+)', text)
    assert [one.strip() for one in asked[:7]] == [
        "People",
        "Help needed",
        "Which help",
        "Needs",
        "Kind",
        "Day",
        "Width",
    ]
    assert len(asked) == 70  # no photograph, no point
    assert text.count("☐ Yes</span>") == text.count("☐ No</span>") == text.count("☐ Care</span>") == 10
    assert text.count("where it applies") == text.count("several may be ticked") == 10
    assert text.count("as often as there are some") == 20
    assert 'href="/field/forms?form=door-needs">Enter what came back' in text


def test_another_compound_is_chosen_and_none_outside(scene):
    opened(scene.cast, publish(scene.cast))
    text = page(scene).content.decode()
    assert re.findall(r'href="\?compound=(\d{19})"', text) == ["5101040010010010000", "5101040010010020000"]
    assert "锦江一街一社区2号院 ·" in page(scene, f"{SHEET}?compound=5101040010010020000").content.decode()
    for other in ("5101040010020010000", "no", "%00"):
        assert page(scene, f"{SHEET}?compound={other}").status_code == 404


def test_what_is_held_is_printed_and_few_questions_stand_side_by_side(scene):
    samples(scene)
    text = page(scene, "/field/forms/door-screening/paper").content.decode()
    assert "sheet-one" not in text
    assert len(re.findall(r'<td class="blank">锦江一街一社区1号院\s*</td>', text)) == 10
    assert len(re.findall(r'<th scope="row">\d+</th>', text)) == 10


def test_a_form_about_units_has_one_row_for_the_own_unit(scene):
    samples(scene)
    (code,) = Form.objects.filter(subject="UNIT").values_list("code", flat=True)
    text = page(scene, f"/field/forms/{code}/paper").content.decode()
    unit = scene.cast.unit("510104001001:community")
    assert text.count(unit.name_en or unit.name) >= 1
    assert "Compound" not in text


def test_a_lapsed_form_says_that_it_may_be_refused_and_asks_nothing(scene):
    form = opened(scene.cast, publish(scene.cast))
    Form.objects.filter(pk=form.pk).update(valid_to=timezone.now() - timedelta(minutes=1))
    text = page(scene).content.decode()
    assert "You may refuse this form." in text and "QP-7" in text
    assert "<table" not in text and "Enter what came back" not in text


def test_the_page_of_forms_leads_to_the_sheets(scene):
    assert "/paper" not in page(scene, "/field/forms").content.decode()
    opened(scene.cast, publish(scene.cast))
    assert f'href="{SHEET}">Needs at the door QP-7' in page(scene, "/field/forms").content.decode()
    assert f'href="{SHEET}">Sheets on paper' in page(scene, f"/forms/{CODE}").content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [("anonymous", 302), ("stranger", 403), ("guard", 403), ("neighbour_worker", 404), ("screener", 200)],
)
def test_is_closed_to_others_and_where_the_form_is_not_open(scene, who, status):
    opened(scene.cast, publish(scene.cast), ground=range_of("510104001001"))
    assert page(scene, who=who).status_code == status
