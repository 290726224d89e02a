"""Pages for declarations: list, new, detail with measures, postures and conflicts, and the acts on them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_default_timezone, localdate
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import COMMUNITY, Range, code_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import AreaView, children, get_area

from . import rules
from .actions.declarations import change_level, declare, end_declaration, extend_declaration
from .actions.measures import extend_measure, impose_measure, lift_measure
from .actions.postures import end_posture, take_posture
from .input import (
    ActInput,
    DeclarationInput,
    EndInput,
    ExtensionInput,
    LevelInput,
    MeasureExtensionInput,
    MeasureInput,
    word_choices,
)
from .models import Declaration, Measure
from .queries import (
    conflicts_of,
    declarations_on,
    get_declaration,
    get_measure,
    grounds_of,
    holding,
    measures_in_force,
    measures_to_review,
    organ_of,
    posture_over,
)
from .terms import ResponseLevel

PER_PAGE = 30


def _areas_of(unit: Unit) -> list[AreaView]:
    """This function will return the area of an organ and those right below it."""
    if unit.first is None:
        return []
    code = code_of(unit.first, unit.organ_type.level)
    return [get_area(code), *(children(code) if unit.organ_type.level < COMMUNITY else [])]


def _levels_of(unit: Unit, *, at: datetime) -> list[int]:
    """This function will return the levels that an organ may declare."""
    organ = unit.organ_type
    return [
        level
        for level in ResponseLevel.values
        if rules.may_issue(
            "response", str(level), rank=organ.authority_rank, executes_only=organ.executes_only, on=localdate(at)
        )
    ]


def _ranges(codes: Sequence[str]) -> list[Range]:
    return [ground for code in dict.fromkeys(codes) for ground in get_area(code).ranges]


@require_GET
@needs("board.view")
def declarations_page(request: HttpRequest) -> HttpResponse:
    """This view will list the declarations on the actor's ground, with what is in force and what is due for review."""
    actor, at = signed_in(request), now()
    page = Paginator(declarations_on(actor.scope.ranges), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "posture/declarations.html",
        {
            "page": page,
            "posture": posture_over(actor.scope.ranges, at=at),
            "measures": measures_in_force(actor.scope.ranges, at=at)[:PER_PAGE],
            "measure_count": measures_in_force(actor.scope.ranges, at=at).count(),
            "to_review": list(measures_to_review(actor.scope.ranges, at=at)[:PER_PAGE]),
            "may_declare": actor.can("declaration.issue"),
            "hazards": dict(word_choices("hazards")),
            "at": at,
        },
    )


@require_http_methods(["GET", "POST"])
@needs("declaration.issue")
def new_page(request: HttpRequest) -> HttpResponse:
    """This view will take a new declaration; what is refused is said beside its field, and what was typed stays."""
    actor, at = signed_in(request), now()
    unit = organ_of(actor, "declaration.issue")
    levels = _levels_of(unit, at=at)
    offered: dict[str, Any] = {"levels": levels, "areas": _areas_of(unit)}
    if request.method == "GET":
        form = DeclarationInput(initial={"starts_at": at}, **offered)
        return render(request, "posture/new.html", {"form": form, "unit": unit, "levels": levels})
    form = DeclarationInput(request.POST, **offered)
    status = 400
    if form.is_valid():
        given = form.cleaned_data
        try:
            declaration = declare(
                number=given["number"],
                matter=given["matter"],
                hazard=given["hazard"],
                level=given["level"],
                basis=given["basis"],
                issuer=unit,
                ground_codes=form.area_codes(),
                starts_at=given["starts_at"],
                expected_until=given["expected_until"],
                measures=given["measures"].splitlines(),
                by=actor,
                at=at,
                drill=given["drill"],
            )
            return redirect("declaration", declaration.pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "posture/new.html", {"form": form, "unit": unit, "levels": levels}, status=status)


def _change_level(declaration: Declaration, form: ActInput, actor: Actor, at: datetime) -> None:
    change_level(declaration, level=form.cleaned_data["level"], reason=form.cleaned_data["reason"], by=actor, at=at)


def _extend(declaration: Declaration, form: ActInput, actor: Actor, at: datetime) -> None:
    given = form.cleaned_data
    extend_declaration(declaration, expected_until=given["expected_until"], reason=given["reason"], by=actor, at=at)


def _end(declaration: Declaration, form: ActInput, actor: Actor, at: datetime) -> None:
    end_declaration(declaration, reason=form.cleaned_data["reason"], by=actor, at=at)


def _impose(declaration: Declaration, form: ActInput, actor: Actor, at: datetime) -> None:
    given = form.cleaned_data
    impose_measure(
        kind=given["kind"],
        title=given["title"],
        basis=given["basis"],
        issuer=organ_of(actor, "measure.impose"),
        grounds=_ranges(form.area_codes()),
        starts_at=given["starts_at"],
        expires_at=given["expires_at"],
        review_at=given["review_at"],
        declaration=declaration,
        by=actor,
        at=at,
        drill=declaration.drill,
    )


