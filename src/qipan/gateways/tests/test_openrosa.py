"""OpenRosa 1.0 by its addresses: what is listed, given out and taken, and what a bad pass or a bad body gets."""

import base64
from datetime import timedelta
from hashlib import md5
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from django.utils.http import http_date
from PIL import Image

from qipan.access.api import Pass, forget, issue_pass, revoke_passes
from qipan.access.testing import Cast
from qipan.forms.api import Form, InProgress, Media, Submission, close_forms, openings_on
from qipan.forms.testing import CODE, SURVEY, Filled, opened, publish
from qipan.kernel.clock import now, set_clock
from qipan.kernel.place import range_of

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
RESPONSE = "{http://openrosa.org/http/response}"
WARDS = b"name,label\nw1,First\nw2,Second\n"


def picture() -> bytes:
    """A photograph that says where it was taken."""
    image, kept = Image.new("RGB", (40, 30), "navy"), BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Camera of Wang"
    image.save(kept, "JPEG", exif=exif)
    return kept.getvalue()


class Phone:
    """A phone with a pass, in the path or in the header."""

    def __init__(self, token: str, *, in_path: bool = True) -> None:
        self.client, self.root = Client(enforce_csrf_checks=True), "/openrosa/"
        self.headers: dict[str, str] = {}
        if in_path:
            self.root = f"/openrosa/key/{token}/"
        else:
            said = base64.b64encode(f"collect:{token}".encode()).decode()
            self.headers = {"Authorization": f"Basic {said}"}

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(self.root + path, query, headers=self.headers)

    def post(self, filled: Filled | bytes, *files: tuple[str, bytes, str], partial: bool = False) -> Any:
        xml = filled if isinstance(filled, bytes) else filled.xml()
        body: dict[str, Any] = {"xml_submission_file": SimpleUploadedFile("a.xml", xml, "text/xml")}
        body |= {name: SimpleUploadedFile(name, raw, kind) for name, raw, kind in files}
        if partial:
            body["*isIncomplete*"] = "yes"
        return self.client.post(f"{self.root}submission", body, headers=self.headers)


def told(answer: Any) -> str:
    """The sentence of an answer, which is in the standard's form with its headers."""
    assert answer["X-OpenRosa-Version"] == "1.0"
    assert answer["Date"].endswith("GMT")
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{RESPONSE}OpenRosaResponse"
    message = root.find(f"{RESPONSE}message")
    assert message is not None
    assert message.text
    assert message.get("nature") == ("submit_success" if answer.status_code < 300 else "submit_error")
    return message.text


def kept() -> tuple[int, int]:
    return Submission.objects.everywhere("a test").count(), apps.get_model("forms", "Attachment").objects.count()


@pytest.fixture
def form(city: Cast) -> Form:
    return opened(city, publish(city))


@pytest.fixture(params=[True, False], ids=["path", "header"])
def phone(request: pytest.FixtureRequest, city: Cast, form: Form) -> Phone:
    return Phone(city.screener_pass.token, in_path=request.param)


def test_the_list_names_what_is_open_on_the_holders_ground(city, form, phone):
    opened(city, publish(city, code="elsewhere", number="QP-8"), ground=range_of("510105"))
    publish(city, code="not-open", number="QP-9")
    answer = phone.get("formList")
    assert (answer.status_code, answer["X-OpenRosa-Version"], answer["Cache-Control"]) == (
        200,
        "1.0",
        "private, no-store",
    )
    (one,) = ElementTree.fromstring(answer.content)
    said = {child.tag.removeprefix(LIST): child.text for child in one}
    assert (said["formID"], said["version"], said["name"]) == (CODE, "1", "入户需求表")
    assert "QP-7" in said["descriptionText"]
    assert "approval 7" in said["descriptionText"]
    assert "manifestUrl" not in said
    given = phone.client.get(said["downloadUrl"], headers=phone.headers)
    assert given.content.decode() == form.xform
    assert said["hash"] == reading_hash(given.content)
    english = phone.client.get(f"{phone.root}formList", headers={**phone.headers, "Accept-Language": "en"})
    assert ElementTree.fromstring(english.content)[0].find(f"{LIST}name").text == "Needs at the door"
    assert len(ElementTree.fromstring(phone.get("formList", formID="other").content)) == 0


