"""Acts on forms: publish with a passport, open on grounds for a time, close."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal

from . import rules
from .models import Form, FormOpening
from .queries import posture_kind
from .terms import Subject

DATA = Path(__file__).parent / "data"


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


class FormNotValid(Refusal):
    """The passport does not hold at this moment."""

    code = "form_not_valid"
    sentence = _(
        "The passport of form %(number)s does not hold at this moment; it is not opened, and whoever is asked "
        "may refuse it (Statistics Law 2024, art. 17)."
    )


class BeyondValidity(Refusal):
    code = "beyond_validity"
    sentence = _("Form %(number)s cannot stay open longer than its passport holds (Statistics Law 2024, art. 17).")


class ClosesTooEarly(Refusal):
    code = "closes_too_early"
    sentence = _("The form would close before it opens.")
    status = 400


class PersonFormUnderStanding(Refusal):
    """EMG-19: the standing posture works with the least data."""

    code = "person_form_under_standing"
    sentence = _("While the standing posture holds here, no form about persons is opened; ask about units or doors.")


LABELS = {
    "number": _("form number"),
    "issuer": _("issuer"),
    "approval": _("approval or filing number"),
    "basis": _("basis"),
    "purpose": _("purpose"),
    "valid_from": _("valid from"),
    "valid_to": _("valid until"),
}


def _require_one(by: Actor, *acts: str) -> None:
    """This function will pass whoever has one of the acts; the refusal names the first."""
    if not any(by.can(act) for act in acts):
        by.require(acts[0])


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
    by: Actor,
    at: datetime,
) -> Form:
    """This function will publish a form with its full passport, as the next version of its code.

    Needs ``admission.decide`` or ``playbook.edit``. Raises ``NotAllowed``, ``PassportIncomplete``,
    ``SubjectUnknown``, ``ValidityBackwards``, ``NumberInUse``.
    """
    _require_one(by, "admission.decide", "playbook.edit")
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
def open_form(
    form: Form, *, grounds: Iterable[Range], closes_at: datetime, by: Actor, at: datetime, drill: bool = False
) -> list[FormOpening]:
    """This function will open a form on grounds until ``closes_at``; one opening for each range.

    Needs ``form.open`` or ``campaign.open``. Raises ``NotAllowed``, ``NotFound`` (no ground, or ground
    outside the scope), ``FormNotValid``, ``ClosesTooEarly``, ``BeyondValidity``, ``PersonFormUnderStanding``.
    """
    _require_one(by, "form.open", "campaign.open")
    ranges = [Range(*ground) for ground in grounds]
    if not ranges or any(ground.without(by.scope.ranges) for ground in ranges):
        raise NotFound
    if not rules.valid(form.valid_from, form.valid_to, at=at):
        raise FormNotValid(number=form.number)
    if closes_at <= at:
        raise ClosesTooEarly
    if closes_at > form.valid_to:
        raise BeyondValidity(number=form.number)
    if form.subject == Subject.PERSON and not rules.may_open(form.subject, posture_kind(ranges, at=at, drill=drill)):
        raise PersonFormUnderStanding
    openings = [
        FormOpening.objects.create(
            form=form, first=ground.first, last=ground.last, opened_at=at, closes_at=closes_at, drill=drill
        )
        for ground in ranges
    ]
    record(
        "forms.open_form",
        subject=form,
        by=by,
        at=at,
        place=ranges[0].first,
        data={"openings": [opening.pk for opening in openings], "closes_at": closes_at.isoformat()},
        drill=drill,
    )
    return openings


@transaction.atomic
def close_forms(openings: Iterable[FormOpening], *, by: Actor, at: datetime) -> int:
    """This function will close openings; returns how many were still open. Closing twice is harmless.

    Needs ``form.open`` or ``campaign.open`` or ``release.run``. Raises ``NotAllowed``, ``NotFound``.
    """
    _require_one(by, "form.open", "campaign.open", "release.run")
    chosen: Sequence[FormOpening] = list(openings)
    if any(Range(opening.first, opening.last).without(by.scope.ranges) for opening in chosen):
        raise NotFound
    closed = FormOpening.objects.filter(
        pk__in=[opening.pk for opening in chosen], closed_at=None, closes_at__gt=at
    ).update(closed_at=at)
    if closed:
        record(
            "forms.close_forms",
            subject=f"forms.Form:{chosen[0].form_id}",
            by=by,
            at=at,
            place=chosen[0].first,
            data={"openings": [opening.pk for opening in chosen], "closed": closed},
            drill=all(opening.drill for opening in chosen),
        )
    return closed


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
