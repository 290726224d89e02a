"""One form: its passport, what it asks and what it fills in, in print with a code that leads back here."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from qipan.access.api import signed_in
from qipan.desk.api import nuisances_of_forms
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound
from qipan.laws.api import cited_by, flags_of

from .. import rules
from ..models import Form
from ..queries import fields_on, get_form, open_forms
from ..queries.answers import READERS as RETURNED_TO
from ..queries.sources import lineage
from ..terms import Sensitivity
from .drafts import attached
from .listing import READERS


def _passport(request: HttpRequest, form: Form, *, at: datetime) -> dict[str, Any]:
    """What a form carries with it, for whoever asks and whoever is asked; the code in print leads to the public page."""
    sensitive = {one.code: one for one in fields_on() if one.sensitivity != Sensitivity.NONE}
    asked = form.questions.order_by("order").values_list("field_code", flat=True)
    return {
        "form": form,
        "articles": cited_by("forms.Form", [form.pk]).get(form.pk, []),
        "flags": flags_of("forms.Form", [form.pk]).get(form.pk, []),
        "lapsed": not rules.valid(form.valid_from, form.valid_to, at=at),
        "sensitive": [sensitive[code] for code in asked if code in sensitive],
        "address": request.build_absolute_uri(reverse("form_passport", args=[form.code])),
    }


@require_GET
def passport_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show everybody who asks by a form, on which approval and basis, and until when: no question, no answer."""
    at = now()
    return render(request, "forms/passport.html", _passport(request, get_form(code, at=at), at=at))


@require_GET
def form_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show one form with its passport and its questions; it is public to everybody with a post."""
    actor, at = signed_in(request), now()
    actor.require(*READERS, "form.design")
    form = get_form(code, at=at)
    dictionary = {one.code: one for one in fields_on()}
    questions = list(form.questions.order_by("order"))
    held_from = lineage(one.field_code for one in questions if one.held)
    lines = [
        (one, dictionary.get(one.field_code), held_from.get(one.field_code, []) if one.held else [])
        for one in questions
    ]
    passport = _passport(request, form, at=at)
    fillable = Form.objects.filter(pk=form.pk).exclude(xform="").exists()
    openings = open_forms(actor.scope.ranges, at=at, code=code)
    shown = {
        **passport,
        "lines": lines,
        "openings": openings,
        "versions": Form.objects.filter(code=code).order_by("-version").values("version", "valid_from", "valid_to"),
        "held_sheet": Form.objects.filter(pk=form.pk, source__isnull=False).exists(),
        "designs": actor.can("form.design"),
        "nuisances": nuisances_of_forms([code], at=at).get(code),
        "asks": actor.can("directive.issue")
        and form.issuer_id == actor.unit_id
        and fillable
        and not passport["lapsed"],
        "fills": actor.can("visit.submit") and fillable and bool(openings),
        "returned": any(actor.can(act) for act in RETURNED_TO),
    }
    return render(request, "forms/form.html", shown)


@require_GET
def form_source(request: HttpRequest, code: str) -> HttpResponse:
    """This view will give the spreadsheet of the newest version as its author uploaded it."""
    actor, at = signed_in(request), now()
    actor.require(*READERS, "form.design")
    form = get_form(code, at=at)
    if form.source is None:
        raise NotFound
    return attached(bytes(form.source), f"{form.code}-v{form.version}")
