"""The score sheet of a drill, on screen and on paper."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from qipan.access.api import signed_in
from qipan.kernel.clock import now

from ..queries import PLANNING, areas_named, get_activation
from ..queries.scoring import score_of

LABELS = {
    "last_node_minutes": _("Minutes from the decision to the last node"),
    "unread_percent": _("Not read in time"),
    "coverage_percent": _("Doors settled"),
    "unfilled_percent": _("Shifts that began with nobody on them"),
    "open_after_release": _("Open after the release"),
}


@require_GET
def score_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show the score sheet of a drill to who plans and releases; it prints on one page."""
    actor = signed_in(request)
    actor.require(*PLANNING)
    activation = get_activation(pk, actor=actor)
    score = score_of(activation)
    return render(
        request,
        "command/score.html",
        {
            "activation": activation,
            "areas": areas_named(activation.grounds, on=localdate(activation.activated_at)),
            "score": score,
            "rows": [(LABELS[line.name], line, line.name.endswith("_percent")) for line in score.lines],
            "as_of": now(),
        },
    )
