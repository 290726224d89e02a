"""Versions of filled forms: put together as they come, and decided by a person where two changed the same (ADR 0015)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.rows import Reading
from qipan.kernel.sql import fetch

from ..models import Form, Submission
from ..queries.submissions import subject_of
from ..queries.versions import version_of
from ..rules.versions import merge, nested, roots
from ..terms import HELD_BY_ID, Standing

MOST_VERSIONS = 200  # of one record


class TooManyVersions(Refusal):
    code = "too_many_versions"
    sentence = _("This form was changed too often; please fill in a new one.")
    status = 400


class AlreadyDecided(Refusal):
    code = "already_decided"
    sentence = _("This is decided already.")


class UnknownDecision(Refusal):
    code = "unknown_decision"
    sentence = _("Decide which of the answers stands.")
    status = 400


def lock(*words: str) -> None:
    """This function will keep others from what these words name until the transaction ends. SQLite has one writer.

    Always in one order, an id before places: ``lock_words`` says what the versions of a place are called.
    """
    if connection.vendor == "postgresql":
        one = "pg_advisory_xact_lock(hashtextextended(%s, 7311))"
        fetch("SELECT " + ", ".join([one] * len(words)), words)


def lock_words(*places: int) -> list[str]:
    """This function will return what a lock on the versions of everything about some places is called."""
    return [f"versions {place}" for place in sorted(set(places))]


def family_of(near: Iterable[Submission], *, form: Form, place: int, drill: bool) -> list[Submission]:
    """This function will return every version of the records that rows belong to, as far as a form about a place can be
    one with them: the same form in any version, the same place, not a drill's and a real one.

    Raises ``TooManyVersions``.
    """
    fitting = [
        one
        for one in near
        if one.standing in HELD_BY_ID
        and one.place == place
        and one.drill == drill
        and (one.form_id == form.pk or one.form.code == form.code)
    ]
    first = {one.record_id or one.pk for one in fitting}
    family = versions_of(first)
    if len(family) >= MOST_VERSIONS:
        raise TooManyVersions
    return family


_BESIDE = Reading[Submission](
    lambda code, place, opening: (
        Submission.objects.everywhere("what is asked once of one place")
        .filter(form__code=code, place=place, opening=opening, standing__in=HELD_BY_ID)
        .defer("xml", "answers")[:MOST_VERSIONS]
    )
)


def beside(form: Form, *, place: int, opening: int | None) -> list[Submission]:
    """This function will return what was filled in at a place in one asking of a form that asks each door once."""
    return _BESIDE(form.code, place, opening) if opening is not None else []


def versions_of(first: Iterable[int]) -> list[Submission]:
    """This function will return the first rows of records with all their versions, without what was sent as XML."""
    keys = list(first)
    rows = Submission.objects.everywhere("the rows of one record lie at one place")
    found = rows.filter(Q(pk__in=keys) | Q(record__in=keys), standing__in=HELD_BY_ID) if keys else rows.none()
    return list(found.defer("xml").order_by("pk"))


def put_together(rows: Sequence[Submission]) -> int:
    """This function will say of rows which record each belongs to, and put each record together; returns how many
    questions are contested. Writes only what changed.
    """
    rows = sorted(rows, key=lambda one: one.pk)
    by_id = {one.instance_id: one for one in rows}
    records: dict[str, list[Submission]] = defaultdict(list)
    for place in {one.place for one in rows}:
        for version, first in roots([version_of(row) for row in rows if row.place == place]).items():
            records[first].append(by_id[version])
    contested = 0
    for first, versions in records.items():
        told = merge([version_of(one) for one in versions])
        contested += len(told.contests)
        head = by_id[first]
        merged = nested(told.answers) if len(versions) > 1 else None
        _place(head, Standing.STANDS, None, merged, bool(told.contests))
        for one in versions:
            if one is not head:
                _place(one, Standing.CHANGE, head.pk, None, False)
    return contested


def _place(row: Submission, standing: Standing, record_id: int | None, merged: object, contested: bool) -> None:
    wanted = {"standing": standing, "record_id": record_id, "merged": merged, "contested": contested}
    if any(getattr(row, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(row, name, value)
        row.save(update_fields=["standing", "record", "merged", "contested"])


@transaction.atomic
def decide_contest(record_row: Submission, *, path: str, version: str, by: Actor, at: datetime) -> Submission:
    """This function will let one version's answer to a contested question stand; the others stay as they were sent.

    Needs ``conflict.decide``. Raises ``NotFound``, ``NotAllowed``, ``AlreadyDecided`` (nothing is contested there any
    more), ``UnknownDecision`` (no such side).
    """
    if record_row.place not in by.scope:
        raise NotFound
    by.require("conflict.decide")
    lock(*lock_words(record_row.place))
    rows = versions_of([record_row.pk])
    told = merge([version_of(one) for one in rows])
    contest = next((one for one in told.contests if one.path == path), None)
    if contest is None:
        raise AlreadyDecided
    if version not in contest.sides:
        raise UnknownDecision
    others = [one for one in contest.sides if one != version]
    by_id = {one.instance_id: one for one in rows}
    winner = by_id[version]
    winner.chosen = winner.chosen | {path: sorted({*winner.chosen.get(path, ()), *others})}
    winner.save(update_fields=["chosen"])
    put_together(rows)
    record(
        "forms.decide_contest",
        subject=subject_of(winner.digest),
        by=by,
        at=at,
        data={"question": path, "digest": winner.digest, "over": sorted(by_id[one].digest for one in others)},
        drill=winner.drill,
    )
    return winner
