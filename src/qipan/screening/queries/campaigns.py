"""Campaigns, rounds and conflicts that an actor may see."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotFound

from ..models import Assignment, Campaign, Coverage, LateVisit, Round, Visit, VisitConflict


def _covered(scope: Scope, **link: OuterRef) -> Exists:
    return Exists(Coverage.objects.within(scope).filter(**link))


def campaigns_for(actor: Actor) -> QuerySet[Campaign]:
    """This function will return the campaigns that an actor may see, newest first.

    A campaign is seen where a round of it covers the actor's ground, and by the unit that runs it.
    """
    rounds = Round.objects.filter(_covered(actor.scope, round=OuterRef("pk")), campaign=OuterRef("pk"))
    own = Q(unit=actor.unit_id) if actor.unit_id else Q(pk__in=[])
    seen = Campaign.objects.filter(Exists(rounds) | own | actor.scope.q("unit__place"))
    return seen.select_related("unit", "form", "declaration", "admission").order_by("-opened_at", "-pk")


def get_campaign(pk: int, *, actor: Actor, act: str = "campaign.view") -> Campaign:
    """This function will return a campaign that the actor may see; raises ``NotFound``, then ``NotAllowed``."""
    campaign = campaigns_for(actor).filter(pk=pk).first()
    if campaign is None:
        raise NotFound
    actor.require(act)
    return campaign


def get_round(pk: int, *, actor: Actor, act: str = "campaign.view") -> Round:
    """This function will return a round of a campaign that the actor may see; raises as ``get_campaign``."""
    found = Round.objects.select_related("campaign").filter(pk=pk).first()
    if found is None:
        raise NotFound
    get_campaign(found.campaign_id, actor=actor, act=act)
    return found


def current_round(ranges: Iterable[Range], *, at: datetime, drill: bool | None = None) -> Round | None:
    """This function will return the round that is open over a ground, the newest of several; None when none is.

    With ``drill`` only rounds of drills count, or only real ones: a drill never hides what is real.
    """
    return open_rounds(at=at, drill=drill).filter(_covered(Scope(tuple(ranges)), round=OuterRef("pk"))).first()


def open_rounds(*, at: datetime, drill: bool | None = None) -> QuerySet[Round]:
    """This function will return the rounds that are open anywhere, the newest first; ``drill`` as ``current_round``."""
    world = Q() if drill is None else Q(campaign__drill=drill)
    return (
        Round.objects.select_related("campaign")
        .filter(world, Q(closed_at=None) | Q(closed_at__gt=at), opened_at__lte=at)
        .order_by("-opened_at", "-pk")
    )


def rounds_of_team(team_id: int) -> QuerySet[Round]:
    """This function will return the rounds in which a team has doors, closed ones too, the newest first; none that is destroyed."""
    mine = Exists(Assignment.objects.filter(team=team_id, round=OuterRef("pk")))
    return Round.objects.select_related("campaign").filter(mine, campaign__sealed=None).order_by("-opened_at", "-pk")


def ground_of_round(round_id: int, *, scope: Scope) -> Range | None:
    """This function will return the smallest range that holds a round's compounds within a scope."""
    rows = Coverage.objects.within(scope).filter(round=round_id)
    first = rows.order_by("place").values_list("place", flat=True).first()
    last = rows.order_by("-place").values_list("place", flat=True).first()
    return None if first is None or last is None else Range(first, range_of(f"{last:019d}"[:15]).last)


def conflicts_for(actor: Actor) -> QuerySet[VisitConflict]:
    """This function will return the conflicts on the actor's ground that wait for a decision, oldest first."""
    return VisitConflict.objects.within(actor.scope).filter(decided_at=None).order_by("received_at", "pk")


def get_conflict(pk: int, *, actor: Actor) -> VisitConflict:
    """This function will return a conflict on the actor's ground that he may decide.

    Raises ``NotFound``, then ``NotAllowed``.
    """
    found = VisitConflict.objects.within(actor.scope).filter(pk=pk).first()
    if found is None:
        raise NotFound
    actor.require("conflict.decide")
    return found


def visits_held(ids: Iterable[UUID]) -> set[UUID]:
    """This function will return which of these visits are stored, counted, kept for a decision or kept as late."""
    wanted = list(ids)
    stored = Visit.objects.everywhere("only whether it is held").filter(pk__in=wanted).values_list("pk", flat=True)
    kept = VisitConflict.objects.everywhere("only whether it is held").filter(visit_id__in=wanted)
    late = LateVisit.objects.everywhere("only whether it is held").filter(visit_id__in=wanted)
    return {*stored, *kept.values_list("visit_id", flat=True), *late.values_list("visit_id", flat=True)}
