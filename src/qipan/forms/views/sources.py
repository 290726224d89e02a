"""Sources that are pulled: who keeps the dictionary sets them up and tries them; a field's owner sees and stops its own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from ..actions.sources import add_source, change_source, end_source, switch_source
from ..adapter import Trial, try_source
from ..input.sources import SourceForm
from ..models import DataSource
from ..queries.sources import EDIT, field_of, get_source, owned_fields, sources_for

DELIVERIES = 20


@never_cache
@require_GET
def sources_page(request: HttpRequest) -> HttpResponse:
    """This view will list the sources: all, or those of the own unit's fields."""
    actor = signed_in(request)
    return render(request, "forms/sources.html", {"rows": sources_for(actor), "edits": actor.can(EDIT)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(EDIT)
@sensitive_post_parameters("secret", "url")
@sensitive_variables("form")
def new_source(request: HttpRequest) -> HttpResponse:
    """This view will set up a source of a field that has none; it stays off until it was tried."""
    actor = signed_in(request)
    taken = set(DataSource.objects.filter(ended_at=None).values_list("field_code", flat=True))
    fields = [one for one in owned_fields(actor) if one.code not in taken]
    form = SourceForm(request.POST or None, fields=fields)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                made = add_source(form.cleaned_data["field"], form.reads, by=actor, at=now())
                return redirect("data_source", made.pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    return render(request, "forms/source_new.html", {"form": form, "fields": fields}, status=status)


@never_cache
@require_GET
def source_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a source: where it reads, how the last readings went, what it brought."""
    actor = signed_in(request)
    actor.require("desk.view", "board.view", EDIT)
    return _page(request, get_source(pk, actor=actor), actor)


@never_cache
@require_POST
@sensitive_post_parameters("secret", "url")
@sensitive_variables("form")
def source_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will try a source, switch it on when the dry run is good, or off, read it in another way, or end it."""
    actor = signed_in(request)
    actor.require("desk.view", "board.view", EDIT)
    source = get_source(pk, actor=actor)
    if act == "change":
        return _change(request, source, actor)
    if act == "try":
        return _page(request, source, actor, trial=try_source(source, at=now()))
    if act == "on":
        actor.require(EDIT)
        trial = try_source(source, at=now())
        if not trial.good:
            return _page(request, source, actor, trial=trial, status=409)
        switch_source(source, on=True, by=actor, at=now())
    elif act == "off":
        switch_source(source, on=False, by=actor, at=now())
    elif act == "end":
        end_source(source, by=actor, at=now())
        return redirect("data_sources")
    else:
        raise NotFound
    return redirect("data_source", pk)


def _change(request: HttpRequest, source: DataSource, actor: Actor) -> HttpResponse:
    actor.require(EDIT)
    form = SourceForm(request.POST, source=source)
    if not form.is_valid():
        return _page(request, source, actor, form=form, status=400)
    try:
        change_source(source, form.reads, by=actor, at=now())
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(request, source, actor, form=form, status=refusal.status)
    return redirect("data_source", source.pk)


def _page(
    request: HttpRequest,
    source: DataSource,
    actor: Actor,
    *,
    form: SourceForm | None = None,
    trial: Trial | None = None,
    status: int = 200,
) -> HttpResponse:
    edits = actor.can(EDIT)
    shown = {
        "source": source,
        "entry": field_of(source),
        "edits": edits,
        "form": (form or SourceForm(source=source)) if edits else None,
        "opened": form is not None,
        "trial": trial,
        "deliveries": source.deliveries.order_by("-pk")[:DELIVERIES],
    }
    return render(request, "forms/source.html", shown, status=status)
