"""The page of partners: which of them has a team in which compound, forming teams, passes, ending them."""

from collections import defaultdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit, partners_for
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import Compound, compounds_within, path_to

from ..actions import end_partner_team, form_partner_teams, give_passes
from ..input import PartnerInput, PassesInput
from ..models import Team
from ..queries import get_partner_team, partner_teams
from .grounds import areas_below, ground_asked, own_area

MOST_COMPOUNDS = 150  # to choose from on one page; of more, a smaller area is chosen first
MOST_TEAMS = 300


def _address(code: str) -> str:
    return reverse("forces_partners") + (f"?{urlencode({'area': code})}" if code else "")


def _offered(partners: list[Unit]) -> list[tuple[str, list[tuple[int, str]]]]:
    """Partners by kind, as a form offers them."""
    kinds: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for one in partners:
        kinds[one.organ_type.label].append((one.pk, one.label))
    return list(kinds.items())


def _form(request: HttpRequest, partners: list[Unit], stock: list[Compound], *, typed: bool) -> PartnerInput:
    return PartnerInput(
        request.POST if typed else None,
        partners=_offered(partners),
        compounds=[(one.place, one.label) for one in stock],
    )


def _page(
    request: HttpRequest,
    code: str,
    *,
    refused: Refusal | None = None,
    team: Team | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page. What was typed and why it is refused stands in the form of a team's passes, or in the one that forms teams."""
    actor, at = signed_in(request), now()
    area, ranges = ground_asked(actor, code)
    stock = list(compounds_within(ranges).order_by("place")[: MOST_COMPOUNDS + 1])
    few = stock if len(stock) <= MOST_COMPOUNDS else []
    partners = list(partners_for(ranges)) if few else []
    form = _form(request, partners, few, typed=status != 200 and team is None)
    typed = PassesInput(request.POST if team is not None else None)
    if refused is not None:
        (form if team is None else typed).refuse(refused)
    teams = list(partner_teams(ranges, at=at)[: MOST_TEAMS + 1])
    names = {one.place: one.label for one in Compound.objects.filter(place__in={team.place for team in teams})}
    shown = {
        "area": area,
        "path": path_to(area.code) if area else [],
        "below": areas_below(actor, area or own_area(actor)),
        "form": form,
        "may_form": bool(partners),
        "too_many": not few and bool(stock),
        "teams": [
            (one, names.get(one.place, ""), typed if one == team else PassesInput()) for one in teams[:MOST_TEAMS]
        ],
        "more": len(teams) > MOST_TEAMS,
        "open": team,
        "may_pass": actor.can("pass.issue"),
    }
    return render(request, "deployment/partners.html", shown, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("team.manage")
def partners_page(request: HttpRequest) -> HttpResponse:
    """This view will show the teams of partners on a ground (``?area=code``; the actor's own without) and form more."""
    actor, code = signed_in(request), request.GET.get("area", "")
    if request.method != "POST":
        return _page(request, code)
    _area, ranges = ground_asked(actor, code)
    partners, stock = list(partners_for(ranges)), list(compounds_within(ranges))
    form = _form(request, partners, stock, typed=True)
    if not form.is_valid():
        return _page(request, code, status=400)
    given = form.cleaned_data
    try:
        form_partner_teams(
            next(one for one in partners if one.pk == given["partner"]),
            places=given["compounds"],
            stands_down_at=given["stands_down_at"],
            by=actor,
            at=now(),
        )
    except Refusal as refusal:
        return _page(request, code, refused=refusal, status=refusal.status)
    return redirect(_address(code))


@require_POST
@needs("team.manage")
def end_team(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will end a partner's team, with the passes of its people."""
    actor = signed_in(request)
    end_partner_team(get_partner_team(pk, actor=actor), by=actor, at=now())
    return redirect(_address(request.POST.get("area", "")))


@require_POST
@needs("pass.issue")
def team_passes(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will give the people on a list passes for a partner's team, and lead to their links and codes."""
    actor = signed_in(request)
    team = get_partner_team(pk, actor=actor)
    try:
        batch = give_passes(team, people=request.POST.get("people", "").splitlines(), by=actor, at=now())
    except NotFound:
        raise
    except Refusal as refusal:
        actor.require("team.manage")
        return _page(request, request.POST.get("area", ""), refused=refusal, team=team, status=refusal.status)
    return redirect("access-batch", batch=batch)
