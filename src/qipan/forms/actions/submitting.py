"""Taking a filled form as a client of OpenRosa sends it: once, whole, in parts, or never."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Q

from qipan.journal.api import publish, record
from qipan.kernel import writer
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.rows import Reading, insert_row
from qipan.kernel.sealed import file_keys, keyed_digests
from qipan.kernel.sql import fetch

from ..models import Attachment, Form, Submission
from ..queries.held import otherwise_held
from ..queries.own import hashes_of
from ..queries.submissions import (
    asked_by,
    known_code,
    published_form,
    sources_at,
    subject_of,
)
from ..rules.submission import POINTS_KEPT, Answered, answered, content_digest, corrected, read_submission
from ..rules.versions import flat, undecided, with_held
from ..terms import HELD_BY_ID, Outcome, Standing, Subject
from .asking import LATE, asked_for, asking_of, erase_at, ground_of, place_of
from .refusals import (
    MOST_FILES,
    FormUnknown,
    InProgress,
    StoreUnavailable,
    TooManyFiles,
    VersionUnknown,
)
from .versions import MOST_VERSIONS, beside, family_of, lock, lock_words, put_together

log = logging.getLogger(__name__)
PATIENCE_S = 3.0  # how long a second post of the same form waits for the first


@dataclass(frozen=True)
class Sent:
    """A file that came with a form: its name, its type, the sum of what came, and what is kept of it."""

    name: str
    media_type: str
    sha256: str
    content: bytes

    @classmethod
    def of(cls, name: str, media_type: str, raw: bytes, *, kept: bytes | None = None) -> "Sent":
        return cls(name, media_type, sha256(raw).hexdigest(), raw if kept is None else kept)


@dataclass(frozen=True)
class FormAnswered:
    """A unit has answered, whole, a form about units; tasks of these ``sources`` ask for it, the first first."""

    sources: tuple[str, ...]
    by: Actor
    at: datetime


@dataclass(frozen=True)
class Taken:
    """What became of a post, how many files are still awaited, and how many that no answer speaks of were left out."""

    outcome: Outcome
    awaits: int = 0
    left_out: int = 0
    contested: int = 0  # questions of its record that a person has to decide
    differs: int = 0  # values that a register holds otherwise, for a person to decide


@dataclass(frozen=True)
class Wanted:
    """A post that passed every check that needs no lock."""

    form: Form
    instance_id: str
    based_on: str | None
    answered: Answered
    held: dict[str, Any]  # by question: what a register holds, where the form says otherwise
    code_hash: str  # of the code of the person whom it is about
    known: frozenset[str]  # what the digest of the same content may be stored as
    place: int
    files: tuple[Sent, ...]
    left_out: int
    emergency: str
    opening: int | None  # the asking, of a form that asks each door once
    ground: Range
    drill: bool
    erase_at: datetime | None  # None while the emergency lasts
    by: Actor
    at: datetime


def take_submission(
    raw: bytes, files: Sequence[Sent] = (), *, by: Actor, at: datetime, sent_at: datetime | None = None
) -> Taken:
    """This function will keep a filled form, or the files of one that is here, or say that it is here already.

    ``raw`` is its XML. What is told as kept is durable. A resend of the same content changes nothing; other content
    under the same instanceID, or another file under a known name, is kept beside the first for a person to decide
    (``DISPUTED``). Files may come in several posts, each with the same XML. What names an earlier one (``deprecatedID``)
    is a version of it, whichever of them comes first (``versions``).

    ``sent_at`` is what the device's clock showed when it sent: the difference to ``at`` is taken out of when it was filled in.

    Needs ``visit.submit``. Raises ``NotAllowed``, ``XmlTooLarge``, ``XmlUnsafe``, ``XmlBroken``,
    ``InstanceIdMissing``, ``FormUnknown``, ``VersionUnknown``, ``SubmissionBroken`` (each question by name),
    ``PlaceMissing``, ``FormNotOpen``, ``TooManyFiles``, ``TooManyVersions``, ``InProgress``, ``StoreUnavailable``; then
    nothing was kept.
    """
    by.require("visit.submit")
    filled = read_submission(raw)
    form = published_form(filled.code, filled.version, at=at)
    if form is None:
        raise VersionUnknown if known_code(filled.code, at=at) else FormUnknown
    asks = asked_by(form)
    said = answered(filled, asks)
    digests = keyed_digests(said.digest)
    known = frozenset({said.digest, *digests})  # a bare one stands at what came before answers were sealed
    said = replace(said, digest=digests[0], device_at=corrected(said.device_at, sent_at=sent_at, at=at))
    place = place_of(form, said, by=by)
    ground = ground_of(said, place, by=by)
    asked = asked_for(form, filled.instance_id, said, ground, known=known, by=by, at=at)
    named = tuple(one for one in files if one.name in said.files)
    if len(named) > MOST_FILES or len(said.files) > MOST_FILES:
        raise TooManyFiles
    return kept(
        Wanted(
            form=form,
            instance_id=filled.instance_id,
            based_on=filled.based_on,
            answered=said,
            held=otherwise_held(form, said.answers, place=place, asks_place=asks.place, ranges=by.scope.ranges, at=at),
            code_hash=next(iter(hashes_of(said.code)), ""),
            known=known,
            place=place,
            files=named,
            left_out=len(files) - len(named),
            emergency=asked.emergency,
            opening=asking_of(form, said, ground, drill=asked.drill, at=at) if form.once else None,
            ground=ground,
            drill=asked.drill,
            erase_at=erase_at(form, asked.emergency, at=at),
            by=by,
            at=at,
        )
    )


_hand = threading.Condition()
_in_hand: set[str] = set()


@contextmanager
def in_hand(instance_id: str) -> Iterator[None]:
    """This context will let one post of a form through at a time, in this process. Raises ``InProgress`` to who waited long.

    SQLite is served by one process (one writer), so that is enough there; PostgreSQL locks for all processes.
    """
    with _hand:
        if not _hand.wait_for(lambda: instance_id not in _in_hand, PATIENCE_S):
            raise InProgress
        _in_hand.add(instance_id)
    try:
        yield
    finally:
        with _hand:
            _in_hand.discard(instance_id)
            _hand.notify_all()


def _lock(instance_id: str, place: int) -> None:
    """The locks of PostgreSQL that end with the transaction: of the form, and of the versions of what it is about."""
    fetch("SELECT set_config('lock_timeout', %s, true)", [f"{int(PATIENCE_S * 1000)}ms"])
    try:
        lock(instance_id, *lock_words(place))
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "55P03":
            raise InProgress from None
        raise


def kept(wanted: Wanted) -> Taken:
    """This function will keep a post that passed every check. Raises what ``take_submission`` does of ids and versions."""
    try:
        if connection.vendor == "postgresql":
            with transaction.atomic():
                _lock(wanted.instance_id, wanted.place)
                return _keep(wanted)
        if connection.in_atomic_block:
            return _keep(wanted)
        with in_hand(wanted.instance_id):
            return writer.submit(_keep_all, wanted)
    except (DatabaseError, InterfaceError) as error:
        # Neither the words of the error nor its traceback go to the log: a driver may quote what it was given.
        log.error("A filled form could not be stored: %s", type(error).__name__)
        raise StoreUnavailable from None


def _keep_all(wanted: list[Wanted]) -> list[Taken]:
    return [_keep(one) for one in wanted]


_NEAR = Reading[Submission](
    lambda own, before: (
        Submission.objects.everywhere("the id is the client's own secret until it is known")
        .filter(Q(instance_id=own) | Q(based_on=own) | Q(instance_id=before))
        .defer("xml", "answers")
    )
)


def _keep(wanted: Wanted) -> Taken:
    """Writes one post in the open transaction, with nobody else at the same form."""
    near = _NEAR(wanted.instance_id, wanted.based_on or wanted.instance_id)
    held = [one for one in near if one.instance_id == wanted.instance_id]
    if any(one.place not in wanted.by.scope for one in held):
        raise NotFound  # an id of another ground: nothing is said of what is there
    standing = next((one for one in held if one.standing in HELD_BY_ID), None)
    if standing is None:
        return _insert(wanted, near)
    if standing.digest in wanted.known:
        return _add(standing, wanted, held)
    return _dispute(wanted, held, wanted.answered.digest, known=wanted.known)


def _insert(wanted: Wanted, near: Sequence[Submission]) -> Taken:
    """A filled form that is new here, with the versions of it that are here already."""
    apart = beside(wanted.form, place=wanted.place, opening=wanted.opening)
    if len(apart) >= MOST_VERSIONS:  # more than anybody compares: it stands for itself
        wanted, apart = replace(wanted, opening=None), []
    near = [*near, *apart]
    family = family_of(near, form=wanted.form, place=wanted.place, drill=wanted.drill) if near else []
    wanted = replace(wanted, held=undecided(wanted.held, wanted.answered.answers, [one.answers for one in family]))
    row = _row(wanted, Standing.STANDS, wanted.answered.digest)
    contested = put_together([*family, row]) if family else 0
    _tell(row, wanted)
    return Taken(
        Outcome.PART if row.awaits else Outcome.TAKEN, len(row.awaits), wanted.left_out, contested, len(wanted.held)
    )


def _tell(row: Submission, wanted: Wanted) -> None:
    """Tells who asked: a unit answers for itself, and a changed answer is no second one; a form about doors is done when
    its worker says so."""
    if wanted.form.subject != Subject.UNIT or row.awaits or wanted.based_on is not None:
        return
    code, ground, filled_at = wanted.form.code, wanted.ground, wanted.answered.device_at
    sources: tuple[str, ...] = ()
    if filled_at is not None and wanted.at - LATE <= filled_at:
        # Sent late, it answers what was asked when it was filled in, and no round that opened since.
        sources = sources_at(code, ground, drill=wanted.drill, at=filled_at)
    if sources := sources or sources_at(code, ground, drill=wanted.drill, at=wanted.at):
        publish(FormAnswered(sources, wanted.by, wanted.at))


def _row(wanted: Wanted, standing: Standing, digest: str) -> Submission:
    here = {one.name for one in wanted.files}
    sent = dict(flat(wanted.answered.answers))
    row = Submission(
        form=wanted.form,
        instance_id=wanted.instance_id,
        based_on=wanted.based_on,
        standing=standing,
        place=wanted.place,
        xml=wanted.answered.xml,
        answers=with_held(wanted.answered.answers, wanted.held),
        points_until=wanted.at + POINTS_KEPT if wanted.answered.located else None,
        differs={path: sent[path] for path in wanted.held} or None,
        digest=digest,
        code_hash=wanted.code_hash,
        # Where only a file differs, the others are the first one's.
        awaits=[file_keys(name)[0] for name in wanted.answered.files if name not in here]
        if digest == wanted.answered.digest
        else [],
        unit_id=wanted.by.unit_id,
        team=wanted.by.team_id,
        device_at=wanted.answered.device_at,
        received_at=wanted.at,
        emergency=wanted.emergency,
        opening_id=wanted.opening,
        erase_at=wanted.erase_at,
        drill=wanted.drill,
    )
    insert_row(row)
    _attach(row, wanted.files, at=wanted.at)
    _note("forms.take_submission", row, wanted, standing=standing)
    return row


def _attach(row: Submission, files: Sequence[Sent], *, at: datetime) -> None:
    for one in {one.name: one for one in files}.values():
        insert_row(
            Attachment(
                submission=row,
                name=one.name,
                name_digest=file_keys(one.name)[0],
                media_type=one.media_type[:100],
                sha256=one.sha256,
                content=one.content,
                received_at=at,
            )
        )


def _note(act: str, row: Submission, wanted: Wanted, **more: Any) -> None:
    """The journal names the form and the digest, and no door: nobody's way from door to door is kept."""
    data = {
        "form": wanted.form.code,
        "version": wanted.form.version,
        "digest": row.digest,
        "content": wanted.answered.digest,
        "files": sorted(one.sha256 for one in wanted.files),
    }
    record(act, subject=subject_of(row.digest), by=wanted.by, at=wanted.at, data=data | more, drill=row.drill)  # fmt: skip


