"""Filled forms: taken once, refused with the question's name, kept twice where two differ."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from qipan.access.testing import Cast
from qipan.forms.actions.erasing import erase_submissions
from qipan.forms.actions.refusals import (
    FormNotOpen,
    FormUnknown,
    PlaceMissing,
    TooManyFiles,
    VersionUnknown,
)
from qipan.forms.api import Outcome, Sent, close_forms, take_submission
from qipan.forms.models import Attachment, FieldEntry, Form, FormOpening, FormQuestion, Submission
from qipan.forms.queries.submissions import audit_submissions, submissions_held
from qipan.forms.rules.submission import (
    GRID,
    InstanceIdMissing,
    SubmissionBroken,
    XmlBroken,
    XmlTooLarge,
    XmlUnsafe,
    answered,
    read_submission,
)
from qipan.forms.rules.xform import Node, XForm, read_xform
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, Refusal
from qipan.kernel.sealed import file_keys

from ..testing import DOOR, NEXT_DOOR, SURVEY, Filled, opened, publish
from .conftest import Entry

PNG = b"\x89PNG\r\n\x1a\n not really"


def photo(name: str = "a.png", raw: bytes = PNG) -> Sent:
    return Sent.of(name, "image/jpeg", raw)


def with_photo(name: str = "a.png", **more: Any) -> Filled:
    return Filled(more=f"<spot><photo>{name}</photo><point/><width/></spot>", **more)


def take(
    cast: Cast,
    filled: Filled,
    *files: Sent,
    by: Actor | None = None,
    at: datetime | None = None,
    sent_at: datetime | None = None,
) -> Outcome:
    return take_submission(filled.xml(), files, by=by or cast.screener, at=at or cast.at, sent_at=sent_at).outcome


def rows() -> list[Submission]:
    return list(Submission.objects.everywhere("a test").order_by("pk"))


def held() -> tuple[int, int, int]:
    """Filled forms, files, rows of the journal about them."""
    return (len(rows()), Attachment.objects.count(), Entry.objects.filter(act__startswith="forms.take").count())


def test_a_filled_form_is_kept_once_with_its_answers(cast: Cast, needs: Form) -> None:
    filled = Filled(
        more="<help>yes</help><why>轮椅</why><needs>food care</needs><pet><kind>dog</kind><seen>2026-07-31</seen></pet>"
        "<pet><kind>cat</kind><seen/></pet><spot><photo/><point>30.65731 104.06631 490 4.5</point><width>1.50</width></spot>"
    )
    assert take(cast, filled) == Outcome.TAKEN
    (row,) = rows()
    assert row.answers == {
        "place": filled.place,
        "people": 3,
        "help": "yes",
        "why": "轮椅",
        "needs": ["food", "care"],
        "pet": [{"kind": "dog", "seen": "2026-07-31"}, {"kind": "cat"}],
        "spot": {"point": "30.6575 104.0665 0 50", "width": "1.50"},
    }
    assert (row.form, row.instance_id, row.place, row.standing) == (needs, filled.id, int(filled.place), "STANDS")
    assert (row.unit_id, row.team, row.drill, row.awaits) == (cast.screener.unit_id, None, False, [])
    assert (row.received_at, row.device_at) == (cast.at, datetime(2026, 8, 1, 2, tzinfo=UTC))
    assert row.erase_at == cast.at + timedelta(days=365)
    assert take(cast, filled) == Outcome.AGAIN
    assert take(cast, filled, at=cast.at + timedelta(days=2)) == Outcome.AGAIN
    assert held() == (1, 0, 1)
    assert audit_submissions() == []


def test_a_filled_form_is_taken_by_statements_that_are_worded_once(cast: Cast, needs: Form) -> None:
    """A form at every door is some fifty a second: Django words no statement anew for it (ADR 12)."""
    assert take(cast, with_photo(), photo()) == Outcome.TAKEN
    with CaptureQueriesContext(connection) as said:
        assert take(cast, with_photo("b.png", place=f"{int(DOOR) + 1:019d}"), photo("b.png")) == Outcome.TAKEN
    assert [one["sql"] for one in said if "SAVEPOINT" not in one["sql"]] == []
    assert held() == (2, 2, 2)


@pytest.mark.row("ORG-15")
def test_the_journal_holds_the_digest_and_nothing_of_the_answers(cast: Cast, needs: Form) -> None:
    take(cast, Filled(more="<help>yes</help><why>轮椅</why>"))
    entry = Entry.objects.get(act="forms.take_submission")
    (row,) = rows()
    assert set(entry.data) == {"form", "version", "digest", "content", "files", "standing"}
    assert (entry.data["digest"], entry.place) == (row.digest, None)
    assert not any(word in str(entry.data) + entry.subject for word in ("轮椅", row.instance_id, "510104"))
    Submission.objects.everywhere("a test").update(xml=row.xml.replace("轮椅", "食品"))
    assert audit_submissions() == [f"submission {row.pk} is not what was sent"]


def test_what_a_device_says_of_itself_is_not_kept(cast: Cast) -> None:
    survey = [SURVEY[0], ["deviceid", "device", *[""] * 5], ["username", "who", *[""] * 5], *SURVEY[1:]]
    opened(cast, publish(cast, survey=survey))
    more = "<device>collect:1f0c</device><who>wang</who><spot><photo/><point>30.65731 104.06631 490.0 4.5</point><width/></spot>"
    assert take(cast, Filled(more=more)) == Outcome.TAKEN
    (row,) = rows()
    for gone in ("collect:1f0c", "wang", "09:58", "30.65731", "490.0"):
        assert gone not in row.xml + str(row.answers)
    # Where the phone stood within 50 metres, and when somebody began, makes no other form of it.
    again = Filled(more=more.replace("30.65731", "30.65740"), id=row.instance_id)
    assert take(cast, again) == Outcome.AGAIN


@pytest.mark.parametrize(
    ("changes", "path", "why"),
    [
        ({"more": "<blood/>"}, "/data/blood", "is not asked"),
        ({"more": "<spot><depth>1</depth></spot>"}, "/data/spot/depth", "is not asked"),
        ({"people": ""}, "/data/people", "is needed"),
        ({"people": "<a>1</a>"}, "/data/people/a", "is not asked"),
        ({"people": "3.5"}, "/data/people", "is not of the type int"),
        ({"people": "9" * 30}, "/data/people", "is not of the type int"),
        ({"more": "<people>4</people>"}, "/data/people", "is answered twice"),
        ({"more": "<help>maybe</help>"}, "/data/help", "is not on the list"),
        ({"more": "<needs>food gold</needs>"}, "/data/needs", "is not on the list"),
        ({"more": "<pet><kind/><seen/></pet>"}, "/data/pet/kind", "is needed"),
        ({"more": "<pet><kind>dog</kind><seen>2026-02-30</seen></pet>"}, "/data/pet/seen", "is not of the type date"),
        ({"more": "<spot><point>91 0 0 0</point></spot>"}, "/data/spot/point", "is not of the type geopoint"),
        ({"more": "<spot><point>north</point></spot>"}, "/data/spot/point", "is not of the type geopoint"),
        ({"more": "<spot><width>wide</width></spot>"}, "/data/spot/width", "is not of the type decimal"),
        ({"more": "<spot><photo>../a.png</photo></spot>"}, "/data/spot/photo", "is not of the type binary"),
        ({"more": "<spot>here</spot>"}, "/data/spot", "is a group"),
        ({"more": f"<why>{'x' * 10_001}</why>"}, "/data/why", "is longer"),
        ({"place": "", "more": ""}, "/data/place", "is needed"),
    ],
)
def test_a_question_is_refused_by_its_name_and_its_answer_is_not_repeated(
    cast: Cast, needs: Form, changes: dict[str, str], path: str, why: str
) -> None:
    from django.utils.translation import override

    with override("en"), pytest.raises(SubmissionBroken) as refused:
        take(cast, Filled(**changes))
    assert any(one.startswith(f"{path}: {why}") for one in refused.value.problems), refused.value.problems
    assert not any(
        word in " ".join(refused.value.problems) for word in ("maybe", "gold", "north", "wide", "2026-02-30")
    )
    assert held() == (0, 0, 0)


BOMB = (
    '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (Filled(head=BOMB, people="&j;").xml(), XmlUnsafe),
        (Filled(head='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>', people="&x;").xml(), XmlUnsafe),
        (Filled(head='<!DOCTYPE d SYSTEM "http://192.0.2.1/x.dtd">').xml(), XmlUnsafe),
        (b"<data>" * 30 + b"</data>" * 30, XmlUnsafe),
        (b"<data>" + b"<a/>" * 20_001 + b"</data>", XmlUnsafe),
        (Filled(more=f"<why>{'x' * 1_000_001}</why>").xml(), XmlTooLarge),
        (Filled().xml()[:-20], XmlBroken),
        (b"", XmlBroken),
        (b"\x00\x01", XmlBroken),
        (b"<data>&nothing;</data>", XmlBroken),
        (b"<?xml version='1.0' encoding='no-such'?><data/>", XmlBroken),
        (Filled(id="").xml(), InstanceIdMissing),
        (Filled(id="uuid:1 2").xml(), InstanceIdMissing),
        (Filled(id="x" * 121).xml(), InstanceIdMissing),
        (b'<data id="door-needs" version="1"/>', InstanceIdMissing),
        (Filled(code="unheard-of").xml(), FormUnknown),
        (Filled(version="2").xml(), VersionUnknown),
        (Filled(version="").xml(), VersionUnknown),
        (Filled(version="²").xml(), VersionUnknown),
        (Filled(place=NEXT_DOOR).xml(), FormNotOpen),
        (Filled(place="5101040010020010001").xml(), FormNotOpen),
        (Filled(place="everywhere").xml(), PlaceMissing),
        (Filled(place="9999999999999999999").xml(), PlaceMissing),
    ],
)  # fmt: skip
def test_what_is_no_filled_form_of_ours_is_refused_and_nothing_is_kept(
    cast: Cast, needs: Form, raw: bytes, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        take_submission(raw, [photo()], by=cast.screener, at=cast.at)
    assert held() == (0, 0, 0)


def test_who_has_no_right_hands_in_nothing(cast: Cast, needs: Form) -> None:
    with pytest.raises(NotAllowed):
        take(cast, Filled(), by=cast.guard)
    with pytest.raises(FormNotOpen):
        take(cast, Filled(), by=cast.neighbour_worker)
    assert held() == (0, 0, 0)


def test_what_was_finished_in_time_is_taken_when_the_network_is_back(cast: Cast, needs: Form) -> None:
    ends = cast.at + timedelta(days=3)  # the opening's
    before = Filled(end=(ends - timedelta(minutes=1)).isoformat())
    assert take(cast, before, at=ends + timedelta(days=7)) == Outcome.TAKEN
    for late, at in (
        (Filled(end=ends.isoformat()), ends),  # finished when it had lapsed
        (Filled(end=(ends - timedelta(minutes=1)).isoformat()), ends + timedelta(days=8)),
        (Filled(end=(ends + timedelta(days=1)).isoformat()), ends),  # a clock that is ahead
    ):
        with pytest.raises(FormNotOpen):
            take(cast, late, at=at)
    day, minute = timedelta(days=1), timedelta(minutes=1)
    for wrong in (day, -day):  # by so much the phone's clock is ahead: it says so when it sends
        in_time = Filled(end=(ends - minute + wrong).isoformat())
        assert take(cast, in_time, at=ends + minute, sent_at=ends + minute + wrong) == Outcome.TAKEN
        assert rows()[-1].device_at == ends - minute
        with pytest.raises(FormNotOpen):
            take(
                cast,
                Filled(end=(ends + minute + wrong).isoformat()),
                at=ends + 2 * minute,
                sent_at=ends + 2 * minute + wrong,
            )
    ahead = Filled(end=(ends + day).isoformat())  # nothing is told of the clock: filled in before it came
    assert take(cast, ahead, at=ends - minute) == Outcome.TAKEN
    assert rows()[-1].device_at == ends - minute
    FormOpening.objects.update(closed_at=ends - timedelta(seconds=1))  # somebody closed it: wanted no more
    with pytest.raises(FormNotOpen):
        take(cast, Filled(end=before.end), at=ends + timedelta(days=1))
    FormOpening.objects.update(closed_at=None)
    Form.objects.update(subject="PERSON")
    with pytest.raises(FormNotOpen):
        take(cast, Filled(end=before.end), at=ends + timedelta(days=1))
    assert held() == (4, 0, 4)


def test_a_form_that_is_closed_expired_or_only_a_passport_takes_nothing_new(cast: Cast, needs: Form) -> None:
    sent = Filled()
    assert take(cast, sent) == Outcome.TAKEN
    close_forms(FormOpening.objects.all(), by=cast.city_commander, at=cast.at)
    with pytest.raises(FormNotOpen):
        take(cast, Filled())
    assert take(cast, sent) == Outcome.AGAIN  # the phone may forget it
    Form.objects.update(xform="")
    with pytest.raises(FormUnknown):
        take(cast, Filled())
    assert held() == (1, 0, 1)


def test_an_earlier_version_is_taken_while_the_form_is_open(cast: Cast, needs: Form) -> None:
    publish(cast)
    assert take(cast, Filled(version="1")) == Outcome.TAKEN
    assert take(cast, Filled(version="2")) == Outcome.TAKEN
    assert [row.form.version for row in rows()] == [1, 2]


def test_a_form_that_asks_for_no_door_is_about_the_senders_ground(cast: Cast) -> None:
    survey = [SURVEY[0], ["integer", "people", "人数", "People", "yes", "", ""]]
    opened(cast, publish(cast, code="unit-count", subject="UNIT", number="QP-8", survey=survey))
    raw = b'<data id="unit-count" version="1"><people>3</people><meta><instanceID>u1</instanceID></meta></data>'
    assert take_submission(raw, by=cast.worker, at=cast.at).outcome == Outcome.TAKEN
    (row,) = rows()
    assert (row.place, row.erase_at) == (range_of("510104001001").first, cast.at + timedelta(days=730))


def test_a_filled_form_of_a_drill_is_one_of_the_drill(cast: Cast) -> None:
    opened(cast, publish(cast), drill=True)
    take(cast, Filled())
    assert rows()[0].drill
    assert Entry.objects.get(act="forms.take_submission").drill


@pytest.mark.row("ORG-12")
def test_the_shortest_retention_of_its_fields_is_the_forms_and_then_it_is_erased(cast: Cast, needs: Form) -> None:
    for code, days in (("people", 90), ("why", 30)):
        FieldEntry.objects.create(
            code=code, name=code, name_en=code, kind="TEXT", about="DOOR", source="s", source_en="s",
            owner=cast.unit("5101:lead-body"), retention_days=days, valid_from=cast.at.date(),
        )  # fmt: skip
        FormQuestion.objects.create(
            form=needs, order=days, path=f"/data/{code}", kind="text", labels={}, field_code=code
        )
    take(cast, with_photo(), photo())
    assert rows()[0].erase_at == cast.at + timedelta(days=30)
    clock = Actor.system("clock", acts=["form.erase"])
    assert erase_submissions(by=clock, at=cast.at + timedelta(days=30) - timedelta(seconds=1)) == 0
    with pytest.raises(NotAllowed):
        erase_submissions(by=cast.city_commander, at=cast.at + timedelta(days=31))
    assert held()[:2] == (1, 1)
    assert erase_submissions(by=clock, at=cast.at + timedelta(days=30)) == 1
    assert held()[:2] == (0, 0)
    assert Entry.objects.get(act="forms.erase_submissions").data == {"submissions": 1}
    assert audit_submissions() == []


def test_files_come_in_parts_and_each_is_kept_once(cast: Cast, needs: Form) -> None:
    filled = with_photo()
    assert take(cast, filled) == Outcome.PART
    assert rows()[0].awaits == [file_keys("a.png")[0]]  # by its key: a name may tell of somebody
    own = UUID(rows()[0].instance_id.removeprefix("uuid:"))
    assert submissions_held([own]) == set()  # a phone that is told so sends the rest
    assert take_submission(filled.xml(), [photo("b.png")], by=cast.screener, at=cast.at).left_out == 1
    assert held() == (1, 0, 1)
    assert take(cast, filled, photo()) == Outcome.TAKEN
    assert take(cast, filled, photo()) == Outcome.AGAIN
    assert take(cast, filled) == Outcome.AGAIN
    assert (rows()[0].awaits, held()) == ([], (1, 1, 2))
    assert submissions_held([own]) == {own}
    kept = Attachment.objects.get()
    assert (kept.name, bytes(kept.content), kept.media_type) == ("a.png", PNG, "image/jpeg")


def test_too_many_files_are_refused(cast: Cast, needs: Form) -> None:
    spot = SURVEY[:13] + [["image", f"p{n}", "", f"p{n}", "", "", ""] for n in range(51)] + SURVEY[13:]
    opened(cast, publish(cast, survey=spot))
    more = "<spot>" + "".join(f"<p{n}>{n}.png</p{n}>" for n in range(51)) + "</spot>"
    with pytest.raises(TooManyFiles):
        take(cast, Filled(version="2", more=more))
    assert held() == (0, 0, 0)


FORM = XForm("/data", {"/data": Node("/data", group=True), "/data/a": Node("/data/a"), "/data/p": Node("/data/p", kind="geopoint")})  # fmt: skip


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_the_digest_says_what_was_said_and_not_how_it_was_written(text: str) -> None:
    from xml.sax.saxutils import escape

    body = f"<a>{escape(text)}</a><meta><instanceID>1</instanceID></meta></data>"
    plain = answered(read_submission(f'<data id="f" version="1">{body}'.encode()), FORM)
    other = answered(
        read_submission(f'<?xml version="1.0"?>\n<data  version="1" xmlns:jr="http://openrosa.org/javarosa" id="f">{body}'.encode()),
        FORM,
    )  # fmt: skip
    assert plain.digest == other.digest
    assert plain.answers.get("a", "") == (text if text.strip() else "")
    more = answered(read_submission(f'<data id="f" version="1">{body.replace("</a>", "!</a>")}'.encode()), FORM)
    assert more.digest != plain.digest


@given(st.floats(-89, 89), st.floats(-179, 179))
def test_a_point_is_kept_to_fifty_metres(latitude: float, longitude: float) -> None:
    raw = f'<data id="f" version="1"><p>{latitude:.7f} {longitude:.7f} 12.5 3</p><meta><instanceID>1</instanceID></meta></data>'
    kept = answered(read_submission(raw.encode()), FORM).answers["p"].split()
    assert abs(float(kept[0]) - latitude) <= GRID / 2 + 1e-6
    assert abs(float(kept[1]) - longitude) <= GRID / 2 + 1e-6
    assert kept[2:] == ["0", "50"]


def test_an_xform_that_is_none_is_an_error_of_ours() -> None:
    for xform in ("", "<html/>", "<h><model/></h>", '<!DOCTYPE h [<!ENTITY a "b">]><h>&a;</h>'):
        with pytest.raises(ValueError, match="not an XForm"):
            read_xform(xform, {})


def test_lists_come_from_files_of_any_kind() -> None:
    from qipan.forms.rules.xform import values_of

    assert list(values_of("a.csv", b"name,label\nx,X\ny,Y\n", "name")) == ["x", "y"]
    assert list(values_of("a.xml", b"<root><item><name>x</name></item></root>", "name")) == ["x"]
    assert list(values_of("a.geojson", b'{"features": [{"properties": {"id": "x"}}]}', "id")) == ["x"]
    assert list(values_of("a.xml", b"<broken", "name")) == []
    assert list(values_of("a.geojson", b'{"features": ' + b"[" * 9000 + b"]" * 9000 + b"}", "id")) == []
    assert apps.get_model("forms", "Submission") is Submission
