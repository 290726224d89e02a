"""Imposing, extending and lifting control measures."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit, ground_of
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal

from .. import rules
from ..models import Declaration, Measure
from ..queries import grounds_of
from .contents import MEASURE, require_contents
from .declarations import check_signature
from .postures import DeclarationNotRunning, OutsideDeclaredGround


class MeasureIssuerNotCompetent(Refusal):
    """Communities and property companies carry measures out; they never impose them."""

    code = "measure_issuer_not_competent"
    sentence = _(
        "%(issuer)s may carry measures out but not impose them: that is for the county level and above "
        "(Law on Prevention and Treatment of Infectious Diseases; Emergency Response Law 2024, art. 72)."
    )
    status = 403


class MeasureOutsideIssuersGround(Refusal):
    code = "measure_outside_issuers_ground"
    sentence = _("%(issuer)s is not in charge of all of this ground (Emergency Response Law 2024, art. 72).")


class MeasureTimesDisordered(Refusal):
    code = "measure_times_disordered"
    sentence = _(
        "A measure starts, is reviewed and expires in this order, and expires in the future "
        "(Emergency Response Law 2024, art. 10)."
    )
    status = 400


class OutlivesDeclaration(Refusal):
    code = "measure_outlives_declaration"
    sentence = _(
        "The measure would outlive declaration %(number)s, which is expected to end earlier "
        "(Emergency Response Law 2024, art. 10)."
    )


class MeasureOver(Refusal):
    code = "measure_over"
    sentence = _("The measure is over: it was lifted, has expired or was extended already.")


class MeasureOfAnother(Refusal):
    """As with directives: a command above may undo what is below it, never the other way round (EMG-3)."""

    code = "measure_of_another"
    sentence = _("%(issuer)s imposed the measure; it, or a command above it, lifts it.")
    status = 403


@transaction.atomic
def impose_measure(
    *,
    kind: str,
    title: str,
    basis: str,
    issuer: Unit | None,
    grounds: Iterable[Range],
    starts_at: datetime | None,
    expires_at: datetime | None,
    review_at: datetime | None,
    declaration: Declaration | None = None,
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> list[Measure]:
    """This function will impose a measure on grounds; one row for each range. It ends by itself at its expiry.

    Needs ``measure.impose``. Raises ``NotAllowed``; for each missing part its own ``ContentMissing``;
    ``MeasureTimesDisordered``, ``NotYourOrgan``, ``MeasureIssuerNotCompetent``, ``NotFound``,
    ``MeasureOutsideIssuersGround``, ``DeclarationNotRunning``, ``OutsideDeclaredGround``,
    ``OutlivesDeclaration``.
    """
    by.require("measure.impose")
    ranges = [Range(*ground) for ground in grounds]
    content = {
        "kind": kind,
        "title": title,
        "basis": basis,
        "issuer": issuer,
        "grounds": ranges,
        "starts_at": starts_at,
        "expires_at": expires_at,
        "review_at": review_at,
    }
    require_contents(content, rules.MEASURE, MEASURE)
    assert issuer is not None and starts_at is not None and expires_at is not None and review_at is not None
    _check_times(starts_at, review_at, expires_at, at=at)
    check_signature(issuer, by=by)
    _check_issuer(issuer, kind=kind, at=at)
    if any(ground.without(by.scope.ranges) for ground in ranges):
        raise NotFound
    own = ground_of(issuer)
    if any(ground.without(own) for ground in ranges):
        raise MeasureOutsideIssuersGround(issuer=issuer.label)
    if declaration is not None:
        drill = declaration.drill
        if not rules.in_force(declaration.starts_at, declaration.expected_until, declaration.ended_at, at=at):
            raise DeclarationNotRunning(number=declaration.number)
        declared = grounds_of(declaration)
        if any(ground.without(declared) for ground in ranges):
            raise OutsideDeclaredGround(number=declaration.number)
        if expires_at > declaration.expected_until:
            raise OutlivesDeclaration(number=declaration.number)
    imposed = [
        Measure.objects.create(
            declaration=declaration,
            kind=kind,
            title=title,
            basis=basis,
            issuer=issuer,
            first=ground.first,
            last=ground.last,
            starts_at=starts_at,
            expires_at=expires_at,
            review_at=review_at,
            drill=drill,
        )
        for ground in ranges
    ]
    for measure in imposed:
        _record("posture.impose_measure", measure, by=by, at=at)
    return imposed


def _check_times(starts_at: datetime, review_at: datetime, expires_at: datetime, *, at: datetime) -> None:
    if not (starts_at < expires_at and starts_at <= review_at <= expires_at and expires_at > at):
        raise MeasureTimesDisordered(field="expires_at")


def _check_issuer(issuer: Unit, *, kind: str, at: datetime) -> None:
    organ = issuer.organ_type
    if not rules.may_issue(
        "measure", kind, rank=organ.authority_rank, executes_only=organ.executes_only, on=localdate(at)
    ):
        raise MeasureIssuerNotCompetent(issuer=issuer.label)


def _record(act: str, measure: Measure, *, by: Actor, at: datetime) -> None:
    record(
        act,
        subject=measure,
        by=by,
        at=at,
        place=measure.first,
        data={
            "kind": measure.kind,
            "basis": measure.basis,
            "issuer": measure.issuer.code,
            "starts_at": measure.starts_at.isoformat(),
            "expires_at": measure.expires_at.isoformat(),
            "review_at": measure.review_at.isoformat(),
        },
        drill=measure.drill,
    )


def _in_force(measure: Measure, *, at: datetime) -> Measure:
    """This function will return the measure, locked; refuses one that no longer holds or was extended."""
    fresh = Measure.objects.select_for_update(of=("self",)).select_related("issuer__organ_type").get(pk=measure.pk)
    if fresh.lifted_at is not None or fresh.expires_at <= at:
        raise MeasureOver
    return fresh


@transaction.atomic
def extend_measure(
    measure: Measure, *, expires_at: datetime, review_at: datetime, basis: str, by: Actor, at: datetime
) -> Measure:
    """This function will extend a measure: a new row with its own basis that begins where the old one ends.

    Needs ``measure.impose``. Raises ``NotAllowed``, ``NotFound``, ``MeasureOver``, ``MeasureBasisMissing``
    and what ``impose_measure`` raises.
    """
    by.require("measure.impose")
    if Range(measure.first, measure.last).without(by.scope.ranges):
        raise NotFound
    fresh = _in_force(measure, at=at)
    if Measure.objects.filter(extends=fresh, lifted_at=None).exists():
        raise MeasureOver
    extension = impose_measure(
        kind=fresh.kind,
        title=fresh.title,
        basis=basis,
        issuer=fresh.issuer,
        grounds=[Range(fresh.first, fresh.last)],
        starts_at=fresh.expires_at,
        expires_at=expires_at,
        review_at=review_at,
        declaration=fresh.declaration,
        by=by,
        at=at,
        drill=fresh.drill,
    )[0]
    extension.extends = fresh
    extension.save(update_fields=["extends"])
    return extension


@transaction.atomic
def lift_measure(measure: Measure, *, by: Actor, at: datetime) -> bool:
    """This function will lift a measure, with its extensions that have not begun; says whether it still held.

    Lifting what is over is harmless. Needs ``measure.impose`` or ``release.run``, in the unit that imposed
    it or in a command above. Raises ``NotAllowed``, ``NotFound``, ``MeasureOfAnother``.
    """
    if not by.can("release.run"):
        by.require("measure.impose")
    if Range(measure.first, measure.last).without(by.scope.ranges):
        raise NotFound
    if by.unit_id not in (None, measure.issuer_id) and measure.issuer.place not in by.scope:
        raise MeasureOfAnother(issuer=measure.issuer.label)
    lifted = Measure.objects.filter(pk=measure.pk, lifted_at=None, expires_at__gt=at).update(lifted_at=at)
    if not lifted:
        return False
    for extension in Measure.objects.filter(extends_id=measure.pk, lifted_at=None):
        lift_measure(extension, by=by, at=at)
    _record("posture.lift_measure", Measure.objects.select_related("issuer").get(pk=measure.pk), by=by, at=at)
    return True
