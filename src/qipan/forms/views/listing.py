"""The page of forms: which passport each form carries, where it is open, which one may be refused."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from qipan.access.api import signed_in
from qipan.desk.api import nuisances_of_forms
from qipan.kernel.clock import now

from ..queries import forms_by_validity, open_forms
from ..queries.drafts import drafts_for

READERS = ("desk.view", "board.view", "playbook.edit", "admission.decide")
DRAFTS = 50


@require_GET
def forms_page(request: HttpRequest) -> HttpResponse:
    """This view will print each form with its passport, the openings on the actor's ground, and the expired ones,
    which whoever is asked may refuse."""
    actor, at = signed_in(request), now()
    actor.require(*READERS)
    holding, expired = forms_by_validity(at)
    said = nuisances_of_forms([form.code for form in (*holding, *expired)], at=at)
    openings = open_forms(actor.scope.ranges, at=at)
    return render(
        request,
        "forms/forms.html",
        {
            "rows": [
                (form, [one for one in openings if one.form_id == form.pk], said.get(form.code)) for form in holding
            ],
            "older": [one for one in openings if one.form not in holding],
            "expired": [(form, said.get(form.code)) for form in expired],
            "designs": actor.can("form.design"),
            "drafts": drafts_for(actor)[:DRAFTS],
        },
    )
