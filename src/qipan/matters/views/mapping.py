"""The dispatcher's map: how many matters stand where, and from a street on each of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from qipan.access.api import needs, signed_in
from qipan.kernel.actor import Scope
from qipan.kernel.place import COMMUNITY, STREET
from qipan.kernel.refusal import NotFound
from qipan.territory.api import AreaView, path_to

from ..input.forms import category_choice
from ..queries.mapping import (
    areas_on,
    clusters,
    counted_by_place,
    drawing_of,
    ground_area,
    kept_by_community,
)
from ..queries.reading import MANY, SHOWS, categories, chips, first_of, inbox, place_names
from .offices import ground_for

SHOWN = 100  # matters that are drawn and listed beside the map


@require_GET
@needs("matter.view")
def map_page(request: HttpRequest) -> HttpResponse:
    """This view will show the matters behind a chip by area, from the kept counts; from a street on each one too.

    Category and unit are asked for from a street on: above it the sums of them are not kept.
    """
    actor = signed_in(request)
    show = request.GET.get("show", "new" if actor.can("matter.dispatch") else "handled")
    if show not in SHOWS:
        raise NotFound
    asked, ranges = ground_for(actor, request.GET.get("area", ""))
    area = ground_area(asked, ranges)
    near = area is not None and area.level >= STREET
    category = request.GET.get("category", "")[:5] if near else ""
    own = near and request.GET.get("own") == "1"
    found = chips(ranges)
    matters = inbox(
        ranges,
        many=any(chip.show == show and chip.n > MANY for chip in found),
        show=show,
        category=category,
        unit=actor.unit_id if own else None,
    )
    areas = areas_on(area, ranges)
    if category or own or (area is not None and area.level >= COMMUNITY):
        counted = counted_by_place(matters)
    else:
        counted = kept_by_community(ranges, show=show)
    parts, rest = clusters(areas, counted)
    shown = first_of(matters, SHOWN + 1) if near else []
    names = place_names(one.place for one in shown[:SHOWN])
    chosen = {"show": show, **({"category": category} if category else {}), **({"own": "1"} if own else {})}
    return render(
        request,
        "matters/map.html",
        {
            "show": show,
            "chips": found,
            "area": area,
            "asked": area.code if area is not None else "",
            "path": _above(area, actor.scope) if area is not None else [],
            "near": near,
            "parts": [(one, urlencode({**chosen, "area": one.code})) for one in parts],
            "rest": rest,
            "total": sum(one.n for one in parts) + rest,
            "rows": [(one, names[one.place]) for one in shown[:SHOWN]],
            "more": len(shown) > SHOWN,
            "drawing": drawing_of(area) if area is not None else None,
            "chosen": urlencode(chosen),
            "category": category,
            "own": own,
            "kinds": category_choice(categories(), category) if near else "",
        },
    )


def _above(area: AreaView, ground: Scope) -> list[AreaView]:
    """The areas above one that lie wholly on the actor's ground: the way back."""
    return [one for one in path_to(area.code)[:-1] if all(ground.covers(part) for part in one.ranges)]
