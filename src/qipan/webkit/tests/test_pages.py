"""What every page has: the menu by act, the band, languages, a policy without inline script, refusals with reasons."""

from datetime import UTC, datetime

import pytest
from django.test import RequestFactory
from django.utils.translation import override

from qipan.kernel.actor import Actor
from qipan.kernel.clock import set_clock
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, NotSignedIn
from qipan.webkit import bands
from qipan.webkit.menu import AREAS, menu_for
from qipan.webkit.middleware import RefusalMiddleware


@pytest.mark.row("PRI-5")
def test_the_menu_follows_the_paper_s_four_product_areas():
    with override("zh-hans"):
        assert [str(label) for label, _pages in AREAS] == ["一盘棋", "全要素", "平急转换", "全链条"]
    everything = Actor("all", acts=frozenset(act for _label, pages in AREAS for page in pages for act in page.acts))
    with override("en"):
        labels = [area.label for area in menu_for(everything, "/board/5101")]
    assert labels == ["One board", "Resources", "Routine and emergency", "Full chain"]


@pytest.mark.row("PRI-5")
def test_an_item_shows_only_to_those_who_have_the_act():
    assert menu_for(None, "/") == menu_for(Actor("nobody"), "/") == []
    (area,) = menu_for(Actor("wall", acts=frozenset({"wall.view"})), "/wall/5101")
    assert [(link.path, link.current) for link in area.links] == [("/wall", True)]
    assert area.current


def ask(path, refusal, method="get", **actor):
    request = getattr(RequestFactory(), method)(path)
    request.actor, request.session = Actor("somebody", **actor), {}
    return RefusalMiddleware(lambda _request: None).process_exception(request, refusal)


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        (NotFound(), 404, "此处没有内容，或不在您的辖区内。"),
        (NotAllowed(act="board.view"), 403, "您的岗位没有办理此事的职权（board.view）。"),
        (BadInput(["line 3: no code"]), 400, "line 3: no code"),
    ],
)
def test_a_refusal_is_a_page_that_says_why(db, refusal, status, words):
    with override("zh-hans"):
        answer = ask("/board/1", refusal)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert "没有任何改动" not in answer.content.decode()
    with override("zh-hans"):
        assert "没有任何改动。" in ask("/board/1", refusal, "post").content.decode()


def test_a_refusal_of_an_endpoint_is_json_with_a_code(db):
    answer = ask("/api/board/1", NotFound())
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")


def test_who_is_not_signed_in_comes_back_after_the_log_in(db):
    answer = ask("/board/5101?show=tasks", NotSignedIn())
    assert answer["Location"] == "/accounts/login/?next=/board/5101%3Fshow%3Dtasks"


def test_other_exceptions_are_not_hidden():
    assert ask("/", ValueError("a bug")) is None


def test_a_replay_clock_is_said_on_every_page(settings, tmp_path, client, db):
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    assert list(bands.clock_band(RequestFactory().get("/"))) == []
    set_clock(settings.CLOCK_FILE, shown=datetime(2026, 8, 3, tzinfo=UTC), speed=1440)
    page = client.get("/accounts/login/").content.decode()
    assert '<aside class="band" ' in page
    assert "回放时钟，1440 倍速：所示并非当前时间" in page
    assert "截至 08:0" in page


def test_pages_come_in_both_languages_and_forbid_inline_script(client, db):
    page = client.get("/accounts/login/")
    assert '<html lang="zh-hans">' in page.content.decode()
    policy = page["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    assert "unsafe-eval" not in policy
    client.cookies["django_language"] = "en"
    assert '<html lang="en">' in client.get("/accounts/login/").content.decode()
    assert "<script>" not in page.content.decode()
