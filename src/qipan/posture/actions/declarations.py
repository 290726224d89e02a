"""Declaring a response, raising and lowering its level, extending and ending it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit, ground_of
from qipan.forms.api import start_clock
from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.laws.api import Use, cite, end_citations, get_article
from qipan.territory.api import get_area
from qipan.warnings.api import get_warning

from .. import rules
from ..models import Declaration, DeclarationStep, DeclaredGround, Posture
from ..queries.declared import grounds_of
from ..terms import ResponseLevel, StepKind
from .conflicts import log_conflicts
from .contents import DECLARATION, DurationMissing, LevelMissing, basis_text, require_contents
from .postures import change_posture_level
from .refusals import DeclarationDatedBack, HazardUnknown
from .signing import check_signature, signer_of

log = logging.getLogger(__name__)


class LevelUnknown(Refusal):
    code = "level_unknown"
    sentence = _("A response has level I, II, III or IV (Emergency Response Law 2024, art. 71).")
    status = 400


class EndsBeforeStart(Refusal):
    code = "ends_before_start"
    sentence = _("The expected end does not lie after the start (Emergency Response Law 2024, art. 72).")
    status = 400


class AlreadyPast(Refusal):
    code = "already_past"
    sentence = _("The expected end lies in the past; nothing would be in force.")
    status = 400


class DeclarationNumberTaken(Refusal):
    code = "declaration_number_taken"
    sentence = _("The number %(number)s is taken by another declaration.")


class IssuerNotCompetent(Refusal):
    """The level needs a higher organ, or the organ only executes."""

    code = "issuer_not_competent"
    sentence = _(
        "%(issuer)s may not declare a response of this level: the plan gives it to a higher organ "
        "(Emergency Response Law 2024, art. 71 and 72)."
    )
    status = 403


class OutsideIssuersGround(Refusal):
    code = "outside_issuers_ground"
    sentence = _("%(issuer)s is not in charge of %(area)s (Emergency Response Law 2024, art. 72).")


class AlreadyEnded(Refusal):
    code = "declaration_ended"
    sentence = _("Declaration %(number)s has ended.")


class DeclarationLapsed(Refusal):
    code = "declaration_lapsed"
    sentence = _("The expected duration of declaration %(number)s has passed; declare anew if the danger goes on.")


class LevelUnchanged(Refusal):
    code = "level_unchanged"
    sentence = _("The response has this level already.")


class NotAnExtension(Refusal):
    code = "not_an_extension"
    sentence = _("The new expected end must lie after the present one.")
    status = 400


class ReasonMissing(Refusal):
    code = "reason_missing"
    sentence = _("A change of a response is explained: please give the reason.")
    status = 400


@dataclass(frozen=True)
class DeclarationEnded:
    """A response is over: it was ended, or its expected duration has passed. ``at`` is when that was written down."""

    declaration_id: int
    at: datetime


def _check_competence(issuer: Unit, *, level: int, at: datetime) -> None:
    organ = issuer.organ_type
    if not rules.may_issue(
        "response", str(level), rank=organ.authority_rank, executes_only=organ.executes_only, on=localdate(at)
    ):
        raise IssuerNotCompetent(issuer=issuer, level=level)


def _declared_ground(codes: Sequence[str], *, issuer: Unit, by: Actor) -> list[tuple[str, Range]]:
    """This function will return the areas' ranges; each must lie in the actor's scope and the issuer's ground."""
    own = ground_of(issuer)
    found = []
    for code in dict.fromkeys(codes):
        area = get_area(code)
        if not area.ranges or any(ground.without(by.scope.ranges) for ground in area.ranges):
            raise NotFound
        if any(ground.without(own) for ground in area.ranges):
            raise OutsideIssuersGround(issuer=issuer, area=area)
        found += [(area.code, ground) for ground in area.ranges]
    return found


