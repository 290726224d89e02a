"""Sources that are pulled (ORG-12): set up by who keeps the dictionary, switched off by the field's owner too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.desk.api import TaskKind, recall_tasks, send_task
from qipan.duties.api import ground_of
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.addresses import checked_url
from qipan.kernel.refusal import NotFound, Refusal, kept

from ..models import DataSource, FieldEntry, FieldValues
from ..queries.sources import EDIT, field_of, get_source, unchanged
from ..rules.sources import TOLD_AFTER, next_due
from ..terms import Held, Rhythm, Sensitivity, SourceKind, Subject
from .fields import NotHeldHere, bring_values

HOLD = timedelta(minutes=10)  # longer than a reading may take; a job that ends while reading gives it up so
ANSWER_WITHIN = timedelta(days=2)
MOST_SECRET = 500
LONGEST = {field.name: field.max_length for field in DataSource._meta.concrete_fields if field.max_length}


class NeverPulled(Refusal):
    """Users.md, red lines 1 and 4: nothing about persons comes in by itself."""

    code = "never_pulled"
    sentence = _(
        "“%(label)s” is about persons or sensitive by the dictionary: such a field is never pulled from another register."
    )

    def __init__(self, *, field: FieldEntry) -> None:
        super().__init__(label=field)


class SourceThere(Refusal):
    """Each field has one source."""

    code = "source_there"
    sentence = _("The field has its source already: “%(title)s”. End that one first.")

    def __init__(self, *, title: str) -> None:
        super().__init__(field="field", title=title)


class PartMissing(Refusal):
    code = "part_missing"
    sentence = _("This is needed, with at most %(most)s characters.")
    status = 400

    def __init__(self, *, field: str, most: int) -> None:
        super().__init__(field=field, most=most)


class SecretUnfit(Refusal):
    code = "secret_unfit"
    sentence = _("A header is one line of letters, digits and signs, at most %(most)s.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="secret", most=MOST_SECRET)


class SecretForAnother(Refusal):
    """What one machine was trusted with is not told to another."""

    code = "secret_for_another"
    sentence = _("The address leads to another machine: say its header anew, or that it needs none.")

    def __init__(self) -> None:
        super().__init__(field="secret")


@dataclass(frozen=True)
class Reads:
    """What is read of a source, and how; ``secret`` None keeps the header that is held."""

    title: str
    url: str = field(repr=False)  # may carry a key
    kind: str
    place_name: str
    value_name: str
    every: str
    records: str = ""
    secret: str | None = field(default=None, repr=False)


def clock_of_sources(ranges: Sequence[tuple[int, int]] = ()) -> Actor:
    """This function will return who pulls."""
    return Actor.system("data sources", acts=[EDIT], ranges=ranges)


def field_to_pull(code: str) -> FieldEntry:
    """This function will return the field of a source as the dictionary has it now. Raises ``NotFound``, ``NeverPulled``, ``NotHeldHere``."""
    field = FieldEntry.objects.select_related("owner").filter(code=code, valid_to=None).first()
    if field is None:
        raise NotFound
    if field.about == Subject.PERSON or field.sensitivity != Sensitivity.NONE:
        raise NeverPulled(field=field)
    if field.held != Held.VALUES:
        raise NotHeldHere
    return field


def _fill(source: DataSource, reads: Reads) -> None:
    """Writes into the row what is read of it. Raises ``PartMissing``, ``UrlNotAllowed``, ``PrivateAddress``,
    ``SecretUnfit``, ``SecretForAnother``."""
    url = checked_url(reads.url, own=settings.OWN_NETWORKS)
    for name in ("title", "place_name", "value_name"):
        most = LONGEST[name]
        text = str(getattr(reads, name)).strip()
        if not text or len(text) > most:
            raise PartMissing(field=name, most=most)
        setattr(source, name, text)
    if len(reads.records) > LONGEST["records"]:
        raise PartMissing(field="records", most=LONGEST["records"])
    if reads.kind not in SourceKind.values or reads.every not in Rhythm.values:
        raise PartMissing(field="kind" if reads.kind not in SourceKind.values else "every", most=6)
    secret = reads.secret
    if secret is None:
        if source.secret and _machine(url) != _machine(source.url):
            raise SecretForAnother
    else:
        secret = secret.strip()
        if len(secret) > MOST_SECRET or not (secret.isascii() and (secret.isprintable() or not secret)):
            raise SecretUnfit
        source.secret = secret
    source.url, source.kind, source.every = url, reads.kind, reads.every
    source.records = reads.records.strip() if reads.kind == SourceKind.JSON else ""


def _machine(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _data(source: DataSource) -> dict[str, object]:
    """What the journal says of a source: neither the address's way and query nor the header."""
    return {
        "field": source.field_code,
        "title": source.title,
        "host": source.host,
        "kind": source.kind,
        "every": source.every,
        "header": bool(source.secret),
    }


