"""Pages of measures: what is in force on a ground, imposing one with its zones shown first, one measure and its acts."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import areas_to_begin_on, signing_unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.laws.api import Use, article_choices, cited_by
from qipan.territory.api import get_area

from .. import rules
from ..actions.ending import lift_measure
from ..actions.measures import extend_measure, impose_measure
from ..actions.orders import send_order_tasks
from ..actions.reviewing import review_measure
from ..input import (
    ActInput,
    LiftInput,
    MeasureExtensionInput,
    MeasureInput,
    MeasureReviewInput,
    OrderTaskInput,
)
from ..models import Declaration, Measure
from ..queries.cards import cards_of
from ..queries.declared import declared_areas, get_declaration, organ_of
from ..queries.measures import (
    get_measure,
    measures_ended,
    measures_in_force,
    measures_to_come,
    measures_to_review,
    tasks_under,
)
from ..queries.zoning import Judged, Part, judge, parts_of

PER_PAGE = 30
SHOWS = {
    "force": (_("In force"), measures_in_force),
    "review": (_("Due for review"), measures_to_review),
    "coming": (_("To come"), measures_to_come),
    "ended": (_("Ended"), measures_ended),
}


def ranges_of(codes: Sequence[str], *, declaration: Declaration | None) -> list[Range]:
    """This function will return the grounds of areas, of declared ones as declared; raises ``NotFound`` for a code that is none."""
    declared: dict[str, list[Range]] = defaultdict(list)
    for ground in declaration.grounds.order_by("first") if declaration else ():
        declared[ground.code].append(Range(ground.first, ground.last))
    return [part for code in dict.fromkeys(codes) for part in declared.get(code) or get_area(code).ranges]


@require_GET
def measures_page(request: HttpRequest) -> HttpResponse:
    """This view will list the measures on the actor's ground, or on one area of it: in force, due for review, to come, ended."""
    actor, at = signed_in(request), now()
    actor.require("board.view", "desk.view")
    show, area = request.GET.get("show", "force"), request.GET.get("area", "")
    if show not in SHOWS:
        raise NotFound
    ground = _ground(actor, area)
    page = Paginator(SHOWS[show][1](ground, at=at), PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page)
    shown = {
        "page": page,
        "rows": list(zip(rows, cards_of(rows, at=at), strict=True)),
        "shows": [(name, label, found(ground, at=at).count()) for name, (label, found) in SHOWS.items()],
        "show": show,
        "area": get_area(area) if area else None,
        "may_impose": actor.can("measure.impose"),
        "at": at,
    }
    return render(request, "posture/measures.html", shown)


def _ground(actor: Actor, area: str) -> Sequence[Range]:
    if not area:
        return actor.scope.ranges
    ranges = get_area(area).ranges
    if not all(actor.scope.covers(part) for part in ranges):
        raise NotFound
    return ranges


