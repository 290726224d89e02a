"""Acts on drafts: keep, correct, approve what is sensitive, publish, drop."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, NotFound, Refusal

from .. import rules
from ..models import DraftMedia, Form, FormDraft
from ..queries.design import Design, read_design
from ..queries.drafts import definition_of, digest_of
from ..terms import Subject
from .publishing import ReasonMissing, publish_form

PASSPORT = (
    "title",
    "title_en",
    "subject",
    "number",
    "issuer",
    "approval",
    "basis",
    "article",
    "purpose",
    "valid_from",
    "valid_to",
)
CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
TAKEN = {"new", "fields", "drafts", "disputes", "template"}  # words of the room's own addresses
MEDIA = re.compile(r"[\w.-]{1,120}\.(csv|xml|geojson|png|jpg|jpeg|mp3)", re.ASCII | re.I)
MOST_MEDIA_BYTES = 5_000_000
MOST_MEDIA = 10


class CodeUnfit(Refusal):
    """The code is no short name for addresses, or means something else there."""

    code = "form_code_unfit"
    sentence = _(
        "The code has 2 to 40 small letters, digits and hyphens; new, fields, drafts, disputes and template are taken."
    )
    status = 400

    def __init__(self) -> None:
        super().__init__(field="code")


class AlreadyPublished(Refusal):
    code = "draft_already_published"
    sentence = _("This draft is published; start the next version with a new upload.")


class SecondPerson(Refusal):
    """Red line 4: the second approval is another person's, of another unit."""

    code = "second_person_needed"
    sentence = _("The approval is another person's of another unit than the one that wrote or issues the form.")
    status = 403


class NothingSensitive(Refusal):
    code = "nothing_sensitive"
    sentence = _("The form asks for nothing sensitive; it needs no second approval.")


def _own(draft: FormDraft, by: Actor) -> FormDraft:
    """The row, locked, of a unit's own draft that is not published yet."""
    by.require("form.design")
    row = FormDraft.objects.select_for_update().filter(pk=draft.pk).first()
    if row is None or row.unit_id != by.unit_id:
        raise NotFound
    if row.form_id is not None:
        raise AlreadyPublished
    return row


