"""One's own answers, by the code that the form made: seen with who looked, corrected, erased on a wish (red line 5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.test import Client

from qipan.access.testing import Cast, make_city
from qipan.forms.actions.owning import AnswersKeptByHold, erase_answers
from qipan.forms.api import Form, Outcome
from qipan.forms.models import AnswerLook, Attachment, FormQuestion, Submission
from qipan.forms.queries.own import open_answers
from qipan.forms.queries.submissions import asked_by, audit_submissions
from qipan.forms.queries.versions import audit_versions
from qipan.kernel.clock import now
from qipan.kernel.sealed import keyed_digests

from ..testing import Filled
from .conftest import Entry
from .test_sealed import NUMBER, Health, health_form, tell_tale
from .test_submissions import photo, rows, take

CODE, OTHER = "f47ac10b-58cc-4372", "0a0b0c0d-1111-4222"
Wish, Hold = apps.get_model("retention", "Wish"), apps.get_model("retention", "Hold")


@pytest.fixture
def cast(db: None) -> Cast:
    """A city a minute ago, in which a form about persons is open: pages ask the real clock."""
    cache.clear()
    cast = make_city()
    cast.at = now().replace(microsecond=0) - timedelta(minutes=1)
    health_form(cast)
    return cast


def told(symptoms: str, code: str = CODE, **more: Any) -> Health:
    """What a phone sends of a person."""
    paper = more.pop("paper", "")
    said = f"<id>{NUMBER}</id><symptoms>{symptoms}</symptoms><paper>{paper}</paper>"
    return Health(more=f"{said}<qipan_code>{code}</qipan_code>", **more)


def look(cast: Cast, name: str, why: str, query: str = "") -> str:
    """Says why, and returns the address that it leads to."""
    return str(cast.client(name).post(f"/forms/health/answers/look{query}", {"why": why})["Location"])


def counts() -> list[int]:
    return [model.objects.count() for model in (Attachment, AnswerLook, Entry)] + [len(rows())]


def test_a_form_about_a_person_makes_a_code_on_the_phone_and_no_other_does(cast: Cast, needs: Form) -> None:
    form = Form.objects.get(code="health")
    assert 'nodeset="/data/qipan_code"' in form.xform and "once(substr(uuid(), 0, 18))" in form.xform
    assert asked_by(form).own_code is True
    assert '<output value=" /data/qipan_code "/>' in form.xform
    assert not FormQuestion.objects.filter(path__contains="qipan_code").exists()  # nobody is asked for it
    assert "qipan_code" not in needs.xform and asked_by(needs).own_code is False


def test_the_code_stands_nowhere_but_as_a_keyed_digest(cast: Cast) -> None:
    assert take(cast, told("高热")) == Outcome.TAKEN
    assert tell_tale([CODE, CODE.replace("-", "")]) == []
    (row,) = rows()
    assert row.code_hash == keyed_digests("own:f47ac10b58cc4372")[0][:60]
    assert "<qipan_code />" in row.xml and row.answers == {"id": NUMBER, "symptoms": "高热"}
    assert audit_submissions() == []


@pytest.mark.parametrize("code", ["", "f47ac10b-58cc-437", "f47ac10b-58cc-43720", "g47ac10b-58cc-4372", "13900000000"])
def test_what_is_no_code_opens_nothing(cast: Cast, code: str) -> None:
    assert take(cast, told("高热", code)) == Outcome.TAKEN
    assert [row.code_hash for row in rows()] == [""]
    assert open_answers(code, now()) is None


def test_a_code_shows_what_was_answered_and_who_looked_and_why(cast: Cast) -> None:
    take(cast, told("高热"))
    take(cast, told("正常", OTHER))
    look(cast, "worker", "送药上门")
    look(cast, "neighbour_dispatcher", "on another ground")
    page = Client().get("/my-data/F47AC10B 58CC4372").content.decode()
    for said in (NUMBER, "高热", "送药上门", cast.worker.label, "健康表", "a doctor"):
        assert said in page
    assert "正常" not in page and "on another ground" not in page
    own, (row, _other) = open_answers(CODE, now()), rows()
    assert own is not None
    assert [(one.label, one.value, one.until, one.correct) for one in own.held] == [
        ("身份证号", NUMBER, row.erase_at, "id"),
        ("症状", "高热", row.erase_at, "symptoms"),
    ]
    assert (own.unit_id, own.place) == (cast.unit("5101:health").pk, cast.unit("5101:health").place)
    take(cast, told("高热", "aaaaaaaa-bbbb-4ccc"), at=now())
    late = open_answers("aaaaaaaa-bbbb-4ccc", now())
    assert late is not None and late.looks == []  # nobody has looked since


def test_whoever_looks_at_answers_about_persons_says_why_first(cast: Cast) -> None:
    take(cast, told("高热"))
    client, before = cast.client("worker"), counts()
    page = client.get("/forms/health/answers")
    assert (page.context["rows"], page.context["total"]) == ([], 1)
    assert client.get("/forms/health/answers.csv").status_code == 400
    for why in ("", "  ", "x" * 201):
        assert client.post("/forms/health/answers/look", {"why": why}).status_code == 400
    assert counts() == before
    address = look(cast, "worker", "送药上门")
    assert len(client.get(address).context["rows"]) == 1
    file = client.get(address.replace("/answers?", "/answers.csv?"))
    assert file.status_code == 200 and "⟦masked:HEALTH⟧" in file.content.decode()
    (written,) = AnswerLook.objects.all()
    assert (written.why, written.by_label, written.form_code) == ("送药上门", cast.worker.label, "health")
    # It is one office's, for these answers, and for what had come by then.
    assert cast.client("dispatcher").get(address).context["rows"] == []
    assert client.get(f"{address}&drill=1").context["rows"] == []
    assert client.get(f"{address}x").context["rows"] == []
    take(cast, told("正常", OTHER), at=now() + timedelta(seconds=5))
    assert len(client.get(address).context["rows"]) == 1
    assert AnswerLook.objects.count() == 1


def test_a_form_about_doors_is_read_without_a_reason(cast: Cast, needs: Form) -> None:
    take(cast, Filled())
    assert len(cast.client("worker").get("/forms/door-needs/answers").context["rows"]) == 1
    sent = cast.client("worker").post("/forms/door-needs/answers/look", {"why": "x"})
    assert sent["Location"] == "/forms/door-needs/answers?" and AnswerLook.objects.count() == 0


def test_a_person_corrects_an_answer_which_is_one_more_version(cast: Cast) -> None:
    take(cast, told("高热", paper="a.jpg"), photo("a.jpg"))
    client = Client()
    assert client.post(f"/my-data/{CODE}/correct", {"name": "symptoms", "value": "已退烧"}).status_code == 302
    first, second = rows()
    assert (second.based_on, second.answers["symptoms"], second.awaits) == (first.instance_id, "已退烧", [])
    assert first.now == {"id": NUMBER, "symptoms": "已退烧", "paper": "a.jpg"} and first.answers["symptoms"] == "高热"
    assert (second.code_hash, second.erase_at, second.contested) == (first.code_hash, first.erase_at, False)
    page = client.get(f"/my-data/{CODE}").content.decode()
    assert "已退烧" in page and "高热" not in page
    assert audit_submissions() == audit_versions() == []
    act = Entry.objects.get(act="retention.correct_own")
    assert act.data == {"what": "symptoms"} and act.place == cast.unit("5101:health").place


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"name": "symptoms", "value": " "}, 400),
        ({"name": "paper", "value": "b.jpg"}, 400),
        ({"name": "none", "value": "x"}, 400),
        ({"value": "x"}, 404),
        ({"name": "symptoms", "value": "⟦masked:HEALTH⟧"}, 400),
    ],
)
def test_a_correction_that_is_refused_writes_nothing(cast: Cast, sent: dict[str, str], status: int) -> None:
    take(cast, told("高热", paper="a.jpg"), photo("a.jpg"))
    before = counts()
    assert Client().post(f"/my-data/{CODE}/correct", sent).status_code == status
    assert counts() == before and rows()[0].now["symptoms"] == "高热"


def test_what_the_person_says_stands_over_what_two_others_wrote(cast: Cast) -> None:
    first = told("高热")
    take(cast, first)
    take(cast, told("咳嗽", base=first.id))
    take(cast, told("腹泻", base=first.id))
    assert rows()[0].contested is True and rows()[0].now["symptoms"] == "高热"
    Client().post(f"/my-data/{CODE}/correct", {"name": "symptoms", "value": "都没有"})
    assert rows()[0].contested is False and rows()[0].now["symptoms"] == "都没有"
    assert audit_versions() == []


def test_a_wish_to_erase_lies_with_whoever_asked_and_takes_every_version_and_look(cast: Cast) -> None:
    first = told("高热", paper="a.jpg")
    take(cast, first, photo("a.jpg"))
    take(cast, told("咳嗽", base=first.id))
    kept = told("正常", OTHER)
    take(cast, kept)
    look(cast, "worker", "送药上门")
    assert Client().post(f"/my-data/{CODE}/wish", {"kind": "DELETE"}).status_code == 302
    wish = Wish.objects.everywhere("a test").get()
    assert (wish.unit.code, wish.place) == ("5101:health", cast.unit("5101:health").place)
    assert cast.client("dispatcher").post(f"/retention/wishes/{wish.pk}", {"grant": "1"}).status_code == 404
    assert len(rows()) == 3
    assert cast.client("department").post(f"/retention/wishes/{wish.pk}", {"grant": "1"}).status_code == 302
    assert [row.instance_id for row in rows()] == [kept.id]
    assert (Attachment.objects.count(), AnswerLook.objects.count()) == (0, 1)  # it showed the other one, too
    # The answer is still read by the code, of which nothing else is left.
    page = Client().get(f"/my-data/{CODE}").content.decode()
    assert "已无：均已销毁" in page and "已按您的要求办理" in page
    assert Client().get("/my-data/99999999-9999-4999").status_code == 404
    wish = Wish.objects.everywhere("a test").get()
    erase_answers(wish.subject.replace(wish.subject[17:], rows()[0].code_hash), by=cast.department, at=now())
    assert (len(rows()), AnswerLook.objects.count()) == (0, 0)


def test_what_a_written_assessment_keeps_is_not_erased_on_a_wish(cast: Cast) -> None:
    take(cast, told("高热"))
    (row,), at = rows(), now()
    Hold.objects.create(
        model="forms.Submission", key="health:real", title="health", area="5101", grounds=[[row.place, row.place]],
        assessment="A-1", why="before the court", until=at + timedelta(days=1), placed_at=at, by_label="x",
    )  # fmt: skip
    before = counts()
    with pytest.raises(AnswersKeptByHold):
        erase_answers(f"forms.Submission:{row.code_hash}", by=cast.department, at=at)
    assert counts() == before
    erase_answers(f"forms.Submission:{row.code_hash}", by=cast.department, at=at + timedelta(days=2))
    assert Submission.objects.everywhere("a test").count() == 0
