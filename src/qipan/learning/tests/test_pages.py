"""Pages: from the end of a response to a closed event and a new version, through forms, in both languages."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from qipan.command.api import get_playbook
from qipan.kernel.clock import now
from qipan.learning.models import Lesson, Review, Weakness
from qipan.learning.terms import FiveTest
from qipan.learning.testing import Story

pytestmark = pytest.mark.row("EMG-17", "EMG-18", "FOR-10")
# Browsers see posts that are valid now: here the emergency began four days ago.
AT = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=4)


@pytest.fixture
def review(story: Story) -> str:
    return f"/events/{story.declaration.pk}/review"


def day(days):
    return (now() + timedelta(days=days)).date().isoformat()


def everywhere(model):
    return model.objects.everywhere("a test")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens_for_who_may_look(story, language):
    pk = story.declaration.pk
    pages = {
        "lead": [f"/events/{pk}/review", "/lessons", "/weaknesses", "/weaknesses?year=2026", "/readiness/5101"],
        "city_commander": ["/events", f"/events/{pk}", f"/events/{pk}/report", "/readiness/510104001", "/lessons"],
        "worker": [f"/events/{pk}", "/readiness", "/weaknesses", "/lessons"],
    }
    for member, paths in pages.items():
        client = story.cast.client(member)
        client.cookies["django_language"] = language
        for path in paths:
            answer = client.get(path, follow=True)
            assert answer.status_code == 200, path
            text = answer.content.decode()
            assert ('<html lang="en"' in text) == (language == "en"), path
            assert not re.search(r">\s*None\b(?! yet)", text), path


def test_the_event_page_says_stages_trend_and_timeline(story):
    client = story.cast.client("city_commander")
    client.cookies["django_language"] = "en"
    text = client.get(f"/events/{story.declaration.pk}").content.decode()
    for words in ("Prevent", "Warn", "Respond", "Recover", "Learn", "After-action review opened", "Playbook activated"):
        assert words in text
    assert (
        '<svg viewBox="0 0 240 48" role="img" aria-label="Measures in force: from 0 to 0, lowest 0, highest 0">' in text
    )
    neighbour = story.cast.client("neighbour_head")
    for path in ("", "/report", "/review"):
        assert neighbour.get(f"/events/{story.declaration.pk}{path}").status_code == 404


def test_a_review_goes_from_refused_to_closed_through_its_forms(story, review):
    lead = story.cast.client("lead")
    refused = lead.post(f"{review}/close")
    assert "社区和物业服务企业不在其中" in refused.content.decode()
    assert refused.status_code == 409
    assert "没有评估报告，事件不能关闭" in refused.content.decode()
    empty = lead.post(f"{review}/report", {"planned": " "})
    assert (empty.status_code, Review.objects.get().written_at) == (400, None)
    parts = {"planned": "三小时到户", "happened": "六小时", "why": "名单过期", "change": "每季核对"}
    assert lead.post(f"{review}/report", parts).status_code == 302
    for test in FiveTest.values:
        path = f"{review}/{test.lower()}"
        bad = lead.post(path, {"met": "1", "evidence": ""})
        assert (bad.status_code, "请填写此项。" in bad.content.decode()) == (400, True)
        assert lead.post(path, {"met": "0", "evidence": "见记录"}).status_code == 302
    assert lead.post(f"{review}/close").status_code == 409
    owner = story.cast.unit("510104:district-command").pk
    late = lead.post(f"{review}/task", {"title": "核对名单", "owner_id": owner, "due_on": "2020-01-01"})
    assert (late.status_code, "请选择今后的日期。" in late.content.decode()) == (400, True)
    assert everywhere(Weakness).count() == 0
    assert lead.post(f"{review}/task", {"title": "核对名单", "owner_id": owner, "due_on": day(20)}).status_code == 302
    assert lead.post(f"{review}/close").status_code == 302
    assert Review.objects.get().closed_at is not None
    assert lead.post(f"{review}/report", parts).status_code == 409
    report = lead.get(f"/events/{story.declaration.pk}/report").content.decode()
    assert "每季核对" in report and "草稿" not in report
    assert lead.post(f"{review}/none", {}).status_code == 404
    assert story.cast.client("city_commander").post(f"{review}/close").status_code == 403
    # The owner strikes it off on its page.
    weakness = everywhere(Weakness).get()
    assert story.cast.client("district_head").post(f"/weaknesses/{weakness.pk}", {"done": "已核对"}).status_code == 302
    weakness.refresh_from_db()
    assert weakness.done == "已核对"


def test_a_lesson_goes_from_a_community_into_the_playbook_through_its_pages(story):
    worker, lead, commander = (story.cast.client(name) for name in ("worker", "lead", "city_commander"))
    typed = {"title": "先敲独居老人的门", "text": "第一小时", "playbook": "epidemic-emergency"}
    bad = worker.post("/lessons", {**typed, "playbook": ""})
    assert (bad.status_code, "先敲独居老人的门" in bad.content.decode(), everywhere(Lesson).count()) == (400, True, 0)
    assert worker.post("/lessons", {**typed, "declaration": story.declaration.pk}).status_code == 302
    lesson = everywhere(Lesson).get()
    assert lead.post(f"/lessons/{lesson.pk}/decide", {"accept": "1", "reason": ""}).status_code == 400
    assert lead.post(f"/lessons/{lesson.pk}/decide", {"accept": "1", "reason": "都这样说"}).status_code == 302
    playbook = get_playbook("epidemic-emergency")
    step = next(step for step in playbook.steps if step["kind"] == "DIRECTIVE")
    path = f"/lessons/{lesson.pk}/publish"
    page = commander.get(f"{path}?step={step['key']}").content.decode()
    assert f'value="{playbook.version}"' in page and step["body"].splitlines()[0] in page
    assert commander.get(f"{path}?step=none").status_code == 404
    fields = {name: step[name] for name in ("title", "title_en", "body", "body_en", "due_hours")}
    typed = {**fields, "body": f"{step['body']}\n先敲独居老人的门。", "note": "L", "after": playbook.version}
    bad = commander.post(f"{path}?step={step['key']}", {**typed, "due_hours": "soon"})
    assert (bad.status_code, get_playbook("epidemic-emergency").version) == (400, playbook.version)
    assert commander.post(f"{path}?step={step['key']}", typed).status_code == 302
    new = get_playbook("epidemic-emergency")
    changed = next(one for one in new.steps if one["key"] == step["key"])
    assert (new.version, changed["body"]) == (playbook.version + 1, f"{step['body']}\n先敲独居老人的门。")
    assert changed["due_hours"] == step["due_hours"]
    shown = commander.get(f"/playbooks/{new.code}/{new.version}").content.decode()
    assert f'<a href="/lessons/{lesson.pk}">L-{lesson.pk} 先敲独居老人的门</a>' in shown
    assert commander.post(path, {"note": "again", "after": new.version}).status_code == 409
    assert "已写入预案" in worker.get(f"/lessons/{lesson.pk}").content.decode()


def test_a_weakness_is_noted_with_the_drill_that_showed_it(story):
    worker = story.cast.client("worker")
    typed = {"title": "电话无人接", "owner_id": story.cast.unit("510104001:street-office").pk, "due_on": day(9)}
    assert worker.post("/weaknesses", {**typed, "owner_id": ""}).status_code == 400
    assert worker.post("/weaknesses", {**typed, "activation": story.activation.pk}).status_code == 400  # no drill
    assert everywhere(Weakness).count() == 0
    assert worker.post("/weaknesses", typed).status_code == 302
    assert "电话无人接" in worker.get("/weaknesses").content.decode()
    assert worker.get("/weaknesses?year=%C2%B2").status_code == 200
