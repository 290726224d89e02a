"""Sealing: giving entries their number and their hash, one sealer at a time."""

from datetime import datetime

from django.db import connection, transaction

from ..models import Entry
from ..queries import checksum
from ..rules import link

SEALING_LOCK = 1903718767
MOST = 50_000


@transaction.atomic
def seal(*, at: datetime, limit: int = MOST) -> int:
    """This function will chain up to ``limit`` unsealed entries recorded until ``at``; returns how many.

    One sealer at a time: an advisory lock on PostgreSQL, the write lock on SQLite. Entries are
    chained in the order of their keys as far as they are committed; one that commits later takes a
    later number.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEALING_LOCK])
    last = checksum()
    seq, previous = last.seq, last.hash
    rows = []
    waiting = Entry.objects.filter(seq=None, at__lte=at).order_by("pk").values_list("pk", "digest")[:limit]
    for key, digest in waiting:
        seq += 1
        previous = link(previous, digest)
        rows.append((seq, previous, key))
    if rows:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "UPDATE journal_entry e SET seq = s.seq, hash = s.hash"
                    " FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS s (seq, hash, id)"
                    " WHERE e.id = s.id AND e.seq IS NULL",
                    [list(column) for column in zip(*rows, strict=True)],
                )
            else:
                cursor.executemany("UPDATE journal_entry SET seq = %s, hash = %s WHERE id = %s AND seq IS NULL", rows)
    return len(rows)
