"""Pages: what they show, in both languages; who is refused; what was typed is kept."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import localtime

from qipan.access.api import forget
from qipan.command.actions.activations import activate_playbook
from qipan.command.actions.playbooks import publish_playbook
from qipan.command.api import Activation, Directive, Playbook, get_playbook, issue_directive, revise_directive
from qipan.desk.api import Task, admit_emergency
from qipan.duties.api import OrganType
from qipan.kernel.clock import now
from qipan.kernel.place import place_of, range_of
from qipan.territory.api import Compound, get_area
from qipan.territory.testing import merge

from .conftest import declare_epidemic, publish_all

JINJIANG = range_of("510104")


@pytest.fixture
def city(live_cast):
    publish_all(live_cast)
    return live_cast


def local(moment):
    return localtime(moment).strftime("%Y-%m-%dT%H:%M")


def typed(**changed):
    return {
        "areas": ["510104"],
        "organ_types": ["street-office"],
        "number": "成指〔2026〕7号",
        "title": "检查老旧院落供暖",
        "body": "逐院检查",
        "basis": "责任清单第34项",
        "decided_at": local(now() - timedelta(minutes=5)),
        "due_at": local(now() + timedelta(hours=9)),
        **changed,
    }


def a_directive(city, **changed):
    at = now()
    admission = admit_emergency(
        title="应急", declaration="D", basis="法", valid_to=at + timedelta(days=9), by=city.city_commander, at=at
    )
    given = {
        "number": "成指〔2026〕1号",
        "title": "检查老旧院落供暖",
        "body": "一、逐院检查。",
        "basis": "责任清单",
        "organ_types": ["street-office", "community", "compound"],
        "grounds": [JINJIANG],
        "decided_at": at,
        "due_at": None,
        "admission": admission,
        "issuer": city.unit("5101:city-command"),
        "by": city.city_commander,
        "at": at,
    }
    return issue_directive(**{**given, **changed})


def an_activation(city):
    declared = declare_epidemic(city)
    return activate_playbook(
        get_playbook("epidemic-emergency"),
        ground_codes=["510104"],
        declaration=declared,
        by=city.city_commander,
        at=city.at,
    )


def text(response) -> str:
    return response.content.decode()


class TestComposer:
    def test_it_asks_once_with_the_exact_count_and_then_sends(self, city):
        client = city.client("city_commander")
        asked = client.post("/directives/new", typed())
        assert asked.status_code == 200
        assert "将发送至 2 个单位。确认发送？" in text(asked)
        assert not Directive.objects.exists()
        sent = client.post("/directives/new", typed(confirmed="2"))
        directive = Directive.objects.get()
        assert (sent.status_code, sent.url, directive.recipients) == (302, f"/directives/{directive.pk}", 2)

    def test_a_count_that_has_changed_is_asked_again(self, city):
        client = city.client("city_commander")
        asked = client.post("/directives/new", typed(confirmed="3"))
        assert "将发送至 2 个单位。确认发送？" in text(asked)
        assert not Directive.objects.exists()

    def test_an_error_keeps_what_was_typed(self, city):
        answer = city.client("city_commander").post("/directives/new", typed(basis="", areas=["510104001"]))
        assert answer.status_code == 400
        assert "逐院检查" in text(answer)
        assert 'value="成指〔2026〕7号"' in text(answer)
        assert '<input class="form-check-input" type="checkbox" name="areas" value="510104001" checked>' in text(answer)
        assert (
            '<input class="form-check-input" type="checkbox" name="organ_types" value="street-office" checked>'
            in text(answer)
        )
        assert not Directive.objects.exists()

    def test_a_refusal_is_explained_and_keeps_what_was_typed(self, city):
        given = typed(organ_types=["community"], confirmed="4")
        answer = city.client("city_commander").post("/directives/new", given)
        assert answer.status_code == 409
        assert "not_admitted" in text(answer)
        assert "逐院检查" in text(answer)
        assert not Directive.objects.exists()

    def test_the_reach_is_counted_before_anything_is_sent(self, city):
        answer = city.client("city_commander").post(
            "/directives/reach", {"areas": ["510104"], "organ_types": ["community", "compound"]}
        )
        assert '<strong class="num">12</strong>' in text(answer)
        assert not Directive.objects.exists()

    def test_the_tree_unfolds_within_the_scope_only(self, city):
        client = city.client("district_head")
        streets = text(client.get("/directives/areas?parent=510104"))
        assert 'value="510104001"' in streets and 'value="510104002"' in streets
        assert 'value="510104001001001"' in text(client.get("/directives/areas?parent=510104001001"))
        assert client.get("/directives/areas?parent=510105").status_code == 404


@pytest.mark.row("ORG-11")
def test_a_community_has_the_directive_the_moment_it_is_sent(city):
    directive = a_directive(city)
    page = city.client("worker").get(f"/directives/{directive.pk}")
    assert page.status_code == 200
    assert "一、逐院检查。" in text(page)
    held = Task.objects.within(city.worker.scope).get(source=directive.source, owner=city.worker.unit_id)
    assert held.created_at == directive.issued_at


def test_the_receipt_tree_drills_down(city):
    directive = a_directive(city)
    client = city.client("city_commander")
    top = text(client.get(f"/directives/{directive.pk}"))
    assert 'href="?area=510104#receipts"' in top
    street = text(client.get(f"/directives/{directive.pk}?area=510104001"))
    assert "一号" in street or "510104001001" in street
    assert "14 个单位未读" in top
    assert client.get(f"/directives/{directive.pk}?area=510199").status_code == 404


def test_a_new_version_shows_what_changed(city):
    first = a_directive(city)
    client = city.client("city_commander")
    given = {
        "title": first.title,
        "body": "一、逐户检查。",
        "basis": first.basis,
        "decided_at": local(now() - timedelta(minutes=1)),
    }
    answer = client.post(f"/directives/{first.pk}/revise", given)
    second = Directive.objects.get(version=2)
    assert answer.url == f"/directives/{second.pk}"
    page = text(client.get(answer.url))
    assert "<del>一、逐院检查。</del>" in page and "<ins>一、逐户检查。</ins>" in page
    assert "<ins>一、逐户检查。</ins>" in text(city.client("worker").get(answer.url))
    assert "已被新版本取代" in text(client.get(f"/directives/{first.pk}"))
    same = client.post(f"/directives/{second.pk}/revise", {**given, "decided_at": local(now() - timedelta(minutes=1))})
    assert (same.status_code, "nothing_changed" in text(same)) == (409, True)


def test_a_recall_needs_a_reason(city):
    directive = a_directive(city)
    client = city.client("city_commander")
    assert client.post(f"/directives/{directive.pk}/recall", {"reason": ""}).status_code == 400
    assert client.post(f"/directives/{directive.pk}/recall", {"reason": "误发"}).status_code == 302
    assert "误发" in text(client.get(f"/directives/{directive.pk}"))
    assert client.post(f"/directives/{directive.pk}/recall", {"reason": "再次"}).status_code == 409


def test_the_unread_list_prints_and_leaves_as_csv(city):
    directive = a_directive(city)
    client = city.client("city_commander")
    assert "共" not in text(client.get(f"/directives/{directive.pk}/unread?area=510104001"))
    answer = client.get(f"/directives/{directive.pk}/unread.csv?area=510104001")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").strip().splitlines()
    assert len(lines) == 1 + 1 + 2 + 4
    assert lines[1].startswith("5101040010000000000,")
    mine = city.client("worker").get(f"/directives/{directive.pk}/unread.csv")
    assert len(b"".join(mine.streaming_content).splitlines()) == 1 + 3  # its own ground and no more


@pytest.mark.row("EMG-4")
def test_a_sheet_is_printed_for_each_compound_without_a_screen_and_signed_for(city):
    dark = place_of("510104001001001")
    Compound.objects.filter(place__in=[dark, place_of("510104001001002"), place_of("510104002001001")]).update(
        has_screen=False
    )
    directive = a_directive(city)
    sheet = text(city.client("dispatcher").get(f"/directives/{directive.pk}/sheet"))
    assert sheet.count('<article class="sheet">') == sheet.count("<svg") - 1 == 2  # the brand is an svg too
    worker = city.client("worker")
    page = worker.get(f"/directives/{directive.pk}/sign?place={dark}")
    task = Task.objects.within(city.worker.scope).get(source=directive.source, place=dark)
    assert f'value="{task.pk}" checked' in text(page)
    assert worker.post(f"/directives/{directive.pk}/sign", {"signed_at": local(now())}).status_code == 400
    signed = worker.post(f"/directives/{directive.pk}/sign", {"tasks": [task.pk], "signed_at": local(now())})
    assert signed.status_code == 302
    task.refresh_from_db()
    assert (task.state, task.on_paper) == ("ACCEPTED", True)
    assert city.client("auditor").get(f"/directives/{directive.pk}/sign").status_code == 403


class TestPlaybooks:
    def test_a_version_shows_its_steps_and_what_differs(self, city):
        old = get_playbook("flood")
        steps = [dict(step) for step in old.steps]
        steps[-1]["due_hours"] = 6
        steps[-1]["organ_types"] = [*steps[-1]["organ_types"], "property-company"]
        publish_playbook(
            code="flood", title=old.title, title_en=old.title_en, hazard="flood", posture="EMERGENCY", steps=steps, after=1,
            by=city.city_commander, at=now(),
        )  # fmt: skip
        client = city.client("city_commander")
        page = text(client.get("/playbooks/flood"))
        assert "<del>12</del>" in page and "<ins>6</ins>" in page
        assert "<dt>答复时限(小时)</dt>" in page
        assert f"<ins>{OrganType.objects.get(code='property-company').name}</ins>" in page
        for name in ("due_hours", "organ_types", "first_hour", "on_release", "RECALL", "["):
            assert f"<dt>{name}" not in page and f"<ins>{name}" not in page and f">{name}<" not in page
        english = text(client.get("/playbooks/flood", headers={"Accept-Language": "en"}))
        assert "<dt>Hours to answer</dt>" in english
        assert "现行为第 2 版" in text(client.get("/playbooks/flood/1"))
        assert client.get("/playbooks/flood/3").status_code == 404

    def test_the_next_version_is_published_and_faults_are_named(self, city):
        client = city.client("city_commander")
        bad = client.post("/playbooks/flood/edit", {"title": "防汛", "steps": '[{"kind": "FORM"}]', "after": "1"})
        assert (bad.status_code, "step 1: key is missing" in text(bad)) == (400, True)
        assert client.post("/playbooks/flood/edit", {"title": "防汛", "steps": "{", "after": "1"}).status_code == 400
        assert Playbook.objects.filter(code="flood").count() == 1
        steps = (
            '[{"key": "f", "kind": "FORM", "title": "表", "title_en": "Form", "form": "unit-daily-status", "days": 2}]'
        )
        good = client.post("/playbooks/flood/edit", {"title": "防汛", "steps": steps, "after": "1"})
        assert (good.status_code, good.url) == (302, "/playbooks/flood/2")
        late = client.post("/playbooks/flood/edit", {"title": "防汛二", "steps": steps, "after": "1"})
        assert (late.status_code, Playbook.objects.filter(code="flood").count()) == (409, 2)

    def test_who_executes_sees_the_card_and_not_the_plan(self, city):
        activation = an_activation(city)
        item = activation.items.get(key="card-community")
        guard = city.client("guard")
        for name in ("guard", "worker", "dispatcher"):
            assert city.client(name).get("/playbooks").status_code == 403
            assert city.client(name).get(f"/activations/{activation.pk}").status_code == 403
        assert "社区书记带班" in text(city.client("worker").get(f"/cards/{item.pk}"))
        assert guard.get(f"/cards/{item.pk}").status_code == 403
        assert city.client("neighbour_head").get(f"/cards/{item.pk}").status_code == 404

    @pytest.mark.row("ORG-5")
    def test_the_card_of_a_merged_office_is_its_heirs(self, city):
        activation = an_activation(city)
        item = activation.items.get(key="card-street")
        neighbour = city.client("neighbour_dispatcher")
        merge("510104001", into="510104002", at=now())
        forget()
        cards = Task.objects.everywhere("a test").filter(source=f"card:{item.pk}").order_by("place")
        assert [(one.owner.code, one.place) for one in cards] == [
            ("510104002:street-office", place_of(code)) for code in ("510104001", "510104002")
        ]
        assert neighbour.get(f"/cards/{item.pk}").status_code == 200
        for one in cards:
            assert neighbour.post("/desk/answer", {"answer": f"{one.pk}:DONE"}).status_code == 302
        assert set(cards.values_list("state", flat=True)) == {"DONE"}


class TestActivating:
    def test_it_shows_what_will_open_and_opens_it_in_one_action(self, city):
        declared = declare_epidemic(city)
        client = city.client("city_commander")
        given = {"playbook": "epidemic-emergency", "areas": ["510104"], "declaration": declared.pk}
        preview = text(client.post("/activations/new", given))
        assert "将按此顺序仅在所选区域开启" in preview
        assert "15 个单位" in preview and "80 户" in preview
        assert not Activation.objects.exists()
        opened = client.post("/activations/new", {**given, "confirmed": "1"})
        activation = Activation.objects.get()
        assert opened.url == f"/activations/{activation.pk}"
        page = text(client.get(opened.url))
        assert page.count("开放中") == 14
        assert "有序退出" in page

    def test_a_refusal_is_explained_and_nothing_opens(self, city):
        answer = city.client("city_commander").post(
            "/activations/new", {"playbook": "flood", "areas": ["510104"], "confirmed": "1"}
        )
        assert (answer.status_code, "declaration_missing" in text(answer)) == (409, True)
        assert not Activation.objects.exists()

    @pytest.mark.row("EMG-8")
    def test_release_names_what_is_left_and_hands_it_over(self, city):
        activation = an_activation(city)
        client = city.client("city_commander")
        assert client.post(f"/activations/{activation.pk}/release").status_code == 302
        page = text(client.get(f"/activations/{activation.pk}"))
        assert "尚有 3 项未关闭，责任单位如下" in page
        assert "尚有 80 户未完成" in page
        assert client.post(f"/activations/{activation.pk}/hand-over").status_code == 302
        activation.refresh_from_db()
        assert activation.released_at is not None
        assert Task.objects.within(city.city_commander.scope).filter(kind="RELEASE").count() == 2

    @pytest.mark.row("ORG-5")
    def test_what_was_activated_is_read_and_released_after_its_area_was_merged(self, city):
        activation = an_activation(city)
        client, before = city.client("city_commander"), get_area("510104").name
        merge("510104", into="510105", at=now())
        page = client.get(f"/activations/{activation.pk}")
        assert (page.status_code, [area.name for area in page.context["areas"]]) == (200, [before])
        assert client.post(f"/activations/{activation.pk}/release").status_code == 302
        assert client.get(f"/activations/{activation.pk}").status_code == 200


PAGES = [
    "/directives",
    "/directives/new",
    "/playbooks",
    "/playbooks/flood",
    "/playbooks/flood/edit",
    "/activations",
    "/activations/new",
]
ALLOWED = {
    "city_commander": set(PAGES),
    "district_head": set(PAGES) - {"/playbooks/flood/edit"},
    "department": {"/directives", "/directives/new"},
    "lead": {"/directives", "/playbooks", "/playbooks/flood", "/activations"},
    "worker": {"/directives"},
    "guard": {"/directives"},
    "screener": {"/directives"},
    "stranger": {"/directives"},
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("name", ALLOWED)
def test_who_may_open_which_page(city, name, path):
    expected = 200 if path in ALLOWED[name] else 403
    assert city.client(name).get(path).status_code == expected


@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_asked_to_sign_in(city, path):
    answer = Client().get(path)
    assert (answer.status_code, answer.url.startswith("/accounts/login/")) == (302, True)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_speaks_both_languages(city, path):
    client = city.client("city_commander")
    chinese, english = client.get(path), client.get(path, headers={"Accept-Language": "en"})
    assert 'lang="zh-hans"' in text(chinese)
    assert 'lang="en"' in text(english)


def test_a_page_makes_few_queries_however_many_units(city, django_assert_max_num_queries):
    directive = a_directive(city)
    client = city.client("city_commander")
    client.get("/directives")
    with django_assert_max_num_queries(30):
        client.get(f"/directives/{directive.pk}")
    with django_assert_max_num_queries(20):
        client.get("/directives")


def test_a_neighbour_sees_nothing_of_it(city):
    directive = a_directive(city)
    neighbour = city.client("neighbour_head")
    for path in ("", "/unread", "/unread.csv", "/sheet", "/sign"):
        assert neighbour.get(f"/directives/{directive.pk}{path}").status_code == 404
    assert directive.title not in text(neighbour.get("/directives"))
    assert neighbour.post(f"/directives/{directive.pk}/recall", {"reason": "误"}).status_code == 404
    revised = revise_directive(
        directive, title=directive.title, body="新", basis=directive.basis, decided_at=now(), due_at=None,
        by=city.city_commander, at=now(),
    )  # fmt: skip
    assert revised.version == 2
