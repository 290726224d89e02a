"""What is held of persons and on which law it rests: for everyone to read, for who keeps the register to settle."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_http_methods

from qipan.access.api import signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal
from qipan.laws.api import Use, article_choices, cited_by, flags_of

from ..actions import rest_purpose
from ..input import PurposeInput
from ..queries import PURPOSE, get_purpose, register


@require_GET
def privacy_page(request: HttpRequest) -> HttpResponse:
    """This view will tell everyone what is held of persons: by room and purpose, on which law, how long, how it ends."""
    return render(request, "retention/privacy.html", {"rooms": sorted(register().items())})


@require_http_methods(["GET", "HEAD", "POST"])
def purpose_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show one purpose with its legal basis, and let who keeps the register choose another article."""
    actor, at = signed_in(request), now()
    actor.require("law.edit")
    purpose, data = get_purpose(pk)
    form = PurposeInput(request.POST or None, articles=article_choices(Use.DATA_PURPOSE, on=localdate(at)))
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                rest_purpose(purpose, article=form.cleaned_data["article"], by=actor, at=at)
                return redirect(f"{reverse('privacy')}#purpose-{pk}")
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    shown = {
        "data": data,
        "form": form,
        "articles": cited_by(PURPOSE, [pk]).get(pk, []),
        "flags": flags_of(PURPOSE, [pk]).get(pk, []),
    }
    return render(request, "retention/purpose.html", shown, status=status)
