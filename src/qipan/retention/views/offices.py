"""Pages: what is due, a destruction, holds and backups, certificates for everyone, one's own data by a code."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, NotSignedIn, Refusal

from ..actions import approve_run, decide_wish, lift_hold, note_backup, place_hold, prepare_run, refuse_run
from ..actions.certifying import public_pem
from ..input import BackupInput, DecideInput, HoldInput, PrepareInput
from ..models import Certificate, DueLot, Hold
from ..queries import (
    account_data,
    backups_living,
    backups_of,
    by_room,
    certificates,
    due_lots,
    get_run,
    get_wish,
    holds_for,
    holds_in,
    in_runs,
    progress_of,
    purpose_of,
    runs_for,
    what_goes,
    wishes_to,
)
from ..rules.certificate import CertificateBad, read
from ..terms import RunState

READERS = ("destruction.prepare", "destruction.approve", "destruction.hold", "journal.verify")
PER_PAGE = 50
AGAIN_S = 5


def _due(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    actor, at = signed_in(request), now()
    actor.require(*READERS)
    lots = due_lots(actor=actor)
    taken = in_runs()
    rows = [
        (
            part,
            [(lot, taken.get((lot.model, lot.key)), _is_due(lot, at)) for lot in part.lots],
        )
        for part in by_room(lots)
    ]
    shown = {
        "rooms": rows,
        "any_due": any(due and run is None for _part, some in rows for _lot, run, due in some),
        "runs": runs_for(actor),
        "holds": holds_for(actor, at=at),
        "backups": backups_living(at),
        "seen_at": min((lot.seen_at for lot in lots), default=None),
        "may_prepare": actor.can("destruction.prepare"),
        "may_hold": actor.can("destruction.hold"),
        "prepare": PrepareInput(keys=[lot.pk for lot in lots]),
        "hold": HoldInput(lots=_lots(lots)),
        "backup": BackupInput(),
        **forms,
    }
    return render(request, "retention/due.html", shown, status=status)


def _is_due(lot: DueLot, at: datetime) -> bool:
    """Whether a run may take it: what the clock erases needs none."""
    return not lot.by_clock and lot.due is not None and lot.due <= at


def _lots(lots: list[DueLot]) -> list[tuple[int, str]]:
    return [(lot.pk, lot.title) for lot in lots]


@require_GET
def due_page(request: HttpRequest) -> HttpResponse:
    """This view will list what is held by room and purpose with its clock, and the destructions that were begun."""
    return _due(request)


@require_POST
def prepare_view(request: HttpRequest) -> HttpResponse:
    """This view will prepare a destruction of the lines that were ticked."""
    actor = signed_in(request)
    actor.require("destruction.prepare")
    form = PrepareInput(request.POST, keys=[lot.pk for lot in due_lots(actor=actor)])
    status = 400
    if form.is_valid():
        try:
            return redirect("retention_run", prepare_run(**form.cleaned_data, by=actor, at=now()).pk)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            form.refuse(refusal)
            status = refusal.status
    return _due(request, prepare=form, status=status)


@require_POST
def hold_view(request: HttpRequest) -> HttpResponse:
    """This view will hold rows by a written assessment."""
    actor = signed_in(request)
    actor.require("destruction.hold")
    lots = {lot.pk: lot for lot in due_lots(actor=actor)}
    form = HoldInput(request.POST, lots=_lots(list(lots.values())))
    status = 400
    if form.is_valid():
        given = form.cleaned_data
        try:
            place_hold(lots[given.pop("lot")], **given, by=actor, at=now())
            return redirect("retention")
        except Refusal as refusal:
            if refusal.status == 404:
                form.add_error("area", str(refusal))
            else:
                form.refuse(refusal)
            status = refusal.status
    return _due(request, hold=form, status=status)


@require_POST
def lift_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will end a hold before its time."""
    actor = signed_in(request)
    actor.require("destruction.hold")
    hold = Hold.objects.filter(pk=pk).first()
    if hold is None:
        raise NotFound
    lift_hold(hold, by=actor, at=now())
    return redirect("retention")


@require_POST
def backup_view(request: HttpRequest) -> HttpResponse:
    """This view will list a backup, which destructions name until it is gone."""
    actor = signed_in(request)
    actor.require("destruction.prepare")
    form = BackupInput(request.POST)
    status = 400
    if form.is_valid():
        try:
            note_backup(**form.cleaned_data, by=actor, at=now())
            return redirect("retention")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _due(request, backup=form, status=status)


