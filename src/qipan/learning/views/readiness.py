"""How ready the communities of an area are, with every reason and what to do."""

from collections import Counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from qipan.access.api import needs, signed_in
from qipan.kernel.actor import Scope
from qipan.kernel.clock import now
from qipan.kernel.place import COMMUNITY, STREET
from qipan.territory.api import children, get_area, path_to

from ..queries.readiness import readiness_area, readiness_on, summed
from ..queries.wording import signal_lines
from ..terms import Light


def home_of(scope: Scope) -> str:
    """This function will return the code of the smallest area that holds all of a scope, down to a community."""
    area = get_area(settings.CITY)
    while area.level < COMMUNITY and not all(scope.covers(part) for part in area.ranges):
        inside = [one for one in children(area.code) if any(scope.narrowed(part).ranges for part in one.ranges)]
        if len(inside) != 1:
            break
        area = inside[0]
    return area.code


@require_GET
@needs("board.view")
def readiness_home(request: HttpRequest) -> HttpResponse:
    """This page will open the readiness of the actor's own ground."""
    return redirect("readiness", home_of(signed_in(request).scope))


@require_GET
@needs("board.view")
def readiness_page(request: HttpRequest, code: str) -> HttpResponse:
    """This page will show how many communities stand at which level, and from the street down each with its reasons."""
    actor, at = signed_in(request), now()
    area = readiness_area(code, actor=actor)
    rows = readiness_on(area.ranges, actor=actor, at=at)
    detailed = area.level >= STREET
    counts = Counter(row.level for row in rows if row.level is not None)
    context = {
        "area": area,
        "path": [one for one in path_to(area.code) if one.code != area.code],
        "sums": [] if detailed else summed(area, rows),
        "rows": [(row, _light(row.level), signal_lines(row.signals)) for row in rows] if detailed else [],
        "lights": [(_light(light), counts[light]) for light in Light.values],
        "communities": len(rows),
        "as_of": at,
    }
    return render(request, "learning/readiness.html", context)


def _light(level: int | None) -> Light | None:
    return Light(level) if level is not None else None
