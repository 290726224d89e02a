"""Imposing and extending control measures."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import localdate, localtime

from qipan.duties.api import Unit, ground_of
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, later
from qipan.laws.api import Article, Use, cite, get_article
from qipan.territory.api import ground_name

from .. import rules
from ..models import Declaration, Measure, OpenEnd
from ..queries.declared import grounds_of
from ..queries.measures import beyond_spans, goes_on
from ..queries.zoning import Judged, hazard_label, judge, level_label, rank_label
from .contents import MEASURE, basis_text, require_contents
from .ending import weigh_ahead
from .noting import clock_of_measures, note, still_in_force
from .postures import DeclarationNotRunning, OutsideDeclaredGround
from .refusals import (
    BeyondNotForYou,
    BeyondRunsOn,
    BeyondTooLong,
    ComplaintRouteMissing,
    GuidanceIncomplete,
    HazardUngraded,
    HazardUnknown,
    HazardUnsaid,
    MeasureDatedBack,
    MeasureIssuerNotCompetent,
    MeasureKindUnknown,
    MeasureOnlyExecuted,
    MeasureOutsideIssuersGround,
    MeasureOver,
    MeasureTimesDisordered,
    MeasureTooStrict,
    MeasureTooWide,
    OutlivesDeclaration,
)
from .reviewing import check_review_day
from .signing import check_signature, signer_of

Span = tuple[datetime, datetime]


@transaction.atomic
def impose_measure(
    *,
    kind: str,
    title: str,
    article: str,
    issuer: Unit | None,
    grounds: Iterable[Range],
    starts_at: datetime | None,
    expires_at: datetime | None,
    review_at: datetime | None,
    hazard: str = "",
    over_reason: str = "",
    guidance: Mapping[str, str] | None = None,
    declaration: Declaration | None = None,
    extends: Measure | None = None,
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> list[Measure]:
    """This function will impose a measure on grounds; one row for each range. It ends by itself at its expiry.

    ``article`` is the code of its legal basis in the register of laws. Against the declaration's ``hazard``, or the one
    that is given, the zones of each ground must justify it; a kind that needs a zone against some hazard needs a
    declaration against one that has none; ``over_reason`` is the reason of a higher organ that goes beyond this. ``guidance`` is what residents are told, by language, where the order says more than its kind.
    Needs ``measure.impose``. Raises ``NotAllowed``; for each missing part its own ``ContentMissing``;
    ``MeasureKindUnknown``, ``ComplaintRouteMissing``, ``GuidanceIncomplete``, ``MeasureDatedBack``,
    ``MeasureTimesDisordered``, ``ReviewTooLate``, ``NotYourOrgan``, ``MeasureIssuerNotCompetent``, what ``get_article`` raises, ``NotFound``,
    ``MeasureOutsideIssuersGround``, ``DeclarationNotRunning``, ``OutsideDeclaredGround``, ``OutlivesDeclaration``,
    ``HazardUnsaid``, ``HazardUnknown``, ``HazardUngraded``, ``MeasureTooStrict``, ``MeasureTooWide``, ``BeyondNotForYou``, ``BeyondTooLong``,
    ``BeyondRunsOn``.
    """
    by.require("measure.impose")
    ranges = [Range(*ground) for ground in grounds]
    content = {
        "kind": kind,
        "title": title,
        "article": article,
        "issuer": issuer,
        "grounds": ranges,
        "starts_at": starts_at,
        "expires_at": expires_at,
        "review_at": review_at,
    }
    require_contents(content, rules.MEASURE, MEASURE)
    assert issuer is not None and starts_at is not None and expires_at is not None and review_at is not None
    known = kind_of(kind)
    words = {language: text.strip() for language, text in (guidance or {}).items() if text.strip()}
    if rules.missing_language(words):
        raise GuidanceIncomplete(field="guidance")
    _check_times(starts_at, review_at, expires_at, at=at)
    check_review_day(known.code, review_at, since=starts_at, field="review_at")
    check_signature(issuer, by=by)
    if hazard and declaration is None and hazard not in rules.words("hazards"):
        raise HazardUnknown(hazard=hazard[:40], field="hazard")
    for day in sorted({localdate(at), localdate(max(starts_at, at))}):  # whose end is known before it begins is none
        basis = get_article(article, on=day, use=Use.MEASURE)
    _check_issuer(issuer, kind=kind, article=basis, at=at)
    if any(ground.without(by.scope.ranges) for ground in ranges):
        raise NotFound
    own = ground_of(issuer)
    if any(ground.without(own) for ground in ranges):
        raise MeasureOutsideIssuersGround(issuer=issuer)
    if declaration is not None:
        drill, hazard = declaration.drill, declaration.hazard
        if not rules.in_force(declaration.starts_at, declaration.expected_until, declaration.ended_at, at=at):
            raise DeclarationNotRunning(number=declaration.number)
        declared = grounds_of(declaration)
        if any(ground.without(declared) for ground in ranges):
            raise OutsideDeclaredGround(number=declaration.number)
        if expires_at > declaration.expected_until:
            raise OutlivesDeclaration(number=declaration.number)
    held = starts_at, expires_at
    reason, imposed = over_reason.strip(), []
    for ground in ranges:
        # In an exercise nothing is confirmed: what the zones of the real city say does not bind it.
        judged = None if drill else judge(kind, hazard, ground, at=max(starts_at, at))
        beyond = bool(judged and judged.beyond)
        if judged is not None and beyond:
            _check_beyond(judged, kind=known.code, issuer=issuer, reason=reason, held=held)
        elif judged is None and not drill and (most := rules.strictest(kind)) is not None:
            if not hazard:
                raise HazardUnsaid(field="hazard")
            if declaration is None:
                beyond = True
                _check_ungraded(
                    most, kind=known.code, ground=ground, hazard=hazard, issuer=issuer, reason=reason, held=held
                )
        measure = Measure.objects.create(
            declaration=declaration,
            kind=known.code,
            hazard=hazard,
            title=title,
            basis=basis_text(basis),
            over_reason=reason if beyond else "",
            guidance=words,
            issuer=issuer,
            first=ground.first,
            last=ground.last,
            starts_at=starts_at,
            expires_at=expires_at,
            review_at=review_at,
            extends=extends,
            tasks_of=extends.tasks_of if extends else None,
            drill=drill,
        )
        OpenEnd.objects.create(measure=measure, ends_at=expires_at)
        cite(measure, article, use=Use.MEASURE, unit_id=issuer.pk, place=ground.first, at=at)
        imposed.append(measure)
    for measure in imposed:
        note("posture.impose_measure", measure, by=by, at=at, article=article)
    weigh_ahead(imposed, by=clock_of_measures(), at=at)
    return imposed


def kind_of(code: str) -> rules.Kind:
    """This function will return a kind of measure that may be imposed: it is known and has a complaint route."""
    known = rules.kinds().get(code)
    if known is None:
        raise MeasureKindUnknown(kind=code[:40], field="kind")
    if not known.complaint_category:
        raise ComplaintRouteMissing(field="kind")
    return known


def _check_times(starts_at: datetime, review_at: datetime, expires_at: datetime, *, at: datetime) -> None:
    if starts_at < at - rules.FILLING_IN:
        raise MeasureDatedBack(field="starts_at")
    if not (starts_at < expires_at and starts_at <= review_at <= expires_at and expires_at > at):
        raise MeasureTimesDisordered(field="expires_at")


def _check_issuer(issuer: Unit, *, kind: str, article: Article, at: datetime) -> None:
    organ = issuer.organ_type
    if organ.executes_only:
        raise MeasureOnlyExecuted(issuer=issuer)
    needed = rules.rank_needed(kind, article.minimum_rank, on=localdate(at))
    if needed is None or organ.authority_rank < needed:
        raise MeasureIssuerNotCompetent(issuer=issuer, article=article, rank=later(rank_label, needed))


def _check_beyond(judged: Judged, *, kind: str, issuer: Unit, reason: str, held: Span) -> None:
    grade = judged.grade
    if not reason:
        raise (MeasureTooWide if judged.beyond == rules.WIDE else MeasureTooStrict)(
            area=later(ground_name, judged.ground),
            reaching=judged.reaching,
            of=judged.of,
            level=later(level_label, grade.least_level),
            rank=later(rank_label, grade.over_rank),
            days=grade.over_days,
            field="grounds",
        )
    _check_over(grade, kind=kind, ground=judged.ground, issuer=issuer, held=held)


def _check_ungraded(
    most: rules.Grade, *, kind: str, ground: Range, hazard: str, issuer: Unit, reason: str, held: Span
) -> None:
    if not reason:
        raise HazardUngraded(
            hazard=later(hazard_label, hazard),
            rank=later(rank_label, most.over_rank),
            days=most.over_days,
            field="hazard",
        )
    _check_over(most, kind=kind, ground=ground, issuer=issuer, held=held)


def _check_over(grade: rules.Grade, *, kind: str, ground: Range, issuer: Unit, held: Span) -> None:
    if issuer.organ_type.authority_rank < grade.over_rank:
        raise BeyondNotForYou(issuer=issuer, rank=later(rank_label, grade.over_rank), field="over_reason")
    most = timedelta(days=grade.over_days)
    if held[1] - held[0] > most:
        raise BeyondTooLong(days=grade.over_days, field="expires_at")
    # Neither an extension nor the same order once more, also by another organ, begins the days anew.
    since, until = rules.run_of(held, beyond_spans(kind, ground, near=held, within=3 * most), gap=most)
    if until - since > most:
        raise BeyondRunsOn(since=f"{localtime(since):%Y-%m-%d %H:%M}", days=grade.over_days, field="expires_at")


@transaction.atomic
def extend_measure(
    measure: Measure,
    *,
    expires_at: datetime,
    review_at: datetime,
    article: str,
    over_reason: str = "",
    by: Actor,
    at: datetime,
) -> Measure:
    """This function will extend a measure: a new row with its own basis that begins where the old one ends.

    Needs ``measure.impose``. Raises ``NotAllowed``, ``NotFound``, ``MeasureOver`` and what ``impose_measure`` raises.
    """
    by.require("measure.impose")
    if Range(measure.first, measure.last).without(by.scope.ranges):
        raise NotFound
    fresh = still_in_force(measure, at=at)
    if goes_on(fresh):
        raise MeasureOver
    return impose_measure(
        kind=fresh.kind,
        title=fresh.title,
        article=article,
        issuer=signer_of(fresh.issuer, by=by),
        grounds=[Range(fresh.first, fresh.last)],
        starts_at=fresh.expires_at,
        expires_at=expires_at,
        review_at=review_at,
        hazard=fresh.hazard,
        over_reason=over_reason,
        guidance=fresh.guidance,
        declaration=fresh.declaration,
        extends=fresh,
        by=by,
        at=at,
        drill=fresh.drill,
    )[0]
