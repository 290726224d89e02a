"""Acts on rules: draft, open for comments, comment, answer, adopt, look at again, end (LAW-2)."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from ..models import Rule, RuleAnswer, RuleComment
from ..queries.rules import waiting_count
from ..rules import COMMENT_DAYS, days_open, is_closed, needs_urgency, takes_comments
from ..terms import RuleState

MOST_AT_ONCE = 500  # comments that one answer serves in one act


class WordsMissing(Refusal):
    code = "rule_words_missing"
    sentence = _("This is needed.")
    status = 400


class UrgencyReasonNeeded(Refusal):
    code = "urgency_reason_needed"
    sentence = _(
        "A draft of a major decision is open for comments for %(least)s days or more; this one would be open for %(days)s. Say why it is urgent, or leave it open longer (Interim Regulation on Major Administrative Decisions, art. 15)."
    )


class DaysWrong(Refusal):
    code = "rule_days_wrong"
    sentence = _("Comments begin today or later and end after they begin.")
    status = 400


class ReviewDayWrong(Refusal):
    code = "rule_review_day_wrong"
    sentence = _("A rule is looked at again after it comes into force: choose a later day.")
    status = 400


class StandsOtherwise(Refusal):
    code = "rule_stands_otherwise"
    sentence = _("This cannot be done with a rule that stands as it does: %(state)s.")


class StillOpen(Refusal):
    code = "rule_still_open"
    sentence = _("Comments are taken until %(day)s; only then is it adopted.")


class CommentsUnanswered(Refusal):
    code = "comments_unanswered"
    sentence = ngettext_lazy(
        "%(n)s comment has no answer yet; each is answered before the rule is adopted.",
        "%(n)s comments have no answer yet; each is answered before the rule is adopted.",
        "n",
    )


class CommentsClosed(Refusal):
    code = "comments_closed"
    sentence = _("This draft takes no comments today.")


def _needed(**given: str) -> None:
    for name, value in given.items():
        if not value.strip():
            raise WordsMissing(field=name)


def _own(rule: Rule, by: Actor) -> Rule:
    """The rule, locked, for an act of the unit that drafts it."""
    by.require("rule.edit")
    held = _held(rule, by)
    if held.unit_id != by.unit_id:
        raise NotAllowed(act="rule.edit")
    return held


def _held(rule: Rule, by: Actor) -> Rule:
    held = Rule.objects.within(by.scope).select_for_update().filter(pk=rule.pk).first()
    if held is None:
        raise NotFound
    return held


def _in(rule: Rule, *states: str) -> None:
    if rule.state not in states:
        raise StandsOtherwise(state=rule.get_state_display())


@transaction.atomic
def draft_rule(*, title: str, title_en: str = "", text: str, major: bool, place: int, by: Actor, at: datetime) -> Rule:
    """This function will keep a draft of the actor's unit; nobody else reads it before it is opened.

    Needs ``rule.edit``. Raises ``NotAllowed``, ``NotFound``, ``WordsMissing``.
    """
    by.require("rule.edit")
    if by.unit_id is None or place not in by.scope:
        raise NotFound
    _needed(title=title, text=text)
    rule = Rule.objects.create(
        unit_id=by.unit_id,
        place=place,
        title=title.strip(),
        title_en=title_en.strip(),
        text=text.strip(),
        major=major,
        drafted_at=at,
    )
    record("laws.draft_rule", subject=rule, by=by, at=at, place=place, data={"title": rule.title, "major": major})
    return rule


@transaction.atomic
def change_draft(
    rule: Rule, *, title: str, title_en: str = "", text: str, major: bool, by: Actor, at: datetime
) -> Rule:
    """This function will change a draft before it is opened. Raises ``NotAllowed``, ``NotFound``, ``StandsOtherwise``, ``WordsMissing``."""
    held = _own(rule, by)
    _in(held, RuleState.DRAFT)
    _needed(title=title, text=text)
    held.title, held.title_en, held.text, held.major = title.strip(), title_en.strip(), text.strip(), major
    held.save(update_fields=["title", "title_en", "text", "major"])
    record(
        "laws.change_draft", subject=held, by=by, at=at, place=held.place, data={"title": held.title, "major": major}
    )
    return held


@transaction.atomic
def open_rule(
    rule: Rule, *, opens_on: date, closes_on: date, urgency_reason: str = "", by: Actor, at: datetime
) -> Rule:
    """This function will open a draft for comments from a day to a day, both among them.

    A major decision is open for 30 days or more, or states why it is urgent. Raises ``NotAllowed``, ``NotFound``,
    ``StandsOtherwise``, ``DaysWrong``, ``UrgencyReasonNeeded``.
    """
    held = _own(rule, by)
    _in(held, RuleState.DRAFT)
    if opens_on < localdate(at) or closes_on <= opens_on:
        raise DaysWrong(field="closes_on")
    _urgent(held, opens_on, closes_on, urgency_reason)
    held.state, held.opens_on, held.closes_on = RuleState.OPEN, opens_on, closes_on
    held.urgency_reason = urgency_reason.strip()
    held.save(update_fields=["state", "opens_on", "closes_on", "urgency_reason"])
    data = {"opens_on": opens_on.isoformat(), "closes_on": closes_on.isoformat(), "urgency_reason": held.urgency_reason}
    record("laws.open_rule", subject=held, by=by, at=at, place=held.place, data=data)
    return held


def _urgent(rule: Rule, opens: date, closes: date, reason: str) -> None:
    if needs_urgency(major=rule.major, opens=opens, closes=closes) and not reason.strip():
        raise UrgencyReasonNeeded(least=COMMENT_DAYS, days=days_open(opens, closes), field="urgency_reason")


@transaction.atomic
def close_comments(rule: Rule, *, urgency_reason: str = "", by: Actor, at: datetime) -> Rule:
    """This function will close a draft for comments with today as the last day, before its time.

    Raises ``NotAllowed``, ``NotFound``, ``StandsOtherwise``, ``CommentsClosed``, ``UrgencyReasonNeeded``.
    """
    held, today = _own(rule, by), localdate(at)
    _in(held, RuleState.OPEN)
    if held.opens_on is None or not takes_comments(held.state, held.opens_on, held.closes_on, on=today):
        raise CommentsClosed
    reason = urgency_reason.strip() or held.urgency_reason
    _urgent(held, held.opens_on, today, reason)
    was = held.closes_on
    held.closes_on, held.urgency_reason = today, reason
    held.save(update_fields=["closes_on", "urgency_reason"])
    data = {"was": was.isoformat() if was else None, "closes_on": today.isoformat(), "urgency_reason": reason}
    record("laws.close_comments", subject=held, by=by, at=at, place=held.place, data=data)
    return held


@transaction.atomic
def comment_rule(rule: Rule, *, text: str, nonce: str, by: Actor, at: datetime) -> RuleComment:
    """This function will keep what somebody says to an open draft, without who; the same ``nonce`` again is the same comment.

    Raises ``CommentsClosed``, ``WordsMissing``.
    """
    by.require("rule.comment")
    known = RuleComment.objects.filter(nonce=nonce).first()
    if known is not None:
        return known
    if not takes_comments(rule.state, rule.opens_on, rule.closes_on, on=localdate(at)):
        raise CommentsClosed
    _needed(text=text)
    comment = RuleComment.objects.create(rule=rule, text=text.strip(), nonce=nonce, at=at)
    record("laws.comment_rule", subject=comment, by=by, at=at, place=rule.place, data={"rule": rule.pk})
    return comment


@transaction.atomic
def answer_comments(
    rule: Rule,
    *,
    comments: Sequence[int],
    text: str,
    taken_over: bool = False,
    withhold: bool = False,
    by: Actor,
    at: datetime,
) -> RuleAnswer:
    """This function will answer comments that wait, many by one answer; with it their words are public.

    ``withhold`` keeps words that name a person from being shown; the answer is shown all the same. Raises
    ``NotAllowed``, ``NotFound``, ``StandsOtherwise``, ``WordsMissing``.
    """
    held = _own(rule, by)
    _in(held, RuleState.OPEN)
    _needed(text=text)
    chosen = list(dict.fromkeys(comments))
    if not chosen:
        raise WordsMissing(field="comments")
    waiting = RuleComment.objects.select_for_update().filter(rule=held, answer=None, pk__in=chosen[:MOST_AT_ONCE])
    if len(chosen) > MOST_AT_ONCE or waiting.count() != len(chosen):
        raise NotFound
    answer = RuleAnswer.objects.create(
        rule=held, text=text.strip(), taken_over=taken_over, at=at, by_label=by.label[:120]
    )
    RuleComment.objects.filter(pk__in=chosen).update(answer=answer, withheld=withhold)
    data = {"comments": len(chosen), "taken_over": taken_over, "withheld": withhold}
    record("laws.answer_comments", subject=answer, by=by, at=at, place=held.place, data=data)
    return answer


@transaction.atomic
def adopt_rule(rule: Rule, *, text: str, in_force_from: date, review_on: date, by: Actor, at: datetime) -> Rule:
    """This function will adopt a draft, as changed by the comments, when its time is over and each comment is answered.

    Needs ``rule.adopt`` on its ground. Raises ``NotAllowed``, ``NotFound``, ``StandsOtherwise``, ``StillOpen``,
    ``CommentsUnanswered``, ``WordsMissing``, ``DaysWrong``, ``ReviewDayWrong``.
    """
    by.require("rule.adopt")
    held, today = _held(rule, by), localdate(at)
    _in(held, RuleState.OPEN)
    if not is_closed(held.state, held.closes_on, on=today):
        raise StillOpen(day=held.closes_on)
    if waiting := waiting_count(held):
        raise CommentsUnanswered(n=waiting)
    _needed(text=text)
    if in_force_from < today:
        raise DaysWrong(field="in_force_from")
    if review_on <= in_force_from:
        raise ReviewDayWrong(field="review_on")
    held.state, held.text, held.adopted_at = RuleState.ADOPTED, text.strip(), at
    held.in_force_from, held.review_on = in_force_from, review_on
    held.save(update_fields=["state", "text", "adopted_at", "in_force_from", "review_on"])
    data = {"in_force_from": in_force_from.isoformat(), "review_on": review_on.isoformat()}
    record("laws.adopt_rule", subject=held, by=by, at=at, place=held.place, data=data)
    return held


@transaction.atomic
def review_rule(rule: Rule, *, note: str, review_on: date, by: Actor, at: datetime) -> Rule:
    """This function will keep a rule that was looked at again, with what was found and the next day.

    Needs ``rule.adopt``. Raises ``NotAllowed``, ``NotFound``, ``StandsOtherwise``, ``WordsMissing``, ``ReviewDayWrong``.
    """
    by.require("rule.adopt")
    held = _held(rule, by)
    _in(held, RuleState.ADOPTED)
    _needed(note=note)
    if review_on <= localdate(at) or (held.in_force_from is not None and review_on <= held.in_force_from):
        raise ReviewDayWrong(field="review_on")
    held.reviewed_at, held.review_note, held.review_on = at, note.strip(), review_on
    held.save(update_fields=["reviewed_at", "review_note", "review_on"])
    record("laws.review_rule", subject=held, by=by, at=at, place=held.place, data={"review_on": review_on.isoformat()})
    return held


@transaction.atomic
def end_rule(rule: Rule, *, reason: str, by: Actor, at: datetime) -> Rule:
    """This function will end a rule, or withdraw a draft, today and with a reason that everyone reads.

    Needs ``rule.adopt``; a draft's own unit may withdraw it. Raises ``NotAllowed``, ``NotFound``, ``StandsOtherwise``,
    ``WordsMissing``.
    """
    by.require("rule.adopt", "rule.edit")
    held = _held(rule, by)
    _in(held, RuleState.DRAFT, RuleState.OPEN, RuleState.ADOPTED)
    own = held.unit_id == by.unit_id and by.can("rule.edit") and held.state != RuleState.ADOPTED
    if not (by.can("rule.adopt") or own):
        raise NotAllowed(act="rule.adopt")
    _needed(reason=reason)
    held.state = RuleState.ENDED if held.state == RuleState.ADOPTED else RuleState.WITHDRAWN
    held.ended_on, held.end_reason = localdate(at), reason.strip()
    held.save(update_fields=["state", "ended_on", "end_reason"])
    record(
        "laws.end_rule",
        subject=held,
        by=by,
        at=at,
        place=held.place,
        data={"state": held.state, "reason": held.end_reason},
    )
    return held
