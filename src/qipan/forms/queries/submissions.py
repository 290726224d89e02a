"""Reading what is needed to take a filled form, and what was taken."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import Prefetch

from qipan.journal.api import entries_of
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.rows import Reading
from qipan.kernel.sealed import keyed_digests

from ..models import Attachment, FieldEntry, Form, FormMedia, FormOpening, FormQuestion, Submission
from ..rules import HELD_FILE, PLACE_FIELD
from ..rules.submission import digest_of_stored
from ..rules.xform import XForm, read_xform
from ..terms import HELD_BY_ID, Standing, Subject
from .answers import masks_of
from .held import HeldFile, held_file
from .opened import asked_ground, open_forms, openings_on
from .partners import kept_from

# Where the dictionary says nothing of a form's fields: what is about persons is kept shortest.
KEEP_DAYS = {Subject.PERSON: 60, Subject.DOOR: 365, Subject.UNIT: 730}
MOST_DIFFERENCES = 20
LAPSED_SHOWN = timedelta(days=30)
MOST_DISPUTES = 50  # of one page
AT_ONCE = 500  # rows that an audit holds


_PUBLISHED = Reading[Form](
    lambda code, version, at: (
        Form.objects.defer("source").filter(code=code, version=version, valid_from__lte=at).exclude(xform="")
    )
)
_SUMS = Reading[tuple[str, str]](
    lambda form: FormMedia.objects.filter(form=form).order_by("name").values_list("name", "sha256")
)
_SHORTEST = Reading[tuple[int]](
    lambda form: (
        FieldEntry.objects.filter(
            code__in=FormQuestion.objects.filter(form=form).exclude(field_code="").values("field_code"), valid_to=None
        )
        .order_by("retention_days")
        .values_list("retention_days")[:1]
    )
)


def published_form(code: str, version: str, *, at: datetime) -> Form | None:
    """This function will return one published version of a form that clients can fill, None where there is none."""
    if not (version.isascii() and version.isdigit() and len(version) <= 5):
        return None
    return _PUBLISHED.one(code, int(version), at)


def known_code(code: str, *, at: datetime) -> bool:
    """This function will say whether any version of a form that clients can fill was published."""
    return Form.objects.filter(code=code, valid_from__lte=at).exclude(xform="").exists()


def asked_by(form: Form) -> XForm:
    """This function will return what a form asks, with the lists that its files hold; read once by each process."""
    return _asked(form.pk, form.xform, tuple(_SUMS(form.pk)))


@lru_cache(maxsize=64)
def _asked(form_id: int, xform: str, sums: tuple[tuple[str, str], ...]) -> XForm:
    """The sums stand for the files, so that a list of megabytes is not read for each filled form."""
    rows = FormMedia.objects.filter(form_id=form_id) if sums else FormMedia.objects.none()
    read = read_xform(xform, {one.name: bytes(one.content) for one in rows})
    # The author may call the question that says which door it is as he likes.
    named = FormQuestion.objects.filter(form=form_id, field_code=PLACE_FIELD).values_list("path", flat=True).first()
    return replace(read, place=named.rpartition("/")[2]) if named else read


def opening_at(code: str, ground: Range, *, at: datetime) -> FormOpening | None:
    """This function will return an opening of a form, in any version, that is in force on a ground; real before drill."""
    return min(open_forms([ground], at=at, code=code), key=lambda one: one.drill, default=None)


def sources_at(code: str, ground: Range, *, drill: bool, at: datetime) -> tuple[str, ...]:
    """This function will return the tasks with which a form is asked for on a ground, by their sources, the first first."""
    openings = reversed(open_forms([ground], at=at, code=code))
    return tuple(one.source for one in openings if one.source and one.drill is drill)


def forms_to_fill(actor: Actor, *, at: datetime, code: str = "") -> list[Form]:
    """This function will return the forms that are open on the actor's ground, or its team's, and that clients can fill,
    the newest version of each; ``code`` asks for one. A partner is given none that asks more than is his to know."""
    open_here = {opening.form_id for opening in open_forms(asked_ground(actor).ranges, at=at, code=code)}
    rows = Form.objects.filter(pk__in=open_here).exclude(xform="").select_related("issuer").defer("source")
    return _given({form.code: form for form in rows.order_by("code", "version")}, actor)


def _given(newest: Mapping[str, Form], actor: Actor) -> list[Form]:
    kept = kept_from(actor, newest.values())
    return [newest[code] for code in sorted(newest) if newest[code].pk not in kept]


def form_to_fill(code: str, *, actor: Actor, at: datetime) -> Form:
    """This function will return one of ``forms_to_fill``. Raises ``NotFound``."""
    for form in forms_to_fill(actor, at=at, code=code):
        return form
    raise NotFound


def lapsed_forms(actor: Actor, *, at: datetime) -> list[Form]:
    """This function will return the forms that were open on the actor's ground until their passport lapsed, in the
    newest version of each: for a month whoever is still asked is told that he may refuse."""
    ground = asked_ground(actor).ranges
    openings = openings_on(ground).filter(
        opened_at__lte=at, form__valid_to__lte=at, form__valid_to__gt=at - LAPSED_SHOWN
    )
    holding = {opening.form.code for opening in open_forms(ground, at=at)}
    newest: dict[str, Form] = {}
    for opening in openings:
        form = opening.form
        if form.code not in holding and (form.code not in newest or newest[form.code].version < form.version):
            newest[form.code] = form
    return _given(newest, actor)


def files_beside(form: Form, *, actor: Actor, at: datetime) -> list[tuple[str, str]]:
    """This function will return names and sums of the files that clients fetch beside a form. Raises ``GroundTooWide``."""
    held = held_file(form, asked_ground(actor, form).ranges, at=at)
    own = list(FormMedia.objects.filter(form=form).order_by("name").values_list("name", "sha256"))
    return [*own, *([(held.name, sha256(held.content).hexdigest())] if held else [])]


def submissions_held(ids: Iterable[UUID]) -> set[UUID]:
    """This function will return which filled forms are held here whole, standing or disputed, by the id that ODK's engine
    gives: not those of which a file is still awaited.
    """
    names = {f"uuid:{one}": one for one in ids}
    rows = Submission.objects.everywhere("a phone asks for its own ids").filter(instance_id__in=list(names), awaits=[])
    return {names[name] for name in rows.values_list("instance_id", flat=True)}


def with_files(forms: Iterable[Form]) -> set[int]:
    """This function will return the keys of the forms beside which clients fetch files."""
    chosen = list(forms)
    held = {form.pk for form in chosen if HELD_FILE in form.xform}
    return held | set(FormMedia.objects.filter(form__in=chosen).values_list("form", flat=True))


def media_of(form: Form, *, actor: Actor, at: datetime) -> list[FormMedia | HeldFile]:
    """This function will return the files that clients fetch beside a form: its own, and what registers hold of the
    actor's ground. Raises ``GroundTooWide``.
    """
    held = held_file(form, asked_ground(actor, form).ranges, at=at)
    return [*FormMedia.objects.filter(form=form).order_by("name"), *([held] if held else [])]


def file_of(form: Form, name: str, *, actor: Actor, at: datetime) -> FormMedia | HeldFile:
    """This function will return one of ``media_of``. Raises ``NotFound``, ``GroundTooWide``."""
    if name == HELD_FILE:
        file: FormMedia | HeldFile | None = held_file(form, asked_ground(actor, form).ranges, at=at)
    else:
        file = FormMedia.objects.filter(form=form, name=name).first()
    if file is None:
        raise NotFound
    return file


def keep_days(form: Form) -> int:
    """This function will return for how many days a filled form is kept: the shortest of its fields' in the dictionary."""
    shortest = _SHORTEST.one(form.pk)
    return shortest[0] if shortest is not None else KEEP_DAYS[Subject(form.subject)]