@transaction.atomic
def declare(
    *,
    number: str,
    matter: str,
    hazard: str,
    level: int | None,
    basis: str,
    issuer: Unit | None,
    ground_codes: Sequence[str],
    starts_at: datetime | None,
    expected_until: datetime | None,
    measures: Sequence[str],
    article: str = "",
    follows: str = "",
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> Declaration:
    """This function will declare an emergency response. It starts nothing else: postures, forms and
    directives follow from the activation of a playbook.

    ``article`` is the code of an article of the register on which it rests; its name is the basis where none is given
    in words. ``follows`` is the identifier of the warning that came before it (the pre-alert), on the same ground.
    Needs ``declaration.issue``. Raises ``NotAllowed``; what ``get_article`` raises; for each missing part its own ``ContentMissing``
    (Emergency Response Law 2024, art. 72); ``LevelUnknown``, ``EndsBeforeStart``, ``AlreadyPast``, ``DeclarationDatedBack``,
    ``HazardUnknown``, ``NotYourOrgan``, ``IssuerNotCompetent``, ``NotFound`` (ground outside the scope),
    ``OutsideIssuersGround``, ``DeclarationNumberTaken``. A conflict with another command's declaration
    is no refusal: it is logged, and the higher prevails (EMG-3).
    """
    by.require("declaration.issue")
    chosen = get_article(article, on=localdate(at), use=Use.RESPONSE) if article else None
    basis = basis.strip() or (basis_text(chosen) if chosen else "")
    sentences = [sentence.strip() for sentence in measures if sentence.strip()]
    content = {
        "number": number,
        "matter": matter,
        "hazard": hazard,
        "level": level,
        "basis": basis,
        "issuer": issuer,
        "ground_codes": list(ground_codes),
        "starts_at": starts_at,
        "expected_until": expected_until,
        "measures": sentences,
    }
    require_contents(content, rules.DECLARATION, DECLARATION)
    assert level is not None and issuer is not None and starts_at is not None and expected_until is not None
    if level not in ResponseLevel.values:
        raise LevelUnknown(field="level")
    if expected_until <= starts_at:
        raise EndsBeforeStart(field="expected_until")
    if expected_until <= at:
        raise AlreadyPast(field="expected_until")
    if starts_at < at - rules.FILLING_IN:
        raise DeclarationDatedBack(field="starts_at")
    if hazard not in rules.words("hazards"):
        raise HazardUnknown(hazard=hazard[:40], field="hazard")
    check_signature(issuer, by=by)
    _check_competence(issuer, level=level, at=at)
    if chosen is not None and issuer.organ_type.authority_rank < (chosen.minimum_rank or 0):
        raise IssuerNotCompetent(issuer=issuer, level=level)
    grounds = _declared_ground(ground_codes, issuer=issuer, by=by)
    warned = get_warning(follows, ranges=[ground for _code, ground in grounds]) if follows else None
    if warned is not None and warned.drill != drill:
        raise NotFound
    try:
        with transaction.atomic():
            declaration = Declaration.objects.create(
                number=number,
                matter=matter,
                hazard=hazard,
                level=level,
                basis=basis,
                issuer=issuer,
                follows=warned,
                measures=sentences,
                starts_at=starts_at,
                expected_until=expected_until,
                decided_at=at,
                drill=drill,
            )
    except IntegrityError:  # the constraint also settles two who declare at once
        raise DeclarationNumberTaken(field="number", number=number) from None
    DeclaredGround.objects.bulk_create(
        DeclaredGround(declaration=declaration, code=code, first=ground.first, last=ground.last)
        for code, ground in grounds
    )
    if chosen is not None:
        cite(declaration, chosen.code, use=Use.RESPONSE, unit_id=issuer.pk, place=issuer.place, at=at)
    _step(declaration, StepKind.DECLARED, reason="", by=by, at=at)
    record(
        "posture.declare",
        subject=declaration,
        by=by,
        at=at,
        place=issuer.place,
        data={
            "number": number,
            "level": level,
            "basis": basis,
            "grounds": [code for code, _ground in grounds],
            "starts_at": starts_at.isoformat(),
            "expected_until": expected_until.isoformat(),
            **({"follows": warned.identifier} if warned else {}),
        },
        drill=drill,
    )
    log_conflicts(declaration, by=by, at=at)
    return declaration


def _step(declaration: Declaration, kind: StepKind, *, reason: str, by: Actor, at: datetime) -> None:
    DeclarationStep.objects.create(
        declaration=declaration,
        kind=kind,
        level=declaration.level,
        expected_until=declaration.expected_until,
        reason=reason,
        at=at,
        by_label=by.label,
    )


def _running(declaration: Declaration, *, ends: bool = False, by: Actor, at: datetime) -> Declaration:
    """This function will return the declaration, locked, when it may still be changed by this actor.

    Who ``ends`` it may have lost a part of its ground since; what goes on there is only for who has all of it.
    """
    by.require("declaration.issue")
    fresh = Declaration.objects.select_for_update().select_related("issuer__organ_type").get(pk=declaration.pk)
    grounds = grounds_of(fresh)
    whole = not any(ground.without(by.scope.ranges) for ground in grounds)
    if not whole and not (ends and any(by.scope.narrowed(ground).ranges for ground in grounds)):
        raise NotFound
    signer_of(fresh.issuer, by=by)
    if fresh.ended_at is not None:
        raise AlreadyEnded(number=fresh.number)
    return fresh


@transaction.atomic
def change_level(declaration: Declaration, *, level: int, reason: str, by: Actor, at: datetime) -> Declaration:
    """This function will raise or lower the level of a response, and of the postures that rest on it.

    Needs ``declaration.issue``. Raises ``NotAllowed``, ``NotFound``, ``NotYourOrgan``, ``AlreadyEnded``,
    ``DeclarationLapsed``, ``LevelMissing``, ``LevelUnknown``, ``LevelUnchanged``, ``ReasonMissing``,
    ``IssuerNotCompetent``.
    """
    fresh = _running(declaration, by=by, at=at)
    if fresh.expected_until <= at:
        raise DeclarationLapsed(number=fresh.number)
    if level is None:
        raise LevelMissing(field="level")
    if level not in ResponseLevel.values:
        raise LevelUnknown(field="level")
    if level == fresh.level:
        raise LevelUnchanged(field="level")
    if not reason.strip():
        raise ReasonMissing(field="reason")
    _check_competence(signer_of(fresh.issuer, by=by), level=level, at=at)
    old, fresh.level = fresh.level, level
    fresh.save(update_fields=["level"])
    changed = change_posture_level(fresh, at=at)
    _step(fresh, StepKind.LEVEL, reason=reason, by=by, at=at)
    record(
        "posture.change_level",
        subject=fresh,
        by=by,
        at=at,
        place=fresh.issuer.place,
        data={"old": old, "new": level, "reason": reason, "postures": changed},
        drill=fresh.drill,
    )
    log_conflicts(fresh, by=by, at=at)
    return fresh


@transaction.atomic
def extend_declaration(
    declaration: Declaration, *, expected_until: datetime | None, reason: str, by: Actor, at: datetime
) -> Declaration:
    """This function will set a later expected end, for the response and the postures that rest on it.

    Needs ``declaration.issue``. Raises ``NotAllowed``, ``NotFound``, ``NotYourOrgan``, ``AlreadyEnded``,
    ``DeclarationLapsed``, ``DurationMissing``, ``NotAnExtension``, ``ReasonMissing``. Measures are
    extended one by one: whether each is still needed is asked each time.
    """
    fresh = _running(declaration, by=by, at=at)
    if fresh.expected_until <= at:
        raise DeclarationLapsed(number=fresh.number)
    if expected_until is None:
        raise DurationMissing(field="expected_until")
    if expected_until <= fresh.expected_until:
        raise NotAnExtension(field="expected_until")
    if not reason.strip():
        raise ReasonMissing(field="reason")
    old, fresh.expected_until = fresh.expected_until, expected_until
    fresh.save(update_fields=["expected_until"])
    postures = Posture.objects.filter(declaration=fresh, ended_at=None, until=old).update(until=expected_until)
    _step(fresh, StepKind.EXTENDED, reason=reason, by=by, at=at)
    record(
        "posture.extend_declaration",
        subject=fresh,
        by=by,
        at=at,
        place=fresh.issuer.place,
        data={
            "old": old.isoformat(),
            "new": expected_until.isoformat(),
            "reason": reason,
            "postures": postures,
        },
        drill=fresh.drill,
    )
    log_conflicts(fresh, by=by, at=at)
    return fresh


@transaction.atomic
def end_declaration(declaration: Declaration, *, reason: str, by: Actor, at: datetime) -> Declaration:
    """This function will end a response (Emergency Response Law 2024, art. 86) and start the clock of what was collected
    for it. Nothing else: what the response opened is closed by the release, which lists what is open with its owner.

    Needs ``declaration.issue``. Raises ``NotAllowed``, ``NotFound``, ``NotYourOrgan``, ``AlreadyEnded``,
    ``ReasonMissing``.
    """
    fresh = _running(declaration, ends=True, by=by, at=at)
    if not reason.strip():
        raise ReasonMissing(field="reason")
    fresh.end_reason = reason
    _end(fresh, StepKind.ENDED, ended=at, by=by, at=at)
    return fresh


def _end(declaration: Declaration, kind: StepKind, *, ended: datetime, by: Actor, at: datetime) -> None:
    """What every end brings, by an act or by itself: citation ended, clock started, journal written, rooms above told."""
    declaration.ended_at = ended
    declaration.save(update_fields=["ended_at", "end_reason"])
    end_citations([declaration], at=at)
    answers = start_clock(declaration.number, at=ended)
    _step(declaration, kind, reason=declaration.end_reason, by=by, at=at)
    record(
        "posture.end_declaration" if kind == StepKind.ENDED else "posture.lapse_declaration",
        subject=declaration,
        by=by,
        at=at,
        place=declaration.issuer.place,
        data={"reason": declaration.end_reason, "ended_at": ended.isoformat(), "answers": answers},
        drill=declaration.drill,
    )
    publish(DeclarationEnded(declaration_id=declaration.pk, at=at))


def end_lapsed(*, by: Actor, at: datetime) -> int:
    """This function will end every response whose expected duration has passed, at that moment, and return how many.

    It stops holding then without this. Here its end is written down and opens what an ordered end opens: the review, the
    release, the clock of what was collected. One by one, each in a transaction of its own, so a crash loses nothing and
    the next minute goes on; one that a room above cannot take is told to the log, tried again the next minute, and holds
    up no other. Harmless to repeat. For the minute's job.
    """
    over = Declaration.objects.filter(ended_at=None, expected_until__lte=at)
    ended = 0
    for pk in over.order_by("expected_until", "pk").values_list("pk", flat=True):
        try:
            ended += _lapse(pk, by=by, at=at)
        except Exception:  # whatever it is, the responses after it end as well
            log.exception("Response %s has lapsed and cannot be ended", pk)
    return ended


@transaction.atomic
def _lapse(pk: int, *, by: Actor, at: datetime) -> bool:
    """Ends one; not what was ended or extended since it was read."""
    rows = Declaration.objects.select_for_update(of=("self",)).select_related("issuer")
    lapsed = rows.filter(pk=pk, ended_at=None, expected_until__lte=at).first()
    if lapsed is not None:
        _end(lapsed, StepKind.LAPSED, ended=lapsed.expected_until, by=by, at=at)
    return lapsed is not None
