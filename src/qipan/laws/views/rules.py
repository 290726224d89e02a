"""Pages of the rules: what everyone reads and comments on without a log-in, and the office's side (LAW-2)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.webkit.acting import signed_in
from qipan.webkit.challenge import count_try, new_challenge, nonce_of
from qipan.webkit.forms import ActForm

from ..actions.rules import (
    adopt_rule,
    answer_comments,
    change_draft,
    close_comments,
    comment_rule,
    draft_rule,
    end_rule,
    open_rule,
    review_rule,
)
from ..input.rules import (
    AdoptInput,
    AnswerInput,
    CloseInput,
    CommentInput,
    DraftInput,
    EndInput,
    OpenInput,
    ReviewInput,
)
from ..models import Rule
from ..queries.citing import owners
from ..queries.rules import comments_of, get_rule, public_rule, public_rules, rules_within, waiting_count
from ..rules import COMMENT_DAYS, is_closed, takes_comments
from ..terms import RuleState

PER_PAGE = 50
SHOWN = 100
COMMENTS_AT_ONCE = 10  # from one address in ten minutes, in each process
READERS = ("rule.edit", "rule.adopt")


def resident() -> Actor:
    """This function will return the actor of the public page: somebody, who may comment and nothing else."""
    return Actor(
        label=_("a resident, by the public page"),
        acts=frozenset({"rule.comment"}),
        scope=Scope((range_of(settings.CITY),)),
    )


@never_cache
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """This view will list drafts open for comments, rules in force and what is over, to everyone."""
    on = localdate(now())
    parts = {name: list(rows[:SHOWN]) for name, rows in public_rules(on=on).items()}
    names = owners(one.unit_id for rows in parts.values() for one in rows)
    shown = {name: [(one, names.get(one.unit_id, "")) for one in rows] for name, rows in parts.items()}
    return render(request, "laws/rules.html", {**shown, "on": on, "any": any(parts.values())})


def _after(request: HttpRequest) -> int:
    text = request.GET.get("after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@never_cache
@require_http_methods(["GET", "POST"])
def rule_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a draft or rule with every answered comment, and take a comment while it is open."""
    at = now()
    rule = public_rule(pk, on=localdate(at))
    form, status = CommentInput(request.POST or None), 200
    if request.method == "POST":
        count_try(request, "rules", most=COMMENTS_AT_ONCE)
        status = 400
        if form.is_valid():
            try:
                nonce = nonce_of(request.POST.get("token", ""), request.POST.get("answer", ""))
                comment_rule(rule, text=form.cleaned_data["text"], nonce=nonce, by=resident(), at=at)
                return redirect(f"/rules/{rule.pk}?said=1#comments")
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    return render(request, "laws/rule.html", _shown(request, rule, form, at), status=status)


def _shown(request: HttpRequest, rule: Rule, form: CommentInput, at: datetime) -> dict[str, Any]:
    on = localdate(at)
    comments = comments_of(rule, answered=True, after=_after(request), most=PER_PAGE)
    return {
        "rule": rule,
        "owner": owners([rule.unit_id]).get(rule.unit_id, ""),
        "takes": takes_comments(rule.state, rule.opens_on, rule.closes_on, on=on),
        "closed": is_closed(rule.state, rule.closes_on, on=on),
        "comments": comments,
        "more": comments[-1].pk if len(comments) == PER_PAGE else 0,
        "waiting": waiting_count(rule),
        "said": "said" in request.GET,
        "form": form,
        "challenge": new_challenge(),
        "short": COMMENT_DAYS,
    }


def _reader(request: HttpRequest) -> Actor:
    actor = signed_in(request)
    actor.require(*READERS)
    return actor


@require_http_methods(["GET", "POST"])
def office_page(request: HttpRequest) -> HttpResponse:
    """This view will list the rules on the reader's ground with what waits at each, and take a new draft."""
    actor, at = _reader(request), now()
    form, status = DraftInput(request.POST or None), 200
    if request.method == "POST":
        actor.require("rule.edit")
        status = 400
        if form.is_valid():
            try:
                rule = draft_rule(**form.cleaned_data, place=actor.scope.ranges[0].first, by=actor, at=at)
                return redirect("rule-office", rule.pk)
            except NotAllowed:
                raise
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    on = localdate(at)
    rows = list(rules_within(actor)[:SHOWN])
    names = owners(one.unit_id for one in rows)
    lines = [
        (one, names.get(one.unit_id, ""), is_closed(one.state, one.closes_on, on=on), _due(one, on)) for one in rows
    ]
    shown = {"lines": lines, "form": form, "drafts": actor.can("rule.edit"), "opened": status != 200}
    return render(request, "laws/office.html", shown, status=status)


