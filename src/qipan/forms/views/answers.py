"""Data return: what was given on one's own ground, to see and to take along."""

from datetime import timedelta
from itertools import zip_longest
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal
from qipan.webkit.sheets import csv_file, xlsx_file

from ..actions.owning import LookReasonNeeded, look_at_answers, read_answer
from ..actions.returning import save_order
from ..input.orders import LookForm, OrderForm
from ..models import AnswerLook, ColumnOrder, Form
from ..queries import get_form
from ..queries.answers import (
    READERS,
    answers_of,
    as_sent,
    column_order,
    masks_of,
    questions_of,
    rows_of,
    usual_columns,
)
from ..queries.own import about_persons, readable_by
from ..rules.columns import write_columns

FILES = {"csv": csv_file, "xlsx": xlsx_file}
SHOWN = 50
LOOK_FOR = timedelta(minutes=10)  # after that, the reason is asked again
SALT = "forms.look"


def _reader(request: HttpRequest) -> Actor:
    actor = signed_in(request)
    actor.require(*READERS)
    return actor


def _looked(request: HttpRequest, form: Form, actor: Actor) -> AnswerLook | None:
    """The look that the address names, where whoever asks wrote it a moment ago and for the same answers."""
    try:
        pk, *who = signing.loads(request.GET.get("look", ""), salt=SALT, max_age=LOOK_FOR)
    except signing.BadSignature:
        return None
    if who != [actor.post_id, actor.pass_id]:
        return None
    return AnswerLook.objects.filter(pk=pk, form_code=form.code, drill="drill" in request.GET).first()


@never_cache
@require_POST
def answers_look(request: HttpRequest, code: str) -> HttpResponse:
    """This view will write down who looks at answers about persons and why, and lead to them; or show one of them in full,
    once, to whoever may read it."""
    actor, at = _reader(request), now()
    form = get_form(code, at=at)
    chosen, drill = {key: request.GET[key] for key in ("order", "drill") if key in request.GET}, "drill" in request.GET
    if about_persons(code):
        typed = LookForm(request.POST)
        if not typed.is_valid():
            return _page(request, form, actor, look=typed, status=400)
        try:
            why, one = typed.cleaned_data["why"], typed.cleaned_data["answer"]
            if one is not None:
                read = read_answer(form, one, why=why, drill=drill, by=actor, at=at)
                return _page(request, form, actor, read=read)
            look = look_at_answers(form, why=why, drill=drill, by=actor, at=at)
        except LookReasonNeeded as refusal:
            typed.refuse(refusal)
            return _page(request, form, actor, look=typed, status=refusal.status)
        chosen["look"] = signing.dumps([look.pk, actor.post_id, actor.pass_id], salt=SALT)
    return redirect(f"{reverse('form_answers', args=[code])}?{urlencode(chosen)}")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answers_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show the newest answers of a form on the actor's ground; and keep a column order."""
    actor, at = _reader(request), now()
    form = get_form(code, at=at)
    if request.method != "POST":
        return _page(request, form, actor)
    actor.require("desk.view")
    typed, status = OrderForm(request.POST), 400
    if typed.is_valid():
        given = typed.cleaned_data
        try:
            order = save_order(form, name=given["name"], lines=given["lines"], by=actor, at=at)
        except Refusal as refusal:
            typed.refuse(refusal)
            status = refusal.status
        else:
            return redirect(f"{request.path}?{urlencode({'order': order.name})}")
    return _page(request, form, actor, typed=typed, status=status)


def _page(
    request: HttpRequest,
    form: Form,
    actor: Actor,
    *,
    typed: OrderForm | None = None,
    look: LookForm | None = None,
    read: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    code, chosen, drill = form.code, request.GET.get("order", ""), "drill" in request.GET
    questions = questions_of(form)
    columns = column_order(code, chosen) if chosen else usual_columns(questions)
    initial = {"name": chosen, "lines": write_columns([one.__dict__ for one in columns])}
    answers, masks = answers_of(code, actor=actor, drill=drill), masks_of(code)
    total, asks, seen = answers.count(), about_persons(code), _looked(request, form, actor)
    if look is not None:
        seen = None  # what was typed is corrected first
    if seen is not None:  # it stands for what had come by then
        answers = answers.filter(received_at__lte=seen.at)
    elif asks:
        answers = answers.none()
    rows = list(rows_of(answers, columns, masks, own=as_sent(actor), most=SHOWN))
    keys = list(answers.values_list("pk", flat=True)[:SHOWN]) if asks else []
    reads = set(readable_by(actor, answers).values_list("pk", flat=True)[:SHOWN]) if keys else set()
    shown = {
        "form": form,
        "typed": typed or OrderForm(initial=initial),
        "columns": columns,
        "labels": {one.path: one.label for one in questions},
        "rows": rows,
        "lines": list(zip_longest(rows, [one if one in reads else None for one in keys])),
        "reads": bool(reads),
        "read": read,
        "total": total,
        "shown": SHOWN,
        "masked": bool(masks),
        "order": chosen,
        "drill": drill,
        "drills": drill or answers_of(code, actor=actor, drill=True).exists(),
        "orders": ColumnOrder.objects.filter(form_code=code).order_by("name"),
        "look": (look or LookForm()) if asks and seen is None else None,
        "seen": request.GET["look"] if seen is not None else "",
    }
    return render(request, "forms/answers.html", shown, status=status)


@never_cache
@require_GET
def answers_file(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """This view will give the answers of a form on the actor's ground as CSV or XLSX, in a stored column order.

    Those about persons only to whoever has said why on the page, a moment ago.
    """
    actor, at = _reader(request), now()
    if kind not in FILES:
        raise NotFound
    form = get_form(code, at=at)
    questions = questions_of(form)
    chosen, drill = request.GET.get("order", ""), "drill" in request.GET
    columns = column_order(code, chosen) if chosen else usual_columns(questions)
    answers = answers_of(code, actor=actor, drill=drill)
    if about_persons(code):
        seen = _looked(request, form, actor)
        if seen is None:
            raise LookReasonNeeded
        answers = answers.filter(received_at__lte=seen.at)
    rows = rows_of(answers, columns, masks_of(code), own=as_sent(actor))
    return FILES[kind](f"{code}-answers-drill" if drill else f"{code}-answers", [one.header for one in columns], rows)
