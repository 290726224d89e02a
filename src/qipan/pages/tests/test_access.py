"""Who sees which board: deny by default; out of scope looks like missing."""

import pytest

from qipan.pages.terms import Listing

PAGES = ("/board/{}", "/api/board/{}", "/api/board/{}/outlines", "/board/{}/rows/tasks-late")


def status(scene, who, address):
    return scene.cast.client(who).get(address).status_code


@pytest.mark.parametrize("address", ["/", "/board", "/board/5101", "/wall", "/wall/5101", "/board/5101/rows/forms"])
def test_nobody_is_sent_to_the_log_in(scene, address):
    answer = scene.cast.client("anonymous").get(address)
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", ["/api/board/5101", "/api/board/5101/outlines", "/api/search?q=a"])
def test_nobody_is_told_so_by_the_endpoints(scene, address):
    answer = scene.cast.client("anonymous").get(address)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["admin", "guard", "stranger", "screener"])
def test_posts_without_the_board_see_none(scene, who, page):
    for code in ("5101", "510104", "999999"):  # the right is asked first, so nobody learns what exists
        assert status(scene, who, page.format(code)) == 403


@pytest.mark.parametrize("page", PAGES)
def test_the_neighbour_and_the_level_above_look_like_missing(scene, page):
    for code in ("510105", "510105001", "5101", "999999", "x"):
        assert status(scene, "district_head", page.format(code)) == 404
    for code in ("510104", "510104001", "510104001001", "510104001001001"):
        assert status(scene, "district_head", page.format(code)) == 200


@pytest.mark.parametrize(
    ("who", "home"),
    [
        ("city_commander", "/board/5101"),
        ("district_head", "/board/510104"),
        ("dispatcher", "/board/510104001"),
        ("worker", "/board/510104001001"),
    ],
)
def test_the_board_opens_on_one_s_own_ground(scene, who, home):
    client = scene.cast.client(who)
    if not getattr(scene.cast, who).can("board.view"):
        assert client.get("/board").status_code == 403
        return
    answer = client.get("/board")
    assert (answer.status_code, answer["Location"]) == (302, home)


def test_the_path_ends_where_the_ground_ends(scene):
    page = scene.cast.client("district_head").get("/board/510104001")
    assert [step.code for step in page.context["board"].path] == ["510104", "510104001"]


def test_the_wall_screen_sees_the_wall_and_the_figures(scene):
    for address in ("/wall/5101", "/wall/510104", "/api/board/5101", "/api/board/510105/outlines"):
        assert status(scene, "wall", address) == 200
    assert scene.cast.client("wall").get("/wall")["Location"] == "/wall/5101"
    assert status(scene, "dispatcher", "/wall/510104001") == 403


def test_the_wall_has_no_controls(scene):
    page = scene.cast.client("wall").get("/wall/5101", {"cycle": "30"}).content.decode()
    assert 'data-cycle="30"' in page
    assert "data-finder" not in page
    assert 'class="tabs"' not in page


def test_a_directive_of_the_neighbour_cannot_be_listed(scene):
    client = scene.cast.client("district_head")
    assert client.get("/board/510104/rows/unread", {"of": scene.directive.pk}).status_code == 200
    assert client.get("/board/510104/rows/unread", {"of": scene.directive.pk + 1}).status_code == 404


@pytest.mark.parametrize("query", [{"page": "x"}, {"of": "-1"}, {"after": "9" * 20}, {"page": "１"}])
def test_a_bad_page_number_is_a_clear_refusal(scene, query):
    answer = scene.cast.client("city_commander").get("/board/5101/rows/tasks-open", query)
    assert answer.status_code == 400
    assert answer.context["refusal"].code == "bad_input"


def test_an_unknown_list_is_missing(scene):
    assert status(scene, "city_commander", "/board/5101/rows/persons") == 404
    assert "persons" not in Listing.values


def test_search_finds_places_on_one_s_own_ground_and_never_persons(scene):
    commander, head = scene.cast.client("city_commander"), scene.cast.client("district_head")

    def found(client, text):
        return [place["code"] for place in client.get("/api/search", {"q": text}).json()]

    assert found(commander, "青羊区") == ["510105"]
    assert found(commander, "Qingyang")[0] == "510105"
    assert found(head, "青羊") == []
    assert found(head, "锦江一街一社区")[:3] == ["510104001001", "510104001001001", "510104001001002"]
    assert found(head, "5101040010")[0] == "510104001001"
    assert found(head, "") == []
    for name in ("district head", "city commander", "排查一组", "first watch"):
        assert found(commander, name) == []
    assert status(scene, "admin", "/api/search?q=a") == 403
    answer = head.get("/api/search", {"q": "锦江一街一社区1号院"}).json()
    assert answer == [
        {
            "code": "510104001001001",
            "label": "锦江一街一社区1号院",
            "within": "锦江一街一社区",
            "href": "/board/510104001001001",
        }
    ]