def _check_media(media: Sequence[rules.Media]) -> None:
    problems = []
    if len(media) > MOST_MEDIA or sum(len(one.content) for one in media) > MOST_MEDIA_BYTES:
        problems.append(
            _now("at most %(most)s files of %(mb)s MB together") % {"most": MOST_MEDIA, "mb": MOST_MEDIA_BYTES // 10**6}
        )
    for one in media:
        if not MEDIA.fullmatch(one.name) or one.name == rules.HELD_FILE:
            problems.append(_now("%(name)s: a file of this name or kind is not taken") % {"name": one.name[:120]})
        elif one.name.lower().endswith(".xml"):
            try:
                fromstring(one.content)
            except (ParseError, DefusedXmlException, ValueError):
                problems.append(_now("%(name)s: the file is no plain XML") % {"name": one.name})
    if len({one.name for one in media}) < len(media):
        problems.append(_now("two files have the same name"))
    if problems:
        raise rules.FormBroken(problems)


def _design(draft: FormDraft, *, at: datetime) -> Design:
    return read_design(definition_of(draft), code=draft.code, subject=draft.subject, at=at)


@transaction.atomic
def start_draft(
    *,
    code: str,
    file_name: str,
    source: bytes,
    media: Sequence[rules.Media] = (),
    passport: Mapping[str, object] | None = None,
    by: Actor,
    at: datetime,
) -> FormDraft:
    """This function will keep an XLSForm as a draft of the actor's unit; one that cannot be converted is not kept.

    ``passport`` holds what its passport sheet says. Needs ``form.design``. Raises ``NotAllowed``, ``CodeUnfit``,
    ``FormBroken``.
    """
    by.require("form.design")
    if not CODE.fullmatch(code) or code in TAKEN:
        raise CodeUnfit
    if by.unit_id is None:
        raise NotFound
    _check_media(media)
    rules.convert_xlsform(source, code=code, version=1, media=media)
    draft = FormDraft(
        code=code,
        file_name=file_name[:120],
        source=source,
        unit_id=by.unit_id,
        issuer_id=by.unit_id,
        account=by.account_id,
        by_label=by.label,
        changed_at=at,
        **_cut(_of_last(code)),
    )
    for name, value in _cut(passport or {}).items():
        setattr(draft, name, value)
    draft.save()
    _put_media(draft, media)
    record("forms.start_draft", subject=draft, by=by, at=at, data={"code": code, "file": draft.file_name})
    return draft


def _of_last(code: str) -> dict[str, object]:
    """What the passport of the version before says; its validity and approval are its own."""
    last = Form.objects.filter(code=code).order_by("-version").first()
    if last is None:
        return {}
    return {
        name: getattr(last, name) for name in ("title", "title_en", "subject", "number", "basis", "purpose", "reason")
    }


def _cut(passport: Mapping[str, object]) -> dict[str, object]:
    """What fits into the draft; the rest is typed on the page."""
    kept = {}
    for name, value in passport.items():
        if name == "issuer" and isinstance(value, str):
            value = Unit.objects.filter(code=value, valid_to=None).first()
        if value is None or (name == "subject" and value not in Subject.values):
            continue
        if name in (*PASSPORT, "reason"):
            longest = getattr(FormDraft._meta.get_field(name), "max_length", None)
            kept[name] = value[:longest] if isinstance(value, str) and longest else value
    return kept


def _put_media(draft: FormDraft, media: Sequence[rules.Media]) -> None:
    for one in media:
        DraftMedia.objects.update_or_create(draft=draft, name=one.name, defaults={"content": one.content})


@transaction.atomic
def replace_source(
    draft: FormDraft, *, file_name: str, source: bytes, media: Sequence[rules.Media] = (), by: Actor, at: datetime
) -> FormDraft:
    """This function will put a corrected XLSForm in a draft's place; files with the same name are replaced.

    What was chosen for its questions stays where their path stays; an approval ends. Raises ``NotAllowed``,
    ``NotFound``, ``AlreadyPublished``, ``FormBroken``.
    """
    row = _own(draft, by)
    _check_media(media)
    if source:
        made = rules.convert_xlsform(source, code=row.code, version=1, media=media)
        paths = {one.path for one in made.questions}
        row.fields = {path: code for path, code in row.fields.items() if path in paths}
        row.source, row.file_name = source, file_name[:120]
    _put_media(row, media)
    _touched(row, by, at)
    record("forms.replace_source", subject=row, by=by, at=at, data={"code": row.code, "file": row.file_name})
    return row


def _touched(row: FormDraft, by: Actor, at: datetime) -> None:
    row.account, row.by_label, row.changed_at = by.account_id, by.label, at
    row.approved_at, row.approved_by, row.approved_digest = None, "", ""
    row.save()


@transaction.atomic
def set_draft(
    draft: FormDraft,
    *,
    passport: Mapping[str, object],
    fields: Mapping[str, str],
    reuse: bool,
    reason: str,
    several: bool = False,
    by: Actor,
    at: datetime,
) -> FormDraft:
    """This function will keep what is typed on a draft's page: passport, fields of its questions, whether what is held
    is filled in, why sensitive facts are asked, whether one door may be asked several times. An approval ends where anything that it covers changed.

    Raises ``NotAllowed``, ``NotFound``, ``AlreadyPublished``.
    """
    row = _own(draft, by)
    before = digest_of(row, sensitive={})
    for name, value in passport.items():
        if name in PASSPORT:
            setattr(row, name, value)
    row.fields = {path: code for path, code in fields.items() if code}
    row.reuse, row.reason, row.several = reuse, reason, several
    if digest_of(row, sensitive={}) != before:
        _touched(row, by, at)
    else:
        row.changed_at = at
        row.save()
    record("forms.set_draft", subject=row, by=by, at=at, data={"code": row.code})
    return row


@transaction.atomic
def approve_draft(draft: FormDraft, *, by: Actor, at: datetime) -> FormDraft:
    """This function will approve that a draft asks for sensitive facts, for the reason that it shows (red line 4).

    The approval covers exactly what stands there now, and what the dictionary says is sensitive in it. Needs ``form.approve``, of another person of another unit than
    wrote or issues it. Raises ``NotAllowed``, ``SecondPerson``, ``NothingSensitive``, ``ReasonMissing``,
    ``AlreadyPublished``, ``BadInput`` (a question that cannot be asked).
    """
    by.require("form.approve")
    row = FormDraft.objects.select_for_update().get(pk=draft.pk)
    if row.form_id is not None:
        raise AlreadyPublished
    same_person = by.account_id is None or by.account_id == row.account
    if same_person or by.unit_id is None or by.unit_id in (row.unit_id, row.issuer_id):
        raise SecondPerson
    design = _design(row, at=at)
    if design.problems:
        raise BadInput(list(design.problems))
    if not design.sensitive:
        raise NothingSensitive
    if not row.reason.strip():
        raise ReasonMissing
    row.approved_at, row.approved_by = at, by.label
    row.approved_digest = digest_of(row, sensitive=design.kinds)
    row.save(update_fields=["approved_at", "approved_by", "approved_digest"])
    record(
        "forms.approve_draft",
        subject=row,
        by=by,
        at=at,
        data={"code": row.code, "fields": [one.code for one in design.sensitive], "digest": row.approved_digest},
    )
    return row


@transaction.atomic
def publish_draft(draft: FormDraft, *, by: Actor, at: datetime) -> Form:
    """This function will publish a draft as the next version of its code, with its passport.

    Whoever may publish does it, of whatever unit. Raises ``AlreadyPublished`` and what ``publish_form`` raises.
    """
    row = FormDraft.objects.select_for_update().get(pk=draft.pk)
    if row.form_id is not None:
        raise AlreadyPublished
    passport = {name: getattr(row, name) for name in PASSPORT}
    made = definition_of(row)
    form = publish_form(
        code=row.code, definition=made, several=row.several, written_by=row.unit, **passport, by=by, at=at
    )
    row.form, row.changed_at = form, at
    row.save(update_fields=["form", "changed_at"])
    return form


@transaction.atomic
def drop_draft(draft: FormDraft, *, by: Actor, at: datetime) -> None:
    """This function will drop a draft of the actor's unit. Raises ``NotAllowed``, ``NotFound``, ``AlreadyPublished``."""
    row = _own(draft, by)
    record("forms.drop_draft", subject=row, by=by, at=at, data={"code": row.code})
    row.delete()
