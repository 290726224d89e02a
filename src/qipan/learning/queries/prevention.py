"""What was done before an emergency on its ground: drills, the standing posture, readiness, the playbook (EMG-17)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from qipan.command.api import (
    Activation,
    Playbook,
    Score,
    activations_for,
    activations_under,
    current_playbooks,
    score_of,
)
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.scoped import overlapping
from qipan.posture.api import Declaration, Posture, PostureKind
from qipan.territory.api import AreaView

from ..terms import Light
from .readiness import readiness_on

DRILLS = 5  # the last ones


@dataclass(frozen=True)
class Ready:
    """How many communities of a declared area stand at which level of readiness; ``communities`` are all of them."""

    area: AreaView
    communities: int
    lights: list[tuple[Light, int]]


@dataclass(frozen=True)
class Prevention:
    """What an emergency met when it came."""

    drills: list[tuple[Activation, Score]]  # released before it began, the last one first
    standing: list[Posture]  # that held when it began, or until its end
    ready: list[Ready]  # as it is now
    playbooks: list[Playbook]  # those at work, else those of its hazard that stand ready


def prevention_of(
    declaration: Declaration, *, ground: Sequence[Range], areas: Sequence[AreaView], actor: Actor, at: datetime
) -> Prevention:
    """This function will read what stood on an emergency's ground before it, as far as the actor sees the ground."""
    drills = activations_for(actor).filter(
        overlapping(ground, "ranges__first", "ranges__last"),
        drill=True,
        release_started_at__isnull=False,
        release_started_at__lte=declaration.starts_at,
    )
    began = declaration.starts_at
    standing = Posture.objects.filter(
        overlapping(ground),
        Q(ended_at=None) | Q(ended_at__gt=began),
        kind=PostureKind.STANDING,
        drill=declaration.drill,
        since__lte=min(at, declaration.ended_at or at),
        until__gt=began,
    )
    at_work = {one.playbook_id: one.playbook for one in activations_under(declaration)}
    waiting = [one for one in current_playbooks() if one.hazard == declaration.hazard]
    return Prevention(
        drills=[(one, score_of(one)) for one in drills.distinct().order_by("-release_started_at", "-pk")[:DRILLS]],
        standing=list(standing.order_by("since", "pk")),
        ready=[_ready(area, actor=actor, at=at) for area in areas],
        playbooks=list(at_work.values()) or waiting,
    )


def _ready(area: AreaView, *, actor: Actor, at: datetime) -> Ready:
    rows = readiness_on(area.ranges, actor=actor, at=at)
    counts = Counter(row.level for row in rows if row.level is not None)
    return Ready(area, len(rows), [(Light(light), counts[light]) for light in Light.values])
