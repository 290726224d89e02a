"""The pages of access: closed by default, for each member of the cast."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from qipan.access.api import Account, Pass, Post, WorkerRow, enrol_workers, forget

EVERYBODY = [
    "anonymous",
    "stranger",
    "screener",
    "city_commander",
    "district_head",
    "neighbour_head",
    "dispatcher",
    "neighbour_dispatcher",
    "worker",
    "guard",
    "department",
    "lead",
    "auditor",
    "admin",
    "wall",
]
ISSUERS = {
    "district_head",
    "neighbour_head",
    "dispatcher",
    "neighbour_dispatcher",
    "worker",
    "neighbour_worker",
    "admin",
}


@pytest.fixture
def batch(city) -> str:
    """A list of three on the street of the dispatcher."""
    enrolled = enrol_workers(
        [WorkerRow("甲"), WorkerRow("=乙", "510104001001"), WorkerRow("丙", "510104001002")],
        role_code="screening-worker",
        unit=city.unit("510104001:street-office"),
        expires_at=timezone.now() + timedelta(days=5),
        by=city.dispatcher,
        at=timezone.now(),
    )
    return enrolled[0].issued.batch


def status(city, name: str, path: str, **data) -> int:
    client = city.client(name)
    return (client.post(path, data) if data else client.get(path)).status_code


@pytest.mark.parametrize("path", ["/access/passes", "/access/passes/enrol"])
def test_passes_are_for_those_who_issue_them(city, path):
    expected = {name: 302 if name == "anonymous" else 200 if name in ISSUERS else 403 for name in EVERYBODY}
    assert {name: status(city, name, path) for name in EVERYBODY} == expected


def test_accounts_are_for_administrators(city):
    expected = {name: {"anonymous": 302, "admin": 200}.get(name, 403) for name in EVERYBODY}
    assert {name: status(city, name, "/access/accounts") for name in EVERYBODY} == expected


def test_everybody_with_an_account_sees_the_own_posts(city):
    expected = {name: {"anonymous": 302, "screener": 403}.get(name, 200) for name in EVERYBODY}
    assert {name: status(city, name, "/access/post") for name in EVERYBODY} == expected


@pytest.mark.parametrize("page", ["", "/sheet/1", "/links.csv"])
def test_a_list_opens_on_its_ground_only(city, batch, page):
    expected = {
        "anonymous": 302,
        "stranger": 403,
        "guard": 403,
        "city_commander": 403,
        "neighbour_dispatcher": 404,
        "neighbour_head": 404,
        "worker": 200,  # one of the three works on her ground
        "dispatcher": 200,
        "district_head": 200,
    }
    assert {name: status(city, name, f"/access/passes/lists/{batch}{page}") for name in expected} == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("anonymous", 401), ("stranger", 403), ("guard", 403), ("neighbour_dispatcher", 404), ("dispatcher", 302)],
)
@pytest.mark.parametrize("what", ["batch", "serial"])
def test_revoking_by_page(city, batch, name, expected, what):
    chosen = Pass.objects.filter(batch=batch).everywhere("a test").order_by("line")
    value = batch if what == "batch" else str(chosen[0].serial)
    assert status(city, name, "/access/passes/revoke", **{what: value}) == expected
    revoked = 0 if expected != 302 else 3 if what == "batch" else 1
    assert chosen.filter(revoked_at__isnull=False).count() == revoked


@pytest.mark.parametrize("serial", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_revoking_what_is_not_there(city, serial):
    assert status(city, "dispatcher", "/access/passes/revoke", serial=serial) == 404


@pytest.mark.parametrize("name", ["dispatcher", "admin"])
def test_pages_that_change_something_refuse_a_forged_form(city, name):
    client = city.client(name, csrf=True)
    for path in ("/access/passes/revoke", "/access/passes/enrol", "/access/post", "/access/accounts", "/access/leave"):
        assert client.post(path, {"batch": "x"}).status_code == 403
    assert Pass.objects.filter(revoked_at__isnull=False).everywhere("a test").count() == 0


def test_a_list_shows_only_those_on_the_own_ground(city, batch):
    text = city.client("worker").get(f"/access/passes/lists/{batch}/links.csv").content.decode("utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()] == ["label", "'=乙"]  # and no formula for a spreadsheet
    seen = city.client("neighbour_dispatcher").get("/access/passes").content.decode()
    assert "乙" not in seen and "丙" not in seen


def upload(text: str, name: str = "workers.csv") -> dict:
    return {
        "file": SimpleUploadedFile(name, text.encode(), "text/csv"),
        "role": "screening-worker",
        "last_day": (timezone.localdate() + timedelta(days=10)).isoformat(),
    }


@pytest.mark.row("SCR-3")
def test_a_street_enrols_prints_and_opens(city):
    client = city.client("dispatcher")
    answer = client.post("/access/passes/enrol", upload("label,area,team\n甲,510104001001,3\n乙,510104001002,\n"))
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "/sheet/1" in page and "/sheet/2" not in page
    sheet = client.get(answer["Location"] + "/sheet/1").content.decode()
    assert sheet.count("<figure") == 2 == sheet.count('class="qrline"')
    assert client.get(answer["Location"] + "/sheet/2").status_code == 404
    collect = client.get(answer["Location"] + "/sheet/1?client=collect").content.decode()
    assert "ODK Collect" in collect
    assert collect.count("<figure") == 2 == collect.count('class="qrline"')
    assert "ODK Collect" not in sheet
    lines = client.get(answer["Location"] + "/links.csv").content.decode("utf-8-sig").splitlines()
    link = lines[1].split(",")[-1]
    assert link.startswith("http://testserver/p/")
    phone = city.client("anonymous")
    assert phone.post(link.removeprefix("http://testserver")).status_code == 302
    assert phone.get("/accounts/inactive/").wsgi_request.actor.team_id == 3


@pytest.mark.row("SCR-3")
def test_a_list_with_a_bad_line_enrols_nobody_and_says_which(city):
    client = city.client("dispatcher")
    before = Pass.objects.everywhere("a test").count()
    answer = client.post("/access/passes/enrol", upload("label,area\n甲,510104001001\n乙,510105001001\n,\n丙,\n"))
    assert answer.status_code == 400
    assert "第 3 行" in answer.content.decode() and "510105001001" in answer.content.decode()
    answer = client.post("/access/passes/enrol", {"role": "screening-worker"})
    assert answer.status_code == 400
    answer = client.post("/access/passes/enrol", {**upload("label\n甲\n"), "role": "city-command"})
    assert answer.status_code == 400
    assert Pass.objects.everywhere("a test").count() == before


def test_the_same_upload_twice_leads_to_the_list(city):
    client = city.client("dispatcher")
    first = client.post("/access/passes/enrol", upload("label\n甲\n"))
    again = client.post("/access/passes/enrol", upload("label\n甲\n"))
    assert again.status_code == 409
    assert first["Location"] in again.content.decode()


@pytest.mark.row("SCR-3")
def test_looking_at_a_link_changes_nothing_and_the_button_signs_in(city):
    link = city.screener_pass.link
    phone = city.client("anonymous", csrf=True)
    page = phone.get(link)
    assert page.status_code == 200
    assert "qipan_pass" not in page.cookies
    assert page["Referrer-Policy"] == "same-origin"  # the address is the key
    assert "no-store" in page["Cache-Control"]
    assert phone.head(link).status_code == 405
    assert phone.post(link).status_code == 403  # without the page's own form
    token = page.context["csrf_token"]
    answer = phone.post(link, {"csrfmiddlewaretoken": str(token)})
    assert (answer.status_code, answer["Location"]) == (302, "/field")
    cookie = answer.cookies["qipan_pass"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert cookie["expires"] == city.screener_pass.issued.expires_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert phone.get("/accounts/inactive/").wsgi_request.actor == city.screener


def test_opening_a_pass_ends_the_session_on_this_phone(city):
    phone = city.client("dispatcher")
    phone.post(city.screener_pass.link)
    assert phone.get("/accounts/inactive/").wsgi_request.actor == city.screener


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_bad_link_says_so(city, method):
    Pass.objects.everywhere("a test").update(revoked_at=city.at)
    forget()
    phone = city.client("anonymous")
    for link in (city.screener_pass.link, "/p/nonsense"):
        answer = getattr(phone, method)(link)
        assert answer.status_code == 401
        assert "qipan_pass" not in answer.cookies


def test_a_pass_that_ended_is_explained_instead_of_a_log_in_page(city):
    Pass.objects.everywhere("a test").update(revoked_at=city.at)
    forget()
    answer = city.client("screener").get("/access/passes")
    assert answer.status_code == 401
    assert "收回" in answer.content.decode()


def test_leaving_takes_the_pass_off_the_phone(city):
    phone = city.client("screener")
    assert phone.post("/access/leave").status_code == 302
    assert phone.get("/accounts/inactive/").wsgi_request.actor.label == ""


def test_an_administrator_opens_an_account_gives_and_ends_a_post(city):
    client = city.client("admin")
    facts = {
        "username": "new",
        "display_name": "新人",
        "password": "correct horse battery",
        "role": "street-dispatcher",
        "unit": "510104002:street-office",
        "sponsors_area": "on",
    }
    assert client.post("/access/accounts", facts).status_code == 302
    post = Post.objects.filter(account__username="new").everywhere("a test").get()
    assert post.sponsors_area
    assert client.post("/access/accounts", facts).status_code == 409
    assert client.post(f"/access/accounts/posts/{post.pk}/end").status_code == 302
    post.refresh_from_db()
    assert post.valid_to is not None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"password": ""}, 400),
        ({"password": "short"}, 400),
        ({"role": "screening-worker"}, 400),
        ({"unit": "nowhere"}, 400),
        ({"username": "admin"}, 403),
    ],
)
def test_a_wrong_post_opens_no_account(city, change, expected):
    facts = {
        "username": "new",
        "password": "correct horse battery",
        "role": "auditor",
        "unit": "5101:city-command",
        **change,
    }
    before = Account.objects.count(), Post.objects.everywhere("a test").count()
    assert city.client("admin").post("/access/accounts", facts).status_code == expected
    assert (Account.objects.count(), Post.objects.everywhere("a test").count()) == before


@pytest.mark.parametrize(("name", "expected"), [("anonymous", 401), ("stranger", 403), ("district_head", 403)])
def test_only_administrators_end_posts(city, name, expected):
    assert city.client(name).post(f"/access/accounts/posts/{city.worker.post_id}/end").status_code == expected
    assert city.post("worker").valid_to is None


def test_a_post_that_is_not_there_cannot_be_ended(city):
    assert city.client("admin").post("/access/accounts/posts/999999999/end").status_code == 404
