"""The field dictionary's page: to read, to take along, to put a new one in force, to bring values of a register."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.dated import Renewed
from qipan.kernel.place import place_text
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal
from qipan.webkit.sheets import csv_file, read_table, xlsx_file

from ..actions.fields import COLUMNS, bring_values, import_fields
from ..input.values import ValuesForm
from ..models import DataSource, FieldEntry, FieldValue, FieldValues
from ..queries import fields_on
from ..queries.sources import lineage
from ..terms import Held

FILES = {"csv": csv_file, "xlsx": xlsx_file}
READERS = ("desk.view", "board.view", "form.design", "field.edit", "admission.decide")
DELIVERIES = 20


def _reader(request: HttpRequest) -> Actor:
    actor = signed_in(request)
    actor.require(*READERS)
    return actor


def _brings(actor: Actor) -> list[FieldEntry]:
    """The fields of which the actor may bring values."""
    rows = (
        fields_on()
        .filter(held=Held.VALUES)
        .exclude(code__in=DataSource.objects.filter(active=True).values("field_code"))
    )
    return list(rows if actor.can("field.edit") else rows.filter(owner_id=actor.unit_id))


@require_http_methods(["GET", "HEAD", "POST"])
def fields_page(request: HttpRequest) -> HttpResponse:
    """This view will show the dictionary in force; who keeps it puts a whole new one in its place."""
    actor = _reader(request)
    done: Renewed | None = None
    refusal: Refusal | None = None
    if request.method == "POST":
        actor.require("field.edit")
        file = request.FILES.get("file")
        try:
            if file is None:
                raise BadInput([_("no file was chosen")])
            done = import_fields(read_table(file.read()), by=actor, at=now())
        except Refusal as found:
            refusal = found
    return _page(request, actor, ValuesForm(fields=_brings(actor)), done=done, refusal=refusal)


def _page(
    request: HttpRequest,
    actor: Actor,
    form: ValuesForm,
    *,
    done: Renewed | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    fields = list(fields_on())
    held_from = lineage(one.code for one in fields if one.held == Held.VALUES)
    owns = actor.unit_id is not None and any(
        one.held == Held.VALUES and one.owner_id == actor.unit_id for one in fields
    )
    shown = {
        "rows": [(one, held_from.get(one.code, [])) for one in fields],
        "sees_sources": actor.can("field.edit") or owns,
        "keeps": actor.can("field.edit"),
        "done": done,
        "refused": refusal,
        "form": form if form.offers else None,
        "deliveries": FieldValues.objects.select_related("source").order_by("-at", "-pk")[:DELIVERIES],
    }
    return render(request, "forms/fields.html", shown, status=refusal.status if refusal else status)


@require_POST
def bring(request: HttpRequest) -> HttpResponse:
    """This view will take over values of a field from the register that holds it."""
    actor = _reader(request)
    form = ValuesForm(request.POST, request.FILES, fields=_brings(actor))
    if not form.offers:
        raise NotAllowed(act="field.edit")
    if not form.is_valid():
        return _page(request, actor, form, status=400)
    given = form.cleaned_data
    raw = given["values"].read()
    try:
        bring_values(
            given["field"],
            read_table(raw),
            name=given["values"].name or "",
            sha256=hashlib.sha256(raw).hexdigest(),
            as_of=given["as_of"],
            by=actor,
            at=now(),
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(request, actor, form, status=refusal.status)
    return redirect("form_fields")


@require_GET
def fields_file(request: HttpRequest, kind: str) -> HttpResponse:
    """This view will give the dictionary as CSV or XLSX, in the columns in which it is read again."""
    _reader(request)
    if kind not in FILES:
        raise NotFound
    rows = ([one.owner.code if name == "owner" else getattr(one, name) for name in COLUMNS] for one in fields_on())
    return FILES[kind]("fields", COLUMNS, rows)


@require_GET
def values_file(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """This view will give what is held of a field on the reader's own ground, with the day and the source of each value."""
    actor = _reader(request)
    if kind not in FILES or not fields_on().filter(code=code, held=Held.VALUES).exists():
        raise NotFound
    rows = FieldValue.objects.filter(actor.scope.q(), field_code=code).select_related("delivery").order_by("place")
    lines = ((place_text(one.place), one.value, one.delivery.as_of.isoformat(), one.delivery.name) for one in rows)
    return FILES[kind](code, ("place", "value", "as_of", "source"), lines)