@transaction.atomic
def add_source(field_code: str, reads: Reads, *, by: Actor, at: datetime) -> DataSource:
    """This function will name the register from which a field is pulled; it stays off until it is switched on.

    Needs ``field.edit``. Raises ``NotAllowed``, ``NotFound``, ``NeverPulled``, ``NotHeldHere``, ``SourceThere``,
    ``PartMissing``, ``SecretUnfit``, ``UrlNotAllowed``, ``PrivateAddress``.
    """
    by.require(EDIT)
    field = field_to_pull(field_code)
    _refuse_second(field.code)
    made = DataSource(field_code=field.code, created_at=at, changed_at=at, by_label=by.label)
    _fill(made, reads)
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:  # somebody else set one up at the same moment
        _refuse_second(field.code)
        raise
    record("forms.add_source", subject=made, by=by, at=at, place=field.owner.place, data=_data(made))
    return made


def _refuse_second(code: str) -> None:
    there = DataSource.objects.filter(field_code=code, ended_at=None).first()
    if there is not None:
        raise SourceThere(title=there.title)


def _locked(source: DataSource, by: Actor) -> DataSource:
    get_source(source.pk, actor=by)
    held = DataSource.objects.select_for_update().filter(pk=source.pk, ended_at=None).first()
    if held is None:
        raise NotFound
    return held


@transaction.atomic
def change_source(source: DataSource, reads: Reads, *, by: Actor, at: datetime) -> DataSource:
    """This function will read a source in another way; it is switched off until somebody has tried that.

    Needs ``field.edit``. Raises what ``add_source`` raises, and ``SecretForAnother``.
    """
    by.require(EDIT)
    held = _locked(source, by)
    field_to_pull(held.field_code)
    _fill(held, reads)
    _off(held, by=by, at=at)
    held.changed_at, held.by_label, held.validators = at, by.label, None
    held.save()
    record("forms.change_source", subject=held, by=by, at=at, data=_data(held))
    return held


@transaction.atomic
def switch_source(source: DataSource, *, on: bool, by: Actor, at: datetime) -> DataSource:
    """This function will switch a source on, so that the clock reads it at once and then by its rhythm, or off.

    On needs ``field.edit``; off also whoever is of the unit that owns the field. Raises ``NotAllowed``, ``NotFound``,
    ``NeverPulled``, ``NotHeldHere``.
    """
    held = _locked(source, by)
    if on:
        by.require(EDIT)
        field_to_pull(held.field_code)
    if held.active == on:
        return held
    _off(held, by=by, at=at)
    if on:
        held.active, held.due_at = True, at
    held.save()
    record("forms.switch_source", subject=held, by=by, at=at, data={"field": held.field_code, "on": on})
    return held


@transaction.atomic
def end_source(source: DataSource, *, by: Actor, at: datetime) -> DataSource:
    """This function will end a source; address and header are erased, what it brought stays with its lineage.

    Needs ``field.edit``. Raises ``NotAllowed``, ``NotFound``.
    """
    by.require(EDIT)
    held = _locked(source, by)
    data = _data(held)
    _off(held, by=by, at=at)
    held.ended_at, held.url, held.secret, held.validators = at, "", "", None
    held.save()
    record("forms.end_source", subject=held, by=by, at=at, data=data)
    return held


def _off(held: DataSource, *, by: Actor, at: datetime) -> None:
    """Nothing is due, no row of failures goes on, and nobody is asked to mend it any more."""
    _well(held, _("the source was switched off or changed"), by=by, at=at)
    held.active, held.due_at = False, None


def _well(held: DataSource, note: Promise, *, by: Actor, at: datetime) -> None:
    """Ends a row of failures, and takes back the task that it had become."""
    if held.failing_since is not None and held.failures >= TOLD_AFTER:
        with override(settings.LANGUAGE_CODE):
            recall_tasks(held.task_source(held.failing_since), note=str(note), by=by, at=at)
    held.failures, held.failing_since, held.refusal = 0, None, None


