"""What may hang at a community's door, and what was reported because it may not (SVC-12)."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from ..actions.signs import decide_sign, end_sign, list_sign, report_sign
from ..input import SignDecisionForm, SignForm, SignReportForm
from ..queries.signs import get_report, get_sign, listed, sign_reports
from ..queries.terminals import wanting_units
from .terminals import lists_own, reader

FormOf = SignReportForm | SignForm | SignDecisionForm


@require_GET
def signs_page(request: HttpRequest) -> HttpResponse:
    """This view will show the list and what was reported on the own ground, to everyone with a post."""
    actor, unit = reader(request)
    return _page(request, actor, unit)


def _page(
    request: HttpRequest,
    actor: Actor,
    unit: Unit,
    *,
    form: FormOf | None = None,
    report: int = 0,
    status: int = 200,
) -> HttpResponse:
    own, decides = lists_own(actor, unit), actor.can("admission.decide")
    blank_report = SignReportForm(units=wanting_units(unit)) if own else None
    context = {
        "own": own,
        "decides": decides,
        "signs": listed(now()),
        "reports": [
            (one, form if isinstance(form, SignDecisionForm) and one.pk == report else SignDecisionForm())
            for one in sign_reports(actor)
        ],
        "report_form": form if isinstance(form, SignReportForm) else blank_report,
        "sign_form": form if isinstance(form, SignForm) else SignForm() if decides else None,
        "as_of": now(),
    }
    return render(request, "desk/signs.html", context, status=status)


@require_POST
def sign_act(request: HttpRequest, act: str) -> HttpResponse:
    """This view will report a plaque, decide on a report, put one on the list or take it off."""
    actor, unit = reader(request)
    actor.require("task.answer", "admission.decide")
    pk = key_of(request.POST.get("pk", "")) or 0
    if act == "end":
        actor.require("admission.decide")
        end_sign(get_sign(pk), by=actor, at=now())
        return HttpResponseRedirect(reverse("signs"))
    form = _form(act, request, actor, unit)
    status = 400
    if form.is_valid():
        try:
            _do(form, pk, actor)
        except Refusal as refusal:
            if isinstance(refusal, NotFound | NotAllowed):
                raise
            form.refuse(refusal)
            status = refusal.status
        else:
            return HttpResponseRedirect(reverse("signs"))
    return _page(request, actor, unit, form=form, report=pk, status=status)


def _form(act: str, request: HttpRequest, actor: Actor, unit: Unit) -> FormOf:
    if act == "report":
        if not lists_own(actor, unit):
            raise NotAllowed(act="task.answer")
        return SignReportForm(request.POST, units=wanting_units(unit))
    if act not in ("list", "decide"):
        raise NotFound
    actor.require("admission.decide")
    return SignForm(request.POST) if act == "list" else SignDecisionForm(request.POST)


def _do(form: FormOf, pk: int, actor: Actor) -> None:
    given = form.cleaned_data
    if isinstance(form, SignReportForm):
        demander = Unit.objects.get(pk=int(given["demander"])) if given["demander"] else None
        report_sign(words=given["words"], demander=demander, by=actor, at=now())
    elif isinstance(form, SignForm):
        list_sign(**given, by=actor, at=now())
    else:
        report = get_report(pk, actor=actor)
        decide_sign(report, may_hang=given["may_hang"] == "1", reason=given["reason"], by=actor, at=now())
