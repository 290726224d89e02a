"""What was answered is nowhere in the database as it was said (red line 4, ADR 0024); whoever may read it does."""

import importlib
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, override_settings
from PIL import Image

from qipan.access.testing import Cast
from qipan.forms.actions import seed_fields
from qipan.forms.actions.drafts import approve_draft, publish_draft, start_draft
from qipan.forms.actions.submitting import Sent
from qipan.forms.api import Form, Outcome
from qipan.forms.models import Attachment, Submission
from qipan.forms.queries.answers import answers_of
from qipan.forms.queries.submissions import audit_submissions
from qipan.forms.queries.versions import audit_versions
from qipan.kernel.sealed import MARK, file_keys
from qipan.kernel.testing import as_stored

from ..testing import Filled, opened
from .conftest import Entry
from .sheets import sheet
from .test_submissions import photo, rows, take, with_photo

NUMBER = "510104199003077215"
SAID = {"first": "高热三天", "ours": "咳嗽乏力", "theirs": "肺炎住院", "other": "一切正常", "late": "已经好转"}
SHEET = sheet(
    ["text", "id", "身份证号", "Identity number", "", "person_id_number"],
    ["text", "symptoms", "症状", "Symptoms", "", "person_symptoms"],
    ["image", "paper", "证明", "Paper", "", "hazard_photo"],
)


