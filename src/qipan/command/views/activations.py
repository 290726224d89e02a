"""Pages for activations: choose, preview, watch what is open, release, hand over; and the task card."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import signed_in
from qipan.desk.api import admissions_for, get_admission
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.posture.api import get_declaration
from qipan.territory.api import children

from ..actions.activations import activate_playbook, resume_activation
from ..actions.release import hand_over, release
from ..input import ActivationInput
from ..models import Activation, ActivationItem
from ..queries import (
    PLANNING,
    activations_for,
    areas_named,
    areas_of,
    card_of,
    current_playbooks,
    declarations_for,
    get_activation,
    get_playbook,
    holds_card,
    left_open,
    lessons_of,
    overlaps,
    preview_of,
    root_area,
)
from ..queries.roster import commands_for, rosters_of


def _reader(request: HttpRequest) -> Actor:
    actor = signed_in(request)
    actor.require(*PLANNING)
    return actor


@require_GET
def activations_page(request: HttpRequest) -> HttpResponse:
    """This view will list the activations that touch the actor's ground, the newest first."""
    actor = _reader(request)
    page = Paginator(activations_for(actor).order_by("-activated_at", "-pk"), 30).get_page(request.GET.get("page"))
    at = now()
    return render(
        request,
        "command/activations.html",
        {
            "page": page,
            "may_activate": actor.can("playbook.activate"),
            "rosters": rosters_of(commands_for(actor), at=at),
            "as_of": at,
        },
    )


def _chooser(
    request: HttpRequest,
    actor: Actor,
    form: ActivationInput,
    *,
    refusal: Refusal | None = None,
    status: int = 200,
    confirm: bool = False,
) -> HttpResponse:
    root = root_area(actor.scope)
    chosen = request.POST.getlist("areas")
    wanted = request.POST.get("playbook") or form.initial.get("playbook", "")
    playbooks = current_playbooks()
    playbook = next((book for book in playbooks if book.code == wanted), None)
    return render(
        request,
        "command/activate.html",
        {
            "form": form,
            "playbooks": playbooks,
            "playbook": playbook,
            "root": root,
            "areas": [
                {"area": area, "chosen": area.code in chosen}
                for area in (root, *children(root.code))
                if overlaps(area, actor.scope)
            ],
            "declarations": declarations_for(actor, at=now()),
            "admissions": admissions_for(actor, at=now()),
            "refusal": refusal,
            "confirm": confirm,
            "preview": preview_of(playbook, _ranges(chosen)) if playbook and confirm else None,
        },
        status=status,
    )


def _ranges(codes: list[str]) -> list[Range]:
    try:
        return [ground for area in areas_of(codes) for ground in area.ranges]
    except NotFound:
        return []


@require_http_methods(["GET", "POST"])
def activate_page(request: HttpRequest) -> HttpResponse:
    """This view will choose playbook, areas and declaration, show what will open, then activate in one action."""
    actor = signed_in(request)
    actor.require("playbook.activate")
    if request.method == "GET":
        return _chooser(request, actor, ActivationInput(initial={"playbook": request.GET.get("playbook", "")}))
    form = ActivationInput(request.POST)
    if not form.is_valid():
        return _chooser(request, actor, form, status=400)
    given = form.cleaned_data
    if not request.POST.get("confirmed"):
        return _chooser(request, actor, form, confirm=True)
    try:
        activation = activate_playbook(
            get_playbook(given["playbook"]),
            ground_codes=given["areas"],
            declaration=get_declaration(given["declaration"], actor=actor) if given["declaration"] else None,
            admission=get_admission(given["admission"], actor=actor) if given["admission"] else None,
            by=actor,
            at=now(),
        )
    except NotAllowed:
        raise
    except Refusal as refusal:
        return _chooser(request, actor, form, refusal=refusal, status=refusal.status)
    return redirect("activation", activation.pk)


@require_GET
def activation_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show what an activation opened, in order, and what is left and whose it is."""
    actor = _reader(request)
    return _activation(request, actor, get_activation(pk, actor=actor))


def _activation(request: HttpRequest, actor: Actor, activation: Activation) -> HttpResponse:
    items = list(activation.items.select_related("owner", "handed_over").order_by("order"))
    left = left_open(activation)
    return render(
        request,
        "command/activation.html",
        {
            "activation": activation,
            "areas": areas_named(activation.grounds, on=localdate(activation.activated_at)),
            "items": items,
            "left": left,
            "lessons": lessons_of(activation.playbook),
            "planned": [item for item in items if item.opened_at is None],
            "may_resume": activation.release_started_at is None and actor.can("playbook.activate"),
            "may_release": activation.released_at is None and actor.can("release.run"),
            "may_hand_over": activation.release_started_at is not None
            and activation.released_at is None
            and any(not one.handed_over for one in left)
            and actor.can("release.run"),
        },
    )


@require_POST
def resume_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will open what is planned and not open yet."""
    actor = _reader(request)
    resume_activation(get_activation(pk, actor=actor), by=actor, at=now())
    return redirect("activation", pk)


@require_POST
def release_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will close what was opened, in the reverse order."""
    actor = _reader(request)
    report = release(get_activation(pk, actor=actor), by=actor, at=now())
    messages.info(
        request,
        gettext("Closed now: %(closed)s. Left open: %(left)s.") % {"closed": report.closed, "left": len(report.left)},
    )
    return redirect("activation", pk)


@require_POST
def hand_over_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will hand each left item to its owner by name."""
    actor = _reader(request)
    report = hand_over(get_activation(pk, actor=actor), by=actor, at=now())
    messages.info(request, gettext("Handed over by name: %(count)s.") % {"count": report.handed_over})
    return redirect("activation", pk)


@require_GET
def card_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a task card to the units that hold it, and to who sees the activation (EMG-1)."""
    actor = signed_in(request)
    item = ActivationItem.objects.select_related("activation__playbook").filter(pk=pk, kind="CARD").first()
    if item is None or item.activation_id is None:
        raise NotFound
    if not holds_card(actor, item):
        get_activation(item.activation_id, actor=_reader(request))
    return render(request, "command/card.html", {"item": item, "card": card_of(item)})
