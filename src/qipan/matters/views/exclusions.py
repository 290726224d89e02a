"""The page of what was declined and is, or is not, left out of the rates: what waits for a decision, what was decided."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now

from ..queries.exclusions import decided, may_decide, undecided
from ..queries.reading import place_names

PAGE = 50


@require_GET
@needs("matter.view")
def exclusions_page(request: HttpRequest) -> HttpResponse:
    """This view will list what was declined on a post's ground and waits to be left out of the rates, and what was decided."""
    actor = signed_in(request)
    ranges = actor.scope.ranges
    waiting, done = list(undecided(ranges)[: PAGE + 1]), list(decided(ranges)[:PAGE])
    names = place_names(one.place for one in [*waiting, *done])
    shown = {
        "waiting": [(one, names[one.place], may_decide(one, actor=actor)) for one in waiting[:PAGE]],
        "more": len(waiting) > PAGE,
        "decided": [(one, names[one.place]) for one in done],
        "at": now(),
    }
    return render(request, "matters/exclusions.html", shown)
