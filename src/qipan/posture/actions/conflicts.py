"""Two commands that declare against one hazard on one ground: kept, and the higher prevails there (EMG-3)."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.scoped import overlapping

from .. import rules
from ..models import CommandConflict, Declaration, DeclaredGround
from ..queries.declared import grounds_of


def log_conflicts(declaration: Declaration, *, by: Actor, at: datetime) -> None:
    """This function will log each ground on which another command has declared against the same hazard, once.

    Also at the same level: two commands order measures and times of their own, and whose word counts must be known.
    """
    mine = grounds_of(declaration)
    met = DeclaredGround.objects.filter(overlapping(mine), declaration=OuterRef("pk"))
    others = (
        Declaration.objects.filter(
            Exists(met),
            hazard=declaration.hazard,
            drill=declaration.drill,
            ended_at=None,
            expected_until__gt=max(at, declaration.starts_at),
            starts_at__lt=declaration.expected_until,
        )
        .exclude(issuer=declaration.issuer)
        .select_related("issuer__organ_type")
        .order_by("pk")
    )
    for other in others:
        won = rules.prevails(
            rank=declaration.issuer.organ_type.authority_rank,
            level=declaration.level,
            other_rank=other.issuer.organ_type.authority_rank,
            other_level=other.level,
            earlier=(declaration.starts_at, declaration.pk) < (other.starts_at, other.pk),
        )
        above, below = (declaration, other) if won else (other, declaration)
        said = {"prevails": above, "yields": below, "level": above.level, "other_level": below.level}
        if CommandConflict.objects.filter(**said).exists():
            continue
        for ground in mine:
            for theirs in grounds_of(other):
                if not ground.meets(theirs):
                    continue
                first, last = max(ground.first, theirs.first), min(ground.last, theirs.last)
                conflict = CommandConflict.objects.create(**said, first=first, last=last, found_at=at)
                record(
                    "posture.conflict_of_commands",
                    subject=conflict,
                    by=by,
                    at=at,
                    place=first,
                    data={
                        "prevails": above.number,
                        "yields": below.number,
                        "level": above.level,
                        "other_level": below.level,
                    },
                    drill=declaration.drill,
                )
