"""Acts on forms: publish with a passport, open on grounds for a time, close."""

import hashlib
import json
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import Admission, AdmissionState, admission_of_form
from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, Refusal
from qipan.laws.api import Use, cite, end_citations, get_article

from .. import rules
from ..models import Form, FormMedia, FormQuestion
from ..queries.design import Design, read_design
from ..queries.fields import fields_on
from ..terms import Subject
from .fields import seed_fields

DATA = Path(__file__).parents[1] / "data"


class PassportIncomplete(Refusal):
    """A part of the form's passport is missing; ``field`` names it."""

    code = "passport_incomplete"
    sentence = _(
        "The form's passport lacks: %(label)s. Without number, issuer, approval, basis, purpose and validity the "
        "asked may refuse the form, so it is not published (Statistics Law 2024, art. 17)."
    )
    status = 400


class SubjectUnknown(Refusal):
    code = "subject_unknown"
    sentence = _("A form is about a unit, a door or a person.")
    status = 400


class ValidityBackwards(Refusal):
    code = "validity_backwards"
    sentence = _("The form's validity ends before it begins (Statistics Law 2024, art. 17).")
    status = 400


class NumberInUse(Refusal):
    """The number on the passport belongs to another form."""

    code = "form_number_in_use"
    sentence = _("The number %(number)s stands on another form.")


class PublishedMeanwhile(Refusal):
    code = "form_published_meanwhile"
    sentence = _("A version of this form was published at the same moment; look at it before you publish yours.")
    status = 409


class QuestionsUnfit(BadInput):
    """Questions that no form may ask, or that are no field of the dictionary; ``problems`` names each with its row."""

    code = "questions_unfit"
    sentence = _("The form is not published: some questions cannot be asked as they stand.")


class MustReuse(BadInput):
    """SVC-10: too much of the form is known already; ``problems`` says what, and who holds or asks it."""

    code = "must_reuse"
    sentence = _(
        "%(share)s %% of what this form asks is known already. Reuse what is held, and leave out what another valid "
        "form asks; then publish."
    )
    status = 409


