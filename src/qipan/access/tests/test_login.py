"""Signing in by password: no sign-up, few tries, a new session each time."""

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import cache

from qipan.access.api import Account

PASSWORD = "correct horse battery"
SECRET = make_password(PASSWORD)  # once: hashing is slow on purpose
PAGE = "/accounts/login/"


@pytest.fixture
def browser(city, client):
    cache.clear()
    Account.objects.filter(username__in=["dispatcher", "worker"]).update(password=SECRET)
    yield client
    cache.clear()


def sign_in(client, password=PASSWORD, **extra):
    return client.post(PAGE, {"login": "dispatcher", "password": password, **extra})


def test_the_password_opens_the_post(city, browser):
    assert browser.get(PAGE).status_code == 200
    assert sign_in(browser).status_code == 302
    assert browser.get("/access/passes").status_code == 200
    assert browser.get("/access/passes").wsgi_request.actor == city.dispatcher


def test_signing_in_changes_the_session_and_signing_out_ends_it(browser):
    browser.get(PAGE)
    session = browser.session
    session["before"] = 1
    session.save()
    browser.cookies["sessionid"] = session.session_key
    sign_in(browser)
    assert browser.session.session_key != session.session_key
    kept = browser.cookies["sessionid"].value
    assert browser.post("/accounts/logout/").status_code == 302
    browser.cookies["sessionid"] = kept
    assert browser.get("/access/passes").status_code == 302  # the old cookie opens nothing


def test_one_goes_where_one_was_going_and_never_elsewhere(browser):
    answer = browser.get("/access/passes")
    assert answer["Location"] == "/accounts/login/?next=/access/passes"
    page = browser.get(answer["Location"]).content.decode()
    assert 'name="next" value="/access/passes"' in page
    assert sign_in(browser, next="/access/passes")["Location"] == "/access/passes"
    browser.post("/accounts/logout/")
    assert sign_in(browser, next="https://elsewhere.example/")["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_look_alike(browser):
    wrong = sign_in(browser, "wrong").content.decode()
    unknown = browser.post(PAGE, {"login": "nobody", "password": "wrong"}).content.decode()
    assert "alert" in wrong
    alert = slice(wrong.index("alert"), wrong.index("alert") + 200)
    assert wrong[alert] == unknown[alert]


def test_after_five_wrong_tries_even_the_right_password_waits(city, browser):
    for _try in range(5):
        assert sign_in(browser, "wrong").status_code == 200
    assert sign_in(browser).status_code == 200
    assert browser.get("/access/passes").status_code == 302
    assert browser.post(PAGE, {"login": "worker", "password": PASSWORD}).status_code == 302  # one name, not all


def test_a_closed_account_does_not_open(browser):
    Account.objects.filter(username="dispatcher").update(is_active=False)
    sign_in(browser)
    assert browser.get("/access/passes").status_code == 302


@pytest.mark.parametrize(
    "path", ["/accounts/signup/", "/accounts/email/", "/accounts/password/reset/", "/accounts/password/set/", "/admin/"]
)
def test_nobody_signs_up_and_nothing_else_of_the_library_is_open(browser, path):
    assert browser.get(path).status_code == 404


def test_a_password_is_changed_by_its_holder(browser):
    sign_in(browser)
    assert browser.get("/accounts/password/change/").status_code == 200
    facts = {"oldpassword": "wrong", "password1": "a better secret 2", "password2": "a better secret 2"}
    assert browser.post("/accounts/password/change/", facts).status_code == 200
    assert browser.post("/accounts/password/change/", {**facts, "oldpassword": PASSWORD}).status_code == 302
    assert Account.objects.get(username="dispatcher").check_password("a better secret 2")
    assert browser.get("/access/passes").status_code == 200  # this session goes on


def test_a_changed_password_ends_the_other_sessions(browser):
    sign_in(browser)
    Account.objects.filter(username="dispatcher").update(password=make_password("a better secret 3"))
    assert browser.get("/access/passes").status_code == 302


def test_the_password_page_is_closed_to_strangers(client, db):
    assert client.get("/accounts/password/change/")["Location"].startswith(PAGE)
