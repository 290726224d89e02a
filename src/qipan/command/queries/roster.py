"""Reading the duty roster: who is on duty in which command, on which line, and where nobody is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qipan.duties.api import OrganType, Unit, unit_above, units_on
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.posture.api import PostureKind, postures_in_force, prevailing_posture

from .. import rules
from ..models import Watch

NOTES_FOR = timedelta(days=2)  # how long a turn that is over stays on the page, with its handover note


@dataclass(frozen=True)
class Roster:
    """The duty roster of one command at a moment."""

    unit: Unit
    now: list[Watch]
    next: list[Watch]
    past: list[Watch]  # newest first, with what they handed over
    gaps: list[rules.Stretch]  # when nobody is on duty, as far ahead as was asked
    drill: bool  # the response that asks for it is a drill

    @property
    def uncovered_since(self) -> datetime | None:
        """Since when nobody is on duty; None while somebody is, or nobody needs to be."""
        return self.gaps[0][0] if self.gaps and not self.now else None


def commands_on(ranges: Iterable[Range]) -> list[Unit]:
    """This function will return the incident commands on this ground, the city's first."""
    kinds = list(OrganType.objects.filter(is_command=True))
    return sorted(
        units_on(list(ranges), kinds).select_related("organ_type"), key=lambda unit: (unit.organ_type.level, unit.code)
    )


def commands_for(actor: Actor) -> list[Unit]:
    """This function will return the commands whose roster an actor may read: on its ground, and above it."""
    found = {unit.pk: unit for unit in commands_on(actor.scope.ranges)}
    step = Unit.objects.select_related("organ_type").filter(pk=actor.unit_id or 0).first()
    while step is not None:
        if step.organ_type.is_command:
            found.setdefault(step.pk, step)
        step = unit_above(step)
    return sorted(found.values(), key=lambda unit: (unit.organ_type.level, unit.code))


def rosters_of(units: Sequence[Unit], *, at: datetime, ahead: timedelta = rules.WATCH_AHEAD) -> list[Roster]:
    """This function will return the rosters of commands with the gaps of the time ahead, in the order given."""
    held: dict[int, list[Watch]] = defaultdict(list)
    watches = Watch.objects.everywhere("the commands were chosen by who asks").filter(
        unit__in=[unit.pk for unit in units], cancelled_at=None, ends_at__gt=at - NOTES_FOR
    )
    for watch in watches.order_by("starts_at", "post", "pk"):
        held[watch.unit_id].append(watch)
    grounds = {unit.pk: [Range(unit.first or unit.place, unit.last or unit.place)] for unit in units}
    postures = list(postures_in_force([part for ground in grounds.values() for part in ground], at=at))
    rosters = []
    for unit in units:
        turns = held[unit.pk]
        posture = prevailing_posture(postures, grounds[unit.pk], at=at)
        gaps = rules.roster_gaps(
            [(watch.starts_at, watch.ends_at) for watch in turns],
            since=posture.since if posture and posture.kind == PostureKind.EMERGENCY else None,
            at=at,
            until=at + ahead,
        )
        rosters.append(
            Roster(
                unit=unit,
                now=[watch for watch in turns if watch.starts_at <= at < watch.ends_at],
                next=[watch for watch in turns if watch.starts_at > at],
                past=[watch for watch in reversed(turns) if watch.ends_at <= at],
                gaps=gaps,
                drill=posture.drill if posture else False,
            )
        )
    return rosters


def get_watch(pk: int, *, actor: Actor) -> Watch:
    """This function will return a turn on the actor's ground; raises ``NotFound``."""
    watch = Watch.objects.within(actor.scope).select_related("unit__organ_type").filter(pk=pk).first()
    if watch is None:
        raise NotFound
    return watch
