"""The roster: who stands where on the coming days, filled in gate by gate."""

from collections.abc import Sequence
from datetime import timedelta

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from qipan.access.api import signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal
from qipan.territory.api import path_to

from ..actions import fill_shifts
from ..models import Shift
from ..queries import named_shifts, shifts_between
from .grounds import areas_below, ground_asked, own_area

AHEAD = timedelta(days=7)
GATES_PER_PAGE = 20


def _typed(request: HttpRequest) -> dict[int, str]:
    """The names in the form by shift: what stands beside the shift, else what stands at its gate for all of them."""
    keys = [key.removeprefix("shift-") for key in request.POST if key.startswith("shift-")]
    own = {int(key): str(request.POST[f"shift-{key}"]).strip() for key in keys if key.isdecimal() and len(key) < 19}
    gates = {key: str(text).strip() for key, text in request.POST.items() if key.startswith("gate-")}
    if any(gates.values()):
        blank = Shift.objects.everywhere("the act looks at the ground").filter(pk__in=[k for k in own if not own[k]])
        own |= {pk: gates.get(f"gate-{place}", "") for pk, place in blank.values_list("pk", "place")}
    return {pk: name for pk, name in own.items() if name}


def _by_gate(shifts: Sequence[Shift]) -> list[tuple[int, str, list[Shift], bool]]:
    """The place and name of each gate, its shifts in their order, and whether one of them is empty."""
    gates: dict[int, tuple[str, list[Shift]]] = {}
    for shift, name in named_shifts(shifts):
        gates.setdefault(shift.place, (name or shift.unit.label, []))[1].append(shift)
    return [(place, name, some, any(not s.filled_at for s in some)) for place, (name, some) in gates.items()]


@require_http_methods(["GET", "HEAD", "POST"])
def roster_page(request: HttpRequest) -> HttpResponse:
    """This view will show the shifts of the coming seven days by gate (``?area=code``) and put names on the empty ones."""
    actor, at = signed_in(request), now()
    actor.require("team.manage", "board.view", "desk.view")
    area, ranges = ground_asked(actor, request.GET.get("area", ""))
    number = request.GET.get("page", "1")
    refused: list[tuple[Shift, str, Refusal]] = []
    if request.method == "POST":
        _filled, refused = fill_shifts(_typed(request), by=actor, at=at)
        if not refused:
            asked = {**({"area": area.code} if area else {}), "page": number}
            return redirect(f"{reverse('forces_roster')}?{urlencode(asked)}")
    shifts = shifts_between(ranges, start=at, end=at + AHEAD)
    gates = Paginator(shifts.order_by("place").values_list("place", flat=True).distinct(), GATES_PER_PAGE).get_page(
        number
    )
    here = shifts.filter(place__in=list(gates.object_list)).order_by("place", "starts_at", "pk")
    names = {shift.pk: name for shift, name in named_shifts([shift for shift, _typed, _why in refused])}
    return render(
        request,
        "deployment/roster.html",
        {
            "area": area,
            "path": path_to(area.code) if area else [],
            "below": areas_below(actor, area or own_area(actor)),
            "gates": gates,
            "rows": _by_gate(list(here)),
            "all": shifts.count(),
            "empty": shifts.filter(filled_at=None).count(),
            "may_fill": actor.can("task.answer") or actor.can("team.manage"),
            "refused": [(shift, names[shift.pk], typed, why) for shift, typed, why in refused],
        },
        status=refused[0][2].status if refused else 200,
    )
