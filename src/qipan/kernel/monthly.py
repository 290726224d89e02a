"""Personal data that fall due month by month: one lot for what ended in a month (``kernel.retention.Holder``)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMonth
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from .actor import Actor
from .place import Range
from .retention import Lot, Sealed, Taken, digest_of_lines


def _next(month: datetime) -> datetime:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_of(key: str) -> tuple[datetime | None, datetime | None, bool]:
    """This function will return beginning and end of the month of a lot's key (None: what lasts yet), and if it is a drill's."""
    month, _colon, kind = key.partition(":")
    if month == "open":
        return None, None, kind == "drill"
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return first, _next(first), kind == "drill"


@dataclass(frozen=True)
class Monthly:
    """Holds rows by the month in which they ended; a month's clock begins at its end, in UTC.

    ``rows`` are those that hold something yet, with ``ended_on`` (None: it lasts) and ``of_drill``; ``destroy`` takes
    keys and destroys what they hold with its copies; ``line`` says a row's own key, never what it holds.
    """

    model: str
    title: str | Promise
    rows: Callable[[], QuerySet[Any]]
    period: timedelta
    destroy: Callable[[list[Any]], None]
    line: str  # the column that stands in the digest: random, so that nobody guesses what it was of
    grounds: Callable[[], tuple[Range, ...]]
    place: str = ""  # the column of the place, where holds look; empty: any hold holds all
    cleaned: tuple[str, ...] = ()

    def lots(self, *, at: datetime) -> list[Lot]:
        """This method will return the months in which something ended, and what lasts yet as one lot without a clock."""
        months = self.rows().order_by().annotate(month=TruncMonth("ended_on", tzinfo=UTC))
        found = []
        for month, drill, n in months.values_list("month", "of_drill").annotate(n=Count("pk")).order_by("month"):
            began = _next(month) if month is not None else None
            over = began is not None and began <= at
            word = f"{month:%Y-%m}" if month is not None else "open"
            said = f"{month:%Y-%m}" if month is not None else _("still needed")
            found.append(
                Lot(
                    key=f"{word}:{'drill' if drill else 'real'}",
                    title=f"{self.title} · {said}",
                    rows=n,
                    grounds=self.grounds(),
                    began=began if over else None,
                    due=began + self.period if began is not None and over else None,
                    drill=bool(drill),
                )
            )
        return found

    def prove(self, key: str) -> None:
        """This method has nothing to prove: figures do not come from these columns."""

    def seal(self, key: str, *, by: Actor, at: datetime) -> Sealed | None:
        """This method has nothing to seal."""
        return None

    def take(self, key: str, *, after: str, most: int, held: Sequence[Range]) -> Taken:
        """This method will destroy the next rows of the month, in the order of their keys."""
        first, end, drill = month_of(key)
        some = self.rows().filter(ended_on__gte=first, ended_on__lt=end, of_drill=drill)
        some = some.order_by("pk") if not after else some.filter(pk__gt=after).order_by("pk")
        found = list(some.values_list("pk", self.line, *([self.place] if self.place else []))[: max(1, most // 10)])
        gone = [row for row in found if not any(not self.place or row[2] in ground for ground in held)]
        if gone:
            self.destroy([row[0] for row in gone])
        digest = digest_of_lines([str(row[1]) for row in gone]) if gone else ""
        last = str(found[-1][0]) if len(found) == max(1, most // 10) else None
        return Taken(last, len(gone), len(found) - len(gone), digest)

    def tables(self) -> tuple[str, ...]:
        """This method will return the tables that give up their freed pages."""
        return self.cleaned
