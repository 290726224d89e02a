"""What else is on a ground: for whoever looks at one thing there, the way to all others (PRI-2)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from qipan.command.api import directives_for
from qipan.deployment.api import standing_teams
from qipan.desk.api import desk_counts
from qipan.forms.api import open_forms
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import COMMUNITY
from qipan.kernel.refusal import NotFound
from qipan.matters.api import chips
from qipan.posture.api import measures_in_force, posture_over
from qipan.screening.api import current_round
from qipan.territory.api import AreaView, get_area, path_to
from qipan.zones.api import ZoneLevel, zones_in_force

from ..terms import Listing

LATELY = timedelta(days=30)
WAITING = ("new", "handled")  # chips of matters that somebody still works on


@dataclass(frozen=True)
class Line:
    """One kind of thing on a ground: how many, or what holds; where they stand, None where the reader has no page of it."""

    what: Any
    shown: Any
    href: str | None


@dataclass(frozen=True)
class Around:
    """A ground with all that is there, and the way up to the areas that hold it."""

    area: AreaView
    path: list[AreaView]
    lines: list[Line]


def around(code: str, *, actor: Actor, at: datetime) -> Around:
    """This function will say what is on the part of an area that lies in the actor's scope, each with its page.

    Only what the post may read anyhow, nothing of a person, and no drill's figures. Raises ``NotAllowed``, ``NotFound``.
    """
    actor.require("board.view", "desk.view")
    area = get_area(code)
    ground = [part for whole in area.ranges for part in actor.scope.narrowed(whole).ranges]
    if not ground:
        raise NotFound
    here = replace(actor, scope=Scope(tuple(ground)))
    return Around(area, path_to(area.code)[:-1], list(_lines(area, here, at=at)))


def _lines(area: AreaView, here: Actor, *, at: datetime) -> Iterator[Line]:
    """What each room holds; ``here`` is the actor on this ground alone."""
    ground = here.scope.ranges
    whole = all(here.scope.covers(part) for part in area.ranges)  # pages of an area are for who may read all of it
    by_area = "?" + urlencode({"area": area.code})
    community = area.level <= COMMUNITY
    if here.can("board.view"):
        posture = posture_over(ground, at=at)
        shown = " ".join([posture.kind_label, posture.level_label, posture.matter]) if posture else _("routine")
        yield Line(_("Posture"), shown, reverse("declarations"))
        if whole and community:
            levels = {zone.level for zone in zones_in_force(ground, at=at)}
            highest = ZoneLevel(max(levels)).label if levels else _("none")
            yield Line(_("Highest risk level in force"), highest, reverse("zone_area", args=[area.code]))
    measures = measures_in_force(ground, at=at).filter(drill=False).count()
    yield Line(_("Measures in force"), measures, reverse("measures") + by_area if whole else None)
    if here.can("matter.view"):
        held = {chip.show: chip.n for chip in chips(ground)}
        for show, what in zip(WAITING, (_("Matters newly reported"), _("Matters in hand")), strict=True):
            yield Line(what, held[show], f"{reverse('matters')}{by_area}&show={show}")
    counts = desk_counts(ground, at=at, drill=False)
    late = reverse("board_rows", args=[area.code, Listing.TASKS_LATE]) if here.can("board.view") and whole else None
    yield Line(_("Late tasks, of those that are open"), f"{counts.late} / {counts.open}", late if community else None)
    forms = {one.form_id for one in open_forms(ground, at=at) if not one.drill}
    yield Line(_("Forms open here"), len(forms), reverse("forms"))
    if here.can("campaign.view"):
        round = current_round(ground, at=at, drill=False)
        title = round.campaign.title if round else _("none")
        yield Line(_("Screening round"), title, reverse("campaign", args=[round.campaign_id]) if round else None)
    teams = standing_teams(ground, at=at).filter(drill=False).count()
    yield Line(_("Teams at work"), teams, reverse("forces") + by_area if whole else None)
    sent = directives_for(here).filter(issued_at__gt=at - LATELY, drill=False).count()
    yield Line(_("Directives of the last 30 days"), sent, reverse("directives"))
    if here.can("board.view") and community:
        yield Line(_("Readiness"), _("look"), reverse("readiness", args=[area.code]))
        if whole:
            yield Line(_("Board"), _("look"), reverse("board", args=[area.code]))