def _take(declaration: Declaration, form: ActInput, actor: Actor, at: datetime) -> None:
    take_posture(declaration, grounds=grounds_of(declaration), by=actor, at=at)


def _leave(declaration: Declaration, form: ActInput, actor: Actor, at: datetime) -> None:
    end_posture(declaration, by=actor, at=at)


Act = Callable[[Declaration, ActInput, Actor, datetime], None]
# What the detail page can do: the address, the form and the act behind it.
ACTS: dict[str, tuple[type[ActInput], Act]] = {
    "level": (LevelInput, _change_level),
    "extension": (ExtensionInput, _extend),
    "end": (EndInput, _end),
    "measure": (MeasureInput, _impose),
    "posture": (ActInput, _take),
    "routine": (ActInput, _leave),
}


def _forms(declaration: Declaration, at: datetime, *, areas: Sequence[AreaView]) -> dict[str, ActInput]:
    """This function will return an empty form for each act, the measure's with the declaration's ground and times."""
    measure = MeasureInput(initial={"starts_at": at, "expires_at": declaration.expected_until})
    measure.offer_areas(areas)
    return {
        "level": LevelInput(),
        "extension": ExtensionInput(initial={"expected_until": declaration.expected_until}),
        "end": EndInput(),
        "measure": measure,
    }


def _declared_areas(declaration: Declaration) -> list[AreaView]:
    codes = dict.fromkeys(ground.code for ground in declaration.grounds.all())
    return [get_area(code, on=localdate(declaration.starts_at)) for code in codes]


def _detail(
    request: HttpRequest, declaration: Declaration, *, bound: dict[str, ActInput] | None = None, status: int = 200
) -> HttpResponse:
    actor, at = signed_in(request), now()
    areas = _declared_areas(declaration)
    running = declaration.ended_at is None and declaration.expected_until > at
    own = actor.unit_id == declaration.issuer_id
    return render(
        request,
        "posture/declaration.html",
        {
            "declaration": declaration,
            "areas": areas,
            "hazard": dict(word_choices("hazards")).get(declaration.hazard, declaration.hazard),
            "day": rules.day_number(declaration.starts_at, at, get_default_timezone()),
            "running": running,
            "begun": declaration.starts_at <= at,
            "steps": declaration.steps.order_by("at", "pk"),
            "postures": declaration.posture_set.filter(holding(at, start="since", end="until", stopped="ended_at")),
            "measures": declaration.measure_set.select_related("issuer").order_by("lifted_at", "expires_at", "pk"),
            "conflicts": conflicts_of(declaration),
            "forms": {**_forms(declaration, at, areas=areas), **(bound or {})},
            "opened": next(iter(bound)) if bound else "",
            "may_change": own and actor.can("declaration.issue") and declaration.ended_at is None,
            "may_impose": running and actor.can("measure.impose"),
            "may_lift": actor.can("measure.impose") or actor.can("release.run"),
            "at": at,
        },
        status=status,
    )


@require_GET
@needs("board.view")
def declaration_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a declaration with its measures, postures, conflicts and history."""
    return _detail(request, get_declaration(pk, actor=signed_in(request)))


@require_POST
def act_on_declaration(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do one act on a declaration; what is refused is shown where it was typed."""
    actor, at = signed_in(request), now()
    if act not in ACTS:
        raise NotFound
    actor.require("measure.impose" if act == "measure" else "declaration.issue")
    declaration = get_declaration(pk, actor=actor)
    kind, do = ACTS[act]
    form = kind(request.POST)
    if isinstance(form, MeasureInput):
        form.offer_areas(_declared_areas(declaration))
    status = 400
    if form.is_valid():
        try:
            do(declaration, form, actor, at)
            return redirect("declaration", pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _detail(request, get_declaration(pk, actor=actor), bound={act: form}, status=status)


@require_POST
def lift_measure_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will lift a measure now."""
    actor = signed_in(request)
    if not actor.can("release.run"):
        actor.require("measure.impose")
    measure = get_measure(pk, actor=actor)
    lift_measure(measure, by=actor, at=now())
    return _back(measure)


@require_http_methods(["GET", "POST"])
@needs("measure.impose")
def extend_measure_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will extend a measure after asking on which basis and until when."""
    actor, at = signed_in(request), now()
    measure = get_measure(pk, actor=actor)
    if request.method == "GET":
        form = MeasureExtensionInput(initial={"basis": measure.basis})
        return render(request, "posture/extend.html", {"form": form, "measure": measure})
    form = MeasureExtensionInput(request.POST)
    status = 400
    if form.is_valid():
        try:
            extend_measure(measure, **form.cleaned_data, by=actor, at=at)
            return _back(measure)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "posture/extend.html", {"form": form, "measure": measure}, status=status)


def _back(measure: Measure) -> HttpResponse:
    return redirect("declaration", measure.declaration_id) if measure.declaration_id else redirect("declarations")
