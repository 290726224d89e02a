"""Pages for declarations: list, new, detail with measures, postures and conflicts, and the acts on them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit, areas_to_begin_on, ground_of, signing_unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal
from qipan.laws.api import Use, article_choices, flags_of, rested_on
from qipan.warnings.api import Warning, kind_name, prealert_of, warnings_on

from .. import rules
from ..actions.declarations import change_level, declare, end_declaration, extend_declaration
from ..actions.postures import end_posture, take_posture
from ..input import (
    ActInput,
    DeclarationInput,
    EndInput,
    ExtensionInput,
    LevelInput,
    word_choices,
)
from ..models import Declaration
from ..queries.declared import (
    conflicts_of,
    declarations_on,
    declared_areas,
    get_declaration,
    grounds_of,
    holding,
    organ_of,
    posture_over,
)
from ..queries.measures import measures_in_force, measures_to_review
from ..terms import ResponseLevel

PER_PAGE = 30


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
            "warned": [
                (one, _named(one), prealert_of(one)) for one in warnings_on(actor.scope.ranges, at=at, drills=True)
            ],
            "measures": measures_in_force(actor.scope.ranges, at=at)[:PER_PAGE],
            "measure_count": measures_in_force(actor.scope.ranges, at=at).count(),
            "to_review": list(measures_to_review(actor.scope.ranges, at=at)[:PER_PAGE]),
            "may_declare": actor.can("declaration.issue"),
            "hazards": dict(word_choices("hazards")),
            "at": at,
        },
    )


def _named(warning: Warning) -> str:
    """A warning in a few words: colour, kind, its headline, and whether it is an exercise."""
    said = f"{warning.get_colour_display()} · {kind_name(warning.kind)} · {warning.said['headline']}"
    return f"{said} ({_('drill')})" if warning.drill else said


@require_http_methods(["GET", "POST"])
@needs("declaration.issue")
def new_page(request: HttpRequest) -> HttpResponse:
    """This view will take a new declaration; what is refused is said beside its field, and what was typed stays."""
    actor, at = signed_in(request), now()
    unit = organ_of(actor, "declaration.issue")
    levels = _levels_of(unit, at=at)
    articles = article_choices(Use.RESPONSE, on=localdate(at))
    offered: dict[str, Any] = {
        "levels": levels,
        "areas": areas_to_begin_on(unit),
        "articles": articles,
        "warned": [(one.identifier, _named(one)) for one in warnings_on(ground_of(unit), at=at, drills=True)],
    }
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
                article=given["article"],
                follows=given["follows"],
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
    "posture": (ActInput, _take),
    "routine": (ActInput, _leave),
}


def _forms(declaration: Declaration) -> dict[str, ActInput]:
    """This function will return an empty form for each act."""
    return {
        "level": LevelInput(),
        "extension": ExtensionInput(initial={"expected_until": declaration.expected_until}),
        "end": EndInput(),
    }


def _detail(
    request: HttpRequest, declaration: Declaration, *, bound: dict[str, ActInput] | None = None, status: int = 200
) -> HttpResponse:
    actor, at = signed_in(request), now()
    areas = declared_areas(declaration)
    running = declaration.ended_at is None and declaration.expected_until > at
    own = signing_unit(declaration.issuer, by=actor) is not None
    return render(
        request,
        "posture/declaration.html",
        {
            "declaration": declaration,
            "warned": _named(declaration.follows) if declaration.follows else "",
            "areas": areas,
            "articles": rested_on("posture.Declaration", [declaration.pk]).get(declaration.pk, []),
            "flags": flags_of("posture.Declaration", [declaration.pk]).get(declaration.pk, []),
            "hazard": dict(word_choices("hazards")).get(declaration.hazard, declaration.hazard),
            "day": rules.day_number(declaration.starts_at, at, get_default_timezone()),
            "running": running,
            "begun": declaration.starts_at <= at,
            "steps": declaration.steps.order_by("at", "pk"),
            "postures": declaration.posture_set.filter(holding(at, start="since", end="until", stopped="ended_at")),
            "measures": declaration.measure_set.select_related("issuer").order_by("-expires_at", "pk"),
            "conflicts": conflicts_of(declaration),
            "forms": {**_forms(declaration), **(bound or {})},
            "opened": next(iter(bound)) if bound else "",
            "may_change": own and actor.can("declaration.issue") and declaration.ended_at is None,
            "may_impose": running and actor.can("measure.impose"),
            "may_release": any(actor.can(act) for act in ("release.run", "playbook.activate", "journal.verify")),
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
    actor.require("declaration.issue")
    declaration = get_declaration(pk, actor=actor)
    kind, do = ACTS[act]
    form = kind(request.POST)
    status = 400
    if form.is_valid():
        try:
            do(declaration, form, actor, at)
            return redirect("declaration", pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _detail(request, get_declaration(pk, actor=actor), bound={act: form}, status=status)
