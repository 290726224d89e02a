"""The composer of directives: choose, see how many it reaches, be asked once, send."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_default_timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import signed_in
from qipan.desk.api import admission_of_form, admissions_for, get_admission
from qipan.duties.api import OrganType, Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import COMMUNITY
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.territory.api import GOVERNING, AreaView, children

from ..actions.directives import issue_directive
from ..input import DirectiveInput
from ..queries import (
    area_for,
    areas_of,
    code_for,
    count_recipients,
    form_to_ask,
    forms_to_ask,
    overlaps,
    root_area,
)
from ..rules import rounds_after_first
from ..terms import Rhythm


def _grounds(codes: list[str], actor: Actor) -> list[Any]:
    return [part for area in areas_of(codes) for ground in area.ranges for part in actor.scope.narrowed(ground).ranges]


def _unit(actor: Actor) -> Unit:
    if actor.unit_id is None:
        raise NotAllowed(act="directive.issue")
    return Unit.objects.select_related("organ_type").get(pk=actor.unit_id)


def _composer(
    request: HttpRequest,
    actor: Actor,
    form: DirectiveInput,
    *,
    status: int = 200,
    refusal: Refusal | None = None,
    confirm: list[Any] | None = None,
) -> HttpResponse:
    root = root_area(actor.scope)
    try:
        chosen = areas_of(request.POST.getlist("areas"))
    except NotFound:
        chosen = []
    kinds = OrganType.objects.filter(level__gte=root.level, is_lead=False).order_by("level", "code")
    return render(
        request,
        "command/compose.html",
        {
            "form": form,
            "root": root,
            "areas": [row for row in _rows(root, actor, []) if row["area"] not in chosen],
            "governing": [
                (code_for(area), area)
                for area in children(root.code, hierarchy=GOVERNING)
                if overlaps(area, actor.scope) and area not in chosen
            ],
            "chosen": [(code_for(area), area) for area in chosen],
            "root_chosen": root in chosen,
            "kinds": kinds,
            "chosen_kinds": form["organ_types"].value() or [],
            "admissions": admissions_for(actor, at=now()),
            "forms": forms_to_ask(_unit(actor), at=now()),
            "refusal": refusal,
            "confirm": confirm,
            "rounds": _rounds(form) if confirm is not None else 0,
            "rhythm": dict(Rhythm.choices).get(form["every"].value() or "", ""),
            "confirm_units": sum(row.units for row in confirm) if confirm is not None else 0,
        },
        status=status,
    )


def _rounds(form: DirectiveInput) -> int:
    """How many rounds a series would have that is sent now; 0 where the form is asked once."""
    every, until = form.cleaned_data["every"], form.cleaned_data["repeat_until"]
    if not every:
        return 0
    return 1 + sum(1 for _n in rounds_after_first(first=now(), every=every, until=until, zone=get_default_timezone()))


def _rows(parent: AreaView, actor: Actor, chosen: list[str]) -> list[dict[str, Any]]:
    below = children(parent.code) if parent.level <= COMMUNITY else []
    return [
        {"area": area, "chosen": area.code in chosen, "deeper": area.level <= COMMUNITY}
        for area in below
        if overlaps(area, actor.scope)
    ]


@require_http_methods(["GET", "POST"])
def compose_page(request: HttpRequest) -> HttpResponse:
    """This view will show the composer, ask once with the exact count of recipients, then issue the directive."""
    actor = signed_in(request)
    actor.require("directive.issue")
    if request.method == "GET":
        return _composer(request, actor, DirectiveInput(initial={"decided_at": now()} | _asked_with(request, actor)))
    form = DirectiveInput(request.POST)
    if not form.is_valid():
        return _composer(request, actor, form, status=400)
    given = form.cleaned_data
    try:
        grounds = _grounds(given["areas"], actor)
        count = count_recipients(given["organ_types"], grounds)
        units = sum(row.units for row in count)
        if units and request.POST.get("confirmed") != str(units):
            return _composer(request, actor, form, confirm=count)
        unit, at = _unit(actor), now()
        directive = issue_directive(
            number=given["number"],
            title=given["title"],
            body=given["body"],
            basis=given["basis"],
            organ_types=given["organ_types"],
            grounds=[ground for area in areas_of(given["areas"]) for ground in area.ranges],
            decided_at=given["decided_at"],
            due_at=given["due_at"],
            admission=get_admission(given["admission"], actor=actor) if given["admission"] else None,
            form=form_to_ask(given["form"], unit=unit, at=at),
            every=given["every"],
            repeat_until=given["repeat_until"],
            issuer=unit,
            named_person=given["named_person"],
            by=actor,
            at=at,
            drill=given["drill"],
        )
    except Refusal as refusal:
        return _composer(request, actor, form, status=refusal.status, refusal=refusal)
    return redirect("directive", directive.pk)


def _asked_with(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    """What the page of a form has chosen already: itself, its admission, the kinds of unit that were admitted to answer."""
    unit, at = _unit(actor), now()
    form = form_to_ask(request.GET.get("form", ""), unit=unit, at=at)
    if form is None:
        return {}
    admission = admission_of_form(form.code, units=(unit.pk,))
    given = {"form": form.code, "title": form.title, "basis": form.basis}  # written in the city's own language
    return given | ({"admission": admission.pk, "organ_types": admission.organ_types} if admission else {})


@require_GET
def areas_fragment(request: HttpRequest) -> HttpResponse:
    """This view will show the areas right below one area, as check boxes of the composer's tree."""
    actor = signed_in(request)
    if not (actor.can("directive.issue") or actor.can("playbook.activate")):
        raise NotAllowed(act="directive.issue")
    parent = area_for(request.GET.get("parent", ""), actor=actor)
    rows = _rows(parent, actor, request.GET.getlist("areas"))
    return render(request, "command/_areas.html", {"areas": rows})


@require_POST
def reach_fragment(request: HttpRequest) -> HttpResponse:
    """This view will count who would receive what is chosen so far, before anything is sent."""
    actor = signed_in(request)
    actor.require("directive.issue")
    count = count_recipients(request.POST.getlist("organ_types"), _grounds(request.POST.getlist("areas"), actor))
    return render(request, "command/_reach.html", {"count": count, "units": sum(row.units for row in count)})
