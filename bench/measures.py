"""The end of measures: 100,000 that are over at one minute, with their citations, written down in one pass.

Beside them stand as many that go on, which the pass must leave alone.
"""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection

from qipan.duties.api import OrganType, Unit
from qipan.kernel.actor import Actor
from qipan.kernel.bulk import write
from qipan.kernel.place import CITY, range_of
from qipan.laws.api import Cited, Use, cite_all, get_article
from qipan.laws.testing import make_articles
from qipan.posture.actions.ending import end_due
from qipan.posture.api import Measure
from qipan.posture.models import OpenEnd

AT = datetime(2026, 11, 25, 2, tzinfo=UTC)
GOAL = 5.0  # seconds for 100,000
COLUMNS = (
    "kind", "hazard", "title", "basis", "over_reason", "guidance", "issuer_id", "first", "last", "starts_at", "expires_at",
    "review_at", "end_kind", "end_reason", "drill",
)  # fmt: skip


def seed(count: int) -> None:
    """This function will write ``count`` measures that end at ``AT`` and as many that go on, each with its citation."""
    kind, _new = OrganType.objects.get_or_create(
        code="city-command",
        defaults={"name": "c", "name_en": "c", "level": CITY, "is_command": True, "authority_rank": 3},
    )
    first, last = range_of("5101")
    issuer = Unit.objects.create(
        code="5101:city-command", organ_type=kind, name="c", place=first, first=first, last=last,
        valid_from=date(2026, 1, 1), synthetic=True,
    )  # fmt: skip
    moment = connection.ops.adapt_datetimefield_value
    begin, review = moment(AT - timedelta(days=7)), moment(AT + timedelta(days=1))

    grounds = [  # 10,120 compounds, about as many as Chengdu has
        range_of(f"5101{district:02d}{street:03d}{community:03d}{compound:03d}")
        for district in range(1, 24) for street in range(1, 12) for community in range(1, 11) for compound in range(1, 5)
    ]  # fmt: skip

    def rows() -> Any:
        for n in range(2 * count):
            ground = grounds[n // 2 % len(grounds)]
            end = AT if n % 2 else AT + timedelta(minutes=1)
            yield (
                "gate-check", "", f"measure {n}", "b", "", "{}", issuer.pk, *ground, begin, moment(end), review, "", "", False,
            )  # fmt: skip

    write("posture_measure", COLUMNS, rows())
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO posture_openend (measure_id, ends_at) SELECT id, expires_at FROM posture_measure")
    make_articles()
    article = get_article("erl-2024-73", on=AT.date(), use=Use.MEASURE)
    keys = list(Measure.objects.values_list("pk", "first"))
    for n in range(0, len(keys), 20_000):
        cite_all(
            (Cited(f"posture.Measure:{key}", article, issuer.pk, place) for key, place in keys[n : n + 20_000]),
            use=Use.MEASURE,
            at=AT,
        )


def run(quick: bool) -> list[dict[str, Any]]:
    """This function will time one pass over all that is over, and one that finds nothing."""
    count = 5_000 if quick else 100_000
    seed(count)
    clock = Actor.system("measures", ranges=[range_of("5101")])
    begun = time.perf_counter()
    ended = end_due(by=clock, at=AT)
    took = time.perf_counter() - begun
    begun = time.perf_counter()
    again = end_due(by=clock, at=AT)
    idle = time.perf_counter() - begun
    entries = apps.get_model("journal", "Entry").objects.filter(act="posture.end_measure").count()
    assert (ended, again, entries) == (count, 0, count), (ended, again, entries)
    assert OpenEnd.objects.count() == count
    goal = GOAL * count / 100_000 if not quick else GOAL
    return [
        row(f"{count:,} measures end in one pass, journal and citations included", took, goal),
        row(f"a pass that finds nothing among {2 * count:,}", idle, 0.1),
    ]


def row(name: str, value: float, goal: float) -> dict[str, Any]:
    return {
        "name": name, "value": value, "unit": "s", "baseline": "", "ratio": None, "goal": f"<= {goal:g} s",
        "ok": value <= goal,
    }  # fmt: skip