def _due(rule: Rule, on: date) -> bool:
    return rule.state == RuleState.ADOPTED and rule.review_on is not None and rule.review_on <= on


Act = Callable[[Rule, dict[str, Any], Actor, datetime], object]
ACTS: dict[str, tuple[type[ActForm], str, Act]] = {
    "change": (DraftInput, "rule.edit", lambda r, g, a, t: change_draft(r, **g, by=a, at=t)),
    "open": (OpenInput, "rule.edit", lambda r, g, a, t: open_rule(r, **g, by=a, at=t)),
    "close": (CloseInput, "rule.edit", lambda r, g, a, t: close_comments(r, **g, by=a, at=t)),
    "answer": (AnswerInput, "rule.edit", lambda r, g, a, t: answer_comments(r, **g, by=a, at=t)),
    "adopt": (AdoptInput, "rule.adopt", lambda r, g, a, t: adopt_rule(r, **g, by=a, at=t)),
    "review": (ReviewInput, "rule.adopt", lambda r, g, a, t: review_rule(r, **g, by=a, at=t)),
    "end": (EndInput, "", lambda r, g, a, t: end_rule(r, **g, by=a, at=t)),
}


def _gate(pk: int, actor: Actor, act: str = "") -> Rule:
    if act:
        return get_rule(pk, actor=actor, act=act)
    return get_rule(pk, actor=actor, act="rule.adopt" if actor.can("rule.adopt") else "rule.edit")


def _office(
    request: HttpRequest, rule: Rule, actor: Actor, *, sent: dict[str, ActForm] | None = None, status: int = 200
) -> HttpResponse:
    at = now()
    on = localdate(at)
    open_, closed = rule.state == RuleState.OPEN, is_closed(rule.state, rule.closes_on, on=on)
    own = actor.can("rule.edit") and rule.unit_id == actor.unit_id
    adopts = actor.can("rule.adopt")
    waiting = comments_of(rule, answered=False, after=_after(request), most=PER_PAGE)
    offered: dict[str, ActForm] = {}
    if own and rule.state == RuleState.DRAFT:
        said = {name: getattr(rule, name) for name in ("title", "title_en", "text", "major")}
        offered["open"] = OpenInput(initial={"opens_on": on, "closes_on": on + timedelta(days=COMMENT_DAYS - 1)})
        offered["change"] = DraftInput(initial=said)
    if own and open_ and waiting:
        offered["answer"] = AnswerInput()
    if own and takes_comments(rule.state, rule.opens_on, rule.closes_on, on=on):
        offered["close"] = CloseInput()
    if adopts and closed:
        soon = {"text": rule.text, "in_force_from": on + timedelta(days=1), "review_on": on + timedelta(days=365)}
        offered["adopt"] = AdoptInput(initial=soon)
    if adopts and rule.state == RuleState.ADOPTED:
        offered["review"] = ReviewInput(initial={"review_on": on + timedelta(days=365)})
    if rule.state not in (RuleState.ENDED, RuleState.WITHDRAWN) and (
        adopts or (own and rule.state != RuleState.ADOPTED)
    ):
        offered["end"] = EndInput()
    offered |= {name: form for name, form in (sent or {}).items() if name in offered}
    shown = {
        "rule": rule,
        "owner": owners([rule.unit_id]).get(rule.unit_id, ""),
        "closed": closed,
        "offered": offered,
        "waiting": waiting,
        "waiting_count": waiting_count(rule),
        "more": waiting[-1].pk if len(waiting) == PER_PAGE else 0,
        "answered": comments_of(rule, answered=True, most=PER_PAGE),
        "due": _due(rule, on),
    }
    return render(request, "laws/rule_office.html", shown, status=status)


@require_GET
def office_rule(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a rule to who drafts or adopts it, with the acts that are open to him."""
    actor = _reader(request)
    return _office(request, _gate(pk, actor), actor)


@require_POST
def office_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do one act on a rule; what is refused stands beside its field, and what was typed stays."""
    actor, at = _reader(request), now()
    if act not in ACTS:
        raise NotFound
    kind, right, done = ACTS[act]
    rule = _gate(pk, actor, right)
    form = kind(request.POST)
    status = 400
    if form.is_valid():
        given = dict(form.cleaned_data)
        if act == "answer":
            keys = request.POST.getlist("comments")
            given["comments"] = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 19]
        try:
            done(rule, given, actor, at)
            return redirect("rule-office", rule.pk)
        except (NotAllowed, NotFound):
            raise
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    rule.refresh_from_db()
    return _office(request, rule, actor, sent={act: form}, status=status)
