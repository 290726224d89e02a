"""One form's page, the dictionary's page, and answers that come back."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from qipan.access.testing import Cast, make_city
from qipan.forms.actions import seed_forms
from qipan.forms.models import ColumnOrder, FieldEntry, FieldValue, Form, FormQuestion, Submission

EN = {"headers": {"Accept-Language": "en"}}


@pytest.fixture
def cast(db: None) -> Cast:
    cast = make_city()
    seed_forms(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    return cast


def given(cast: Cast, where: int, **answers: Any) -> None:
    form = Form.objects.get(code="door-screening")
    Submission.objects.create(
        form=form,
        instance_id=f"uuid:{where}",
        place=where,
        xml="<data/>",
        answers=answers,
        digest=str(where),
        received_at=cast.at,
        erase_at=cast.at + timedelta(days=90),
    )


HERE, NEXT = 5101040010010010001, 5101040010020010001


def test_a_forms_page_shows_its_passport_its_fields_and_a_code_for_paper(cast: Cast) -> None:
    page = cast.client("worker").get("/forms/door-screening", **EN)
    text = page.content.decode()
    form = Form.objects.get(code="door-screening")
    for part in (
        form.number,
        form.approval,
        form.basis,
        form.purpose,
        "<svg",
        "http://testserver/public/forms/door-screening",
    ):
        assert part in text
    assert "you may refuse this form" in text and text.count("filled in, not asked") == 3
    assert cast.client("worker").get("/forms/no-such").status_code == 404
    Form.objects.update(valid_from=cast.at - timedelta(days=9), valid_to=cast.at)
    assert "You may refuse this form." in cast.client("worker").get("/forms/door-screening", **EN).content.decode()


def test_the_sheet_of_a_published_form_is_given_back(cast: Cast) -> None:
    answer = cast.client("worker").get("/forms/door-screening/source")
    book = load_workbook(BytesIO(answer.content))
    assert book["survey"]["H2"].value == "place"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="door-screening-v1.xlsx"'
    Form.objects.update(source=None)
    assert cast.client("worker").get("/forms/door-screening/source").status_code == 404


@pytest.mark.row("ORG-12")
def test_a_community_takes_along_what_it_gave_in_another_systems_order(cast: Cast) -> None:
    given(cast, HERE, place=str(HERE), outcome="ANSWERED", help="FOOD REPAIR")
    given(cast, NEXT, place=str(NEXT), outcome="NOT_HOME")
    client = cast.client("worker")
    page = client.get("/forms/door-screening/answers", **EN)
    assert page.context["total"] == 1 and page.context["rows"][0][0] == str(HERE)
    lines = '户号 = @place\n结果=visit_outcome\n来源 = "社区"'
    kept = client.post("/forms/door-screening/answers", {"name": "市平台", "lines": lines})
    assert kept.status_code == 302
    order = ColumnOrder.objects.get()
    assert order.columns[1] == {"header": "结果", "path": "/data/outcome", "text": ""}
    raw = client.get("/forms/door-screening/answers.csv", {"order": "市平台"}).content.decode("utf-8-sig")
    assert raw.splitlines() == ["户号,结果,来源", f"{HERE},ANSWERED,社区"]
    book = load_workbook(BytesIO(client.get("/forms/door-screening/answers.xlsx", {"order": "市平台"}).content))
    assert [[cell.value for cell in row] for row in book.worksheets[0].rows] == [
        ["户号", "结果", "来源"],
        [str(HERE), "ANSWERED", "社区"],
    ]
    assert client.get("/forms/door-screening/answers.csv", {"order": "none"}).status_code == 404
    assert client.get("/forms/door-screening/answers.pdf").status_code == 404


def test_a_column_order_is_replaced_by_the_unit_that_keeps_it(cast: Cast) -> None:
    path, lines = "/forms/door-screening/answers", "户号 = @place"
    assert cast.client("worker").post(path, {"name": "市平台", "lines": lines}).status_code == 302
    refused = cast.client("dispatcher").post(path, {"name": "市平台", "lines": "别的 = @place"}, **EN)
    assert refused.status_code == 409 and "keeps a column order of this name" in refused.content.decode()
    assert [one.columns[0]["header"] for one in ColumnOrder.objects.all()] == ["户号"]
    assert cast.client("worker").post(path, {"name": "市平台", "lines": "门号 = @place"}).status_code == 302
    assert [one.columns[0]["header"] for one in ColumnOrder.objects.all()] == ["门号"]


def test_answers_of_a_drill_stand_apart(cast: Cast) -> None:
    """Red line 15: they are in no list and no file of what was really answered."""
    given(cast, HERE, place=str(HERE), outcome="ANSWERED")
    client = cast.client("worker")
    assert client.get("/forms/door-screening/answers").context["drills"] is False
    Submission.objects.everywhere("a test").update(drill=True)
    page = client.get("/forms/door-screening/answers")
    assert (page.context["total"], page.context["rows"], page.context["drills"]) == (0, [], True)
    assert str(HERE) not in client.get("/forms/door-screening/answers.csv").content.decode()
    assert client.get("/forms/door-screening/answers?drill=1").context["total"] == 1
    drill = client.get("/forms/door-screening/answers.csv?drill=1")
    assert str(HERE) in drill.content.decode()
    assert "door-screening-answers-drill.csv" in drill.headers["Content-Disposition"]


def test_a_column_order_that_cannot_be_read_is_not_kept(cast: Cast) -> None:
    answer = cast.client("worker").post("/forms/door-screening/answers", {"name": "x", "lines": "a = nothing"}, **EN)
    assert answer.status_code == 400 and "a = nothing" in answer.content.decode()
    assert ColumnOrder.objects.count() == 0


def test_facts_about_persons_come_back_as_typed_tokens(cast: Cast) -> None:
    """Red line 5: on the page and in the file; an empty answer stays empty."""
    FormQuestion.objects.filter(path="/data/language").update(field_code="person_id_number")
    FormQuestion.objects.filter(path="/data/help").update(field_code="person_name")
    given(cast, HERE, outcome="ANSWERED", language="510104190001010000", help="张三")
    client = cast.client("worker")
    page = client.get("/forms/door-screening/answers", **EN).content.decode()
    raw = client.get("/forms/door-screening/answers.csv").content.decode()
    for text in (page, raw):
        assert "⟦masked:IDENTITY⟧" in text and "⟦masked:PERSON⟧" in text
        assert "510104190001010000" not in text and "张三" not in text


def test_what_an_older_version_asked_of_persons_stays_masked(cast: Cast) -> None:
    """Red line 5: a column order outlives the version that it was made for, and so do the answers."""
    FormQuestion.objects.filter(path="/data/language").update(field_code="person_id_number")
    FormQuestion.objects.filter(path="/data/help").update(kind="calculate")
    given(cast, HERE, outcome="ANSWERED", language="510104190001010000", help="of 510104190001010000")
    client = cast.client("worker")
    lines = "号码 = person_id_number\n派生 = help"
    assert client.post("/forms/door-screening/answers", {"name": "old", "lines": lines}).status_code == 302
    old = Form.objects.get(code="door-screening")
    newer = Form.objects.get(pk=old.pk)
    newer.pk, newer.version = None, 2
    newer.save()
    FormQuestion.objects.create(
        form=newer, order=1, path="/data/language", kind="text", labels={}, field_code="visit_language"
    )
    raw = client.get("/forms/door-screening/answers.csv", {"order": "old"}).content.decode("utf-8-sig")
    assert raw.splitlines() == ["号码,派生", "⟦masked:IDENTITY⟧,⟦masked:CALCULATED⟧"]
    assert "510104190001010000" not in client.get("/forms/door-screening/answers").content.decode()


@pytest.mark.parametrize(
    ("name", "page", "answers"),
    [
        ("worker", 200, 200),
        ("department", 200, 200),
        ("auditor", 200, 403),
        ("screener", 403, 200),
        ("anonymous", 302, 302),
    ],
)
def test_who_reads_what(cast: Cast, name: str, page: int, answers: int) -> None:
    client = cast.client(name)
    assert client.get("/forms/fields").status_code == page
    assert client.get("/forms/door-screening").status_code == page
    assert client.get("/forms/door-screening/answers").status_code == answers


@pytest.mark.row("ORG-12")
def test_the_dictionary_goes_out_and_comes_back(cast: Cast) -> None:
    client = cast.client("lead")
    for kind in ("csv", "xlsx"):
        raw = client.get(f"/forms/fields.{kind}").content
        back = client.post("/forms/fields", {"file": SimpleUploadedFile(f"f.{kind}", raw)}, **EN)
        assert back.status_code == 200
        # Only the mark of the example goes: what a city puts in force is its own.
        assert back.context["done"].ended == 0 and back.context["done"].added == 0
    assert FieldEntry.objects.filter(valid_to=None, example=False).count() == 39
    refused = client.post("/forms/fields", {"file": SimpleUploadedFile("f.csv", b"code\nx\n")}, **EN)
    assert refused.status_code == 400 and "columns are missing" in refused.content.decode()
    assert cast.client("worker").post("/forms/fields", {}).status_code == 403


@pytest.mark.row("ORG-12")
def test_values_are_brought_on_the_page_with_their_lineage(cast: Cast) -> None:
    table = SimpleUploadedFile("phones.csv", b"place,value\n510104001001001,028-1\n51x,2\n")
    body = {"field": "compound_office_phone", "as_of": "2026-08-01", "values": table}
    refused = cast.client("lead").post("/forms/fields/values", body, **EN)
    assert refused.status_code == 400 and "line 3" in refused.content.decode()
    assert FieldValue.objects.count() == 0
    good = SimpleUploadedFile("phones.csv", b"place,value\n510104001001001,028-1\n")
    assert cast.client("lead").post("/forms/fields/values", {**body, "values": good}).status_code == 302
    assert FieldValue.objects.get().value == "028-1"
    page = cast.client("worker").get("/forms/fields", **EN).content.decode()
    assert "phones.csv" in page and "SHA-256" in page
    assert cast.client("worker").post("/forms/fields/values", body).status_code == 403