def _run(request: HttpRequest, pk: int, *, form: DecideInput | None = None, status: int = 200) -> HttpResponse:
    actor, at = signed_in(request), now()
    run = get_run(pk, actor=actor)
    actor.require(*READERS)
    lots = list(run.lots.order_by("order"))
    shown = {
        "run": run,
        "lots": [(lot, what_goes(lot.model)) for lot in lots],
        "progress": progress_of(run),
        "holds": holds_in(run, at=at) if run.state in (RunState.PREPARED, RunState.APPROVED) else [],
        "backups": [
            (name, where, localtime(datetime.fromisoformat(made)), localtime(datetime.fromisoformat(until)))
            for name, where, made, until in (run.backups if run.state == RunState.DONE else backups_of(run, at=at))
        ],
        "certificate": Certificate.objects.filter(run=run).first(),
        "mine": actor.account_id == run.prepared_account,
        "may_decide": run.state == RunState.PREPARED and actor.can("destruction.approve"),
        "form": form or DecideInput(),
    }
    answer = render(request, "retention/run.html", shown, status=status)
    if run.state == RunState.APPROVED and not run.trouble:
        answer.headers["Refresh"] = str(AGAIN_S)  # how far it has come, without a script
    return answer


@never_cache
@require_GET
def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a destruction: what it will destroy, what stays, who decided, how far it has come."""
    return _run(request, pk)


@require_POST
def run_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will take the second person's word: ``approve`` or ``refuse``."""
    actor = signed_in(request)
    run = get_run(pk, actor=actor)
    actor.require("destruction.approve")
    form = DecideInput(request.POST)
    if act not in ("approve", "refuse"):
        raise NotFound
    status = 400
    if form.is_valid():
        try:
            if act == "approve":
                approve_run(run, by=actor, at=now())
            else:
                refuse_run(run, reason=form.cleaned_data["reason"], by=actor, at=now())
            return redirect("retention_run", pk)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            form.refuse(refusal)
            status = refusal.status
    return _run(request, pk, form=form, status=status)


@require_GET
def wishes_page(request: HttpRequest) -> HttpResponse:
    """This view will list what persons asked the actor's unit about their own data, the open ones first."""
    actor = signed_in(request)
    actor.require("task.answer")
    return render(request, "retention/wishes.html", {"rows": wishes_to(actor)[:PER_PAGE]})


@require_http_methods(["GET", "POST"])
def wish_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a person's wish to the unit that holds the data, and take its answer."""
    actor = signed_in(request)
    wish = get_wish(pk, actor=actor)
    actor.require("task.answer")
    form, status = DecideInput(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        try:
            decide_wish(wish, grant="grant" in request.POST, reason=form.cleaned_data["reason"], by=actor, at=now())
            return redirect("retention_wish", pk)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            form.refuse(refusal)
            status = refusal.status
    return render(request, "retention/wish.html", {"wish": wish, "form": form}, status=status)


@require_GET
def certificates_page(request: HttpRequest) -> HttpResponse:
    """This view will list every certificate of destruction, for everyone."""
    rows = list(certificates()[:PER_PAGE])
    return render(request, "retention/certificates.html", {"rows": rows, "key": public_pem()})


def _certificate(number: str) -> Certificate:
    found = certificates().filter(number=number).first()
    if found is None:
        raise NotFound
    return found


@require_GET
def certificate_page(request: HttpRequest, number: str) -> HttpResponse:
    """This view will show a certificate as a page that prints on paper, and whether its signature is good."""
    certificate = _certificate(number)
    try:
        body, bad = read(certificate.text), ""
        for lot in body["lots"]:
            lot["purposes"] = [purpose_of(one) for one in lot["declared"]]
    except CertificateBad as refusal:
        body, bad = None, str(refusal)
    shown = {"certificate": certificate, "body": body, "bad": bad}
    return render(request, "retention/certificate.html", shown)


@require_GET
def certificate_file(request: HttpRequest, number: str) -> HttpResponse:
    """This view will give the certificate as it was signed, byte for byte."""
    certificate = _certificate(number)
    answer = HttpResponse(certificate.text, content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{certificate.number}.json"'
    return answer


@require_GET
def key_file(request: HttpRequest) -> HttpResponse:
    """This view will give the public key by which anyone checks certificates."""
    return HttpResponse(public_pem(), content_type="application/x-pem-file")


@never_cache
@require_GET
def my_account_page(request: HttpRequest) -> HttpResponse:
    """This view will show whoever works here what is held of the own account, until when, and who changed it."""
    actor: Actor = signed_in(request)
    if actor.account_id is None:
        raise NotSignedIn
    return render(request, "retention/account.html", account_data(actor.account_id))
