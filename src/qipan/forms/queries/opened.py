"""Reading forms: which version holds, what is open where."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.rows import Reading
from qipan.kernel.scoped import overlapping

from .. import rules
from ..models import Form, FormOpening
from ..terms import Subject

PostureKind = Callable[[Sequence[Range], datetime, bool], str | None]
TeamGround = Callable[[int], Sequence[Range]]
_posture: list[PostureKind] = []
_teams: list[TeamGround] = []


def register_posture(kind_on: PostureKind) -> None:
    """This function will ask ``kind_on(ranges, at, drill)`` for the posture before a form about persons opens.

    Postures stand above forms in the house; they register in ``apps.ready``.
    """
    _posture[:] = [kind_on]


def posture_kind(ranges: Sequence[Range], *, at: datetime, drill: bool) -> str | None:
    """This function will return the posture that binds forms on the ground, None for routine."""
    return _posture[0](ranges, at, drill) if _posture else None


def register_teams(ground_of: TeamGround) -> None:
    """This function will ask ``ground_of(team)`` where a team works before anything is asked of its passes.

    Teams stand above forms in the house; they register in ``apps.ready``.
    """
    _teams[:] = [ground_of]


def asked_ground(actor: Actor, form: Form | None = None) -> Scope:
    """This function will return the ground on which forms are asked of an actor: of a team's pass its team's part.

    What a ``form`` about units says and is filled in with is the whole unit's, whichever team writes it down.
    """
    if actor.team_id is None or not _teams or (form is not None and form.subject == Subject.UNIT):
        return actor.scope
    return Scope(tuple(part for own in _teams[0](actor.team_id) for part in actor.scope.narrowed(own).ranges))


def get_form(code: str, *, at: datetime) -> Form:
    """This function will return the newest version of a form that is published by ``at``, without its files; raises ``NotFound``."""
    rows = Form.objects.select_related("issuer").defer("source", "xform").filter(code=code, valid_from__lte=at)
    form = rows.order_by("-version").first()
    if form is None:
        raise NotFound
    return form


def forms_by_validity(at: datetime) -> tuple[list[Form], list[Form]]:
    """This function will return the newest version of every form: those valid at ``at``, and those expired."""
    newest: dict[str, Form] = {}
    rows = Form.objects.select_related("issuer").defer("source", "xform").filter(valid_from__lte=at)
    for form in rows.order_by("code", "version"):
        newest[form.code] = form
    holding = [form for form in newest.values() if rules.valid(form.valid_from, form.valid_to, at=at)]
    return holding, [form for form in newest.values() if form not in holding]


def running(at: datetime) -> Q:
    """This function will return the filter for openings that time and passport leave open at ``at``."""
    return Q(opened_at__lte=at, closes_at__gt=at, form__valid_from__lte=at, form__valid_to__gt=at) & (
        Q(closed_at=None) | Q(closed_at__gt=at)
    )


def openings_on(ranges: Iterable[Range]) -> QuerySet[FormOpening]:
    """This function will return every opening that meets the ground, the newest first, without the forms' files."""
    return (
        FormOpening.objects.filter(overlapping(ranges))
        .select_related("form__issuer")
        .defer("form__source", "form__xform")
        .order_by("-opened_at", "-pk")
    )


_OPEN = Reading[FormOpening](lambda ground, code, at: openings_on(ground.ranges).filter(running(at), form__code=code))


def open_forms(ranges: Iterable[Range], *, at: datetime, code: str = "") -> list[FormOpening]:
    """This function will return what is open on the ground at ``at``, exact to the second without any job; ``code``
    asks for one form.

    A form about persons does not count as open on ground where the standing posture holds (EMG-19).
    """
    return [
        opening
        for opening in (_OPEN(Scope(tuple(ranges)), code, at) if code else openings_on(ranges).filter(running(at)))
        if opening.form.subject != "PERSON"
        or rules.may_open(
            opening.form.subject,
            posture_kind([Range(opening.first, opening.last)], at=at, drill=opening.drill),
        )
    ]
