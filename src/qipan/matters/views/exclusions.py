"""Pages of what was declined and is, or is not, left out of the rates: what waits for a decision, what was decided."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal

from ..actions.exclusions import decide_import
from ..input.forms import ExcludeForm
from ..queries.exclusions import (
    DECIDED,
    DECIDED_WORD,
    WAITS,
    counted_lines,
    decided,
    decided_imports,
    get_brought,
    lines_of,
    may_decide,
    may_decide_import,
    undecided,
    undecided_imports,
)
from ..queries.reading import place_names
from ..terms import Closing, Leaving

PAGE = 50


@require_GET
@needs("matter.view")
def exclusions_page(request: HttpRequest) -> HttpResponse:
    """This view will list what was declined on a post's ground and waits to be left out of the rates, and what was
    decided: what an import brought as one.
    """
    actor = signed_in(request)
    ranges = actor.scope.ranges
    imports = undecided_imports(ranges)
    waiting, done = list(undecided(ranges)[: PAGE + 1]), list(decided(ranges)[:PAGE])
    drawn = [one for brought in imports for one in brought.sample]
    names = place_names(one.place for one in [*waiting, *done, *drawn])
    shown = {
        "imports": [(one, [(line, names[line.place]) for line in one.sample]) for one in imports],
        "waiting": [(one, names[one.place], may_decide(one, actor=actor)) for one in waiting[:PAGE]],
        "more": len(waiting) > PAGE,
        "decided_imports": decided_imports(ranges)[:PAGE],
        "decided": [(one, names[one.place]) for one in done],
        "at": now(),
    }
    return render(request, "matters/exclusions.html", shown)


@require_http_methods(["GET", "POST"])
@needs("matter.view")
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will list what an import brought as declined, by reason, and let the lead organisation decide it as one."""
    actor, status = signed_in(request), 200
    if request.method == "POST":
        actor.require("matter.arbitrate")
    batch = get_brought(pk, actor=actor)
    form = ExcludeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        status = 400
        if form.is_valid():
            confirmed, reason = form.cleaned_data["confirmed"] == "1", form.cleaned_data["reason"]
            try:
                decide_import(batch, confirmed=confirmed, reason=reason, by=actor, at=now())
                return redirect("matter_exclusions_import", pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status, batch = refusal.status, get_brought(pk, actor=actor)  # as another may have decided it
    ranges = actor.scope.ranges
    lines, counted = lines_of(batch, ranges), counted_lines(batch, ranges)
    show = request.GET.get("show", "")
    if show in (WAITS, DECIDED_WORD):
        lines = lines.filter(verdict__in=DECIDED if show == DECIDED_WORD else (Leaving.PROPOSED,))
    elif show in Closing.values:
        lines = lines.filter(kind=show)
    else:
        show = ""
    page = Paginator(lines, PAGE).get_page(request.GET.get("page"))
    names = place_names(one.place for one in page)
    labels = {"": _("All"), WAITS: _("Undecided"), DECIDED_WORD: _("Decided already"), **dict(Closing.choices)}
    shown = {
        "batch": batch,
        "waiting": counted[WAITS],
        "chips": [(word, label, counted[word]) for word, label in labels.items() if counted[word] or word == show],
        "show": show,
        "page": page,
        "lines": [(one, names[one.place]) for one in page],
        "form": form if status != 200 or may_decide_import(batch, actor=actor) else None,
    }
    return render(request, "matters/exclusions_import.html", shown, status=status)
