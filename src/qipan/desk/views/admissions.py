"""Work admission: the public list, applying, deciding."""

from datetime import datetime, time, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import OrganType
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotFound

from ..actions.admissions import apply_admission, decide_admission
from ..input import AdmissionForm, DecisionForm
from ..models import Admission
from ..queries.admissions import get_admission, public_admissions
from ..terms import AdmissionState

ONE_DAY = timedelta(days=1)


@require_http_methods(["GET", "HEAD", "POST"])
def admissions_page(request: HttpRequest) -> HttpResponse:
    """This view will show what was applied for and decided, to everyone with a post; and take an application."""
    actor = signed_in(request)
    if actor.unit_id is None:
        raise NotFound
    form = AdmissionForm(request.POST or None, initial={"valid_from": timezone.localdate(now())})
    if request.method == "POST":
        actor.require("admission.apply")
        if form.is_valid():
            given = form.cleaned_data
            first, last = (_midnight(given[name]) for name in ("valid_from", "valid_to"))
            try:
                apply_admission(
                    title=given["title"],
                    basis=given["basis"],
                    minutes_per_unit=given["minutes_per_unit"],
                    organ_types=given["organ_types"],
                    valid_from=first,
                    valid_to=last + ONE_DAY,
                    by=actor,
                    at=now(),
                )
            except BadInput as refusal:
                form.add_error(None, refusal.problems)
            else:
                return HttpResponseRedirect(reverse("admissions"))
    state = request.GET.get("state", "")
    if state and state not in AdmissionState.values:
        raise NotFound
    kinds = {kind.code: kind.label for kind in OrganType.objects.all()}
    rows = [
        (admission, ", ".join(kinds.get(code, code) for code in admission.organ_types) or _("all that only execute"))
        for admission in public_admissions(state=state)
    ]
    context = {
        "rows": rows,
        "form": form,
        "state": state,
        "states": AdmissionState.choices,
        "applies": actor.can("admission.apply"),
        "decides": actor.can("admission.decide"),
        "unit_id": actor.unit_id,
        "as_of": now(),
    }
    return render(request, "desk/admissions.html", context, status=400 if form.errors else 200)


def _midnight(day: datetime) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


@require_POST
@needs("admission.decide")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will admit or refuse an application with a reason that everyone may read."""
    actor = signed_in(request)
    admission: Admission = get_admission(pk, actor=actor)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        raise BadInput([f"{form.fields[name].label}: {errors[0]}" for name, errors in form.errors.items()])
    given = form.cleaned_data
    decide_admission(admission, admitted=given["admitted"] == "1", reason=given["reason"], by=actor, at=now())
    return HttpResponseRedirect(reverse("admissions"))


@require_GET
def old_address(request: HttpRequest) -> HttpResponse:
    """This view will lead from the desk's own address to the list."""
    signed_in(request)
    return HttpResponseRedirect(reverse("admissions"))