@transaction.atomic
def take_source(pk: int, *, at: datetime) -> DataSource | None:
    """This function will let one job read a source that is due, for some minutes; None when another has it.

    If that job ends before it says what came of it, the source is due again after ``HOLD``.
    """
    rows = DataSource.objects.select_for_update(skip_locked=True)
    held = rows.filter(pk=pk, active=True, due_at__lte=at).first()
    if held is not None:
        held.due_at = at + HOLD
        held.save(update_fields=["due_at"])
    return held


@transaction.atomic
def take_delivery(
    source: DataSource,
    rows: Sequence[Mapping[str, str]],
    *,
    sha256: str,
    as_of: date,
    validators: Mapping[str, str] | None = None,
    at: datetime,
) -> FieldValues | None:
    """This function will take over what was read of a source, as ``bring_values`` does an upload; None for the same again.

    ``source`` is as ``take_source`` gave it: where it was changed or switched off meanwhile, nothing is taken.
    ``validators`` are the register's own marks of this content, for the next question. Raises what ``bring_values`` raises.
    """
    held = _still(source)
    if held is None:
        return None
    field = field_to_pull(held.field_code)
    by = clock_of_sources(ground_of(field.owner))
    brought = None
    if not unchanged(held, sha256):
        brought = bring_values(
            held.field_code, rows, name=held.title, sha256=sha256, as_of=as_of, source=held, by=by, at=at
        )
    held.validators = {**validators, "sha256": sha256} if validators else None
    _was_read(held, by=by, at=at)
    return brought


@transaction.atomic
def note_unchanged(source: DataSource, *, at: datetime) -> bool:
    """This function will keep that a register said that nothing has changed since it was read; False where the source was
    changed or switched off meanwhile."""
    held = _still(source)
    if held is None:
        return False
    field = field_to_pull(held.field_code)
    held.validators = {**(held.validators or {}), "not_modified": True}
    _was_read(held, by=clock_of_sources(ground_of(field.owner)), at=at)
    return True


def _was_read(held: DataSource, *, by: Actor, at: datetime) -> None:
    _well(held, _("the source can be read again"), by=by, at=at)
    held.tried_at = held.read_at = at
    held.due_at = next_due(held.every, failures=0, at=at)
    held.save()


def _still(source: DataSource) -> DataSource | None:
    """The row, locked, if it is read in the same way and by the same job as when ``take_source`` gave it."""
    rows = DataSource.objects.select_for_update().filter(pk=source.pk, active=True)
    return rows.filter(due_at=source.due_at, changed_at=source.changed_at).first()


@transaction.atomic
def note_failure(source: DataSource, refusal: Refusal, *, at: datetime) -> None:
    """This function will keep why a source could not be read and when it is tried again; nothing that is held changes.

    With the third failure in a row the field's owner gets one task on its desk; it is taken back when the source can be
    read again.
    """
    held = _still(source)
    if held is None:
        return
    held.failures, held.failing_since = held.failures + 1, held.failing_since or at
    held.tried_at, held.refusal = at, kept(refusal)
    held.due_at = next_due(held.every, failures=held.failures, at=at)
    held.save()
    if held.failures == TOLD_AFTER:
        _tell_owner(held, held.failing_since, at=at)


def _tell_owner(held: DataSource, since: datetime, *, at: datetime) -> None:
    field = field_of(held)
    if field is None:  # nobody owns it any more; it stands on the page
        return
    by, owner = clock_of_sources(ground_of(field.owner)), field.owner
    data = {"field": held.field_code, "failures": held.failures, "why": (held.refusal or {}).get("code", "")}
    record("forms.source_fails", subject=held, by=by, at=at, place=owner.place, data=data)
    with override(settings.LANGUAGE_CODE):
        title = _now("The source “%(title)s” cannot be read: %(why)s") % {"title": held.title, "why": held.why}
        basis = _now("Field dictionary: %(field)s") % {"field": field.label}
    send_task(
        kind=TaskKind.REQUEST,
        source=held.task_source(since),
        title=title[:200],
        asker=owner,  # its own field: nobody else asks it
        owner=owner,
        place=owner.place,
        basis=basis[:300],
        due_at=at + ANSWER_WITHIN,
        by=by,
        at=at,
    )
