"""Citing: what rests on an article, kept with the counts of it. Part of the act that makes or ends the subject."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils.timezone import localdate

from qipan.kernel.bulk import add_up
from qipan.kernel.sql import adapted, fetch

from ..models import Article, Citation
from ..queries.register import get_article

COUNT = ("article_id", "use", "unit_id", "place")
CHUNK = 500


@dataclass(frozen=True)
class Cited:
    """A subject with the article that it rests on, its owner unit and its place."""

    subject: Model | str
    article: Article
    unit_id: int
    place: int


def name_of(subject: Model | str) -> str:
    """This function will name a subject as the journal does: "posture.Measure:3"."""
    return subject if isinstance(subject, str) else f"{subject._meta.label}:{subject.pk}"


def cite(subject: Model | str, article_code: str, *, use: str, unit_id: int, place: int, at: datetime) -> Article:
    """This function will keep that a subject rests on an article, in the version of the day; the same again is harmless.

    Inside the act that makes the subject, which has checked the right to do so. ``subject`` as in "posture.Measure:3",
    ``use`` of ``Use``, ``unit_id`` the owner unit. Raises ``ArticleUnknown``, ``ArticleNotInForce``, ``ArticleNotForUse``.
    """
    article = get_article(article_code, on=localdate(at), use=use)
    cite_all([Cited(subject, article, unit_id, place)], use=use, at=at)
    return article


def cite_all(rows: Iterable[Cited], *, use: str, at: datetime) -> int:
    """This function will keep what many new subjects of one kind rest on, and return how many were not kept before.

    The articles were read with ``get_article`` for this use. Inside the act that makes the subjects.
    """
    given = {(name_of(one.subject), one.article.pk): one for one in rows}
    names = sorted({name for name, _key in given})
    held: set[tuple[str, int]] = set()
    for n in range(0, len(names), CHUNK):
        known = Citation.objects.everywhere("part of an act on the subjects")
        held |= set(known.filter(subject__in=names[n : n + CHUNK], ended_at=None).values_list("subject", "article_id"))
    new = [
        Citation(subject=name, use=use, article=one.article, unit_id=one.unit_id, place=one.place, cited_at=at)
        for (name, key), one in given.items()
        if (name, key) not in held
    ]
    Citation.objects.bulk_create(new, batch_size=CHUNK)
    _count(Counter((one.article_id, one.use, one.unit_id, one.place) for one in new), by=1)
    return len(new)


# One statement ends what is cited and says what it was, whether one subject ended or a hundred thousand at one minute.
END = """
UPDATE laws_citation SET ended_at = %(at)s WHERE ended_at IS NULL AND subject IN ({names})
RETURNING article_id, use, unit_id, place
"""
NAMES = {
    "sqlite": "SELECT value FROM json_each(%(names)s)",
    "postgresql": "SELECT json_array_elements_text(CAST(%(names)s AS json))",
}
MANY = 10_000  # PostgreSQL takes any list for a short one and looks each name up; a table of so many it counts first


# What still holds for a while keeps its citation until then, so that a repeal in between is flagged.
FORESEE = """
UPDATE laws_citation SET ends_at = %(ends)s WHERE ended_at IS NULL AND subject IN ({names})
RETURNING article_id, use, unit_id, place
"""
DUE = """
UPDATE laws_citation SET ended_at = ends_at WHERE ended_at IS NULL AND ends_at <= %(at)s
RETURNING article_id, use, unit_id, place
"""


def end_citations(subjects: Iterable[Model | str], *, at: datetime, ends: datetime | None = None) -> int:
    """This function will end what subjects cite, because they ended or cite something else now; returns how many.

    ``ends`` later than ``at`` is when subjects that still hold will end: until then they cite, and the clock ends it.
    Inside the act on the subjects, which holds their rows.
    """
    given = sorted({name_of(one) for one in subjects})
    names = json.dumps(given)
    if ends is not None and ends > at:
        return len(fetch(FORESEE.format(names=NAMES[connection.vendor]), {"ends": adapted(ends), "names": names}))
    if len(given) >= MANY and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE ending AS {NAMES['postgresql']} AS subject", {"names": names})
            cursor.execute("ANALYZE ending")
        ended = fetch(END.format(names="SELECT subject FROM ending"), {"at": at})
        fetch("DROP TABLE ending", ())
    else:
        ended = fetch(END.format(names=NAMES[connection.vendor]), {"at": adapted(at), "names": names})
    _count(Counter(ended), by=-1)
    return len(ended)


@transaction.atomic
def end_due_citations(*, at: datetime) -> int:
    """This function will end the citations whose subjects have ended by now as was foreseen; returns how many."""
    ended = fetch(DUE, {"at": adapted(at)})
    _count(Counter(ended), by=-1)
    return len(ended)


def _count(counts: Counter[tuple[Any, ...]], *, by: int) -> None:
    """Counts are changed in one order, so that acts never wait for each other in a circle."""
    if counts:
        add_up("laws_citationcount", COUNT, [(*key, by * n) for key, n in sorted(counts.items())])
