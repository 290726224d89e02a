"""Rules that the public reads, those of the own ground, and the gate to one."""

from datetime import date

from django.db.models import Count, Q, QuerySet

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotAllowed, NotFound

from ..models import Rule, RuleComment
from ..terms import RuleState

PUBLIC = (RuleState.OPEN, RuleState.ADOPTED, RuleState.ENDED, RuleState.WITHDRAWN)


def public_rules(*, on: date) -> dict[str, QuerySet[Rule]]:
    """This function will return the rules that everyone reads: open for comments, closed and not decided, in force, over."""
    rows = Rule.objects.everywhere("drafts that were opened, and rules, are public").order_by("closes_on", "pk")
    shown = rows.filter(opens_on__lte=on)
    return {
        "open": shown.filter(state=RuleState.OPEN, closes_on__gte=on),
        "closed": shown.filter(state=RuleState.OPEN, closes_on__lt=on),
        "adopted": shown.filter(state=RuleState.ADOPTED).order_by("-adopted_at", "-pk"),
        "ended": shown.filter(state__in=(RuleState.ENDED, RuleState.WITHDRAWN)).order_by("-ended_on", "-pk"),
    }


def public_rule(pk: int, *, on: date) -> Rule:
    """This function will return a rule that everyone may read; raises ``NotFound``."""
    rows = Rule.objects.everywhere("drafts that were opened, and rules, are public")
    rule = rows.filter(pk=pk, state__in=PUBLIC, opens_on__lte=on).first()
    if rule is None:
        raise NotFound
    return rule


def get_rule(pk: int, *, actor: Actor, act: str) -> Rule:
    """This function will return a rule on the actor's ground for an act.

    Who drafts works on the own unit's rules; who adopts, on all of the ground. Raises ``NotFound``, ``NotAllowed``.
    """
    rule = Rule.objects.within(actor.scope).filter(pk=pk).first()
    if rule is None:
        raise NotFound
    actor.require(act)
    if act == "rule.edit" and rule.unit_id != actor.unit_id:
        raise NotAllowed(act=act)
    return rule


def rules_within(actor: Actor) -> QuerySet[Rule]:
    """This function will return the rules on an actor's ground, with how many comments came and wait for an answer."""
    waiting = Count("comments", filter=Q(comments__answer=None))
    rows = Rule.objects.within(actor.scope).annotate(said=Count("comments"), waiting=waiting)
    return rows.order_by("state", "closes_on", "-pk")


def comments_of(rule: Rule, *, answered: bool | None = None, after: int = 0, most: int = 50) -> list[RuleComment]:
    """This function will return a page of comments, the oldest first, after a key; all, answered ones, or those that wait."""
    rows = RuleComment.objects.filter(rule=rule, pk__gt=after).select_related("answer")
    rows = rows if answered is None else rows.filter(answer__isnull=not answered)
    return list(rows.order_by("pk")[:most])


def waiting_count(rule: Rule) -> int:
    """This function will return how many comments wait for an answer."""
    return RuleComment.objects.filter(rule=rule, answer=None).count()