class ReasonMissing(Refusal):
    code = "reason_missing"
    sentence = _("The form asks for sensitive facts: say why; the reason is shown to whoever is asked.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="reason")


class ApprovalMissing(Refusal):
    """Red line 4: sensitive fields need a second approval, and of exactly what is published."""

    code = "approval_missing"
    sentence = _(
        "Sensitive fields (%(fields)s) need the approval of another person of another unit, given to the form as it "
        "stands now."
    )


class AdmissionWaits(Refusal):
    """SVC-9: what was applied for is not asked before the lead organisation has decided."""

    code = "admission_waits"
    sentence = _("The application “%(title)s” for this form is not decided; until then it is not published.")


class AdmissionRefused(Refusal):
    code = "admission_refused"
    sentence = _("The application “%(title)s” for this form was refused: %(reason)s")


class BeyondAdmission(Refusal):
    """A form asks no more questions and holds no longer than was admitted."""

    code = "beyond_admission"
    sentence = _(
        "“%(title)s” was admitted until %(until)s (questions: %(admitted)s); this form asks until %(valid_to)s "
        "(questions: %(asked)s)."
    )


class FieldsBeyondAdmission(Refusal):
    """SVC-9: an admission names the fields, and nothing else is asked under it."""

    code = "fields_beyond_admission"
    sentence = _(
        "“%(title)s” was admitted for other fields. By the rules of work admission a form asks only what was admitted; "
        "this one also asks: %(fields)s."
    )


LABELS = {
    "number": _("form number"),
    "issuer": _("issuer"),
    "approval": _("approval or filing number"),
    "basis": _("basis"),
    "purpose": _("purpose"),
    "valid_from": _("valid from"),
    "valid_to": _("valid until"),
}


def _checked(definition: rules.Definition, *, code: str, subject: str, purpose: str, at: datetime) -> Design:
    """The design of a form that may be published; refuses any other."""
    design = read_design(definition, code=code, subject=subject, at=at)
    if design.problems:
        raise QuestionsUnfit(list(design.problems))
    if design.must_reuse:
        share = f"{(design.overlap.share_asked if definition.reuse else design.overlap.share) * 100:.0f}"
        raise MustReuse(design.known, share=share)
    if design.sensitive and not definition.reason.strip():
        raise ReasonMissing
    covered = definition.digest_for(subject=subject, purpose=purpose, sensitive=design.kinds)
    if design.sensitive and (not definition.approved_by or definition.approved_digest != covered):
        raise ApprovalMissing(fields=list(design.sensitive))
    return design


def check_fields(admission: Admission, codes: Collection[str]) -> None:
    """This function will refuse a form that asks other fields than its admission names. Raises ``FieldsBeyondAdmission``.

    An admission that names none is for no form, or from before fields were held: then only the number counts.
    """
    beyond = [code for code in dict.fromkeys(codes) if code and code not in admission.fields]
    if admission.fields and beyond:
        entries = {entry.code: entry for entry in fields_on().filter(code__in=beyond)}
        raise FieldsBeyondAdmission(title=admission.title, fields=[entries.get(code, code) for code in beyond])


def _admitted(admission: Admission | None, questions: list[str], *, valid_to: datetime) -> None:
    """Where work admission was asked for the form, it goes as far as was admitted. What nobody applied for is decided
    by who publishes: the lead organisation, or a command with its playbook."""
    if admission is None:
        return
    if admission.state == AdmissionState.APPLIED:
        raise AdmissionWaits(title=admission.title)
    if admission.state == AdmissionState.REFUSED:
        raise AdmissionRefused(title=admission.title, reason=admission.reason)
    asked = len(questions)
    if asked > admission.questions or valid_to > admission.valid_to:
        raise BeyondAdmission(
            title=admission.title,
            admitted=admission.questions,
            asked=asked,
            until=date_format(localtime(admission.valid_to), "DATETIME_FORMAT"),
            valid_to=date_format(localtime(valid_to), "DATETIME_FORMAT"),
        )
    check_fields(admission, questions)


def _created(**content: Any) -> Form:
    try:
        with transaction.atomic():
            return Form.objects.create(**content)
    except IntegrityError:  # the same version was published at the same moment
        raise PublishedMeanwhile from None


def _end_earlier(form: Form, *, at: datetime) -> None:
    """What earlier versions rest on, each until this one begins; what is to begin no sooner never holds."""
    earlier = list(Form.objects.filter(code=form.code, version__lt=form.version).only("version", "valid_from"))
    holding = [
        one
        for one in earlier
        if one.valid_from < form.valid_from
        # One that another version ends before keeps its day.
        and not any(later.version > one.version and later.valid_from <= form.valid_from for later in earlier)
    ]
    end_citations(holding, at=at, ends=form.valid_from)
    end_citations([one for one in earlier if one.valid_from >= form.valid_from], at=at)


@transaction.atomic
def publish_form(
    *,
    code: str,
    title: str,
    title_en: str = "",
    subject: str,
    number: str,
    issuer: Unit | None,
    approval: str,
    basis: str,
    article: str = "",
    purpose: str,
    valid_from: datetime | None,
    valid_to: datetime | None,
    definition: rules.Definition | None = None,
    several: bool = False,
    written_by: Unit | None = None,
    by: Actor,
    at: datetime,
) -> Form:
    """This function will publish a form with its full passport, as the next version of its code.

    ``definition`` holds its questions as an XLSForm; each is a field of the dictionary (column ``qipan_field``, or
    ``definition.fields``). One about doors asks each door once while it is open, unless ``several`` says that it may be
    filled in again and again. ``written_by`` is the unit that wrote it, where that is not the issuer: what either of them
    applied for (SVC-9) is what the form may ask. ``article`` is the code of an article of the register on which it rests;
    its name is the basis where none is given in words. Needs ``admission.decide`` or ``playbook.edit``. Raises ``NotAllowed``,
    ``PassportIncomplete``, ``SubjectUnknown``, ``ValidityBackwards``, ``NumberInUse``, ``FormBroken``,
    ``QuestionsUnfit`` (not mapped, against a red line), ``MustReuse`` (known already), ``ReasonMissing``,
    ``ApprovalMissing`` (sensitive fields without a second approval of what is published), ``AdmissionWaits``,
    ``AdmissionRefused``, ``BeyondAdmission``, ``FieldsBeyondAdmission`` (work admission was asked for it, and does not go so far),
    ``PublishedMeanwhile``, ``ArticleUnknown``, ``ArticleNotInForce``, ``ArticleNotForUse``.
    """
    by.require("admission.decide", "playbook.edit")
    chosen = get_article(article, on=localdate(at), use=Use.FORM) if article else None
    basis = basis.strip() or (chosen.label if chosen else "")
    passport = {
        "number": number,
        "issuer": issuer,
        "approval": approval,
        "basis": basis,
        "purpose": purpose,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    missing = rules.missing_of(passport)
    if missing is not None or issuer is None or valid_from is None or valid_to is None:
        raise PassportIncomplete(field=missing, label=LABELS[str(missing)])
    if subject not in Subject.values:
        raise SubjectUnknown
    if valid_to <= valid_from:
        raise ValidityBackwards
    if Form.objects.filter(number=number).exclude(code=code).exists():
        raise NumberInUse(number=number)
    last = Form.objects.filter(code=code).aggregate(last=Max("version"))["last"] or 0
    design, made = None, None
    if definition is not None:
        design = _checked(definition, code=code, subject=subject, purpose=purpose, at=at)
    writers = (issuer.pk, written_by.pk if written_by else None)
    _admitted(admission_of_form(code, units=writers), design.asked_fields if design else [], valid_to=valid_to)
    if definition is not None and design is not None:
        shown = rules.Shown(
            number=number,
            issuer=f"{issuer.name} {issuer.name_en}".strip(),
            approval=approval,
            basis=basis,
            purpose=purpose,
            valid_from=localtime(valid_from),
            valid_to=localtime(valid_to),
            reason=definition.reason if design.sensitive else "",
            approved_by=definition.approved_by if design.sensitive else "",
        )
        made = rules.convert_xlsform(
            definition.source,
            code=code,
            version=last + 1,
            title=f"{title} {title_en}".strip(),
            media=definition.media,
            shown=shown,
            held=design.held,
            asks_place=subject == Subject.DOOR and not design.names_place,
            own_code=subject == Subject.PERSON,
        )
    form = _created(
        code=code,
        version=last + 1,
        title=title,
        title_en=title_en,
        subject=subject,
        number=number,
        issuer=issuer,
        approval=approval,
        basis=basis,
        purpose=purpose,
        valid_from=valid_from,
        valid_to=valid_to,
        xform=made.xform if made else "",
        source=definition.source if definition else None,
        reason=definition.reason if definition and design and design.sensitive else "",
        approved_by=definition.approved_by if definition and design and design.sensitive else "",
        once=subject == Subject.DOOR and not several,
    )
    _end_earlier(form, at=at)
    if chosen is not None:
        cite(form, chosen.code, use=Use.FORM, unit_id=issuer.pk, place=issuer.place, at=at)
    FormQuestion.objects.bulk_create(
        FormQuestion(
            form=form,
            order=order,
            path=line.question.path,
            kind=line.question.kind,
            labels=dict(line.question.labels),
            field_code=line.question.field if line.entry else "",
            held=line.question.path in design.held,
        )
        for order, line in enumerate(design.lines if design else (), 1)
        if design
    )
    FormMedia.objects.bulk_create(
        FormMedia(form=form, name=one.name, content=one.content, sha256=hashlib.sha256(one.content).hexdigest())
        for one in (made.media if made else ())
    )
    record(
        "forms.publish_form",
        subject=form,
        by=by,
        at=at,
        place=issuer.place,
        data={"code": code, "version": form.version, "number": number, "valid_to": valid_to.isoformat()},
    )
    return form


@transaction.atomic
def seed_forms(issuer: Unit, *, by: Actor, at: datetime) -> int:
    """This function will publish the sample forms of ``data/forms.json`` that are missing, with the example fields
    that they ask; returns how many.

    Their numbers and approvals say that they are samples: a city replaces them by its own.
    """
    seed_fields(issuer, by=by, at=at)
    known = set(Form.objects.values_list("code", flat=True))
    published = 0
    for row in json.loads((DATA / "forms.json").read_text("utf-8")):
        if row["code"] in known:
            continue
        days = row.pop("valid_days")
        definition = rules.Definition(rules.make_xlsform(row.pop("sheets")), reuse=True)
        until = at + timedelta(days=days)
        publish_form(**row, issuer=issuer, valid_from=at, valid_to=until, definition=definition, by=by, at=at)
        published += 1
    return published
