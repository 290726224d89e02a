"""The page of forces: teams and shifts on a ground at this moment, the uncovered first."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import card_counts, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal
from qipan.territory.api import path_to

from ..actions import fill_shift
from ..queries import forces, get_shift, named_shifts, shifts_now, standing_teams
from .grounds import areas_below, ground_asked, own_area

PER_PAGE = 50
READERS = ("team.manage", "board.view", "desk.view")


def _page(
    request: HttpRequest, *, code: str, number: str = "1", refused: tuple[int, str, Refusal] | None = None
) -> HttpResponse:
    actor, at = signed_in(request), now()
    actor.require(*READERS)
    area, ranges = ground_asked(actor, code)
    shifts = Paginator(shifts_now(ranges, at=at), PER_PAGE).get_page(number)
    teams = list(standing_teams(ranges, at=at)[:PER_PAGE])
    rows = named_shifts(list(shifts.object_list))
    cards = card_counts([team.pk for team in teams], at=at)
    return render(
        request,
        "deployment/forces.html",
        {
            "area": area,
            "path": path_to(area.code) if area else [],
            "below": areas_below(actor, area or own_area(actor)),
            "forces": forces(ranges, at=at),
            "shifts": shifts,
            "rows": rows,
            "drills": any(team.drill for team in teams) or any(shift.drill for shift, _name in rows),
            "teams": [(team, cards.get(team.pk)) for team in teams],
            "cards": any(count.shown for count in cards.values()),
            "may_form": actor.can("team.manage"),
            "may_fill": actor.can("task.answer") or actor.can("team.manage"),
            "refused": refused,
        },
        status=refused[2].status if refused else 200,
    )


@require_GET
def forces_page(request: HttpRequest) -> HttpResponse:
    """This view will show teams and shifts of a ground (``?area=code``; the actor's own without)."""
    return _page(request, code=request.GET.get("area", ""), number=request.GET.get("page", "1"))


@require_POST
def fill_shift_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will put somebody on a shift; what is refused is said beside it."""
    actor = signed_in(request)
    if not actor.can("task.answer"):
        actor.require("team.manage")
    shift = get_shift(pk, actor=actor)
    code, typed = request.POST.get("area", ""), request.POST.get("filled_by", "")
    try:
        fill_shift(shift, filled_by=typed, by=actor, at=now())
    except Refusal as refusal:
        return _page(request, code=code, refused=(pk, typed, refusal))
    return redirect(reverse("forces") + (f"?{urlencode({'area': code})}" if code else ""))
