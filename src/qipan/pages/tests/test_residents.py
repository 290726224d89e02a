"""What is for everybody is found from every page that needs no signing in."""

import re

import pytest

from qipan.access.testing import make_city
from qipan.webkit.menu import RESIDENTS


@pytest.mark.parametrize("page", ["/report", "/track", "/public/matters", "/privacy", "/accounts/login/"])
def test_residents_find_their_pages_below_every_page_and_who_is_signed_in_does_not(db, page):
    city = make_city()
    for language, words in (("en", "What is held of persons"), ("zh-hans", "保存了哪些个人信息")):
        answer = city.client("anonymous").get(page, headers={"Accept-Language": language})
        foot = answer.content.decode().split("<footer")[1]
        assert answer.status_code == 200 and words in foot
        assert re.findall('<a href="([^"]+)"', foot) == [path for path, _label in RESIDENTS]
        assert ('aria-current="page"' in foot) is (page == "/privacy")
    assert "/my-data" not in city.client("worker").get("/report").content.decode().split("<footer")[1]


def test_every_page_for_residents_opens_without_signing_in(db):
    anyone = make_city().client("anonymous")
    assert {path: anyone.get(path).status_code for path, _label in RESIDENTS} == {path: 200 for path, _l in RESIDENTS}
