"""Acts on teams: form and release them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.access.api import revoke_passes
from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal

from ..ingest import insert_teams, team_grounds
from ..models import Team
from ..queries import partner_grounds


class TeamSizeUnknown(Refusal):
    code = "team_size_unknown"
    sentence = _("Say how many doors a team takes: at least one.")
    status = 400


class StandDownMissing(Refusal):
    code = "stand_down_missing"
    sentence = _("A team stands down in the future: say when.")
    status = 400


@transaction.atomic
def form_teams(
    *,
    units: QuerySet[Unit] | Sequence[Unit],
    per_doors: int,
    stands_down_at: datetime,
    grounds: Sequence[Range] = (),
    source: str = "",
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> int:
    """This function will split the ground of each unit into teams of at most ``per_doors`` doors: whole
    neighbouring compounds, or parts of a large one. The teams tile the ground: no place is left without one.
    A partner (a property company, a social organisation) gets a team in each compound where it works, of those on
    ``grounds`` if any are named; where it has one it stays, and its teams elsewhere count for nothing here.
    A unit that has teams already keeps them, so forming twice is harmless. Returns how many were formed.

    Needs ``team.manage``. Raises ``NotAllowed``, ``NotFound`` (a unit outside the scope),
    ``TeamSizeUnknown``, ``StandDownMissing``.
    """
    by.require("team.manage")
    if per_doors < 1:
        raise TeamSizeUnknown(field="per_doors")
    if stands_down_at <= at:
        raise StandDownMissing(field="stands_down_at")
    chosen = units if isinstance(units, QuerySet) else Unit.objects.filter(pk__in=[unit.pk for unit in units])
    standing = Team.objects.everywhere("units inside the scope").filter(
        unit=OuterRef("pk"), released_at=None, drill=drill
    )
    rows = chosen.filter(first__isnull=False).order_by().values_list("first", "last", "pk", Exists(standing))
    own = [(Range(first, last), pk, held) for first, last, pk, held in rows]
    partners, numbers = partner_grounds(chosen, grounds=grounds, drill=drill)
    if any(ground.without(by.scope.ranges) for ground, *_unit in [*own, *partners]):
        raise NotFound
    free = [(ground, pk) for ground, pk, held in [*own, *partners] if not held]
    cut = list(team_grounds(free, per_doors=per_doors))
    formed = insert_teams(cut, numbers=numbers, source=source, at=at, stands_down_at=stands_down_at, drill=drill)
    if formed:
        record(
            "deployment.form_teams",
            subject=source or "deployment.Team",
            by=by,
            at=at,
            place=min(ranges[0].first for _unit, ranges in cut),
            data={"teams": formed, "units": len({unit for unit, _ranges in cut}), "per_doors": per_doors},
            drill=drill,
        )
    return formed


@transaction.atomic
def release_teams(ids: Iterable[int] | None = None, *, source: str | None = None, by: Actor, at: datetime) -> int:
    """This function will release teams, by id or all of a source, and take back their passes; returns how many.

    Releasing twice is harmless. Needs ``team.manage`` or ``release.run``. Raises ``NotAllowed``.
    """
    if not by.can("release.run"):
        by.require("team.manage")
    teams = Team.objects.within(by.scope).filter(released_at=None)
    if ids is not None:
        teams = teams.filter(pk__in=list(ids))
    elif source:
        teams = teams.filter(source=source)
    else:
        raise TypeError("say which teams: ids or a source")
    rows = list(teams.values_list("pk", "place", "drill"))
    if not rows:
        return 0
    chosen = [pk for pk, _place, _drill in rows]
    released = Team.objects.everywhere("checked above").filter(pk__in=chosen, released_at=None).update(released_at=at)
    passes = revoke_passes(team_ids=chosen, by=by, at=at)
    record(
        "deployment.release_teams",
        subject=source or "deployment.Team",
        by=by,
        at=at,
        place=rows[0][1],
        data={"teams": released, "passes": passes},
        drill=rows[0][2],
    )
    return released
