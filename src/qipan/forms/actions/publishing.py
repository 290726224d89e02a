"""Acts on forms: publish with a passport, open on grounds for a time, close."""

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import Refusal

from .. import rules
from ..models import Form, FormMedia
from ..terms import Subject
from .opening import require_one

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


LABELS = {
    "number": _("form number"),
    "issuer": _("issuer"),
    "approval": _("approval or filing number"),
    "basis": _("basis"),
    "purpose": _("purpose"),
    "valid_from": _("valid from"),
    "valid_to": _("valid until"),
}


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
    purpose: str,
    valid_from: datetime | None,
    valid_to: datetime | None,
    definition: rules.Definition | None = None,
    by: Actor,
    at: datetime,
) -> Form:
    """This function will publish a form with its full passport, as the next version of its code.

    ``definition`` holds its questions as an XLSForm. Needs ``admission.decide`` or ``playbook.edit``. Raises
    ``NotAllowed``, ``PassportIncomplete``, ``SubjectUnknown``, ``ValidityBackwards``, ``NumberInUse``, ``FormBroken``.
    """
    require_one(by, "admission.decide", "playbook.edit")
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
    made = None
    if definition is not None:
        made = rules.convert_xlsform(
            definition.source, code=code, version=last + 1, title=title, media=definition.media
        )
    form = Form.objects.create(
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
    """This function will publish the sample forms of ``data/forms.json`` that are missing; returns how many.

    Their numbers and approvals say that they are samples: a city replaces them by its own.
    """
    known = set(Form.objects.values_list("code", flat=True))
    published = 0
    for row in json.loads((DATA / "forms.json").read_text("utf-8")):
        if row["code"] in known:
            continue
        days = row.pop("valid_days")
        publish_form(**row, issuer=issuer, valid_from=at, valid_to=at + timedelta(days=days), by=by, at=at)
        published += 1
    return published
