"""What keeps a form from being published: fields, registers, other forms, red lines."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import override

from qipan.access.testing import Cast
from qipan.forms.actions import (
    ApprovalMissing,
    MustReuse,
    QuestionsUnfit,
    ReasonMissing,
    bring_values,
    publish_form,
    seed_forms,
)
from qipan.forms.actions.opening import PictureDemanded
from qipan.forms.api import Outcome, open_form, take_submission
from qipan.forms.models import Form, FormOpening, FormQuestion, Submission
from qipan.forms.queries import GroundTooWide, held, held_file
from qipan.forms.rules import Definition, FormBroken, Media, make_xlsform
from qipan.kernel.place import range_of
from qipan.kernel.refusal import Refusal

from ..testing import DOOR
from .conftest import Entry
from .sheets import HEATING, sheet

HERE = range_of("510104001001001")


def publish(cast: Cast, source: bytes, *, code: str = "heating", **changes: Any) -> Form:
    how = {name: changes.pop(name) for name in list(changes) if name in Definition.__dataclass_fields__}
    terms: dict[str, Any] = {
        "code": code,
        "title": "供暖排查表",
        "title_en": "Heating check",
        "subject": "DOOR",
        "number": f"QP-{code}",
        "issuer": cast.unit("5101:lead-body"),
        "approval": "approval 7",
        "basis": "Statistics Law, art. 17",
        "purpose": "heating that works",
        "valid_from": cast.at,
        "valid_to": cast.at + timedelta(days=30),
        "by": cast.lead,
        "at": cast.at,
    }
    return publish_form(**{**terms, **changes}, definition=Definition(source, **how))


def refused(cast: Cast, refusal: type[Refusal], source: bytes, **changes: Any) -> Any:
    """Publishes, is refused, and nothing was written."""
    before = (Form.objects.count(), FormQuestion.objects.count(), Entry.objects.count())
    with pytest.raises(refusal) as found:
        publish(cast, source, **changes)
    assert (Form.objects.count(), FormQuestion.objects.count(), Entry.objects.count()) == before
    return found.value


@pytest.mark.row("ORG-12", "SVC-10")
def test_what_a_register_holds_must_be_reused_and_is_then_filled_in(city: Cast) -> None:
    found = refused(city, MustReuse, sheet(*HEATING))
    assert found.status == 409 and len(found.problems) == 1
    assert "小区台账" in found.problems[0] or "Register of compounds" in found.problems[0]
    form = publish(city, sheet(*HEATING), reuse=True)
    assert [(one.path, one.field_code, one.held) for one in form.questions.order_by("order")] == [
        ("/data/compound", "compound_name", True),
        ("/data/inside/heating", "door_heating_works", False),
        ("/data/help", "door_help_needed", False),
        ("/data/again", "visit_appointment", False),
    ]
    assert (
        '<bind nodeset="/data/compound" type="string" readonly="true()" '
        "calculate=\"instance('qipan_held')/root/item[name= /data/place ]/compound_name\"/>"
    ) in form.xform
    made = held_file(form, [HERE], at=city.at)
    assert made is not None and made.name == "qipan_held.csv"
    lines = made.content.decode().splitlines()
    assert lines[0] == "name,label,compound_name"
    assert lines[1] == "5101040010010010001,锦江一街一社区1号院 1-1-102,锦江一街一社区1号院"
    assert len(lines) == 11
    other = held_file(form, [range_of("510105")], at=city.at)
    assert other is not None and other.content != made.content and "锦江" not in other.content.decode()


def fill(form: Form, **answers: str) -> bytes:
    said = "".join(f"<{name}>{value}</{name}>" for name, value in answers.items())
    return f'<data id="{form.code}" version="1">{said}<meta><instanceID>uuid:{form.code}</instanceID></meta></data>'.encode()  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "reuse", "name"),
    [
        ([HEATING[4]], False, "place"),  # the author asks for no door: the form does
        ([["text", "where", "哪一户", "Which door", "", "place"], HEATING[4]], True, "where"),
    ],
)
@pytest.mark.row("ORG-12")
def test_a_form_about_doors_asks_which_one_whatever_the_author_calls_it(
    city: Cast, rows: list[list[str]], reuse: bool, name: str
) -> None:
    form = publish(city, sheet(*rows), reuse=reuse)
    made = held_file(form, [HERE], at=city.at)
    assert made is not None and len(made.content.decode().splitlines()) == 11
    end = city.at + timedelta(days=1)
    open_form(form, grounds=[range_of("510104")], closes_at=end, by=city.city_commander, at=city.at)
    door = "5101040010010010003"
    told = take_submission(fill(form, **{name: door, "help": "yes"}), by=city.worker, at=city.at)
    assert told.outcome == Outcome.TAKEN
    assert Submission.objects.everywhere("a test").get().place == int(door)


@pytest.mark.row("ORG-12")
def test_a_telephone_number_that_a_register_brought_is_filled_in_and_read_only(city: Cast) -> None:
    ask = ["text", "phone", "物业电话", "Office telephone", "", "compound_office_phone"]
    assert publish(city, sheet(ask), code="before").questions.get().held is False
    rows = [{"place": "510104001001001", "value": "028-1234"}]
    bring_values(
        "compound_office_phone", rows, name="p.csv", sha256="a" * 64, as_of=city.at.date(), by=city.lead, at=city.at
    )
    assert "028-1234" not in Entry.objects.get(act="forms.bring_values").data.values()
    refused(city, MustReuse, sheet(ask), code="after")
    form = publish(city, sheet(ask), code="after", reuse=True)
    assert form.questions.get().held is True
    made = held_file(form, [HERE], at=city.at)
    assert made is not None
    assert [line.rsplit(",", 1)[1] for line in made.content.decode().splitlines()] == ["compound_office_phone"] + [
        "028-1234"
    ] * 10


@pytest.mark.row("SVC-10")
def test_a_form_of_which_sixty_percent_is_asked_elsewhere_is_not_published(city: Cast) -> None:
    three = [*HEATING[4:], ["text", "language", "语言", "Language", "", "visit_language"]]
    first = publish(city, sheet(*three), code="first")
    assert first.questions.count() == 3
    new = [
        ["text", f"n{n}", f"题{n}", f"Question {n}", "", code] for n, code in enumerate(["hazard_kind", "unit_note"])
    ]
    found = refused(city, MustReuse, sheet(*three, *new), code="second")
    assert found.data["share"] == "60"
    assert len(found.problems) == 3 and all("QP-first" in one for one in found.problems)
    refused(city, MustReuse, sheet(*three, *new), code="second", reuse=True)
    fewer = publish(city, sheet(*three[:2], *new), code="second")  # two of four
    assert fewer.version == 1
    # The next version of a form does not compete with itself, and an expired form with nobody.
    assert publish(city, sheet(*three), code="first").version == 2
    Form.objects.update(valid_to=city.at)
    assert publish(city, sheet(*three, *new), code="third").version == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["text", "people", "民族", "Group", "", "unit_note"], "民族"),
        (["text", "other", "其他", "Your religion", "", "unit_note"], "religio"),
        (["text", "ethnicity", "其他", "Other", "", "unit_note"], "ethnic"),
        (["text", "kind", "您是哪个族的", "Kind", "", "unit_note"], "哪个族"),
        (["text", "kind", "是什么族", "Kind", "", "unit_note"], "什么族"),
        (["text", "kind", "您信什么教", "Kind", "", "unit_note"], "什么教"),
        (["text", "kind", "其他", "Which ethnic group", "", "unit_note"], "ethnic"),
        (["text", "kind", "其他", "Which people do you belong to", "", "unit_note"], "Which people do"),
        (["text", "kind", "其他", "Are you a Muslim", "", "unit_note"], "Muslim"),
    ],
)
def test_ethnicity_and_religion_are_asked_by_no_form(city: Cast, row: list[str], words: str) -> None:
    """Red line 4: by label or by name, whatever field is chosen."""
    (problem,) = refused(city, QuestionsUnfit, sheet(row)).problems
    assert words in problem and ("红线四" in problem or "red line 4" in problem)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["text", "mind", "心理状况", "State", "", "unit_note"], "心理状况"),
        (["text", "note", "谈话要点", "Counselling notes", "", "unit_note"], "Counselling note"),
        (["text", "mental_health", "其他", "Other", "", "unit_note"], "mental health"),
        (["text", "low", "是否抑郁", "Low", "", "unit_note"], "抑郁"),
    ],
)
def test_no_form_asks_how_somebody_is_in_mind(city: Cast, row: list[str], words: str) -> None:
    """Red line 7: what was confided stays with who listens; no answer that an office reads holds it."""
    (problem,) = refused(city, QuestionsUnfit, sheet(row)).problems
    assert words in problem and ("红线七" in problem or "red line 7" in problem)


def test_a_list_of_peoples_is_a_question_for_ethnicity(city: Cast) -> None:
    source = sheet(
        ["select_one kind", "kind", "类别", "Kind", "", "visit_language"],
        choices=[["list_name", "name", "label::中文 (zh)"], ["kind", "a", "汉族"], ["kind", "b", "藏族"]],
    )
    (problem,) = refused(city, QuestionsUnfit, source).problems
    assert "汉族" in problem


PEOPLES = ("汉族", "藏族", "羌族")
LISTS = {
    "kinds.csv": "name,label\n" + "\n".join(f"{n},{one}" for n, one in enumerate(PEOPLES)),
    "kinds.geojson": json.dumps(
        {"type": "FeatureCollection", "features": [{"id": one, "properties": {"title": one}} for one in PEOPLES]}
    ),
    "kinds.xml": f"<root>{''.join(f'<item><name>{n}</name><label>{one}</label></item>' for n, one in enumerate(PEOPLES))}</root>",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_peoples_in_a_file_is_one_too(city: Cast, name: str) -> None:
    """Red line 4: choices beside the sheet are choices; the names of two peoples in a name of a place are none."""
    source = sheet([f"select_one_from_file {name}", "kind", "类别", "Kind", "", "visit_language"])
    with override("en"):
        (problem,) = refused(city, QuestionsUnfit, source, media=(Media(name, LISTS[name].encode()),)).problems
    assert problem.startswith(f"the file {name}: “汉族、") and "red line 4" in problem
    places = "name,label\n1,阿坝藏族羌族自治州\n2,北川羌族自治县\n3,玉林汉族街\n4,回族餐馆\n"
    mood = Media("kinds.csv", "name,label\n1,焦虑\n".encode())
    asks = sheet(["select_one_from_file kinds.csv", "kind", "类别", "Kind", "", "visit_language"])
    with override("en"):
        (problem,) = refused(city, QuestionsUnfit, asks, media=(mood,)).problems
    assert problem.startswith("the file kinds.csv: “焦虑”") and "red line 7" in problem
    assert publish(city, asks, media=(Media("kinds.csv", places.encode()),)).media.get().name == "kinds.csv"


PICTURE = {"type": "image", "label": "现场", "qipan_field": "hazard_photo"}


def with_picture(**cells: str) -> bytes:
    """A form that asks for help and for a picture, whose row says this of it."""
    said = {"name": "spot"} | PICTURE | cells
    head = list(said)
    ask = {"type": "text", "name": "help", "label": "需要帮助吗", "qipan_field": "door_help_needed"}
    return make_xlsform({"survey": [head, [ask.get(column, "") for column in head], list(said.values())]})


@pytest.mark.parametrize("cells", [
    {"required": "yes"}, {"required": "true()"}, {"required": "${help} = 'yes'"}, {"bind::required": "true()"},
    {"required": "yes", "relevant": "${help} = 'yes'"}, {"required": "yes", "type": "video"},
])  # fmt: skip
def test_a_photograph_is_never_required(city: Cast, cells: dict[str, str]) -> None:
    """Red lines 4 and 10: whoever is asked may leave it out, however the sheet demands it."""
    with override("en"):
        (problem,) = refused(city, QuestionsUnfit, with_picture(**cells)).problems
    assert problem.startswith("row 3, spot: “spot” is a photograph or a film: it is never required")
    assert publish(city, with_picture(required="no")).questions.filter(path="/data/spot").exists()


def test_a_form_that_slipped_through_is_opened_nowhere_and_what_is_open_is_taken_without(city: Cast) -> None:
    form = publish(city, with_picture(required=""))
    terms: dict[str, Any] = {"closes_at": city.at + timedelta(days=9), "by": city.city_commander, "at": city.at}
    open_form(form, grounds=[HERE], **terms)
    asks = '<bind nodeset="/data/spot" type="binary"'
    assert asks in form.xform
    form.xform = form.xform.replace(asks, f'{asks} required="true()"')
    form.save(update_fields=["xform"])
    before = FormOpening.objects.count()
    with override("en"), pytest.raises(PictureDemanded) as found:
        open_form(form, grounds=[HERE], **terms)
    with override("en"):
        assert str(found.value).startswith("Form QP-heating demands a photograph or a film (spot).")
    assert FormOpening.objects.count() == before
    xml = f'<data id="heating" version="1"><place>{DOOR}</place><help>x</help><spot/><meta><instanceID>uuid:1</instanceID></meta></data>'
    assert take_submission(xml.encode(), by=city.screener, at=city.at).outcome == Outcome.TAKEN


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (["text", "why", "为什么", "Why", "", ""], "why"),
        (["text", "why", "为什么", "Why", "", "no_such"], "no_such"),
        (["text", "why", "身份证号", "Number", "", "unit_note"], "身份证"),
        (["text", "why", "姓名", "Name", "", "person_name"], "EMG-19"),
        (["deviceid", "why", "", "", "", ""], "deviceid"),
        (["start", "why", "", "", "", ""], "start"),
        (["audit", "", "", "", "", ""], "audit"),
    ],
)
def test_what_no_question_may_be(city: Cast, row: list[str], part: str) -> None:
    """Unmapped, not in the dictionary, sensitive in disguise, about a person in a form about doors, measuring workers."""
    found = refused(city, QuestionsUnfit, sheet(row, ["text", "language", "语言", "Language", "", "visit_language"]))
    assert len(found.problems) == 1 and part in found.problems[0] and "2" in found.problems[0]


def test_one_field_is_asked_once(city: Cast) -> None:
    rows = [["text", name, "语言", "Language", "", "visit_language"] for name in ("a", "b")]
    (problem,) = refused(city, QuestionsUnfit, sheet(*rows)).problems
    assert "3" in problem and "visit_language" in problem


def test_sensitive_fields_need_a_reason_and_an_approval_of_what_is_published(city: Cast) -> None:
    """Red line 4."""
    source = sheet(["text", "id", "身份证号", "Identity number", "", "person_id_number"])
    refused(city, ReasonMissing, source, subject="PERSON")
    refused(city, ApprovalMissing, source, subject="PERSON", reason="pension")
    covers: dict[str, Any] = {
        "subject": "PERSON", "purpose": "heating that works", "sensitive": {"person_id_number": "IDENTITY"}
    }  # fmt: skip
    given = Definition(source, reason="pension")
    right = given.digest_for(**covers)
    for wrong in (
        Definition(source, reason="another").digest_for(**covers),
        given.digest_for(**{**covers, "subject": "DOOR"}),
        given.digest_for(**{**covers, "purpose": "something else"}),
        given.digest_for(**{**covers, "sensitive": {}}),
        given.digest_for(**{**covers, "sensitive": {"person_id_number": "HEALTH"}}),
    ):
        refused(
            city, ApprovalMissing, source, subject="PERSON", reason="pension", approved_by="x", approved_digest=wrong
        )
    form = publish(
        city, source, subject="PERSON", reason="pension", approved_by="Health, officer", approved_digest=right
    )
    assert (form.reason, form.approved_by) == ("pension", "Health, officer")
    for part in ("pension", "Health, officer"):
        assert part in form.xform


def test_the_passport_stands_at_the_top_of_the_form_in_both_languages(city: Cast) -> None:
    form = publish(city, sheet(*HEATING), reuse=True)
    for part in (
        "表号 Form number: QP-heating",
        "批准或者备案文号 Approval: approval 7",
        "您有权拒绝填写",
        "You may refuse",
    ):
        assert form.xform.count(part) == 2  # in each language of the form
    first = form.xform.index('ref="/data/qipan_passport"')
    assert first < form.xform.index('ref="/data/compound"')
    assert f'id="heating" version="{form.version}"' in form.xform
    assert "<h:title>供暖排查表 Heating check</h:title>" in form.xform


def test_a_held_question_in_a_repeat_is_refused(city: Cast) -> None:
    source = sheet(
        ["begin_repeat", "many", "多处", "Many", "", ""],
        ["text", "compound", "小区", "Compound", "", "compound_name"],
        ["end_repeat", "", "", "", "", ""],
    )
    assert len(refused(city, QuestionsUnfit, source, reuse=True).problems) == 1


def test_a_file_that_the_form_names_must_come_with_it(city: Cast) -> None:
    source = sheet(["select_one_from_file wards.csv", "ward", "区", "Ward", "", "visit_language"])
    (problem,) = refused(city, QuestionsUnfit, source).problems
    assert "wards.csv" in problem


def test_a_broken_sheet_is_told_with_its_row(city: Cast) -> None:
    (problem,) = refused(city, FormBroken, sheet(*HEATING[:1], ["txet", "a", "甲", "A", "", "unit_note"])).problems
    assert "3" in problem and "txet" in problem


def test_too_many_places_are_not_given_at_once(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    form = publish(city, sheet(*HEATING), reuse=True)
    monkeypatch.setattr(held, "MOST_PLACES", 9)
    with pytest.raises(GroundTooWide):
        held_file(form, [HERE], at=city.at)


@pytest.mark.row("PRI-2")
def test_the_samples_fill_in_doors_and_units_from_the_registers(cast: Cast) -> None:
    seed_forms(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    doors, units = (Form.objects.get(code=code) for code in ("door-screening", "unit-daily-status"))
    made = held_file(doors, [HERE], at=cast.at)
    assert made is not None
    assert made.content.decode().splitlines()[:2] == [
        "name,label,building,compound_name",
        "5101040010010010001,锦江一街一社区1号院 1-1-102,1,锦江一街一社区1号院",
    ]
    made = held_file(units, [range_of("510104001001")], at=cast.at)
    assert made is not None
    rows = dict(line.split(",", 1) for line in made.content.decode().splitlines())
    assert rows["name"] == "label,unit_above,unit_name"
    community = cast.unit("510104001001:community")
    assert community.parent is not None
    assert rows[community.code] == f"{community.name},{community.parent.name},{community.name}"
