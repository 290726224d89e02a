"""For which teams visits are entered."""

from django.db.models import QuerySet

from qipan.deployment.api import Team
from qipan.kernel.actor import Actor


def teams_of(actor: Actor) -> "QuerySet[Team]":
    """This function will return the teams whose visits an actor may enter, released ones too: the pass's own, or those on
    a post's ground.

    Who does not see the screening as a whole sees the teams of the own unit: a property company not the community's.
    """
    teams = Team.objects.within(actor.scope).order_by("place", "pk")
    if actor.team_id is not None:
        return teams.filter(pk=actor.team_id)
    return teams if actor.can("campaign.view") else teams.filter(unit=actor.unit_id or 0)