def _add(row: Submission, wanted: Wanted, held: Sequence[Submission]) -> Taken:
    """A resend, or the next part of what is here."""
    known = dict(row.attachments.values_list("name", "sha256"))
    other = [one for one in wanted.files if known.get(one.name, one.sha256) != one.sha256]
    fresh = [one for one in wanted.files if one.name not in known]
    if fresh:
        _attach(row, fresh, at=wanted.at)
        _await_no_more(row, fresh)
        _note("forms.take_files", row, replace(wanted, files=tuple(fresh)))
        _tell(row, wanted)
    if other:
        digest = content_digest(row.digest, [(one.name, one.sha256) for one in other])
        return _dispute(replace(wanted, files=tuple(other)), held, digest, known=frozenset({digest}))
    if row.awaits:
        return Taken(Outcome.PART, len(row.awaits), wanted.left_out)
    return Taken(Outcome.TAKEN if fresh else Outcome.AGAIN, 0, wanted.left_out)


def _await_no_more(row: Submission, files: Sequence[Sent]) -> None:
    here = {key for one in files for key in file_keys(one.name)}
    row.awaits = [key for key in row.awaits if key not in here]
    row.save(update_fields=["awaits"])


def _dispute(wanted: Wanted, held: Sequence[Submission], digest: str, *, known: frozenset[str]) -> Taken:
    """Other content: kept once, beside the first. It may be here under any digest of ``known``."""
    row = next((one for one in held if one.digest in known), None)
    if row is None:
        row = _row(wanted, Standing.DISPUTED, digest)
    else:
        here = set(row.attachments.values_list("name", flat=True))
        if fresh := [one for one in wanted.files if one.name not in here]:
            _attach(row, fresh, at=wanted.at)
            _await_no_more(row, fresh)
            _note("forms.take_files", row, replace(wanted, files=tuple(fresh)))
    return Taken(Outcome.DISPUTED, len(row.awaits), wanted.left_out)
