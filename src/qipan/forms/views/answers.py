"""Data return: what was given on one's own ground, to see and to take along."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal
from qipan.webkit.sheets import csv_file, xlsx_file

from ..actions.returning import save_order
from ..input.orders import OrderForm
from ..models import ColumnOrder
from ..queries import get_form
from ..queries.answers import (
    READERS,
    answers_of,
    column_order,
    masks_of,
    questions_of,
    rows_of,
    usual_columns,
)
from ..rules.columns import write_columns

FILES = {"csv": csv_file, "xlsx": xlsx_file}
SHOWN = 50


def _reader(request: HttpRequest) -> Actor:
    actor = signed_in(request)
    actor.require(*READERS)
    return actor


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answers_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show the newest answers of a form on the actor's ground; and keep a column order."""
    actor, at = _reader(request), now()
    form = get_form(code, at=at)
    questions = questions_of(form)
    chosen, drill = request.GET.get("order", ""), "drill" in request.GET
    columns = column_order(code, chosen) if chosen else usual_columns(questions)
    initial = {"name": chosen, "lines": write_columns([one.__dict__ for one in columns])}
    typed = OrderForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        actor.require("desk.view")
        status = 400
        if typed.is_valid():
            given = typed.cleaned_data
            try:
                order = save_order(form, name=given["name"], lines=given["lines"], by=actor, at=at)
            except Refusal as refusal:
                typed.refuse(refusal)
                status = refusal.status
            else:
                return redirect(f"{request.path}?{urlencode({'order': order.name})}")
    answers, masks = answers_of(code, actor=actor, drill=drill), masks_of(code)
    shown = {
        "form": form,
        "typed": typed,
        "columns": columns,
        "labels": {one.path: one.label for one in questions},
        "rows": list(rows_of(answers, columns, masks, most=SHOWN)),
        "total": answers.count(),
        "shown": SHOWN,
        "masked": bool(masks),
        "order": chosen,
        "drill": drill,
        "drills": drill or answers_of(code, actor=actor, drill=True).exists(),
        "orders": ColumnOrder.objects.filter(form_code=code).order_by("name"),
    }
    return render(request, "forms/answers.html", shown, status=status)


@never_cache
@require_GET
def answers_file(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """This view will give the answers of a form on the actor's ground as CSV or XLSX, in a stored column order."""
    actor, at = _reader(request), now()
    if kind not in FILES:
        raise NotFound
    form = get_form(code, at=at)
    questions = questions_of(form)
    chosen, drill = request.GET.get("order", ""), "drill" in request.GET
    columns = column_order(code, chosen) if chosen else usual_columns(questions)
    rows = rows_of(answers_of(code, actor=actor, drill=drill), columns, masks_of(code))
    return FILES[kind](f"{code}-answers-drill" if drill else f"{code}-answers", [one.header for one in columns], rows)
