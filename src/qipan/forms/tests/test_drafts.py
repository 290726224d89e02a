"""Drafts through their pages: upload, correct, choose, approve, publish."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate
from openpyxl import load_workbook

from qipan.access.testing import Cast
from qipan.forms.actions import import_fields, publish_form, seed_fields
from qipan.forms.actions.drafts import CODE, SecondPerson, approve_draft, start_draft
from qipan.forms.actions.fields import seed_rows
from qipan.forms.models import Form, FormDraft
from qipan.forms.queries.drafts import definition_of
from qipan.forms.rules import make_xlsform
from qipan.forms.rules.template import read_passport
from qipan.journal.api import verify
from qipan.kernel.refusal import NotAllowed
from qipan.laws.api import cited_by, end_due_citations, flags_of, repeal_article
from qipan.laws.testing import make_articles

from ..testing import publish
from .conftest import Entry
from .sheets import HEATING, WORKS, sheet

PASSPORT = {
    "title": "供暖排查表",
    "title_en": "Heating check",
    "subject": "DOOR",
    "number": "QP-9",
    "approval": "approval 9",
    "basis": "Statistics Law, art. 17",
    "purpose": "heating that works",
    "valid_from": "2026-01-01",
    "valid_to": "2099-12-31",
    "reason": "",
}


@pytest.fixture
def city(cast: Cast) -> Cast:
    seed_fields(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    return cast


def upload(cast: Cast, raw: bytes, *, who: str = "department", code: str = "heating", **more: Any) -> Any:
    body = {"code": code, "file": SimpleUploadedFile("form.xlsx", raw), **more}
    return cast.client(who).post("/forms/new", body, headers={"Accept-Language": "en"})


def act(cast: Cast, draft: FormDraft, what: str, body: dict[str, Any] | None = None, *, who: str = "department") -> Any:
    address = f"/forms/drafts/{draft.pk}/{what}"
    return cast.client(who).post(address, body or {}, headers={"Accept-Language": "en"})


def drafted(cast: Cast, *rows: list[str], code: str = "heating") -> FormDraft:
    assert upload(cast, sheet(*rows), code=code).status_code == 302
    return FormDraft.objects.latest("pk")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("department", 200),
        ("lead", 200),
        ("city_commander", 200),
        ("worker", 403),
        ("screener", 403),
        ("anonymous", 302),
    ],
)
def test_who_writes_forms(city: Cast, name: str, status: int) -> None:
    assert city.client(name).get("/forms/new").status_code == status


@pytest.mark.row("SVC-10", "ORG-12")
def test_a_form_from_the_sheet_to_its_publication(city: Cast) -> None:
    draft = drafted(city, *HEATING)
    page = city.client("department").get(f"/forms/drafts/{draft.pk}", headers={"Accept-Language": "en"})
    text = page.content.decode()
    assert page.status_code == 200
    for part in ("Known already", "25.0 %", "Register of compounds", "It must be reused", "Compound", "小区"):
        assert part in text
    issuer = str(city.unit("5101:health").pk)
    fields = {
        f"field-{n}": code
        for n, code in enumerate(["compound_name", "door_heating_works", "door_help_needed", "visit_appointment"])
    }
    kept = act(city, draft, "keep", {**PASSPORT, "issuer": issuer, **fields})
    assert kept.status_code == 302
    refused = act(city, draft, "publish", who="lead")
    assert refused.status_code == 409 and "Reuse what is held" in refused.content.decode()
    assert Form.objects.count() == 0
    assert act(city, draft, "keep", {**PASSPORT, "issuer": issuer, "reuse": "on", **fields}).status_code == 302
    assert act(city, draft, "publish", who="lead").headers["Location"] == "/forms/heating"
    form = Form.objects.get()
    assert (form.code, form.version, form.number, form.issuer.code) == ("heating", 1, "QP-9", "5101:health")
    assert form.questions.filter(held=True).values_list("path", flat=True).get() == "/data/compound"
    draft.refresh_from_db()
    assert draft.form == form and draft.fields == {}
    assert city.client("department").get(f"/forms/drafts/{draft.pk}").status_code == 404


@pytest.mark.row("LAW-1")
def test_a_form_rests_on_an_article_until_its_next_version(city: Cast) -> None:
    make_articles()
    article = "erl-2024-87"
    issuer = str(city.unit("5101:health").pk)
    fields = {"field-1": "door_heating_works", "field-2": "door_help_needed", "field-3": "visit_appointment"}
    body = {
        **PASSPORT,
        "basis": "",
        "article": article,
        "issuer": issuer,
        "reuse": "on",
        "field-0": "compound_name",
        **fields,
    }
    draft = drafted(city, *HEATING)
    assert act(city, draft, "keep", {**body, "article": "pidl-2025-none"}).status_code == 400
    assert act(city, draft, "keep", body).status_code == 302
    assert act(city, draft, "publish", who="lead").status_code == 302
    form = Form.objects.get()
    assert "87" in form.basis
    assert [one.code for one in cited_by("forms.Form", [form.pk])[form.pk]] == [article]
    repeal_article(article, since=localdate(city.at), reason="新法", by=city.lead, at=city.at)
    shown = city.client("worker").get("/forms/heating").content.decode()
    assert "依据已废止" in shown and f"/laws/articles/{article}" in shown
    again = drafted(city, *HEATING, code="again")
    assert act(city, again, "keep", {**body, "number": "QP-10"}).status_code == 400  # offered no more
    publish(city, code="heating", number="QP-9", article="pipl-2021-34")
    assert cited_by("forms.Form", [form.pk]) == {}
    assert Form.objects.count() == 2


@pytest.mark.row("LAW-1")
def test_a_version_cites_its_article_until_the_day_of_the_next_one(city: Cast) -> None:
    make_articles()

    def published(article: str, days: int) -> Form:
        return publish_form(
            code="heating", title="供暖", subject="DOOR", number="QP-9", issuer=city.unit("5101:health"), approval="7",
            basis="", article=article, purpose="heat", valid_from=city.at + timedelta(days=days),
            valid_to=city.at + timedelta(days=90), by=city.lead, at=city.at,
        )  # fmt: skip

    def resting(on: int) -> dict[int, list[str]]:
        end_due_citations(at=city.at + timedelta(days=on))
        cited = cited_by("forms.Form", Form.objects.values_list("pk", flat=True))
        return {Form.objects.get(pk=pk).version: [one.code for one in articles] for pk, articles in cited.items()}

    first, second = published("erl-2024-87", 0), published("pipl-2021-34", 10)
    assert resting(0) == {1: ["erl-2024-87"], 2: ["pipl-2021-34"]}
    # A repeal in between flags what still holds.
    repeal_article("erl-2024-87", since=localdate(city.at), reason="新法", by=city.lead, at=city.at)
    assert list(flags_of("forms.Form", [first.pk, second.pk])) == [first.pk]
    # One that begins later changes nothing for the first; one that begins before the second takes its place.
    published("pipl-2021-34", 20)
    assert resting(9) == {1: ["erl-2024-87"], 2: ["pipl-2021-34"], 3: ["pipl-2021-34"]}
    published("pipl-2021-34", 15)
    assert resting(9) == {1: ["erl-2024-87"], 2: ["pipl-2021-34"], 4: ["pipl-2021-34"]}
    assert resting(10) == {2: ["pipl-2021-34"], 4: ["pipl-2021-34"]}
    assert resting(15) == {4: ["pipl-2021-34"]}
    assert verify().differences == []


def test_a_sheet_that_cannot_be_converted_is_told_by_row_and_not_kept(city: Cast) -> None:
    answer = upload(city, sheet(["txet", "a", "甲", "A", "", "unit_note"]))
    assert answer.status_code == 400
    assert "sheet survey, row 2: no question type is called “txet”" in answer.content.decode()
    assert FormDraft.objects.count() == 0


@pytest.mark.parametrize("code", ["new", "Fields", "a", "x/y", "", "飞"])
def test_a_code_that_is_none_is_refused_beside_its_field(city: Cast, code: str) -> None:
    answer = upload(city, sheet(*HEATING), code=code)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["code"]
    assert FormDraft.objects.count() == 0


def test_fields_are_chosen_on_the_page_and_stay_after_the_next_upload(city: Cast) -> None:
    draft = drafted(city, ["text", "language", "语言", "Language", "", ""], ["text", "again", "再", "Again", "", ""])
    page = city.client("department").get(f"/forms/drafts/{draft.pk}", headers={"Accept-Language": "en"})
    assert page.content.decode().count("no field of the dictionary is chosen") == 4  # in the list and beside each
    act(city, draft, "keep", {**PASSPORT, "field-0": "visit_language", "field-1": "no_such"})
    draft.refresh_from_db()
    assert draft.fields == {"/data/language": "visit_language"}
    again = sheet(["text", "language", "说什么语言", "Which language", "", ""])
    act(city, draft, "upload", {"file": SimpleUploadedFile("second.xlsx", again)})
    draft.refresh_from_db()
    assert (draft.file_name, draft.fields) == ("second.xlsx", {"/data/language": "visit_language"})
    broken = act(city, draft, "upload", {"file": SimpleUploadedFile("third.xlsx", b"PKnothing")})
    assert broken.status_code == 400
    draft.refresh_from_db()
    assert draft.file_name == "second.xlsx"
    back = city.client("department").get(f"/forms/drafts/{draft.pk}/source")
    assert back.content == again


def test_a_missing_translation_is_named(city: Cast) -> None:
    draft = drafted(city, ["text", "language", "语言", "", "", "visit_language"])
    page = city.client("department").get(f"/forms/drafts/{draft.pk}", headers={"Accept-Language": "en"})
    assert "Translation is missing: English (en)" in page.content.decode()
    assert "中文 (zh), English (en)" in page.content.decode()


def test_the_second_approval_is_another_persons_of_another_unit(city: Cast) -> None:
    """Red line 4: and it ends when anything that it covers changes."""
    draft = drafted(city, ["text", "symptoms", "症状", "Symptoms", "", "person_symptoms"])
    body = {**PASSPORT, "subject": "PERSON", "field-0": "person_symptoms", "issuer": str(city.unit("5101:health").pk)}
    act(city, draft, "keep", body)
    assert act(city, draft, "approve", who="lead").status_code == 400  # no reason yet
    act(city, draft, "keep", {**body, "reason": "who needs a doctor"})
    assert act(city, draft, "approve").status_code == 403
    assert act(city, draft, "publish", who="lead").status_code == 409
    assert act(city, draft, "approve", who="lead").status_code == 302
    draft.refresh_from_db()
    assert draft.approved_by == city.lead.label
    act(city, draft, "keep", {**body, "reason": "another reason"})
    draft.refresh_from_db()
    assert draft.approved_by == ""
    assert act(city, draft, "publish", who="lead").status_code == 409
    act(city, draft, "approve", who="city_commander")
    assert act(city, draft, "publish", who="lead").status_code == 302
    page = city.client("worker").get("/forms/heating", headers={"Accept-Language": "en"}).content.decode()
    assert "another reason" in page and city.city_commander.label in page


@pytest.mark.row("SVC-10")
def test_an_approval_covers_what_was_sensitive_then_and_what_the_form_was_about(city: Cast) -> None:
    """Red line 4: what the dictionary says, the subject and the purpose are what was approved, too."""
    rows = (
        ["text", "symptoms", "症状", "Symptoms", "", "person_symptoms"],
        ["text", "note", "备注", "Note", "", "person_name"],
    )
    draft = drafted(city, *rows)
    body = {
        **PASSPORT, "subject": "PERSON", "field-0": "person_symptoms", "field-1": "person_name", "reason": "a doctor",
        "issuer": str(city.unit("5101:health").pk),
    }  # fmt: skip
    fields = seed_rows("5101", owner="5101:lead-body")

    def approve() -> None:
        assert act(city, draft, "approve", who="lead").status_code == 302
        draft.refresh_from_db()
        assert draft.approved_by == city.lead.label

    act(city, draft, "keep", body)
    approve()
    for row in fields:
        if row["code"] == "person_name":
            row["sensitivity"] = "FINANCE"
    import_fields(fields, by=city.lead, at=city.at)
    entries = Entry.objects.count()
    assert act(city, draft, "publish", who="lead").status_code == 409
    assert (Form.objects.count(), Entry.objects.count()) == (0, entries)
    page = city.client("lead").get(f"/forms/drafts/{draft.pk}", headers={"Accept-Language": "en"}).content.decode()
    assert "waits for the approval of another person" in page
    approve()
    for changed in ({"purpose": "who may be lent to"}, {"subject": "DOOR"}):
        act(city, draft, "keep", body | changed)
        draft.refresh_from_db()
        assert (draft.approved_by, draft.approved_digest) == ("", "")
        act(city, draft, "keep", body)
        approve()
    assert act(city, draft, "publish", who="lead").status_code == 302
    assert Form.objects.get().approved_by == city.lead.label


def test_nobody_approves_an_own_draft(city: Cast) -> None:
    source = sheet(["text", "symptoms", "症状", "Symptoms", "", "person_symptoms"])
    passport = {"subject": "PERSON", "reason": "why"}
    draft = start_draft(code="own", file_name="f", source=source, passport=passport, by=city.lead, at=city.at)
    with pytest.raises(SecondPerson):
        approve_draft(draft, by=city.lead, at=city.at)
    with pytest.raises(NotAllowed):
        approve_draft(draft, by=city.department, at=city.at)
    draft.refresh_from_db()
    assert draft.approved_by == ""
    assert not Entry.objects.filter(act="forms.approve_draft").exists()


@pytest.mark.parametrize("what", ["keep", "upload", "drop"])
def test_another_units_draft_is_not_touched(city: Cast, what: str) -> None:
    draft = drafted(city, *HEATING)
    body = {**PASSPORT, "file": SimpleUploadedFile("x.xlsx", sheet(*HEATING))}
    assert act(city, draft, what, body, who="lead").status_code == 404
    assert act(city, draft, what, body, who="district_head").status_code == 404
    draft.refresh_from_db()
    assert (draft.title, draft.file_name) == ("", "form.xlsx")
    assert city.client("district_head").get(f"/forms/drafts/{draft.pk}").status_code == 404
    assert city.client("lead").get(f"/forms/drafts/{draft.pk}").status_code == 200


def test_a_draft_is_dropped(city: Cast) -> None:
    draft = drafted(city, *HEATING)
    assert act(city, draft, "drop").headers["Location"] == "/forms/new"
    assert FormDraft.objects.count() == 0


def test_what_lacks_in_the_passport_is_shown_beside_its_field(city: Cast) -> None:
    draft = drafted(city, ["text", "language", "语言", "Language", "", "visit_language"])
    answer = act(city, draft, "publish", who="lead")
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["number"]


def test_the_blank_template_comes_back_with_its_passport(city: Cast) -> None:
    raw = city.client("department").get("/forms/template.xlsx").content
    book = load_workbook(BytesIO(raw))
    assert book.sheetnames == ["survey", "choices", "settings", "passport", "fields"]
    assert book["fields"].max_row == 40
    assert read_passport(raw) == {}
    filled = make_xlsform(
        {
            "survey": [["type", "name", "label", "qipan_field"], ["text", "a", "语言", "visit_language"]],
            "choices": WORKS,
            "Passport": [
                ["name", "value"],
                ["title", "语言需求表"],
                ["issuer", "5101:lead-body"],
                ["subject", "NOBODY"],
                ["valid_from", city.at.replace(tzinfo=None)],
                ["valid_to", "2099-12-31"],
                ["no such row", "x"],
            ],
        }
    )
    assert upload(city, filled, code="language").status_code == 302
    draft = FormDraft.objects.get()
    assert (draft.title, draft.issuer and draft.issuer.code, draft.subject) == ("语言需求表", "5101:lead-body", "DOOR")
    assert draft.valid_to is not None and draft.valid_to.isoformat() == "2099-12-31T16:00:00+00:00"


def test_the_next_version_begins_with_the_passport_of_the_last(city: Cast) -> None:
    first = drafted(city, ["text", "language", "语言", "Language", "", "visit_language"])
    act(city, first, "keep", {**PASSPORT, "field-0": "visit_language", "issuer": str(city.unit("5101:health").pk)})
    act(city, first, "publish", who="lead")
    second = drafted(city, ["text", "language", "语言", "Language", "", "visit_language"])
    assert (second.title, second.number, second.approval, second.valid_to) == ("供暖排查表", "QP-9", "", None)


def test_files_come_with_the_form(city: Cast) -> None:
    rows = [["select_one_from_file wards.csv", "ward", "片区", "Ward", "", "visit_language"]]
    bad = [
        SimpleUploadedFile("wards.exe", b"MZ"),
        SimpleUploadedFile("a.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
    ]
    for one in bad:
        assert upload(city, sheet(*rows), beside=one).status_code == 400
    assert FormDraft.objects.count() == 0
    assert upload(city, sheet(*rows), beside=SimpleUploadedFile("wards.csv", b"name,label\n1,A\n")).status_code == 302
    draft = FormDraft.objects.get()
    assert [one.name for one in definition_of(draft).media] == ["wards.csv"]
    body = {**PASSPORT, "field-0": "visit_language", "issuer": str(city.unit("5101:health").pk)}
    act(city, draft, "keep", body)
    act(city, draft, "publish", who="lead")
    assert Form.objects.get().media.get().name == "wards.csv"


def test_the_rule_of_codes() -> None:
    assert [bool(CODE.fullmatch(code)) for code in ("a1", "door-screening", "1a", "-a", "a", "A1")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
