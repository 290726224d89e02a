"""The report for the people's congress, from the event's own rows; each total is the sum of its lines."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.formats import number_format

from qipan.posture.api import measure_words

from .events import Event


@dataclass(frozen=True)
class MeasureLine:
    """The measures of one kind on one article."""

    kind: str
    basis: str
    count: int
    in_force: int
    by_expiry: int  # ended by themselves, when their time was over
    earlier: int  # lifted before it, or with their zone
    to_come: int
    beyond: int  # on a higher organ's reason, beyond what the zone justified
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Report:
    """What the report says beside the texts of the review."""

    event: Event
    lines: list[MeasureLine]

    def total(self, name: str) -> int:
        """This method will sum a column of the measures."""
        return sum(getattr(line, name) for line in self.lines)

    @property
    def totals(self) -> dict[str, int]:
        """The sums of all columns."""
        return {name: self.total(name) for name in ("count", "in_force", "by_expiry", "earlier", "to_come", "beyond")}

    @property
    def money(self) -> dict[str, str]:
        """What was entered, accepted and paid for reserves, in yuan."""
        costs = self.event.costs
        return {
            name: number_format(Decimal(fen) / 100, decimal_pos=2, force_grouping=True)
            for name, fen in (("entered", costs.entered), ("accepted", costs.accepted), ("paid", costs.paid))
        }

    @property
    def destroyed(self) -> int:
        """Records of persons that were destroyed, by the certificates."""
        return sum(lot.destroyed for lot in self.event.destroyed)

    @property
    def held(self) -> int:
        """Records of persons that are still held for the emergency."""
        return sum(lot.rows for lot in self.event.held)


def report_of(event: Event) -> Report:
    """This function will draw up the report of an event as it stands at its moment."""
    words, at = measure_words(), event.at
    groups: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(event.measures):
        groups.setdefault((one.kind, one.basis), []).append(place)
    lines = []
    for (kind, basis), places in sorted(groups.items()):
        some = [event.measures[place] for place in places]
        over = [one for one in some if one.over(at)]
        by_expiry = sum(one.ends_at == one.expires_at for one in over)
        to_come = sum(one.starts_at > at and not one.over(at) for one in some)
        lines.append(
            MeasureLine(
                kind=words.get(kind, kind),
                basis=basis,
                count=len(some),
                in_force=len(some) - len(over) - to_come,
                by_expiry=by_expiry,
                earlier=len(over) - by_expiry,
                to_come=to_come,
                beyond=sum(bool(one.over_reason) for one in some),
                first=min(one.starts_at for one in some),
                last=max(one.ends_at for one in some),
            )
        )
    return Report(event, lines)