def reading_hash(content: bytes) -> str:
    return "md5:" + md5(content, usedforsecurity=False).hexdigest()


def test_files_are_named_in_the_manifest_and_given_out(city, phone):
    survey = [*SURVEY[:6], ["select_one_from_file wards.csv", "ward", "片区", "Ward", "", "", ""], *SURVEY[6:]]
    opened(city, publish(city, survey=survey, media=(Media("wards.csv", WARDS),)))
    (one,) = ElementTree.fromstring(phone.get("formList").content)
    assert one.find(f"{LIST}version").text == "2"
    manifest = phone.client.get(one.find(f"{LIST}manifestUrl").text, headers=phone.headers)
    (file,) = ElementTree.fromstring(manifest.content)
    assert file.find(f"{MANIFEST}filename").text == "wards.csv"
    given = phone.client.get(file.find(f"{MANIFEST}downloadUrl").text, headers=phone.headers)
    assert (given.content, given["Content-Disposition"]) == (WARDS, "attachment")
    assert file.find(f"{MANIFEST}hash").text == reading_hash(WARDS)
    assert phone.get(f"forms/{CODE}/media/other.csv").status_code == 404
    assert phone.post(Filled(version="2", more="<ward>w2</ward>")).status_code == 201
    assert phone.post(Filled(version="2", more="<ward>w3</ward>")).status_code == 400
    assert kept() == (1, 0)