@require_http_methods(["GET", "POST"])
@needs("measure.impose")
def new_measure_page(request: HttpRequest) -> HttpResponse:
    """This view will take a new measure; what the zones justify is shown before, and what is refused beside its field."""
    actor, at = signed_in(request), now()
    unit = organ_of(actor, "measure.impose")
    declaration = _declaration(request, actor)
    areas = declared_areas(declaration) if declaration else areas_to_begin_on(unit)
    offered: dict[str, Any] = {"articles": article_choices(Use.MEASURE, on=localdate(at))}
    if request.method == "GET":
        begin: dict[str, Any] = {"starts_at": at}
        if declaration is not None:
            begin |= {"expires_at": declaration.expected_until, "hazard": declaration.hazard}
        form = MeasureInput(initial=begin, **offered)
        form.offer_areas(areas)
        return _new(request, form, declaration)
    form = MeasureInput(request.POST, **offered)
    form.offer_areas(areas)
    if not form.is_valid():
        return _new(request, form, declaration, status=400)
    judged: list[Judged] = []
    parts: list[Part] = []
    try:
        given, grounds = form.cleaned_data, ranges_of(form.area_codes(), declaration=declaration)
        hazard = declaration.hazard if declaration else given["hazard"]
        begins = max(given["starts_at"] or at, at)
        judged = [one for ground in grounds if (one := judge(given["kind"], hazard, ground, at=begins)) is not None]
        parts = parts_of(grounds, hazard=hazard, at=begins) if hazard else []
        if "check" in request.POST:
            return _new(request, form, declaration, judged=judged, parts=parts, checked=True)
        imposed = impose_measure(
            kind=given["kind"],
            title=given["title"],
            article=given["article"],
            issuer=unit,
            grounds=grounds,
            starts_at=given["starts_at"],
            expires_at=given["expires_at"],
            review_at=given["review_at"],
            hazard=hazard,
            over_reason=given["over_reason"],
            guidance=form.guidance(),
            declaration=declaration,
            by=actor,
            at=at,
            drill=bool(declaration and declaration.drill),
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return _new(request, form, declaration, judged=judged, parts=parts, status=refusal.status)
    return redirect("measure", imposed[0].pk) if len(imposed) == 1 else redirect("measures")


def _declaration(request: HttpRequest, actor: Actor) -> Declaration | None:
    given = request.GET.get("declaration", "")
    if not given:
        return None
    key = key_of(given)
    if key is None:
        raise NotFound
    return get_declaration(key, actor=actor)


def _new(
    request: HttpRequest,
    form: MeasureInput,
    declaration: Declaration | None,
    *,
    judged: Sequence[Judged] = (),
    parts: Sequence[Part] = (),
    checked: bool = False,
    status: int = 200,
) -> HttpResponse:
    if declaration is not None:
        del form.fields["hazard"]
    shown = {
        "form": form,
        "declaration": declaration,
        "judged": judged,
        "parts": parts,
        "checked": checked,
        "beyond": any(one.beyond for one in judged),
        "ungraded": checked
        and not judged
        and declaration is None
        and rules.strictest(form.cleaned_data["kind"]) is not None,
    }
    return render(request, "posture/measure_new.html", shown, status=status)


def _review(measure: Measure, form: ActInput, actor: Actor, at: datetime) -> None:
    review_measure(measure, **form.cleaned_data, by=actor, at=at)


def _extend(measure: Measure, form: ActInput, actor: Actor, at: datetime) -> None:
    extend_measure(measure, **form.cleaned_data, by=actor, at=at)


def _lift(measure: Measure, form: ActInput, actor: Actor, at: datetime) -> None:
    lift_measure(measure, reason=form.cleaned_data["reason"], by=actor, at=at)


def _ask(measure: Measure, form: ActInput, actor: Actor, at: datetime) -> None:
    given = form.cleaned_data
    send_order_tasks(measure, kind=given["task"], title=given["title"], due_at=given["due_at"], by=actor, at=at)


ACTS: dict[str, Callable[[Measure, ActInput, Actor, datetime], None]] = {
    "review": _review,
    "extend": _extend,
    "lift": _lift,
    "tasks": _ask,
}


def _form(name: str, measure: Measure, data: Any = None, *, at: datetime) -> ActInput:
    """This function will return the form of an act, filled with ``data`` or empty."""
    if name == "review":
        since = max(at, measure.starts_at)
        proposed = rules.proposed_review(measure.kind, since=since, until=measure.expires_at)
        return MeasureReviewInput(data, initial={"next_review_at": proposed})
    if name == "lift":
        return LiftInput(data)
    if name == "tasks":
        known = rules.kinds().get(measure.kind)
        return OrderTaskInput(data, kinds=known.tasks if known else ())
    articles = article_choices(Use.MEASURE, on=localdate(at))
    cited = cited_by("posture.Measure", [measure.pk]).get(measure.pk, [])
    proposed = rules.proposed_review(measure.kind, since=measure.expires_at)
    begin = {"article": cited[0].code if cited else "", "review_at": proposed}
    return MeasureExtensionInput(data, articles=articles, initial=begin)


def _one(
    request: HttpRequest, measure: Measure, *, bound: dict[str, ActInput] | None = None, status: int = 200
) -> HttpResponse:
    actor, at = signed_in(request), now()
    own = actor.can("measure.impose") and signing_unit(measure.issuer, by=actor) is not None
    over = measure.over(at)
    acts = {
        "review": own and not over and measure.lifted_at is None,
        "extend": own and not over and measure.lifted_at is None,
        "tasks": own and not over and measure.starts_at <= at and measure.lifted_at is None,
        "lift": not over and (actor.can("measure.impose") or actor.can("release.run")),
    }
    shown = {
        "measure": measure,
        "card": cards_of([measure], at=at)[0],
        "forms": {name: (bound or {}).get(name) or _form(name, measure, at=at) for name, may in acts.items() if may},
        "opened": next(iter(bound)) if bound else "",
        "tasks": tasks_under(measure, actor.scope),
        "before": measure.extends,
        "due": measure.review_at <= at and not over,
        "at": at,
    }
    return render(request, "posture/measure.html", shown, status=status)


@require_GET
def measure_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show one measure, the work under it and what the post may do with it."""
    actor = signed_in(request)
    actor.require("board.view", "desk.view")
    return _one(request, get_measure(pk, actor=actor))


@require_POST
def measure_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do one act on a measure; what is refused is shown where it was typed."""
    actor, at = signed_in(request), now()
    if act not in ACTS:
        raise NotFound
    if not (act == "lift" and actor.can("release.run")):
        actor.require("measure.impose")
    measure = get_measure(pk, actor=actor)
    form = _form(act, measure, request.POST, at=at)
    status = 400
    if form.is_valid():
        try:
            ACTS[act](measure, form, actor, at)
            return redirect("measure", pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _one(request, get_measure(pk, actor=actor), bound={act: form}, status=status)
