"""Counts that were kept before steps took back what holds no more: the steps that are missing are written now.

A filing that was undone by parting, a verification that was doubted or reopened: ``UNCOUNTED``, with its month. A filing
that came about by reopening what had been declined: ``FILED``, at the moment of the reopening. What steps and matter do
not tell stays as it is, and ``qipan verify`` names it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import migrations
from django.db.models import F
from django.utils import timezone

COMMUNITY_SIZE, STREET_SIZE = 10**7, 10**10
READ = ("FILED", "REOPENED", "UNMERGED", "VERIFIED", "UNCOUNTED")
New = tuple[str, str, int | None, datetime]  # kind, detail, unit, when


def mend(apps: Any, schema_editor: Any) -> None:
    """This function will write the missing steps, each with its counts."""
    every, steps, tallies, streets = (
        apps.get_model("matters", name).objects for name in ("Matter", "MatterStep", "Tally", "StreetTally")
    )
    moved = list(steps.filter(kind__in=("UNMERGED", "REOPENED", "DOUBTED")).values_list("matter", flat=True).distinct())
    now = timezone.now()
    for first in range(0, len(moved), 500):
        some = moved[first : first + 500]
        matters = {one.pk: one for one in every.filter(pk__in=some)}
        rows = steps.filter(matter__in=some, kind__in=READ).order_by("matter", "pk")
        for pk, held in groupby(rows, key=lambda step: step.matter_id):
            matter, told = matters[pk], list(held)
            for kind, detail, unit, at in [*_filings(told, now), *_verifications(matter, told, now)]:
                steps.create(matter_id=pk, kind=kind, detail=detail, unit_id=unit, at=at, by_label="upgrade")
                key = {"month": _month(at), "channel": matter.channel, "kind": kind, "detail": detail, "drill": matter.drill}
                street = matter.place - matter.place % STREET_SIZE
                _count(streets, place=street, **key)
                community = matter.place - matter.place % COMMUNITY_SIZE
                _count(tallies, place=community, category_id=matter.category_id, unit=unit or 0, **key)


def _count(rows: Any, **key: Any) -> None:
    held, _new = rows.get_or_create(**key, defaults={"n": 0})
    rows.filter(pk=held.pk).update(n=F("n") + 1)


def _month(at: datetime) -> Any:
    return timezone.localdate(at).replace(day=1)


def _filings(told: Sequence[Any], now: datetime) -> Iterator[New]:
    """Filed once where it was filed or reopened since it was last parted, else not at all; the last filing stands."""
    parted = max((n for n, step in enumerate(told) if step.kind == "UNMERGED"), default=-1)
    since = [step for step in told[parted + 1 :] if step.kind in ("FILED", "REOPENED")]
    back = Counter(step.detail for step in told if step.kind == "UNCOUNTED")
    standing = []
    for step in reversed([step for step in told if step.kind == "FILED"]):
        detail = f"FILED:{_month(step.at):%Y-%m}"
        if back[detail]:
            back[detail] -= 1
        else:
            standing.insert(0, (detail, step.unit_id))
    for detail, unit in standing[: len(standing) - bool(since)]:
        yield "UNCOUNTED", detail, unit, now
    if since and not standing:
        yield "FILED", "", None, since[0].at


def _verifications(matter: Any, told: Sequence[Any], now: datetime) -> Iterator[New]:
    """Counted as verified is what stands so now, once; where even that was never counted, nothing is sure."""
    kept: Counter[tuple[str, int | None]] = Counter()
    for step in told:
        if step.kind == "VERIFIED":
            kept[f"{step.detail}:{_month(step.at):%Y-%m}", step.unit_id] += 1
        elif step.kind == "UNCOUNTED" and not step.detail.startswith("FILED:"):
            kept[step.detail, step.unit_id] -= 1
    if matter.state in ("VERIFIED", "CLOSED") and matter.confirmation != "DISPUTED" and matter.way and matter.verified_at:
        kept[f"{matter.closing}:{matter.way}:{_month(matter.verified_at):%Y-%m}", matter.handler_id] -= 1
    if min(kept.values(), default=0) < 0:
        return
    for (detail, unit), n in kept.items():
        for _one in range(n):
            yield "UNCOUNTED", detail, unit, now


class Migration(migrations.Migration):
    dependencies = [("matters", "0033_time_to_object")]

    operations = [migrations.RunPython(mend, migrations.RunPython.noop)]
