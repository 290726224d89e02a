"""What offices store: the list with its file, one thing with its count, and what was handed out of it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import signed_in
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.posture.api import Declaration, declarations_on
from qipan.webkit.sheets import csv_file, read_table

from ..actions.refusals import ChangedMeanwhile
from ..actions.storing import ACT, COLUMNS, add_store, count_store, end_store, hand_out, import_stores, take_back
from ..input import BackInput, CountInput, HandOutInput, StoreInput, StoresFile, nonce_of
from ..models import Handout, Store
from ..queries.stores import get_handout, get_store, handouts_of, out_of, stores_of

SEEING = (ACT, "reserve.view")
MOST, MOST_UNITS, LATELY = 500, 200, 50


def _reader(request: HttpRequest) -> Actor:
    actor = signed_in(request)
    actor.require(*SEEING)
    return actor


def _listed(request: HttpRequest, actor: Actor) -> list[Store]:
    """The list of the actor's ground, or of one office on it."""
    rows = stores_of(actor)
    code = request.GET.get("unit", "")[:80].replace("\0", "")
    return list((rows.filter(unit__code=code) if code else rows)[:MOST])


def _list(
    request: HttpRequest,
    actor: Actor,
    *,
    form: StoreInput | None = None,
    file: StoresFile | None = None,
    status: int = 200,
) -> HttpResponse:
    at = now()
    stores = _listed(request, actor)
    out = out_of(stores)
    shown = {
        "rows": [(one, out.get(one.pk, 0), one.use_by is not None and one.use_by < localdate(at)) for one in stores],
        "unit": request.GET.get("unit", "") if request.method == "GET" else "",
        "keeps": actor.can(ACT),
        "form": form or StoreInput(),
        "opened": form is not None,
        "file": file or StoresFile(),
        "file_opened": file is not None,
        "columns": ",".join(COLUMNS),
        "most": MOST,
        "at": at,
    }
    return render(request, "reserves/stores.html", shown, status=status)


@require_http_methods(["GET", "POST"])
def stores_page(request: HttpRequest) -> HttpResponse:
    """This view will list what offices store, on the reader's ground or of one office; a POST adds a thing to one's own."""
    actor = _reader(request)
    if request.method == "GET":
        return _list(request, actor)
    actor.require(ACT)
    form, status = StoreInput(request.POST), 400
    if form.is_valid():
        try:
            return redirect("store", add_store(**form.cleaned_data, by=actor, at=now()).pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _list(request, actor, form=form, status=status)


@require_GET
def stores_csv(request: HttpRequest) -> HttpResponse:
    """This view will give the list as CSV, in the columns in which a file is read, and whose it is."""
    rows = [
        [one.name, one.measure, one.amount, one.per_day or "", one.kept_at, one.use_by or "", one.unit.code]
        for one in _listed(request, _reader(request))
    ]
    return csv_file("stores", [*COLUMNS, "unit"], rows)


@require_POST
def import_view(request: HttpRequest) -> HttpResponse:
    """This view will read what the actor's office stores from a file, whole or not at all."""
    actor = _reader(request)
    actor.require(ACT)
    form, status = StoresFile(request.POST, request.FILES), 400
    if form.is_valid():
        try:
            import_stores(read_table(form.cleaned_data["file"].read(), most=MOST), by=actor, at=now())
            return redirect("stores")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _list(request, actor, file=form, status=status)


def _declared(actor: Actor, at: datetime) -> dict[int, Declaration]:
    """The emergencies that hold on the actor's ground, and are no exercise."""
    rows = declarations_on(actor.scope.ranges).filter(
        starts_at__lte=at, expected_until__gt=at, ended_at=None, drill=False
    )
    return {one.pk: one for one in rows}


def _one(request: HttpRequest, store: Store, *, bound: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    actor, at, bound = signed_in(request), now(), bound or {}
    keeps = actor.can(ACT) and actor.unit_id == store.unit_id
    fresh = {"amount": store.amount, "per_day": store.per_day, "use_by": store.use_by, "seen": store.amount}
    declared = [(one.pk, f"{one.number} {one.matter}"[:80]) for one in _declared(actor, at).values()] if keeps else []
    near = Unit.objects.filter(parent=store.unit, valid_to=None).order_by("code")[:MOST_UNITS] if keeps else []
    shown = {
        "store": store,
        "over": store.use_by is not None and store.use_by < localdate(at),
        "out": out_of([store]).get(store.pk, 0),
        "keeps": keeps,
        "count": bound.get("count") or CountInput(initial=fresh, auto_id="count_%s"),
        "give": bound.get("hand-out")
        or HandOutInput(declared=declared, initial={"nonce": nonce_of("")}, auto_id="give_%s"),
        "back": bound.get("back"),
        "units": near,
        "handouts": [(one, one.is_late(localdate(at))) for one in handouts_of(store)[:LATELY]],
        "at": at,
    }
    return render(request, "reserves/store.html", shown, status=status)


@require_GET
def store_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show one thing that an office stores, and what was handed out of it."""
    return _one(request, get_store(pk, actor=_reader(request)))


def _hand(store: Store, form: HandOutInput, declared: dict[int, Declaration], actor: Actor, at: datetime) -> None:
    given = form.cleaned_data
    hand_out(
        store,
        quantity=given["quantity"],
        to=Unit.objects.filter(code=given["to"].strip(), valid_to=None).first(),
        purpose=given["purpose"],
        back_by=given["back_by"],
        declaration=declared.get(key_of(given["declaration"]) or 0),
        nonce=nonce_of(given["nonce"]),
        by=actor,
        at=at,
    )


@require_POST
def act_on_store(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will count a thing of the actor's office again, hand out of it or strike it off."""
    actor, at, status = _reader(request), now(), 400
    actor.require(ACT)
    store, declared = get_store(pk, actor=actor), _declared(actor, at)
    choices = [(one.pk, one.number) for one in declared.values()]
    form: Any = {
        "count": lambda: CountInput(request.POST, auto_id="count_%s"),
        "hand-out": lambda: HandOutInput(request.POST, declared=choices, auto_id="give_%s"),
        "end": lambda: None,
    }.get(act, _none)()
    try:
        if form is None:
            end_store(store, by=actor, at=at)
            return redirect("stores")
        if form.is_valid():
            if act == "count":
                count_store(store, **form.cleaned_data, by=actor, at=at)
            else:
                _hand(store, form, declared, actor, at)
            return redirect("store", pk)
    except Refusal as refusal:
        if form is None or isinstance(refusal, NotFound):
            raise
        form.refuse(refusal)
        status = refusal.status
        if isinstance(refusal, ChangedMeanwhile):  # what is there now is shown, and pressing again is about it
            store = get_store(pk, actor=actor)
            form.data = {**form.data.dict(), "seen": str(store.amount)}
    return _one(request, store, bound={act: form}, status=status)


def _none() -> Any:
    raise NotFound


@require_POST
def back_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will take back what was handed out of a store of the actor's office."""
    actor, at, status = _reader(request), now(), 400
    actor.require(ACT)
    handout: Handout = get_handout(pk, actor=actor)
    form = BackInput(request.POST, auto_id=f"back_{pk}_%s")
    if form.is_valid():
        try:
            take_back(handout, **form.cleaned_data, by=actor, at=at)
            return redirect("store", handout.store_id)
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _one(request, get_store(handout.store_id, actor=actor), bound={"back": (pk, form)}, status=status)
