"""Acts on openings: a form opens on grounds for a time, and closes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import Admission, AdmissionState, admission_of_form, check_ground
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal

from .. import rules
from ..models import Form, FormDraft, FormOpening
from ..queries import posture_kind
from ..terms import Subject
from .publishing import check_fields


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


def _writers(form: Form) -> list[int]:
    """Whose application a form rests on: the unit that issued it, and the one that wrote it."""
    return [form.issuer_id, *FormDraft.objects.filter(form=form).values_list("unit_id", flat=True)]


class PictureDemanded(Refusal):
    """A form that came past the checks of publishing."""

    code = "picture_demanded"
    sentence = _(
        "Form %(number)s demands a photograph or a film (%(names)s). Whoever is asked may leave it out (red lines 4 and 10): "
        "publish a version that does not require it."
    )


@transaction.atomic
def open_form(
    form: Form,
    *,
    grounds: Iterable[Range],
    closes_at: datetime,
    emergency: str = "",
    source: str = "",
    admission: Admission | None = None,
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> list[FormOpening]:
    """This function will open a form on grounds until ``closes_at``; one opening for each range.

    ``emergency`` is the number of the declaration for which it asks: the release closes it, and what is answered is kept
    by the clock that the emergency's end starts. ``source`` names the tasks with which units are asked for it; what a
    unit answers closes its task (``FormAnswered``). ``admission`` is the one under which it is asked; without one it is what
    its writer or issuer was admitted for, unless an emergency asks. It asks no other fields than that names, and nowhere
    else (SVC-9).

    Needs ``form.open``, ``campaign.open`` or ``directive.issue``. Raises ``NotAllowed``, ``NotFound`` (no ground, or ground
    outside the scope), ``FormNotValid``, ``ClosesTooEarly``, ``BeyondValidity``, ``PersonFormUnderStanding``,
    ``FieldsBeyondAdmission``, ``GroundNotAdmitted``, ``PictureDemanded``.
    """
    by.require("form.open", "campaign.open", "directive.issue")
    ranges = [Range(*ground) for ground in grounds]
    if not ranges or any(ground.without(by.scope.ranges) for ground in ranges):
        raise NotFound
    if not rules.valid(form.valid_from, form.valid_to, at=at):
        raise FormNotValid(number=form.number)
    if closes_at <= at:
        raise ClosesTooEarly
    if closes_at > form.valid_to:
        raise BeyondValidity(number=form.number)
    if pictures := rules.demanded_pictures(form.xform):
        raise PictureDemanded(number=form.number, names=[path.rpartition("/")[2] for path in pictures])
    if form.subject == Subject.PERSON and not rules.may_open(form.subject, posture_kind(ranges, at=at, drill=drill)):
        raise PersonFormUnderStanding
    if admission is None and not emergency:
        admission = admission_of_form(form.code, units=_writers(form), state=AdmissionState.ADMITTED)
    if admission is not None:
        check_fields(admission, form.questions.filter(held=False).values_list("field_code", flat=True))
        check_ground(admission, ranges)
    openings = [
        FormOpening.objects.create(
            form=form,
            first=ground.first,
            last=ground.last,
            opened_at=at,
            closes_at=closes_at,
            emergency=emergency,
            source=source,
            drill=drill,
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

    Needs ``form.open``, ``campaign.open``, ``directive.issue``, ``directive.recall`` or ``release.run``. Raises
    ``NotAllowed``, ``NotFound``.
    """
    by.require("form.open", "campaign.open", "directive.issue", "directive.recall", "release.run")
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
