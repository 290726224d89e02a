"""Pages of hazards: the open ones of a ground, and one with its grade and inspections."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal

from ..actions.hazards import grade_hazard, inspect_hazard
from ..input.forms import ActForm
from ..input.joint import GradeForm, InspectionForm
from ..models import Hazard
from ..queries.patterns import hazards_of, hazards_on
from ..queries.reading import get_matter, is_late, place_names
from ..rules import joint
from ..rules.loop import S
from ..terms import Grade

PAGE = 50


@require_GET
@needs("matter.view")
def hazards_page(request: HttpRequest) -> HttpResponse:
    """This view will list the open hazards of a ground, the first due first; who is late is named by unit."""
    actor, at = signed_in(request), now()
    grade = request.GET.get("grade", "")
    if grade and grade not in Grade.values:
        raise NotFound
    rows = list(hazards_on(actor.scope.ranges, grade=grade)[: PAGE + 1])
    names = place_names(one.matter.place for one in rows)
    shown = {
        "rows": [(one, names[one.matter.place], _late(one, at)) for one in rows[:PAGE]],
        "more": len(rows) > PAGE,
        "grades": Grade.choices,
        "grade": grade,
        "at": at,
    }
    return render(request, "matters/joint_hazards.html", shown)


def _late(hazard: Hazard, at: datetime) -> dict[str, bool]:
    done = hazard.holds_up.state in (S.DONE, S.VERIFIED)
    return {
        "remedy": hazard.remedied_at is None and not done and hazard.remedy_by < at,
        "look": hazard.look is not None and is_late(hazard.look, at=at),
    }


@require_http_methods(["GET", "POST"])
@needs("matter.view")
def hazard_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a matter's hazard with its inspections, and let an office grade and inspect it."""
    actor, at = signed_in(request), now()
    matter = get_matter(pk, actor=actor)
    hazards = hazards_of(matter)
    own = next((one for one in hazards if one.matter_id == matter.pk), None)
    grading = GradeForm(initial={"grade": own.grade, "measure": own.measure} if own else None)
    looking, status = InspectionForm(), 200
    if request.method == "POST":
        status = 400
        form: ActForm
        if "remedied" in request.POST:
            form = looking = InspectionForm(request.POST)
        else:
            form = grading = GradeForm(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            try:
                if form is looking:
                    inspect_hazard(matter, remedied=data["remedied"] == "1", note=data["note"], by=actor, at=at)
                else:
                    grade_hazard(matter, grade=data["grade"], measure=data["measure"], by=actor, at=at)
                return redirect("matter_hazard", pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
        elif not actor.can("matter.dispatch") and not actor.can("matter.verify"):
            actor.require("matter.verify")
    shown = {
        "matter": matter,
        "hazards": [(one, _late(one, at)) for one in hazards],
        "own": own,
        "where": place_names([matter.place])[matter.place],
        "grading": grading if actor.can("matter.dispatch") and S(matter.state) in joint.GRADED_IN else None,
        "looking": looking if hazards and actor.can("matter.verify") and matter.ended_at is None else None,
        "steps": matter.steps.filter(kind__in=("GRADED", "HASTENED", "INSPECTED"))
        .select_related("unit")
        .order_by("pk"),
        "at": at,
    }
    return render(request, "matters/joint_hazard.html", shown, status=status)
