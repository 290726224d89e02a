"""Pages of the sampled review after the close: what waits to be looked at again, what was found, the setting."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal

from ..actions.rechecks import recheck_matter, set_sampling
from ..input.joint import RecheckForm, SamplingForm
from ..queries.reading import get_matter, place_names
from ..queries.rechecks import looked_on, recheck_of, rechecks_on, sample_on, samplings, unit_closes
from ..rules.limits import quarter

PAGE = 50


@require_http_methods(["GET", "POST"])
@needs("matter.view")
def rechecks_page(request: HttpRequest) -> HttpResponse:
    """This view will list what waits to be looked at again and what was found, with what closes say of units; the lead
    organisation sets the share.
    """
    actor, at = signed_in(request), now()
    if request.method == "POST":
        actor.require("matter.arbitrate")
    watches = any(actor.can(act) for act in ("matter.arbitrate", "matter.dispatch", "matter.verify"))
    today, status = localdate(at), 200
    sample = sample_on(today)
    begin = {"share": sample.share, "after_days": sample.after_days, "valid_from": today.isoformat()}
    form = SamplingForm(request.POST if request.method == "POST" else None, initial=begin)
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                set_sampling(**form.cleaned_data, by=actor, at=at)
                return redirect("matter_rechecks")
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    ranges = actor.scope.ranges
    own = None if watches else actor.unit_id or 0  # a department sees what became of its own closes
    waiting = list(rechecks_on(ranges)[: PAGE + 1]) if watches else []
    looked = list(looked_on(ranges, closer=own)[:PAGE])
    names = place_names(one.place for one in [*waiting, *looked])
    since, until = quarter(at)
    shown = {
        "waiting": [(one, names[one.place]) for one in waiting[:PAGE]],
        "more": len(waiting) > PAGE,
        "looked": [(one, names[one.place]) for one in looked],
        "closes": [one for one in unit_closes(ranges, since=since, until=until) if own in (None, one.unit.pk)],
        "watches": watches,
        "since": since,
        "sample": sample,
        "later": [one for one in samplings() if one.valid_from > today],
        "form": form if actor.can("matter.arbitrate") else None,
        "at": at,
    }
    return render(request, "matters/rechecks.html", shown, status=status)


@require_http_methods(["GET", "POST"])
@needs("matter.view")
def recheck_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will let a third unit and a third person say what they found when they looked again."""
    actor, at = signed_in(request), now()
    matter = get_matter(pk, actor=actor)
    if request.method == "POST":
        actor.require("matter.verify")
    form, status = RecheckForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            data = form.cleaned_data
            try:
                recheck_matter(matter, solved=data["solved"] == "1", note=data["note"], by=actor, at=at)
                return redirect("matter_recheck", pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    recheck = recheck_of(matter)
    shown = {
        "matter": matter,
        "where": place_names([matter.place])[matter.place],
        "recheck": recheck,
        "form": form if actor.can("matter.verify") and (recheck is not None or status != 200) else None,
        "done": matter.steps.filter(kind__in=("REPORTED_DONE", "VERIFIED", "CLOSED"))
        .select_related("unit")
        .order_by("pk"),
        "steps": matter.steps.filter(kind="RECHECKED").order_by("pk"),
        "at": at,
    }
    return render(request, "matters/recheck.html", shown, status=status)