def health_form(cast: Cast) -> Form:
    """A form that asks for sensitive facts, drafted, approved by another unit for a reason, published and open."""
    seed_fields(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    passport = {
        "title": "健康表", "title_en": "Health", "subject": "PERSON", "number": "QP-9", "approval": "approval 9",
        "basis": "Statistics Law, art. 17", "purpose": "a doctor", "issuer": cast.unit("5101:health"),
        "valid_from": cast.at, "valid_to": cast.at.replace(year=cast.at.year + 1), "reason": "who needs a doctor",
    }  # fmt: skip
    draft = start_draft(code="health", file_name="f", source=SHEET, passport=passport, by=cast.department, at=cast.at)
    approve_draft(draft, by=cast.lead, at=cast.at)
    return opened(cast, publish_draft(draft, by=cast.lead, at=cast.at), at=cast.at)


def said(symptoms: str, number: str = NUMBER, *, paper: str = "", **more: Any) -> Filled:
    """A filled health form."""
    return Health(more=f"<id>{number}</id><symptoms>{symptoms}</symptoms><paper>{paper}</paper>", **more)


class Health(Filled):
    """What a client sends of the health form: it asks for neither door nor people nor moments."""

    def xml(self) -> bytes:
        base = f"<deprecatedID>{self.base}</deprecatedID>" if self.base else ""
        return (
            f'<data id="health" version="1">{self.more}<meta><instanceID>{self.id}</instanceID>{base}</meta></data>'
        ).encode()


def tell_tale(words: Iterable[str]) -> list[tuple[str, str]]:
    """Tables that give one of the words away, in any column, with the word."""
    return [(table, word) for table, text in as_stored() for word in words if word in text]


def jpeg() -> bytes:
    kept = BytesIO()
    Image.new("RGB", (40, 30), "navy").save(kept, "JPEG")
    return kept.getvalue()


@pytest.mark.row("ORG-12")
def test_a_sensitive_answer_stands_nowhere_as_it_was_said(cast: Cast) -> None:
    form = health_form(cast)
    phone, head = Client(), cast.client("district_head")
    address = f"/openrosa/key/{cast.screener_pass.token}/submission"

    def post(filled: Filled, **files: bytes) -> int:
        body = {"xml_submission_file": SimpleUploadedFile("a.xml", filled.xml(), "text/xml")}
        body |= {name: SimpleUploadedFile(f"{name}.jpg", raw, "image/jpeg") for name, raw in files.items()}
        return phone.post(address, body).status_code

    first = said(SAID["first"], paper="paper.jpg")
    assert post(first, paper=jpeg()) == 201
    assert post(first, paper=jpeg()) == 202
    ours, theirs = (said(SAID[one], paper="paper.jpg", base=first.id) for one in ("ours", "theirs"))
    # Two changed the same: a person decides.
    assert (post(ours, paper=jpeg()), post(theirs, paper=jpeg())) == (201, 201)
    other = said(SAID["other"], paper="paper.jpg", id=theirs.id, base=first.id)
    assert post(other) == 409  # other content under one id: a person decides
    late = said(SAID["late"])
    assert post(late) == 201

    page = head.get("/forms/disputes")
    (contested,) = page.context["contested"]
    assert [one.masked for one in contested.questions] == [True]
    assert len(page.context["disputes"]) == 1
    kept = head.post("/forms/health/answers", {"name": "市平台", "lines": "号码 = person_id_number\n症状 = symptoms"})
    assert kept.status_code == 302
    seen = head.post("/forms/health/answers/look", {"why": "who needs a doctor"})["Location"].partition("?")[2]
    shown = [head.get(f"/forms/health/answers{end}{seen}").content.decode() for end in ("?", ".csv?order=市平台&")]
    assert all("⟦masked:HEALTH⟧" in one and "⟦masked:IDENTITY⟧" in one for one in shown)
    waiting = page.context["disputes"][0].waiting
    assert head.post(f"/forms/disputes/{waiting.pk}/decide", {"decision": "REPLACED"}).status_code == 302

    words = [NUMBER, *SAID.values(), "JFIF"]
    assert tell_tale([form.reason]) != []  # what is not sealed is found
    assert tell_tale([*words, "paper.jpg"]) == []  # nor the name of a file: it may be a person's
    assert not [one for one in shown for word in words if word in one]
    # Whoever may read them reads them, and what was put together agrees with what was sent.
    stands = {one.instance_id: one.now for one in answers_of("health", actor=cast.district_head)}
    assert stands == {
        first.id: {"id": NUMBER, "symptoms": SAID["first"], "paper": "paper.jpg"},
        late.id: {"id": NUMBER, "symptoms": SAID["late"]},
    }
    told = {row.answers["symptoms"] for row in rows()}
    assert told == set(SAID.values())
    assert [Image.open(BytesIO(one.content)).size for one in Attachment.objects.all()] == [(40, 30)] * 3
    assert audit_submissions() == audit_versions() == []


def test_a_digest_is_keyed_so_that_nobody_tries_answers_against_it(cast: Cast) -> None:
    health_form(cast)
    filled = said("轻微")
    take(cast, filled)
    (row,) = rows()
    entry = Entry.objects.filter(act="forms.take_submission").first()
    bare = importlib.import_module("qipan.forms.rules.submission").digest_of_stored(row.xml)
    assert entry.data["content"] == row.digest
    assert not [text for _table, text in as_stored() if bare in text]


def test_a_former_key_still_opens_and_knows_a_resend(cast: Cast, needs: Form) -> None:
    filled, changed = with_photo(), Filled(people="9")
    with override_settings(SECRET_KEY="old", SECRET_KEY_FALLBACKS=[]):
        take(cast, filled, photo())
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert take(cast, filled, photo()) == Outcome.AGAIN
        assert take(cast, Filled(people="9", base=filled.id, id=changed.id)) == Outcome.TAKEN
        assert [row.answers["people"] for row in rows()] == [3, 9]
        assert bytes(Attachment.objects.get().content) == photo().content
        assert audit_submissions() == audit_versions() == []
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        # What only the old key opens is lost, and said to be; nothing falls over it.
        first, second = rows()
        assert (first.answers, first.xml, second.answers["people"]) == ({}, "", 9)
        assert bytes(Attachment.objects.get().content) == b""
        assert audit_submissions() == [
            f"submission {first.pk} cannot be opened: the key that sealed it is not named here"
        ]
        assert cast.client("district_head").get("/forms/disputes").status_code == 200


def test_what_was_held_before_is_read_and_then_sealed(cast: Cast, needs: Form) -> None:
    filled = with_photo()
    take(cast, filled, photo())
    (before,) = rows()
    bare = importlib.import_module("qipan.forms.rules.submission").digest_of_stored(before.xml)
    with connection.cursor() as cursor:  # as it stood before answers were sealed
        cursor.execute(
            "UPDATE forms_submission SET xml = %s, answers = %s, digest = %s, awaits = %s",
            [before.xml, '{"people": 3, "why": "轮椅"}', bare, '["张三.png"]'],
        )
        cursor.execute("UPDATE forms_attachment SET content = %s, name = 'a.png', name_digest = ''", [photo().content])
    assert rows()[0].answers == {"people": 3, "why": "轮椅"}
    assert {("forms_attachment", "a.png"), ("forms_submission", "张三")} <= set(tell_tale(["a.png", "张三"]))
    for _again in range(2):  # broken off and begun again, it seals nothing twice
        for number in ("0009_sealed_answers", "0013_file_names"):
            importlib.import_module(f"qipan.forms.migrations.{number}").rewrite(apps, None)
        assert tell_tale(["轮椅", "not really", "<people>", "a.png", "张三"]) == []
        (row,) = rows()
        assert (row.answers, row.xml, row.merged) == ({"people": 3, "why": "轮椅"}, before.xml, None)
        kept = Attachment.objects.get()
        assert (kept.name, kept.name_digest, bytes(kept.content)) == ("a.png", file_keys("a.png")[0], photo().content)
        assert row.awaits == [file_keys("张三.png")[0]]
    Submission.objects.everywhere("a test").update(awaits=[])
    assert take(cast, filled, photo()) == Outcome.AGAIN


def test_nothing_of_a_filled_form_is_held_open(cast: Cast, needs: Form) -> None:
    """Whether a field is called sensitive or not: free words of a door say health too."""
    take(cast, Filled(more="<help>yes</help><why>轮椅</why>"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT xml, answers FROM forms_submission")
        xml, answers = cursor.fetchone()
    assert xml.startswith(MARK) and answers.startswith(f'"{MARK}')
    assert Submission.objects.everywhere("a test").get().answers["why"] == "轮椅"


def test_a_photograph_grows_by_no_third() -> None:
    sealed = importlib.import_module("qipan.kernel.sealed")
    raw = Sent.of("a", "image/jpeg", bytes(100_000)).content
    assert len(sealed.seal_bytes(raw)) - len(raw) <= 80
    assert sealed.open_bytes(sealed.seal_bytes(raw)) == raw
    assert (sealed.seal_bytes(b""), sealed.open_bytes(b"")) == (b"", b"")
