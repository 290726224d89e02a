"""Two that differ under one id, many at once, a database that fails: one stands, both are kept, nothing is half."""

import threading

import pytest
from django.db import DatabaseError, connection

from qipan.access.testing import Cast
from qipan.forms.actions import seed_fields, submitting
from qipan.forms.actions.disputes import AlreadyDecided, UnknownDecision, decide_dispute
from qipan.forms.actions.publishing import PublishedMeanwhile
from qipan.forms.actions.refusals import InProgress, StoreUnavailable
from qipan.forms.actions.submitting import in_hand
from qipan.forms.api import Form, Outcome
from qipan.forms.models import Attachment, FieldEntry, FormQuestion
from qipan.forms.queries.submissions import audit_submissions, disputes_for, get_dispute
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.kernel.testing import at_once

from ..testing import CODE, SURVEY, Filled, opened, publish
from .test_submissions import PNG, held, photo, rows, take, with_photo


def test_other_content_under_a_known_id_is_kept_beside_the_first(cast: Cast, needs: Form) -> None:
    first = Filled()
    other = Filled(id=first.id, people="4")
    assert take(cast, first) == Outcome.TAKEN
    assert take(cast, other) == Outcome.DISPUTED
    assert take(cast, other) == Outcome.DISPUTED
    assert take(cast, first) == Outcome.AGAIN
    assert [(row.standing, row.answers["people"]) for row in rows()] == [("STANDS", 3), ("DISPUTED", 4)]
    assert held() == (2, 0, 2)
    (dispute,) = disputes_for(cast.district_head)
    assert [(one.label, one.first, one.second) for one in dispute.differences] == [("people", "3", "4")]
    assert disputes_for(cast.neighbour_head) == []
    assert audit_submissions() == []


def test_another_file_under_a_known_name_is_kept_beside_the_first(cast: Cast, needs: Form) -> None:
    filled = with_photo()
    take(cast, filled, photo())
    other = photo(raw=b"another")
    assert take(cast, filled, other) == Outcome.DISPUTED
    assert take(cast, filled, other) == Outcome.DISPUTED
    assert [row.standing for row in rows()] == ["STANDS", "DISPUTED"]
    assert [bytes(one.content) for one in Attachment.objects.order_by("pk")] == [PNG, b"another"]
    (dispute,) = disputes_for(cast.district_head)
    assert [one.label for one in dispute.differences] == ["a.png"]
    assert audit_submissions() == []


def test_an_id_of_another_ground_says_nothing_of_what_is_there(cast: Cast, needs: Form) -> None:
    opened(cast, needs, ground=range_of("510104001002"))
    filled = Filled()
    take(cast, filled)
    before = held()
    with pytest.raises(NotFound):
        take(cast, Filled(id=filled.id, place="5101040010020010001"), by=cast.neighbour_worker)
    assert held() == before


@pytest.mark.parametrize(("decision", "people"), [("KEPT", 3), ("REPLACED", 4)])
def test_a_person_decides_which_stands(cast: Cast, needs: Form, decision: str, people: int) -> None:
    first = Filled()
    other = Filled(id=first.id, people="4")
    take(cast, first)
    take(cast, other)
    waiting = rows()[1]
    for name, refusal in (("worker", NotAllowed), ("neighbour_head", NotFound)):
        with pytest.raises(refusal):
            get_dispute(waiting.pk, actor=getattr(cast, name))
        with pytest.raises(refusal):
            decide_dispute(waiting, decision=decision, by=getattr(cast, name), at=cast.at)
    with pytest.raises(UnknownDecision):
        decide_dispute(waiting, decision="PERHAPS", by=cast.district_head, at=cast.at)
    assert [row.standing for row in rows()] == ["STANDS", "DISPUTED"]
    decided = decide_dispute(waiting, decision=decision, by=cast.district_head, at=cast.at)
    assert (decided.decided_at, decided.decided_by) == (cast.at, cast.district_head.label)
    assert [row.answers["people"] for row in rows() if row.standing == "STANDS"] == [people]
    assert sorted(row.standing for row in rows()) == ["SET_ASIDE", "STANDS"]
    with pytest.raises(AlreadyDecided):
        decide_dispute(waiting, decision=decision, by=cast.district_head, at=cast.at)
    assert disputes_for(cast.district_head) == []
    standing, aside = (first, other) if decision == "KEPT" else (other, first)
    assert (take(cast, standing), take(cast, aside)) == (Outcome.AGAIN, Outcome.DISPUTED)
    assert len(rows()) == 2
    assert audit_submissions() == []


