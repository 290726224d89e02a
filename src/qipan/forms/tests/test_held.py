"""What a register holds is checked again when a filled form comes: a changed value is a person's to decide (ORG-12)."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from qipan.access.testing import Cast
from qipan.forms.actions import bring_values, open_form, publish_form, seed_fields
from qipan.forms.actions.disputes import AlreadyDecided, UnknownDecision, decide_held
from qipan.forms.api import Form, take_submission
from qipan.forms.models import Submission
from qipan.forms.queries.versions import audit_versions, get_otherwise, otherwise_for
from qipan.forms.rules import Definition
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from ..testing import DOOR
from .conftest import Entry
from .sheets import HEATING, sheet

COMPOUND = "锦江一街一社区1号院"
KIND = ["text", "heat", "供暖方式", "Kind of heating", "", "compound_heating"]
EN = {"headers": {"Accept-Language": "en"}}


def published(cast: Cast, code: str, subject: str, *rows: list[str]) -> Form:
    form = publish_form(
        code=code, title=f"表{code}", subject=subject, number=f"QP-{code}", issuer=cast.unit("5101:lead-body"), approval="a",
        basis="b", purpose="p", valid_from=cast.at, valid_to=cast.at + timedelta(days=30),
        definition=Definition(sheet(*rows), reuse=True), by=cast.lead, at=cast.at,
    )  # fmt: skip
    until = cast.at + timedelta(days=9)
    open_form(form, grounds=[range_of("510104")], closes_at=until, by=cast.city_commander, at=cast.at)
    return form


@pytest.fixture
def city(cast: Cast) -> Cast:
    seed_fields(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    bring_values(
        "compound_heating", [{"place": "510104001001001", "value": "集中供暖"}], name="heating.csv", sha256="0" * 64,
        as_of=date(2026, 1, 1), by=cast.lead, at=cast.at,
    )  # fmt: skip
    published(cast, "heating", "DOOR", *HEATING, KIND)
    return cast


def filled(
    id_: str = "uuid:1", *, compound: str = COMPOUND, heat: str = "集中供暖", base: str = "", ok: str = "yes"
) -> bytes:
    before = f"<deprecatedID>{base}</deprecatedID>" if base else ""
    return (
        f'<data id="heating" version="1"><place>{DOOR}</place><compound>{compound}</compound>'
        f"<inside><heating>{ok}</heating></inside><help>no</help><heat>{heat}</heat>"
        f"<meta><instanceID>{id_}</instanceID>{before}</meta></data>"
    ).encode()


def sent(cast: Cast, xml: bytes) -> int:
    return take_submission(xml, by=cast.screener, at=cast.at).differs


def rows() -> list[Submission]:
    return list(Submission.objects.everywhere("a test").order_by("pk"))


def waiting(cast: Cast) -> list[Any]:
    with override("en"):
        return [one for form in otherwise_for(cast.district_head) for one in form.questions]


@pytest.mark.row("ORG-12", "SVC-10")
def test_what_is_as_the_register_holds_it_is_taken(city: Cast) -> None:
    assert sent(city, filled()) == 0
    (row,) = rows()
    assert (row.differs, row.answers["compound"], row.answers["heat"]) == (None, COMPOUND, "集中供暖")
    assert waiting(city) == []


@pytest.mark.row("ORG-12")
def test_what_was_not_filled_in_says_nothing(city: Cast) -> None:
    assert sent(city, filled(compound="", heat="")) == 0
    assert rows()[0].differs is None


@pytest.mark.row("ORG-12", "SVC-10")
def test_a_changed_value_is_flagged_and_the_register_stands_until_a_person_decides(city: Cast) -> None:
    assert sent(city, filled(compound="别处")) == 1
    (row,) = rows()
    assert (row.answers["compound"], row.differs) == (COMPOUND, {"compound": "别处"})
    assert row.answers["inside"] == {"heating": "yes"}
    assert "<compound>别处</compound>" in row.xml  # as it was sent
    assert waiting(city) == [("compound", "Compound", COMPOUND, "别处", False)]
    assert otherwise_for(city.neighbour_head) == []
    page = city.client("dispatcher").get("/forms/disputes", **EN).content.decode()
    assert "Otherwise than the register" in page and "别处" in page
    assert sent(city, filled(compound="别处")) == 0  # a resend
    assert len(rows()) == 1


@pytest.mark.row("ORG-12")
def test_whoever_decides_lets_one_of_both_stand(city: Cast) -> None:
    sent(city, filled(compound="别处", heat="电"))
    (row,) = rows()
    path = f"/forms/disputes/{row.pk}/held"
    worker, client = city.client("worker"), city.client("dispatcher")
    before = Entry.objects.count()
    assert worker.post(path, {"question": "compound", "decision": "REPLACED"}).status_code == 403
    assert city.client("neighbour_head").post(path, {"question": "compound", "decision": "KEPT"}).status_code == 404
    assert client.post(path, {"question": "help", "decision": "KEPT"}).status_code == 409
    assert client.post(path, {"question": "compound", "decision": "MAYBE"}).status_code == 400
    assert (Entry.objects.count(), rows()[0].differs) == (before, {"compound": "别处", "heat": "电"})
    assert client.post(path, {"question": "compound", "decision": "KEPT"}).status_code == 302
    assert client.post(path, {"question": "heat", "decision": "REPLACED"}).status_code == 302
    (row,) = rows()
    assert (row.differs, row.answers["compound"], row.answers["heat"]) == (None, COMPOUND, "电")
    said = [one.data for one in Entry.objects.filter(act="forms.decide_held").order_by("pk")]
    assert [(one["question"], one["decision"]) for one in said] == [("compound", "KEPT"), ("heat", "REPLACED")]
    assert waiting(city) == []


@pytest.mark.row("ORG-12")
@pytest.mark.parametrize(
    ("who", "changes", "refusal"),
    [
        ("worker", {}, NotAllowed),
        ("neighbour_head", {}, NotFound),
        ("dispatcher", {"path": "heat"}, AlreadyDecided),
        ("dispatcher", {"decision": ""}, UnknownDecision),
    ],
)
def test_nobody_else_decides(city: Cast, who: str, changes: dict[str, str], refusal: type[Refusal]) -> None:
    sent(city, filled(compound="别处"))
    (row,) = rows()
    said = {"path": "compound", "decision": "KEPT"} | changes
    with pytest.raises(refusal):
        decide_held(row, **said, by=getattr(city, who), at=city.at)
    assert rows()[0].differs == {"compound": "别处"}
    with pytest.raises(NotFound):
        get_otherwise(row.pk, actor=city.neighbour_head)


@pytest.mark.row("ORG-12")
def test_a_change_of_it_is_not_asked_again_where_a_person_let_it_stand(city: Cast) -> None:
    sent(city, filled(heat="电"))
    assert sent(city, filled("uuid:2", heat="电", base="uuid:1")) == 1  # nobody has decided
    first, second = rows()
    decide_held(first, path="heat", decision="REPLACED", by=city.dispatcher, at=city.at)
    assert sent(city, filled("uuid:3", heat="电", base="uuid:2", ok="no")) == 0
    assert (second.differs, rows()[1].differs) == ({"heat": "电"}, None)
    first = rows()[0]
    assert (first.now["heat"], first.now["inside"]["heating"], first.contested) == ("电", "no", False)
    assert audit_versions() == []


@pytest.mark.row("ORG-12")
def test_a_unit_answers_for_itself_and_changes_none_of_its_facts(city: Cast) -> None:
    published(
        city, "staff", "UNIT",
        ["text", "which", "单位", "Unit", "", "place"],
        ["text", "name", "名称", "Name", "", "unit_name"],
        ["integer", "present", "在岗人数", "Staff on duty", "", "unit_staff_present"],
    )  # fmt: skip
    unit = city.unit("510104001001:community")
    for n, (name, differs) in enumerate(((unit.name, 0), ("别的", 1))):
        xml = (
            f'<data id="staff" version="1"><which>{unit.code}</which><name>{name}</name><present>4</present>'
            f"<meta><instanceID>uuid:u{n}</instanceID></meta></data>"
        )
        assert take_submission(xml.encode(), by=city.worker, at=city.at).differs == differs
    assert [(one.answers["name"], one.differs) for one in rows()] == [(unit.name, None), (unit.name, {"name": "别的"})]
