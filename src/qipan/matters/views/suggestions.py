"""The page of suggestions: the switch, what was learned and how good it is, how often people decided otherwise."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal

from ..actions.suggesting import RIGHT, switch_suggestions
from ..input.forms import ReasonForm
from ..queries.learned import switched, targets_learned
from ..queries.suggesting import used


@require_http_methods(["GET", "POST"])
@needs("matter.view")
def suggestions_page(request: HttpRequest) -> HttpResponse:
    """This view will show how suggestions stand and how good they are; who keeps the catalogue switches them."""
    actor, form, status = signed_in(request), ReasonForm(), 200
    if request.method == "POST":
        actor.require(RIGHT)
        form, status = ReasonForm(request.POST), 400
        if form.is_valid():
            try:
                switch_suggestions(
                    request.POST.get("on") == "1", reason=form.cleaned_data["reason"], by=actor, at=now()
                )
                return redirect("matter_suggestions")
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    last = switched()
    on = last is None or last.on
    shown = {
        "on": on,
        "last": last,
        "targets": targets_learned(on=on),
        "used": used(),
        "form": form,
        "keeps": actor.can(RIGHT),
    }
    return render(request, "matters/suggestions.html", shown, status=status)