def test_where_only_a_file_differed_the_others_go_with_the_one_that_stands(cast: Cast, needs: Form) -> None:
    two = [*SURVEY[:13], ["image", "wall", "墙", "Wall", "", "", ""], *SURVEY[13:]]
    opened(cast, publish(cast, survey=two))
    filled = Filled(version="2", more="<spot><wall>w.png</wall><photo>a.png</photo></spot>")
    take(cast, filled, photo(), photo("w.png"))
    take(cast, filled, photo(raw=b"another"))
    decide_dispute(rows()[1], decision="REPLACED", by=cast.district_head, at=cast.at)
    (stands,) = (row for row in rows() if row.standing == "STANDS")
    assert {one.name: bytes(one.content) for one in stands.attachments.all()} == {"a.png": b"another", "w.png": PNG}


def test_where_the_answers_differed_the_files_of_the_first_stay_with_it(cast: Cast, needs: Form) -> None:
    filled = with_photo()
    take(cast, filled, photo())
    take(cast, Filled(id=filled.id, people="4"))
    decide_dispute(rows()[1], decision="REPLACED", by=cast.district_head, at=cast.at)
    assert [(row.standing, row.attachments.count()) for row in rows()] == [("SET_ASIDE", 1), ("STANDS", 0)]


def test_names_are_not_shown_to_decide(cast: Cast, needs: Form) -> None:
    """Red line 5: whoever decides reads of no person, only that the two differ."""
    first = Filled(more="<why>张三</why>")
    take(cast, first)
    take(cast, Filled(id=first.id, more="<why>李四</why>"))
    seed_fields(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    FormQuestion.objects.create(form=needs, order=1, path="/data/why", kind="text", labels={}, field_code="person_name")
    (dispute,) = disputes_for(cast.district_head)
    assert [(one.label, one.masked, one.first, one.second) for one in dispute.differences] == [("why", True, "", "")]


@pytest.mark.parametrize(
    ("name", "status"),
    [("district_head", 200), ("dispatcher", 200), ("worker", 403), ("guard", 403), ("anonymous", 302)],
)
def test_who_sees_the_page_of_disputes(cast: Cast, needs: Form, name: str, status: int) -> None:
    assert cast.client(name).get("/forms/disputes").status_code == status


def test_the_page_shows_what_differs_and_decides(cast: Cast, needs: Form) -> None:
    first = Filled(more="<why>轮椅</why><needs>food</needs>")
    take(cast, first)
    take(cast, Filled(id=first.id, people="4", more="<why>拐杖</why><needs>food</needs>"))
    FieldEntry.objects.create(
        code="aid", name="aid", name_en="aid", kind="TEXT", about="DOOR", source="s", source_en="s", retention_days=9,
        owner=cast.unit("5101:lead-body"), sensitivity="HEALTH", valid_from=cast.at.date(),
    )  # fmt: skip
    FormQuestion.objects.create(form=needs, order=1, path="/data/why", kind="text", labels={"中文 (zh)": "何种帮助"}, field_code="aid")  # fmt: skip
    client = cast.client("district_head")
    page = client.get("/forms/disputes").content.decode()
    assert "<td>3</td><td>4</td>" in page
    assert "何种帮助" in page
    assert "轮椅" not in page
    assert "拐杖" not in page
    assert "food" not in page
    assert cast.client("neighbour_head").get("/forms/disputes").context["disputes"] == []
    waiting = rows()[1]
    address = f"/forms/disputes/{waiting.pk}/decide"
    assert cast.client("neighbour_head").post(address, {"decision": "REPLACED"}).status_code == 404
    assert client.post(address, {"decision": "PERHAPS"}).status_code == 400
    assert rows()[1].standing == "DISPUTED"
    assert client.post(address, {"decision": "REPLACED"}).status_code == 302
    assert [row.standing for row in rows()] == ["SET_ASIDE", "STANDS"]
    assert client.post(address, {"decision": "KEPT"}).status_code == 404
    assert client.get("/forms/disputes").context["disputes"] == []


@pytest.mark.parametrize("many", [5, 50])
def test_many_identical_posts_at_once_are_one(shared: Cast, many: int) -> None:
    filled = with_photo()
    told: list[Outcome] = []

    def send() -> None:
        told.append(take(shared, filled, photo()))

    assert set(at_once(*[send] * many)) <= {None}
    assert sorted(told).count(Outcome.TAKEN) == 1
    assert set(told) <= {Outcome.TAKEN, Outcome.AGAIN}
    assert len(told) == many
    assert held() == (1, 1, 1)


def test_published_at_once_each_is_a_version_or_is_told(shared: Cast) -> None:
    errors = at_once(*[lambda: publish(shared)] * 4)
    assert {type(error) for error in errors} <= {type(None), PublishedMeanwhile}
    done = sum(error is None for error in errors)
    assert done >= 1
    versions = Form.objects.filter(code=CODE).order_by("version").values_list("version", flat=True)
    assert list(versions) == [*range(1, done + 2)]


def test_different_posts_of_one_id_at_once_leave_one_standing(shared: Cast) -> None:
    first = Filled()
    told: list[Outcome] = []

    def send(people: int) -> None:
        told.append(take(shared, Filled(id=first.id, people=str(people))))

    assert set(at_once(*[lambda n=n: send(n % 4) for n in range(12)])) == {None}
    assert told.count(Outcome.TAKEN) == 1
    assert told.count(Outcome.DISPUTED) == 9
    assert sorted(row.standing for row in rows()) == ["DISPUTED"] * 3 + ["STANDS"]
    assert audit_submissions() == []


def test_files_of_one_form_that_come_at_once_are_all_kept(shared: Cast) -> None:
    survey = SURVEY[:13] + [["image", f"p{n}", "", f"p{n}", "", "", ""] for n in range(8)] + SURVEY[13:]
    opened(shared, publish(shared, survey=survey))
    filled = Filled(version="2", more="<spot>" + "".join(f"<p{n}>{n}.png</p{n}>" for n in range(8)) + "</spot>")
    assert set(at_once(*[lambda n=n: take(shared, filled, photo(f"{n}.png")) for n in range(8)])) == {None}
    assert (rows()[0].awaits, held()[:2]) == ([], (1, 8))


def test_while_the_same_form_is_being_taken_another_post_is_told_to_wait(shared: Cast, monkeypatch) -> None:
    monkeypatch.setattr(submitting, "PATIENCE_S", 0.2)
    filled, free, busy = Filled(), threading.Event(), threading.Event()

    def hold() -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 7311))", [filled.id])
                busy.set()
                free.wait(20)
                cursor.execute("SELECT pg_advisory_unlock_all()")
        else:
            with in_hand(filled.id):
                busy.set()
                free.wait(20)

    def send() -> None:
        busy.wait(20)
        try:
            with pytest.raises(InProgress):
                take(shared, filled)
            assert take(shared, Filled()) == Outcome.TAKEN  # another form is not held up
        finally:
            free.set()

    assert at_once(hold, send) == [None, None]
    assert take(shared, filled) == Outcome.TAKEN


def test_a_database_that_cannot_be_written_keeps_nothing_and_logs_no_answer(shared: Cast, monkeypatch, caplog) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise DatabaseError("disk full near 轮椅")

    monkeypatch.setattr(submitting, "_attach", full)
    filled = with_photo()
    with pytest.raises(StoreUnavailable):
        take(shared, filled, photo())
    assert held() == (0, 0, 0)
    assert "轮椅" not in caplog.text
    assert "DatabaseError" in caplog.text
    monkeypatch.undo()
    assert take(shared, filled, photo()) == Outcome.TAKEN
