"""Work admission: apply, decide, admit in a declared emergency, end (ORG-10, SVC-9)."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import OrganType, Unit, units_on
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range, place_text
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal
from qipan.laws.api import Use, cite, end_citations, get_article

from .. import rules
from ..models import Admission
from ..queries.admissions import field_labels, fields_of_form
from ..queries.desks import unit_of
from ..terms import Activity, AdmissionState, HowOften

MOST_QUESTIONS = 1000


class AlreadyDecided(Refusal):
    code = "already_decided"
    sentence = _("This application was decided already.")


class OwnApplication(Refusal):
    """Nobody decides what he applied for himself."""

    code = "own_application"
    sentence = _("The unit that applied does not decide on it; another lead organisation does.")
    status = 403


class MoreThanAsked(Refusal):
    """A decision admits in part: less than was applied for, never more."""

    code = "more_than_asked"
    sentence = _("An application is admitted as it is or in part: fewer questions or a shorter time, not more.")


class FieldsNotAsked(Refusal):
    """A decision admits some of the fields that were applied for, and no others."""

    code = "fields_not_asked"
    sentence = _("Only fields that the application names can be admitted, and at least one of them.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="fields")


class BasisMissing(Refusal):
    """Work without a basis is shown as such and not admitted."""

    code = "admission_basis_missing"
    sentence = _("The application names no basis: name the one on which you admit it, or refuse it.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="basis")


class NotInEmergency(Refusal):
    """Emergency admission without a declaration or by a unit that is no command."""

    code = "not_in_emergency"
    sentence = _("Only a command may admit its own work, and only with a declaration as its basis.")


def _unit(by: Actor, act: str) -> Unit:
    by.require(act)
    unit = unit_of(by)
    if unit is None:
        raise NotAllowed(act=act)
    return unit


def _check(
    *,
    title: str,
    minutes_per_unit: int,
    valid_from: datetime,
    valid_to: datetime,
    basis: str | None = None,
    questions: int = 0,
    fields: Sequence[str] = (),
    form_code: str = "",
    activity: str = Activity.OTHER,
    how_often: str = HowOften.ONCE,
) -> None:
    problems = [
        problem
        for wrong, problem in (
            (not title.strip(), gettext("the title is missing")),
            (basis is not None and not basis.strip(), gettext("the basis is missing")),
            (minutes_per_unit < 0, gettext("the minutes per unit are negative")),
            (not 0 <= questions <= MOST_QUESTIONS, gettext("the number of questions is not between 0 and 1,000")),
            (bool(form_code.strip()) and not questions, gettext("the number of questions of the form is missing")),
            (len(fields) > questions, gettext("fewer questions are named than fields")),
            (bool(set(fields) - set(field_labels() if fields else ())), gettext("a field that the dictionary lacks")),
            (activity not in Activity.values, gettext("an unknown kind of work")),
            (how_often not in HowOften.values, gettext("how often is not known")),
            (valid_from >= valid_to, gettext("the end lies before the beginning")),
        )
        if wrong
    ]
    if problems:
        raise BadInput(problems)


def _counted(organ_types: Sequence[str], grounds: Sequence[Range], *, by: Actor) -> int:
    """How many units would work; without kinds all that only execute. Raises ``BadInput`` for an unknown kind, ``NotFound`` outside the scope."""
    known = set(OrganType.objects.filter(code__in=organ_types).values_list("code", flat=True))
    if known != set(organ_types):
        raise BadInput([gettext("an unknown kind of unit")])
    if not all(by.scope.covers(Range(*ground)) for ground in grounds):
        raise NotFound
    return units_on(grounds, organ_types or OrganType.objects.filter(executes_only=True)).count()


@transaction.atomic
def apply_admission(
    *,
    title: str,
    basis: str = "",
    article: str = "",
    minutes_per_unit: int,
    valid_from: datetime,
    valid_to: datetime,
    demander: Unit | None = None,
    organ_types: Sequence[str] = (),
    grounds: Sequence[Range] | None = None,
    activity: str = Activity.OTHER,
    questions: int = 0,
    fields: Sequence[str] = (),
    form_code: str = "",
    how_often: str = HowOften.ONCE,
    declaration: str = "",
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> Admission:
    """This function will apply for work to be admitted: what, on which basis, how long, for whom, how many questions.

    ``organ_types`` are the codes of the kinds that would work; empty means all that only execute. A unit
    applies for itself. What it costs is shown from the first moment: minutes for each unit times the units on the ground
    (the actor's whole scope unless ``grounds`` says less; the work is done nowhere else), ``how_often``. ``fields`` are
    the codes of the fields of the dictionary that would be asked; where a form is named, those of its draft or newest
    version unless said otherwise. Without a basis it stands in the list as an
    application that names none. ``article`` is the code of an article of the register on which it rests; its name is
    the basis where none is given in words. ``declaration`` is the number of one in force, which the caller has
    checked; pages do not offer it. Raises ``NotAllowed``, ``NotFound``, ``BadInput``, ``ArticleUnknown``,
    ``ArticleNotInForce``, ``ArticleNotForUse``.
    """
    unit = _unit(by, "admission.apply")
    chosen = get_article(article, on=localdate(at), use=Use.WORK) if article else None
    basis = basis.strip() or (chosen.label if chosen else "")
    form_code = form_code.strip()
    asked = None if fields or not form_code else fields_of_form(form_code, at=at)
    if form_code and questions and not fields and asked is None:
        raise BadInput([gettext("which fields of the dictionary the form asks is missing")])
    fields = list(dict.fromkeys(fields or asked or ()))
    if demander is not None and demander.pk != unit.pk:
        raise NotAllowed(act="admission.apply")
    _check(
        title=title,
        minutes_per_unit=minutes_per_unit,
        valid_from=valid_from,
        valid_to=valid_to,
        questions=questions,
        fields=fields,
        form_code=form_code,
        activity=activity,
        how_often=how_often,
    )
    ground = by.scope.ranges if grounds is None else grounds
    units = _counted(organ_types, ground, by=by)
    admission = Admission.objects.create(
        demander=unit,
        title=title.strip(),
        basis=basis.strip(),
        declaration=declaration.strip(),
        organ_types=sorted(set(organ_types)),
        activity=activity,
        questions=questions,
        fields=fields,
        grounds=[list(part) for part in sorted(ground)],
        form_code=form_code,
        how_often=how_often,
        minutes_per_unit=minutes_per_unit,
        units=units,
        applied_at=at,
        valid_from=valid_from,
        valid_to=valid_to,
        drill=drill,
    )
    if chosen is not None:
        cite(admission, chosen.code, use=Use.WORK, unit_id=unit.pk, place=unit.place, at=at)
    data = {"title": admission.title, "basis": admission.basis, "hours": admission.hours, "units": units}
    data |= {
        "questions": questions,
        "fields": fields,
        "grounds": _told(admission),
        "how_often": how_often,
        "monthly_hours": admission.monthly_hours,
    }
    record("desk.apply_admission", subject=admission, by=by, at=at, place=unit.place, data=data, drill=drill)
    return admission


def _told(admission: Admission) -> list[list[str]]:
    """Its grounds for the journal: digits."""
    return [[place_text(first), place_text(last)] for first, last in admission.grounds or []]


def count_units(organ_types: Sequence[str], *, grounds: Sequence[Range] | None = None, by: Actor) -> int:
    """This function will count the units that would work, on these grounds or in the actor's scope: what an application
    will cost, before it is sent.

    Raises ``BadInput`` for an unknown kind, ``NotFound`` outside the scope.
    """
    return _counted(organ_types, by.scope.ranges if grounds is None else grounds, by=by)


def _cut(held: Admission, *, questions: int | None, fields: Sequence[str] | None, valid_to: datetime | None) -> None:
    """Admits less than was asked; what was asked stays beside it in the public list."""
    if fields is not None:
        if not fields or not set(fields) <= set(held.fields):
            raise FieldsNotAsked
        if len(set(fields)) < len(held.fields):
            left = held.questions - len(held.fields) + len(set(fields))
            questions = left if questions is None else min(questions, left)
    fewer = held.questions if questions is None else questions
    until = held.valid_to if valid_to is None else valid_to
    if rules.over_what_was_asked(
        asked=held.questions, admitted=fewer, asked_until=held.valid_to, until=until, since=held.valid_from
    ):
        raise MoreThanAsked
    if (fewer, until) == (held.questions, held.valid_to):
        return
    named = [code for code in held.fields if fields is None or code in fields]
    held.asked = {
        "questions": held.questions,
        "minutes_per_unit": held.minutes_per_unit,
        "monthly_hours": held.monthly_hours,
        "valid_to": held.valid_to.isoformat(),
    } | ({"fields": held.fields} if named != held.fields else {})
    held.minutes_per_unit = rules.cut_minutes(held.minutes_per_unit, asked=held.questions, admitted=fewer)
    held.questions, held.fields, held.valid_to = fewer, named, until


@transaction.atomic
def decide_admission(
    admission: Admission,
    *,
    admitted: bool,
    reason: str,
    basis: str = "",
    questions: int | None = None,
    fields: Sequence[str] | None = None,
    valid_to: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Admission:
    """This function will admit, admit in part or refuse an application, once, with a reason that everyone may read.

    ``fields`` names which of the fields are admitted, ``questions`` and ``valid_to`` admit fewer questions (the minutes
    shrink with them, and with the fields) or a shorter time. Where the
    application names no basis, whoever admits it names one in ``basis``; that none was named stays in the list.
    Raises ``NotAllowed``, ``OwnApplication``, ``AlreadyDecided``, ``MoreThanAsked``, ``FieldsNotAsked``, ``BasisMissing``, ``BadInput``
    without a reason.
    """
    by.require("admission.decide")
    held = Admission.objects.select_for_update(of=("self",)).select_related("demander").get(pk=admission.pk)
    if held.demander_id == by.unit_id:
        raise OwnApplication
    if held.state != AdmissionState.APPLIED:
        raise AlreadyDecided
    if not reason.strip():
        raise BadInput([gettext("the reason is missing")])
    if admitted:
        if not (held.basis or basis.strip()):
            raise BasisMissing
        _cut(held, questions=questions, fields=fields, valid_to=valid_to)
        if not held.basis:
            held.basis, held.asked = basis.strip()[:300], held.asked | {"basis": ""}
    held.state = AdmissionState.ADMITTED if admitted else AdmissionState.REFUSED
    if not admitted:
        end_citations([held], at=at)
    held.decided_at, held.decided_by, held.reason = at, by.label[:120], reason.strip()[:300]
    cut = ["basis", "questions", "fields", "minutes_per_unit", "valid_to", "asked"]
    held.save(update_fields=["state", "decided_at", "decided_by", "reason", *cut])
    data = {"state": held.state, "reason": held.reason, "basis": held.basis, "asked": held.asked}
    data |= {"fields": held.fields}
    record("desk.decide_admission", subject=held, by=by, at=at, place=held.demander.place, data=data, drill=held.drill)
    return held


@transaction.atomic
def admit_emergency(
    *,
    title: str,
    declaration: str,
    basis: str,
    organ_types: Sequence[str] = (),
    valid_to: datetime,
    minutes_per_unit: int = 0,
    grounds: Sequence[Range] = (),
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> Admission:
    """This function will admit a command's own work at once, with a declaration in force as its basis.

    The caller has checked that the declaration is in force; its number stands in the public list.
    ``organ_types`` empty means all kinds. The same command, declaration and title again, on ground that it was admitted
    for, is the same admission. Raises ``NotInEmergency``, ``NotAllowed`` (needs ``playbook.activate`` or
    ``admission.decide``), ``BadInput``, ``NotFound``.
    """
    act = "admission.decide" if by.can("admission.decide") else "playbook.activate"
    unit = _unit(by, act)
    if not declaration.strip() or not (unit.organ_type.is_command or unit.organ_type.is_lead):
        raise NotInEmergency
    _check(title=title, basis=basis, minutes_per_unit=minutes_per_unit, valid_from=at, valid_to=valid_to)
    ground = sorted(grounds or by.scope.ranges)
    same = Admission.objects.filter(
        demander=unit, declaration=declaration, title=title, state=AdmissionState.ADMITTED, valid_to__gt=at, drill=drill
    )
    standing = next((one for one in same.order_by("pk") if one.reaches(ground)), None)
    if standing is not None:
        return standing
    units = _counted(organ_types, ground, by=by)
    with override(settings.LANGUAGE_CODE):  # a document of the city
        reason = gettext("Declared emergency %(number)s") % {"number": declaration.strip()}
    admission = Admission.objects.create(
        demander=unit,
        title=title.strip(),
        basis=basis.strip(),
        declaration=declaration.strip(),
        organ_types=sorted(set(organ_types)),
        grounds=[list(part) for part in ground],
        minutes_per_unit=minutes_per_unit,
        units=units,
        state=AdmissionState.ADMITTED,
        applied_at=at,
        decided_at=at,
        decided_by=by.label[:120],
        reason=reason,
        valid_from=at,
        valid_to=valid_to,
        drill=drill,
    )
    data = {"title": admission.title, "declaration": admission.declaration, "basis": admission.basis}
    record("desk.admit_emergency", subject=admission, by=by, at=at, place=unit.place, data=data, drill=drill)
    return admission


@transaction.atomic
def end_admission(admission: Admission, *, reason: str, by: Actor, at: datetime) -> Admission:
    """This function will end an admission before its time: nothing more is sent under it; what was sent stays.

    Raises ``NotAllowed`` unless the actor's unit applied for it or the post decides on admissions.
    """
    if admission.demander_id != by.unit_id:
        by.require("admission.decide")
    held = Admission.objects.select_for_update(of=("self",)).select_related("demander").get(pk=admission.pk)
    if held.valid_to > at:
        held.valid_to = max(at, held.valid_from)
        held.save(update_fields=["valid_to"])
        end_citations([held], at=at)
        data = {"reason": reason.strip()}
        record("desk.end_admission", subject=held, by=by, at=at, place=held.demander.place, data=data, drill=held.drill)
    return held
