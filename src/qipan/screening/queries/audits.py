"""Audits of what is kept: the counters against the rows, the batches' digests against the rows."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from django.db import connection

from qipan.journal.api import entries_of
from qipan.kernel.place import Range, compound_of
from qipan.kernel.retention import digest_of_lines

from ..models import Coverage, RecountTally, Round, SealedCampaign, Visit, VisitConflict
from ..rules import batch_digest, content_of, microseconds
from ..terms import SAMPLED_PLACES, DoorState
from .coverage import SETTLED_SUM, STATE_COLUMNS

MOST = 20  # differences named; the first is what matters
EVERYWHERE = Range(0, 2**63 - 1)
PART = 25_000  # visits that are recounted at once, in memory and by one process of the database


def audit_parts(round_id: int) -> Iterator[Range]:
    """This function will yield grounds of whole compounds that together are everywhere, each with about as many visits of a round."""
    first = EVERYWHERE.first
    while first <= EVERYWHERE.last:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT place FROM screening_visit WHERE round_id = %s AND place >= %s ORDER BY place LIMIT 1 OFFSET %s",
                [round_id, first, PART - 1],
            )
            found = cursor.fetchone()
        last = compound_of(found[0]) + 9_999 if found else EVERYWHERE.last
        yield Range(first, last)
        first = last + 1


def recount_coverage(rounds: Sequence[int], *, within: Range = EVERYWHERE) -> list[str]:
    """This function will recount every compound of some rounds from the visits and return what differs."""
    if not rounds:
        return []
    which, ground = ", ".join(str(int(key)) for key in rounds), f"BETWEEN {int(within.first)} AND {int(within.last)}"
    columns = list(STATE_COLUMNS.values())
    counts = ", ".join(
        f"SUM(CASE WHEN s.state = {state} THEN 1 ELSE 0 END) AS {column}" for state, column in STATE_COLUMNS.items()
    )
    sql = f"""
        WITH s AS (
            SELECT v.round_id, v.place - v.place % 10000 AS compound, count(*) AS visits,
                CASE WHEN max(v.outcome) = 1 AND count(*) >= 3 THEN {DoorState.PRESUMED_VACANT.value} ELSE max(v.outcome) END AS state
            FROM screening_visit v WHERE v.round_id IN ({which}) AND v.place {ground} GROUP BY v.round_id, v.place
        ), t AS (
            SELECT s.round_id, s.compound, SUM(s.visits) AS visits, {counts} FROM s GROUP BY s.round_id, s.compound
        )
        SELECT c.round_id, c.place, {", ".join(f"c.{column}, COALESCE(t.{column}, 0)" for column in (*columns, "visits"))}
        FROM screening_coverage c LEFT JOIN t ON t.round_id = c.round_id AND t.compound = c.place
        WHERE c.round_id IN ({which}) AND c.place {ground}
            AND ({" OR ".join(f"c.{column} <> COALESCE(t.{column}, 0)" for column in (*columns, "visits"))})
        ORDER BY c.round_id, c.place LIMIT {MOST}
    """  # noqa: S608
    lost = f"""
        SELECT DISTINCT v.round_id, v.place - v.place % 10000 AS compound FROM screening_visit v
        LEFT JOIN screening_coverage c ON c.round_id = v.round_id AND c.place = v.place - v.place % 10000
        WHERE c.id IS NULL AND v.round_id IN ({which}) AND v.place {ground} ORDER BY 1, 2 LIMIT {MOST}
    """  # noqa: S608
    differences = []
    with connection.cursor() as cursor:
        cursor.execute(sql)
        for round_id, place, *pairs in cursor.fetchall():
            for name, kept, counted in zip((*columns, "visits"), pairs[::2], pairs[1::2], strict=True):
                if kept != counted:
                    differences.append(
                        f"coverage of round {round_id}, compound {place:019d}: {name} is kept as {kept}, counted {counted}"
                    )
        cursor.execute(lost)
        differences += [f"visits without counters: round {r}, compound {p:019d}" for r, p in cursor.fetchall()]
    return differences[:MOST]


def audit_coverage() -> list[str]:
    """This function will recount the counters from the visits, or from their seal where the visits are destroyed."""
    rounds = list(Round.objects.filter(campaign__sealed=None).order_by("pk").values_list("pk", flat=True))
    return [*recount_coverage(rounds), *audit_seals()][:MOST]


def figures_of(campaign_id: int) -> tuple[str, int]:
    """This function will return the digest of all figures that stay of a campaign, and how many rows they are."""
    states = (column for column in STATE_COLUMNS.values() if column != "by_proxy")
    names = ("round_id", "place", "doors", *states, "visits")
    rows = Coverage.objects.everywhere("figures that stay").filter(round__campaign=campaign_id)
    tallies = RecountTally.objects.everywhere("figures that stay").filter(recount__round__campaign=campaign_id)
    judged = ("recount_id", "place", "drawn", "same", "different", "unclear")
    lines = ["coverage " + " ".join(map(str, row)) for row in rows.order_by("round", "place").values_list(*names)]
    lines += ["recount " + " ".join(map(str, row)) for row in tallies.order_by("recount", "place").values_list(*judged)]
    cells = len(lines)
    # In lines of their own, so that seals from before there was this state hold (ADR 30).
    proxies = rows.filter(by_proxy__gt=0).order_by("round", "place").values_list("round_id", "place", "by_proxy")
    lines += ["by proxy " + " ".join(map(str, row)) for row in proxies]
    return digest_of_lines(lines), cells


def audit_seals() -> list[str]:
    """This function will compare the figures of destroyed campaigns with their seals, and the seals with the journal."""
    differences, said = [], {entry.subject: entry.data for entry in entries_of("screening.seal_campaign")}
    for sealed in SealedCampaign.objects.order_by("campaign"):
        if said.get(f"screening.Campaign:{sealed.campaign_id}", {}).get("digest") != sealed.digest:
            differences.append(f"campaign {sealed.campaign_id}: the seal is not what the journal says")
        if figures_of(sealed.campaign_id)[0] != sealed.digest:
            differences.append(f"campaign {sealed.campaign_id}: the figures that stay are not what was sealed")
    return differences


def audit_samples() -> list[str]:
    """This function will compare the last sample of every closed round with its counters, as neither moves any more."""
    sql = f"""
        WITH last AS (
            SELECT s.round_id, MAX(s.slot) AS slot FROM screening_coveragesample s
            JOIN screening_round r ON r.id = s.round_id WHERE r.closed_at IS NOT NULL GROUP BY s.round_id
        ), t AS (
            SELECT c.round_id, c.place / {SAMPLED_PLACES} * {SAMPLED_PLACES} AS place, SUM(c.doors) AS doors,
                SUM({SETTLED_SUM}) AS settled, SUM(c.visits) AS visits
            FROM screening_coverage c JOIN last ON last.round_id = c.round_id GROUP BY 1, 2
        )
        SELECT t.round_id, t.place, s.doors, t.doors, s.settled, t.settled, s.visits, t.visits
        FROM t JOIN last ON last.round_id = t.round_id
        LEFT JOIN screening_coveragesample s ON s.round_id = t.round_id AND s.slot = last.slot AND s.place = t.place
        WHERE s.id IS NULL OR s.doors <> t.doors OR s.settled <> t.settled OR s.visits <> t.visits
        ORDER BY 1, 2 LIMIT {MOST}
    """  # noqa: S608
    differences = []
    with connection.cursor() as cursor:
        cursor.execute(sql)
        for round_id, place, *pairs in cursor.fetchall():
            for name, kept, counted in zip(("doors", "settled", "visits"), pairs[::2], pairs[1::2], strict=True):
                if kept != counted:
                    differences.append(
                        f"last sample of round {round_id}, district {place:019d}: {name} is kept as {kept}, counted {counted}"
                    )
    return differences[:MOST]


def _batches() -> Iterator[tuple[str, list[tuple[str, int, int, int, int, int]]]]:
    """This function will return the visits batch by batch: hex id, content, round, place, outcome, happened."""
    displaced: dict[str, list[Any]] = {}
    replaced = VisitConflict.objects.everywhere("an audit").exclude(replaced=None).order_by("decided_at", "pk")
    for conflict in replaced:
        old: dict[str, Any] = conflict.replaced or {}
        displaced.setdefault(old["batch"], []).append(
            (conflict.visit_id.hex, old["content"], old["round"], old["place"], old["outcome"], old["happened_us"])
        )
    rows = (
        Visit.objects.everywhere("an audit")
        .order_by("batch", "pk")
        .values_list("batch", "id", "content", "round_id", "place", "outcome", "happened_at")
    )
    for batch, visits in groupby(rows.iterator(chunk_size=5000), key=lambda row: row[0]):
        found = [(row[1].hex, row[2], row[3], row[4], row[5], microseconds(row[6])) for row in visits]
        yield str(batch), found + displaced.pop(str(batch), [])
    yield from displaced.items()


def audit_batches() -> list[str]:
    """This function will take the digest of every batch again, from its visits, and return what differs.

    A visit's content is taken again too, from its round, door, outcome and device time, so a changed
    row shows even when its stored content was left alone.
    """
    differences: list[str] = []
    short: list[str] = []
    missing, entries = 0, _entries()
    for batch, visits in _batches():
        entry = entries.pop(batch, None)
        if entry is None:
            differences.append(f"batch {batch}: {len(visits)} visits have no journal entry")
            continue
        for hex_id, content, round_id, place, outcome, happened in visits:
            if content_of(round_id, place, outcome, happened - entry["shift"]) != content:
                differences.append(f"visit {hex_id} of batch {batch} is not what was stored")
        told = f"batch {batch}: the journal says {entry['stored']} visits, there are {len(visits)} or others"
        if len(visits) < entry["stored"]:
            missing += entry["stored"] - len(visits)
            short.append(told)
        elif len(visits) != entry["stored"] or batch_digest((v[0], v[1]) for v in visits) != entry["digest"]:
            differences.append(told)
        if len(differences) >= MOST:
            return differences[:MOST]
    missing += sum(entry["stored"] for entry in entries.values())
    short += [f"batch {batch}: its {entry['stored']} visits are gone" for batch, entry in entries.items()]
    # What destructions took away is counted with them, in their own transactions: no visit more may be missing.
    gone = sum(map(sum, SealedCampaign.objects.values_list("visits", "displaced")))
    if missing != gone:
        differences += short
        if gone:
            differences.append(f"{missing} visits are missing, destructions took {gone}")
    return differences[:MOST]


def _entries() -> dict[str, Any]:
    return {entry.subject.partition(":")[2]: entry.data for entry in entries_of("screening.store_visits")}
