"""Rules with comments: draft, open, answered, adopted, looked at again, ended (LAW-2)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import localdate
from hypothesis import given
from hypothesis import strategies as st

from qipan.journal.api import entries_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.laws.actions.rules import (
    CommentsClosed,
    CommentsUnanswered,
    DaysWrong,
    ReviewDayWrong,
    StandsOtherwise,
    StillOpen,
    UrgencyReasonNeeded,
    WordsMissing,
    adopt_rule,
    answer_comments,
    close_comments,
    comment_rule,
    draft_rule,
    end_rule,
    open_rule,
    review_rule,
)
from qipan.laws.models import Rule, RuleAnswer, RuleComment
from qipan.laws.rules import COMMENT_DAYS, days_open, is_closed, needs_urgency, takes_comments
from qipan.laws.views.rules import resident
from qipan.webkit.challenge import new_challenge

DAY = timedelta(days=1)


def drafted(city: Any, *, major: bool = True) -> Rule:
    how = {"title": "电动车停放规定", "title_en": "Parking of e-bikes", "text": "第一条 有序停放。"}
    return draft_rule(**how, major=major, place=city.unit("5101:health").place, by=city.department, at=city.at)


def opened(city: Any, days: int = COMMENT_DAYS, *, major: bool = True, reason: str = "") -> Rule:
    today = localdate(city.at)
    return open_rule(
        drafted(city, major=major), opens_on=today, closes_on=today + (days - 1) * DAY, urgency_reason=reason,
        by=city.department, at=city.at,
    )  # fmt: skip


def said(rule: Rule, city: Any, n: int = 1) -> list[RuleComment]:
    return [comment_rule(rule, text=f"意见{k}", nonce=f"n{k}", by=resident(), at=city.at) for k in range(n)]


@pytest.mark.row("LAW-2")
def test_a_draft_open_for_20_days_needs_an_urgency_reason_to_be_closed(city):
    """G draft open 20 days, W closed, T needs urgency reason."""
    rule = opened(city)
    at = city.at + 19 * DAY
    with pytest.raises(UrgencyReasonNeeded) as refused:
        close_comments(rule, by=city.department, at=at)
    assert refused.value.data == {"least": 30, "days": 20, "field": "urgency_reason"}
    rule.refresh_from_db(fields=["closes_on", "urgency_reason"])
    assert (rule.closes_on, rule.urgency_reason) == (localdate(city.at) + 29 * DAY, "")
    closed = close_comments(rule, urgency_reason="汛期将至", by=city.department, at=at)
    assert (closed.closes_on, closed.urgency_reason) == (localdate(at), "汛期将至")
    assert [entry.data["urgency_reason"] for entry in entries_of("laws.close_comments")] == ["汛期将至"]


def test_a_short_time_for_a_major_decision_states_its_urgency_from_the_first(city):
    with pytest.raises(UrgencyReasonNeeded):
        opened(city, 20)
    assert opened(city, 20, reason="疫情").urgency_reason == "疫情"
    assert opened(city, 10, major=False).state == "OPEN"
    today = localdate(city.at)
    for first, last in ((today - DAY, today + 40 * DAY), (today, today)):
        with pytest.raises(DaysWrong):
            open_rule(drafted(city), opens_on=first, closes_on=last, by=city.department, at=city.at)


@pytest.mark.row("LAW-2")
def test_a_rule_from_draft_to_end(city):
    rule = opened(city)
    first, second, third = said(rule, city, 3)
    assert comment_rule(rule, text="again", nonce="n0", by=resident(), at=city.at) == first
    after = city.at + COMMENT_DAYS * DAY
    terms = {"text": "第一条 有序停放，增设充电桩。", "by": city.city_commander, "at": after}
    force, review = localdate(after), localdate(after) + 365 * DAY
    with pytest.raises(StillOpen):
        adopt_rule(rule, **{**terms, "at": after - DAY}, in_force_from=force, review_on=review)
    with pytest.raises(CommentsUnanswered) as refused:
        adopt_rule(rule, **terms, in_force_from=force, review_on=review)
    assert refused.value.data == {"n": 3}
    by = {"by": city.department, "at": after}
    answer = answer_comments(rule, comments=[first.pk, second.pk], text="采纳", taken_over=True, **by)
    assert answer.comments.count() == 2
    answer_comments(rule, comments=[third.pk], text="不涉及", withhold=True, **by)
    with pytest.raises(NotFound):  # answered already
        answer_comments(rule, comments=[first.pk], text="x", **by)
    with pytest.raises(ReviewDayWrong):
        adopt_rule(rule, **terms, in_force_from=force, review_on=force)
    adopted = adopt_rule(rule, **terms, in_force_from=force, review_on=review)
    assert (adopted.state, adopted.text, adopted.review_on) == ("ADOPTED", terms["text"], review)
    later = after + 365 * DAY
    kept = review_rule(adopted, note="有效", review_on=review + 365 * DAY, by=city.city_commander, at=later)
    assert (kept.review_note, kept.reviewed_at) == ("有效", later)
    ended = end_rule(kept, reason="已有新规", by=city.city_commander, at=later)
    assert (ended.state, ended.end_reason, ended.ended_on) == ("ENDED", "已有新规", localdate(later))
    with pytest.raises(StandsOtherwise):
        end_rule(ended, reason="x", by=city.city_commander, at=later)


def test_only_the_own_unit_answers_and_only_who_may_adopts(city):
    rule = opened(city)
    (comment,) = said(rule, city)
    for by, refusal in ((city.lead, NotAllowed), (city.worker, NotAllowed), (city.district_head, NotFound)):
        with pytest.raises(refusal):
            answer_comments(rule, comments=[comment.pk], text="x", by=by, at=city.at)
    with pytest.raises(NotAllowed):
        adopt_rule(
            rule, text="x", in_force_from=localdate(city.at), review_on=localdate(city.at) + DAY,
            by=city.department, at=city.at,
        )  # fmt: skip
    with pytest.raises(WordsMissing):
        answer_comments(rule, comments=[], text="x", by=city.department, at=city.at)
    assert not RuleAnswer.objects.exists()


def test_comments_are_taken_on_the_open_days_only(city):
    rule = opened(city)
    with pytest.raises(CommentsClosed):
        comment_rule(rule, text="x", nonce="a", by=resident(), at=city.at + 31 * DAY)
    with pytest.raises(WordsMissing):
        comment_rule(rule, text="  ", nonce="b", by=resident(), at=city.at)
    assert not RuleComment.objects.exists()


@given(
    opens=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    days=st.integers(1, 90),
    major=st.booleans(),
    on=st.integers(-5, 100),
)
def test_urgency_and_open_days_agree(opens, days, major, on):
    closes, day = opens + (days - 1) * DAY, opens + on * DAY
    assert days_open(opens, closes) == days
    assert needs_urgency(major=major, opens=opens, closes=closes) is (major and days < 30)
    assert takes_comments("OPEN", opens, closes, on=day) is (0 <= on < days)
    assert is_closed("OPEN", closes, on=day) is (on >= days)
    assert not takes_comments("DRAFT", opens, closes, on=day) and not is_closed("ADOPTED", closes, on=day)


def english(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def text(response: Any) -> str:
    return response.content.decode()


def sum_of(question: str) -> str:
    return str(sum(int(word) for word in question.replace("?", " ").split() if word.isdigit()))


@pytest.fixture
def today_city(city):
    """The cast at the present moment, which the pages read."""
    return city


@pytest.mark.row("LAW-2")
def test_anyone_comments_without_a_log_in_and_reads_the_answer(today_city):
    city = today_city
    rule = opened(city)
    page = english(Client())
    assert "Parking of e-bikes" in text(page.get("/rules"))
    shown = page.get(f"/rules/{rule.pk}")
    challenge = shown.context["challenge"]
    sent = {"text": "<b>请增设充电桩</b>", "token": challenge.token, "answer": sum_of(challenge.question)}
    wrong = page.post(f"/rules/{rule.pk}", sent | {"answer": "99"})
    assert wrong.status_code == 400 and "请增设充电桩" in text(wrong) and not RuleComment.objects.exists()
    assert page.post(f"/rules/{rule.pk}", {**sent, "text": ""}).status_code == 400
    for _again in range(2):  # the same page sent twice is one comment
        assert page.post(f"/rules/{rule.pk}", sent).status_code == 302
    comment = RuleComment.objects.get()
    before = text(page.get(f"/rules/{rule.pk}?said=1"))
    assert "充电桩" not in before and "Your comment is kept." in before and "1 comment waits" in before
    answer_comments(rule, comments=[comment.pk], text="已采纳", taken_over=True, by=city.department, at=city.at)
    after = text(page.get(f"/rules/{rule.pk}"))
    assert "&lt;b&gt;请增设充电桩&lt;/b&gt;" in after and "已采纳" in after and "taken over" in after


def test_drafts_are_nobody_elses_and_many_comments_are_stopped(today_city):
    rule = drafted(today_city)
    page = english(Client(REMOTE_ADDR="198.51.100.7"))
    assert page.get(f"/rules/{rule.pk}").status_code == 404
    assert "Parking of e-bikes" not in text(page.get("/rules"))
    live = opened(today_city)
    for _try in range(10):
        asked = new_challenge()
        page.post(f"/rules/{live.pk}", {"text": "x", "token": asked.token, "answer": "0"})
    stopped = page.post(f"/rules/{live.pk}", {"text": "x"})
    assert stopped.status_code == 429
    assert not RuleComment.objects.exists()


def test_the_office_drafts_opens_answers_and_is_told_what_is_missing(today_city):
    city, today = today_city, localdate(today_city.at)
    page = english(city.client("department"))
    made = page.post("/rules/office", {"title": "停放规定", "title_en": "Parking", "text": "第一条", "major": "on"})
    rule = Rule.objects.everywhere("a test").get()
    assert made.headers["Location"] == f"/rules/office/{rule.pk}"
    act = f"/rules/office/{rule.pk}"
    short = {"opens_on": today.isoformat(), "closes_on": (today + 19 * DAY).isoformat(), "urgency_reason": ""}
    refused = page.post(f"{act}/open", short)
    assert refused.status_code == 409 and "30 days or more; this one would be open for 20" in text(refused)
    assert page.post(f"{act}/open", short | {"closes_on": (today + 29 * DAY).isoformat()}).status_code == 302
    rule.refresh_from_db(fields=["state"])
    assert rule.state == "OPEN"
    rule = Rule.objects.everywhere("a test").get()
    comments = said(rule, city, 2)
    assert "2 comments to be answered" in text(page.get(act))
    answered = page.post(f"{act}/answer", {"comments": [one.pk for one in comments], "text": "谢谢"})
    assert answered.status_code == 302
    assert not RuleComment.objects.filter(answer=None).exists()
    refused = page.post(f"{act}/close", {"urgency_reason": ""})
    assert refused.status_code == 409
    commander = english(city.client("city_commander"))
    assert "Adopt it" not in text(commander.get(act))
    assert commander.post(f"{act}/close", {"urgency_reason": "x"}).status_code == 403
    assert city.client("district_head").get(act).status_code == 404
    assert city.client("worker").get("/rules/office").status_code == 403
    assert page.post(f"{act}/nothing").status_code == 404
    assert "Parking" in text(page.get("/rules/office"))


def test_a_refusal_is_a_refusal_for_a_stranger_too(city):
    rule = opened(city)
    with pytest.raises(Refusal):
        end_rule(rule, reason="x", by=replace(city.worker, unit_id=rule.unit_id), at=city.at)
    with pytest.raises(WordsMissing):
        end_rule(rule, reason=" ", by=city.department, at=city.at)
    assert end_rule(rule, reason="另行起草", by=city.department, at=city.at).state == "WITHDRAWN"
