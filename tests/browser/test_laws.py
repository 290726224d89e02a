"""The legal basis and the rules in a browser: both languages, desk and phone, and a comment without a log-in."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.timezone import localdate
from playwright.sync_api import expect

from qipan.access.testing import make_city
from qipan.laws.actions.rules import answer_comments, comment_rule, draft_rule, open_rule
from qipan.laws.api import Use, cite, repeal_article, seed_laws
from qipan.laws.models import RuleComment
from qipan.laws.views.rules import resident

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


def keep(page, name: str) -> None:
    """Keeps a picture where the environment names a folder for pictures."""
    if folder := os.environ.get("QIPAN_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.row("LAW-1", "LAW-2")
def test_the_register_and_the_rules_can_be_read_and_commented_on(open_page, turn_to, troubles):
    city = make_city()
    at, today = city.at, localdate(city.at)
    seed_laws(by=city.lead, at=at)
    owner = city.unit("510104:district-command")
    for n in range(60):
        cite(f"posture.Measure:{n}", "erl-2024-73", use=Use.MEASURE, unit_id=owner.pk, place=owner.place, at=at)
    repeal_article(
        "erl-2024-81", since=today, reason="示例：由新条文代替", successor="erl-2024-77", by=city.lead, at=at
    )
    how = {"text": "第一条 电动自行车在划定地点有序停放。\n第二条 不占用消防通道。", "by": city.department, "at": at}
    place = city.unit("5101:health").place
    rule = draft_rule(title="电动自行车停放规定", title_en="Parking of e-bikes", major=True, place=place, **how)
    days = {"opens_on": today, "closes_on": today + timedelta(days=29)}
    rule = open_rule(rule, **days, by=city.department, at=at)
    first, _second = (
        comment_rule(rule, text=said, nonce=said, by=resident(), at=at) for said in ("请增设充电桩", "夜里太吵")
    )
    answer_comments(rule, comments=[first.pk], text="已采纳", taken_over=True, by=city.department, at=at)
    pages = (
        ("lead", "/laws", "laws"),
        ("lead", "/laws/articles/erl-2024-73", "article"),
        ("lead", "/laws/articles/erl-2024-81", "repealed"),
        ("lead", "/laws/new", "article-new"),
        ("anonymous", "/rules", "rules"),
        ("anonymous", f"/rules/{rule.pk}", "rule"),
        ("department", "/rules/office", "office"),
        ("department", f"/rules/office/{rule.pk}", "rule-office"),
    )
    for lang, width in (
        ("zh-hans", 1440),
        ("en", 360),
        *((("en", 1440), ("zh-hans", 360)) if os.environ.get("QIPAN_SCREENSHOTS") else ()),
    ):
        for who, address, name in pages:
            page = turn_to(city, who, address, width=width, lang=lang)
            keep(page, f"{name}-{lang}-{width}")
            assert serious(page) == [], name
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    page = open_page(city, "anonymous", f"/rules/{rule.pk}", width=360, lang="en")
    page.get_by_label("Your comment").fill("路灯也要亮")
    asked = page.locator("label[for=answer]").inner_text()
    page.locator("#answer").fill(str(sum(int(word) for word in asked.replace("?", " ").split() if word.isdigit())))
    page.get_by_role("button", name="Send the comment").click()
    expect(page.get_by_role("status")).to_contain_text("Your comment is kept.")
    assert RuleComment.objects.filter(text="路灯也要亮").count() == 1
    assert troubles == []