def test_head_says_where_to_post_and_how_much(phone):
    answer = phone.client.head(f"{phone.root}submission", headers=phone.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Location"] == f"http://testserver{phone.root}submission"
    assert answer["X-OpenRosa-Accept-Content-Length"] == "10000000"
    assert phone.client.head(f"{phone.root}formList", headers=phone.headers).status_code == 200


def test_a_filled_form_is_taken_once(phone):
    filled = Filled()
    first = phone.post(filled)
    assert (first.status_code, told(first)) == (201, "已保存，内容齐全")
    again = phone.post(filled)
    assert (again.status_code, told(again)) == (202, "相同内容已在此")
    other = phone.post(Filled(id=filled.id, people="4"))
    assert other.status_code == 409
    assert "两份" in told(other)
    assert kept() == (2, 0)


@pytest.mark.row("EMG-20")
def test_what_the_clock_of_a_phone_shows_when_it_sends_tells_when_a_form_was_filled_in(phone):
    """OpenRosa's clients say it in Date, a page in a header of its own; what is no time says nothing."""
    at, day = now(), timedelta(days=1)
    lasted = {"opened_at": at - timedelta(hours=5), "closes_at": at - timedelta(hours=1)}
    openings_on([range_of("510104")]).update(**lasted)
    in_time, late = at - timedelta(hours=2), at - timedelta(minutes=30)
    ahead = {"Date": http_date((at + day).timestamp())}
    for headers, finished, status in (
        ({"Qipan-Sent-At": (at + day).isoformat()}, in_time + day, 201),
        (ahead, in_time + day, 201),
        (ahead | {"Qipan-Sent-At": "yesterday"}, in_time + day, 201),
        ({}, in_time + day, 403),
        ({"Qipan-Sent-At": at.replace(tzinfo=None).isoformat(), "Date": "soon"}, in_time + day, 403),
        ({"Qipan-Sent-At": (at - day).isoformat()}, late - day, 403),
        ({"Date": http_date((at - day).timestamp())}, late - day, 403),
        ({"Qipan-Sent-At": "0001-01-01T00:00:00+00:00"}, in_time, 403),
    ):
        phone.headers = {name: told for name, told in phone.headers.items() if name == "Authorization"} | headers
        assert phone.post(Filled(end=finished.isoformat())).status_code == status, headers
    assert kept() == (3, 0)


def test_files_in_parts_and_a_photograph_says_no_more_where_it_was_taken(phone):
    filled = Filled(more="<spot><photo>a.jpg</photo></spot>")
    raw = picture()
    assert phone.post(filled, partial=True).status_code == 202
    missing = phone.post(filled)
    assert (missing.status_code, "1" in told(missing)) == (202, True)
    left = phone.post(filled, ("b.jpg", raw, "image/jpeg"), partial=True)
    assert (left.status_code, kept()) == (202, (1, 0))
    last = phone.post(filled, ("a.jpg", raw, "image/jpeg"))
    assert (last.status_code, kept()) == (201, (1, 1))
    assert phone.post(filled, ("a.jpg", raw, "image/jpeg")).status_code == 202
    content = bytes(apps.get_model("forms", "Attachment").objects.get().content)
    assert b"Camera of Wang" in raw
    assert b"Camera of Wang" not in content
    assert Image.open(BytesIO(content)).size == (40, 30)
    assert phone.post(filled, ("a.jpg", b"<html>", "image/jpeg")).status_code == 400
    assert kept() == (1, 1)


@pytest.mark.parametrize(
    ("filled", "status", "says"),
    [
        (Filled(code="unheard-of"), 404, "unheard"),
        (Filled(version="9"), 400, ""),
        (Filled(place="5101050010010010001"), 403, ""),
        (Filled(more="<blood>B</blood>"), 400, "/data/blood"),
        (Filled(people=""), 400, "/data/people"),
        (Filled(id=""), 400, "instanceID"),
        (b"<data", 400, ""),
        (Filled(head='<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>', people="&x;"), 400, ""),
        (Filled(more=f"<why>{'x' * 1_000_000}</why>"), 413, ""),
    ],
)
def test_what_is_refused_says_why_and_keeps_nothing(phone, filled, status, says):
    answer = phone.post(filled)
    assert (answer.status_code, kept()) == (status, (0, 0))
    assert says.removeprefix("unheard") in told(answer)


def test_bodies_of_another_kind_are_not_opened(phone):
    xml, address = Filled().xml(), f"{phone.root}submission"
    for kind, raw in (("text/xml", xml), ("application/x-www-form-urlencoded", b"a=b")):
        answer = phone.client.post(address, raw, content_type=kind, headers=phone.headers)
        assert (answer.status_code, bool(told(answer))) == (415, True)
    answer = phone.client.post(address, {"other": SimpleUploadedFile("a.xml", xml)}, headers=phone.headers)
    assert (answer.status_code, "xml_submission_file" in told(answer)) == (400, True)
    assert phone.get("submission").status_code == 405
    assert phone.client.post(f"{phone.root}formList", headers=phone.headers).status_code == 405
    assert kept() == (0, 0)


def multipart(*parts: tuple[str, str, str, bytes]) -> bytes:
    body = b"".join(
        f'--x1\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
        + raw
        + b"\r\n"
        for name, file, kind, raw in parts
    )
    return body + b"--x1--\r\n"


def test_a_post_that_was_cut_anywhere_keeps_nothing(phone):
    filled = Filled(more="<spot><photo>a.jpg</photo></spot>")
    whole = multipart(
        ("xml_submission_file", "a.xml", "text/xml", filled.xml()), ("a.jpg", "a.jpg", "image/jpeg", picture())
    )

    def send(raw: bytes, length: int) -> int:
        return phone.client.generic(
            "POST",
            f"{phone.root}submission",
            raw,
            content_type="multipart/form-data; boundary=x1",
            headers=phone.headers,
            **{"CONTENT_LENGTH": str(length), "wsgi.input": BytesIO(raw)},
        ).status_code

    for cut in range(97, len(whole) - 3, 97):
        assert send(whole[:cut], len(whole)) == 400, cut  # the connection broke
        assert send(whole[:cut], cut) == 400, cut  # a proxy that says it was so long
    assert kept() == (0, 0)
    assert send(whole, 10_000_001) == 413
    assert send(whole, len(whole)) == 201
    assert kept() == (1, 1)


def test_a_pass_that_is_not_good_opens_nothing(city, form, settings, tmp_path, caplog):
    token = city.screener_pass.token
    later = issue_pass(
        label="排查二组02", role_code="screening-worker", unit=city.unit("510104001001:community"),
        expires_at=city.at + timedelta(hours=2), by=city.admin, at=city.at,
    )  # fmt: skip
    desk = issue_pass(
        label="值守", role_code="desk-device", unit=city.unit("510104001001:community"),
        expires_at=city.at + timedelta(days=2), by=city.admin, at=city.at,
    )  # fmt: skip
    revoke_passes(Pass.objects.filter(pk=city.screener_pass.issued.pk), by=city.admin, at=city.at)
    forget()
    clock = str(tmp_path / "clock")
    settings.CLOCK_FILE = clock
    set_clock(clock, shown=city.at + timedelta(hours=3), speed=1)
    for bad, status in ((token, 401), (later.token, 401), (token[:-4], 401), ("x", 401), (desk.token, 403)):
        for in_path in (True, False):
            phone = Phone(bad, in_path=in_path)
            answers = [phone.get("formList"), phone.get(f"forms/{CODE}/form.xml"), phone.post(Filled())]
            answers.append(phone.client.head(f"{phone.root}submission", headers=phone.headers))
            assert {answer.status_code for answer in answers} == {status}, bad
            assert form.title not in "".join(answer.content.decode() for answer in answers)
            assert {answer.get("WWW-Authenticate") for answer in answers} == {
                'Basic realm="Qipan", charset="UTF-8"' if status == 401 else None
            }
    assert token not in caplog.text
    assert kept() == (0, 0)


def test_no_session_and_no_cookie_is_used(city, form):
    for name in ("worker", "screener", "city_commander"):
        client = city.client(name, csrf=True)
        assert client.get("/openrosa/formList").status_code == 401
        answer = client.post("/openrosa/submission", {"xml_submission_file": BytesIO(Filled().xml())})
        assert answer.status_code == 401
    for header in ("Basic !", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Digest x", "Bearer ", ""):
        assert Client().get("/openrosa/formList", headers={"Authorization": header}).status_code == 401
    bearer = Client().get("/openrosa/formList", headers={"Authorization": f"Bearer {city.screener_pass.token}"})
    assert bearer.status_code == 200
    assert kept() == (0, 0)


def test_who_tries_passes_is_held_back(city, form, monkeypatch):
    monkeypatch.setattr("qipan.gateways.views.openrosa.TRIES", 3)
    statuses = [Phone("x" * (n + 20)).get("formList").status_code for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert [Client().get("/openrosa/formList").status_code for _n in range(4)] == [401] * 4  # it only asks how
    good = Phone(city.screener_pass.token)
    assert good.get("formList").status_code == 200  # the same address, a good pass
    monkeypatch.setattr("qipan.gateways.views.openrosa.TRIES_WITH_PASS", 3)
    answers = [good.get("formList") for _n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "600"


@pytest.mark.parametrize(("error", "status"), [(DatabaseError, 503), (InProgress, 423)])
def test_a_full_database_and_a_form_being_taken_ask_to_come_again(phone, monkeypatch, error, status):
    def fails(*_given: object) -> None:
        raise error

    monkeypatch.setattr("qipan.forms.actions.submitting._keep", fails)
    answer = phone.post(Filled())
    assert (answer.status_code, answer["Retry-After"], kept()) == (status, "5", (0, 0))
    assert told(answer)
    monkeypatch.undo()
    assert phone.post(Filled()).status_code == 201


def test_a_closed_form_is_not_given_out(city, form, phone):
    close_forms(openings_on(city.city_commander.scope.ranges), by=city.city_commander, at=city.at)
    assert len(ElementTree.fromstring(phone.get("formList").content)) == 0
    for path in ("form.xml", "manifest", "media/a.csv"):
        assert phone.get(f"forms/{CODE}/{path}").status_code == 404
    assert phone.post(Filled()).status_code == 403