@dataclass(frozen=True)
class Difference:
    """A question that two filled forms answer differently."""

    label: str
    first: str
    second: str
    masked: bool = False  # a sensitive field: that it differs is said, and not how


@dataclass(frozen=True)
class Dispute:
    """Two filled forms under one id: the one that stands, and the one that waits for a decision."""

    waiting: Submission
    standing: Submission
    differences: list[Difference]


def disputes_for(actor: Actor) -> list[Dispute]:
    """This function will return what waits for a decision on the actor's ground, the oldest first."""
    files = Prefetch("attachments", Attachment.objects.defer("content"))
    mine = (
        Submission.objects.within(actor.scope)
        .select_related("form", "unit")
        .defer("xml", "form__source", "form__xform")
        .prefetch_related(files)
    )
    rows = list(mine.filter(standing=Standing.DISPUTED).order_by("received_at", "pk")[:MOST_DISPUTES])
    ids = [row.instance_id for row in rows]
    standing = {one.instance_id: one for one in mine.filter(instance_id__in=ids, standing__in=HELD_BY_ID)}
    # Where the other one lies outside this ground, who sees both decides.
    pairs = [(standing[row.instance_id], row) for row in rows if row.instance_id in standing]
    forms = {one.form for pair in pairs for one in pair}
    labels: dict[int, dict[str, str]] = {form.pk: {} for form in forms}
    for question in FormQuestion.objects.filter(form__in=forms):
        labels[question.form_id][question.path] = question.label
    masks = {code: masks_of(code) for code in {form.code for form in forms}}
    return [
        Dispute(
            second,
            first,
            _differences(
                first,
                second,
                labels=labels[first.form_id] | labels[second.form_id],
                masked=masks[first.form.code].keys() | masks[second.form.code].keys(),
            ),
        )
        for first, second in pairs
    ]


