"""What one community holds for an emergency: seen by it and the levels above it, kept by it alone."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import Refusal
from qipan.territory.api import path_to

from .. import rules
from ..actions.provisions import confirm_provision, say_provision
from ..actions.refusals import ChangedMeanwhile
from ..input import ProvisionInput
from ..models import Provision
from ..queries.provisions import community_for, earlier_of, provision_of, said_by, stored_of
from ..queries.wording import signal_lines


def _usual() -> list[tuple[str, str]]:
    """Names and units of what communities usually store, in the reader's language."""
    end = "_en" if (get_language() or "").startswith("en") else ""
    return [(one[f"name{end}"], one[f"measure{end}"]) for one in rules.limits()["usual_stock"]]


def _form(held: Provision | None, data: Any = None) -> ProvisionInput:
    """The form as it is filled in already: with what stands, or with the names of what communities usually store."""
    usual = _usual()
    if held is None:
        filled: list[dict[str, Any]] = [{"name": name, "measure": measure} for name, measure in usual]
        counts: dict[str, Any] = {}
    else:
        filled = [vars(one) for one in stored_of(held)]
        counts = {"households": held.households, "with_helper": held.with_helper}
    rows = {f"{name}_{n}": value for n, row in enumerate(filled, 1) for name, value in row.items()}
    return ProvisionInput(data, usual=[name for name, _measure in usual], held=len(filled), initial={**rows, **counts})


@require_http_methods(["GET", "POST"])
@needs("board.view")
def provision_page(request: HttpRequest, code: str) -> HttpResponse:
    """This page will show what a community holds, since when and as of which day; the community itself keeps it."""
    actor, at = signed_in(request), now()
    if request.method == "POST":
        actor.require("provision.keep")
    area, unit = community_for(code, actor=actor)
    held = provision_of(unit)
    seen = held.pk if held else None
    form, status, refused = _form(held), 200, None
    if request.method == "POST":
        seen, status = key_of(request.POST.get("seen", "")), 400
        still = "still" in request.POST
        if not still:
            form = _form(held, request.POST)
        if still or form.is_valid():
            try:
                if still:
                    confirm_provision(unit, seen=seen, by=actor, at=at)
                else:
                    given = {name: form.cleaned_data[name] for name in ("households", "with_helper")}
                    say_provision(unit, lines=form.lines(), **given, seen=seen, by=actor, at=at)
                return redirect("provision", code)
            except Refusal as refusal:
                status = refusal.status
                if still:
                    refused = refusal
                else:
                    form.refuse(refusal)
                if isinstance(refusal, ChangedMeanwhile):  # what stands now is shown, and pressing again is about it
                    seen = held.pk if held else None
    on = localdate(at)
    said = said_by(held) if held else None
    context = {
        "area": area,
        "path": [one for one in path_to(area.code) if one.code != area.code],
        "held": held,
        "seen": seen,
        "stored": stored_of(held) if held else [],
        "first_out": said.first_out if said else None,
        "lines": signal_lines([rules.stock_signal(said, on=on), rules.helpers_signal(said, on=on)]),
        "earlier": [(one, said_by(one)) for one in earlier_of(unit)],
        "may_keep": actor.can("provision.keep"),
        "form": form,
        "refused": refused,
        "open": held is None or (status != 200 and refused is None),
        "limit": rules.limits()["confirmed_days"],
        "as_of": at,
    }
    return render(request, "learning/provision.html", context, status=status)