def get_dispute(pk: int, *, actor: Actor) -> Submission:
    """This function will return a filled form that waits for a decision. Raises ``NotFound``, ``NotAllowed``."""
    found = Submission.objects.within(actor.scope).filter(pk=pk).exclude(standing__in=HELD_BY_ID).first()
    if found is None:
        raise NotFound
    actor.require("conflict.decide")
    return found


def _differences(
    first: Submission, second: Submission, *, labels: Mapping[str, str], masked: Collection[str]
) -> list[Difference]:
    """Only what differs is shown: to decide, nobody has to read the rest."""
    ours, theirs = dict(told_in(first.answers)), dict(told_in(second.answers))
    told = []
    for path in dict.fromkeys([*ours, *theirs]):
        if ours.get(path) == theirs.get(path):
            continue
        plain = "/data/" + "/".join(part.partition("[")[0] for part in path.split("/"))
        label = labels.get(plain, path)
        if plain in masked:
            told.append(Difference(label, "", "", masked=True))
        else:
            told.append(Difference(label, ours.get(path, ""), theirs.get(path, "")))
    sums = {one.name: one.sha256 for one in second.attachments.all()}
    told += [
        Difference(one.name, one.sha256[:12], sums[one.name][:12])
        for one in first.attachments.all()
        if sums.get(one.name, one.sha256) != one.sha256
    ]
    return told[:MOST_DIFFERENCES]


def told_in(answers: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """This function will give each answer with its path, as text; a repeated group is numbered."""
    if isinstance(answers, dict):
        for name, value in answers.items():
            yield from told_in(value, f"{path}/{name}" if path else name)
    elif isinstance(answers, list) and any(isinstance(one, dict) for one in answers):
        for number, one in enumerate(answers, 1):
            yield from told_in(one, f"{path}[{number}]")
    else:
        yield path, ", ".join(map(str, answers)) if isinstance(answers, list) else str(answers)


def subject_of(digest: str) -> str:
    """This function will return what the journal calls a filled form: by its content, not by its row or door."""
    return f"forms.Submission:{digest[:32]}"


def audit_submissions() -> list[str]:
    """This function will take the digest of every kept form again from its XML and return what differs.

    Forms that were erased in their time leave the journal's row alone.
    """
    differences: list[str] = []
    rows = Submission.objects.everywhere("an audit of all").order_by("pk").values_list("pk", "xml", "digest")
    last = 0
    while some := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        subjects = [subject_of(digest) for _pk, _xml, digest in some]
        entries = entries_of("forms.take_submission", subjects=subjects)
        said = {entry.data["digest"]: entry.data["content"] for entry in entries}
        for pk, xml, digest in some:
            if digest not in said:
                differences.append(f"submission {pk} has no journal entry")
            elif not xml:
                differences.append(f"submission {pk} cannot be opened: the key that sealed it is not named here")
            elif said[digest] not in {content := digest_of_stored(xml), *keyed_digests(content)}:
                differences.append(f"submission {pk} is not what was sent")
            last = pk
    return differences[:200]
