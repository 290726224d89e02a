"""Pages of warnings: for the office, for everybody, as CAP and as a feed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, Enclosure, Rss201rev2Feed, SyndicationFeed
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit, areas_of, areas_to_begin_on, ground_of, signing_unit
from qipan.kernel.clock import now
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import AreaView, get_area

from . import rules
from .actions import (
    AlertOfAnother,
    AlertUnread,
    NoNewWarning,
    cancel_warning,
    issue_warning,
    receive_alert,
    set_aside,
    update_warning,
)
from .input import AlertInput, ReasonInput, WarningInput
from .models import ReceivedAlert, Warning
from .queries import (
    alert_of,
    area_names,
    areas_of_alert,
    chain_of,
    ended_on,
    get_alert,
    get_warning,
    issued_from,
    kind_name,
    later_alerts,
    organ_of,
    prealert_of,
    public_warning,
    sent_lately,
    still_holds,
    to_change,
    waiting_alerts,
    warnings_on,
)
from .terms import MessageKind, ReceivedState

EVERYWHERE = (Range(0, 2**63 - 1),)
FEED_DAYS = 30
FEEDS: dict[str, tuple[type[SyndicationFeed], str]] = {
    "atom": (Atom1Feed, "application/atom+xml; charset=utf-8"),
    "rss": (Rss201rev2Feed, "application/rss+xml; charset=utf-8"),
}
# What a relayed alert brings along into the form, by the element of CAP.
COLOURS = {rules.severity_of(colour): colour for colour in (1, 2, 3, 4)}


def _shown(warnings: Sequence[Warning]) -> list[dict[str, Any]]:
    return [{"warning": one, "kind": kind_name(one.kind), "areas": area_names(one)} for one in warnings]


@require_GET
@needs("board.view")
def warnings_page(request: HttpRequest) -> HttpResponse:
    """This page will list what holds on the actor's ground, what is over, and how many alerts from outside wait."""
    actor, at = signed_in(request), now()
    may = actor.can("warning.issue")
    waiting = [one for one in waiting_alerts() if one.state == ReceivedState.WAITING] if may else []
    shown = {
        "rows": _shown(warnings_on(actor.scope.ranges, at=at, drills=True)),
        "ended": _shown(ended_on(actor.scope.ranges, at=at)),
        "may_issue": may,
        "waiting": waiting,
        "at": at,
    }
    return render(request, "warnings/warnings.html", shown)


def _alert_named(asked: str) -> ReceivedAlert | None:
    """The alert from outside that an address or a form names."""
    return get_alert(int(asked)) if asked.isdecimal() and len(asked) < 10 else None


def _from_alert(alert: ReceivedAlert, unit: Unit, areas: Sequence[AreaView]) -> tuple[dict[str, Any], list[str]]:
    """What an alert from outside says, as the form takes it, and the names of its areas that are not the unit's.

    Nothing that it does not say is made up.
    """
    read = rules.read_alert(alert.cap.encode())
    languages = ("zh", "en")
    found = {
        name: next((info for info in read.infos if info.language.lower().startswith(name)), None) for name in languages
    }
    first = found["zh"] or next(iter(read.infos), None)
    if first is None:
        return {"basis": f"{alert.sender} {alert.identifier}"}, []
    english = found["en"]
    taken = areas_of_alert(first.areas, own=ground_of(unit), offered=areas)
    return {
        "colour": COLOURS.get(first.severity),
        "urgency": first.urgency,
        "certainty": first.certainty,
        "headline": first.headline or first.event,
        "description": first.description,
        "instruction": first.instruction,
        "headline_en": english.headline or english.event if english else "",
        "description_en": english.description if english else "",
        "instruction_en": english.instruction if english else "",
        "starts_at": first.onset,
        "expires_at": first.expires,
        "basis": f"{alert.sender} {alert.identifier}",
        "areas": taken.codes,
        "more_areas": _more(taken.codes, areas),
    }, taken.left


def _more(codes: Sequence[str], areas: Sequence[AreaView]) -> str:
    """The areas that the page does not offer, by code."""
    offered = {area.code for area in areas}
    return " ".join(code for code in codes if code not in offered)


@require_http_methods(["GET", "POST"])
@needs("warning.issue")
def new_page(request: HttpRequest) -> HttpResponse:
    """This page will ask for all that a warning must say and issue it; ``?from=`` an alert from outside fills it in."""
    actor, at = signed_in(request), now()
    unit = organ_of(actor)
    alert = _alert_named(request.GET.get("from", ""))
    if alert is not None and not rules.warns(alert.status, alert.msg_type):
        raise NoNewWarning
    areas, status = areas_to_begin_on(unit), 200
    said, left = _from_alert(alert, unit, areas) if alert else ({"starts_at": at}, [])
    if request.method == "GET":
        form = WarningInput(initial=said, areas=areas)
    else:
        form = WarningInput(request.POST, areas=areas)
        status = 400
        if form.is_valid():
            try:
                warning = issue_warning(**form.content(), issuer=unit, relays=alert, by=actor, at=at)
                return redirect("warning", warning.identifier)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    shown = {"form": form, "unit": unit, "alert": alert, "left": left}
    return render(request, "warnings/new.html", shown, status=status)


def _one(request: HttpRequest, warning: Warning, *, form: ReasonInput | None = None, status: int = 200) -> HttpResponse:
    actor, at = signed_in(request), now()
    chain = chain_of(warning)
    last = chain[-1]
    holds = still_holds(last, at=at)
    own = actor.can("warning.issue") and signing_unit(warning.issuer, by=actor) is not None
    may_change = holds and last.pk == warning.pk and own
    asked = later_alerts(chain) if may_change else []
    cancelled = next((one for one in asked if one.msg_type == MessageKind.CANCEL), None)
    why = {"reason": f"{cancelled.sender} {cancelled.identifier} {cancelled.headline}"[:300]} if cancelled else {}
    shown = {
        "warning": warning,
        "kind": kind_name(warning.kind),
        "areas": area_names(warning),
        "chain": chain,
        "prealert": prealert_of(warning),
        "last": last,
        "holds": holds,
        "may_change": may_change,
        "asked": asked,
        "cancelled": cancelled,
        "form": form or ReasonInput(initial=why),
        "at": at,
    }
    return render(request, "warnings/warning.html", shown, status=status)


@require_GET
@needs("board.view")
def warning_page(request: HttpRequest, identifier: str) -> HttpResponse:
    """This page will show one message with its areas and the whole chain that it belongs to."""
    return _one(request, get_warning(identifier, ranges=signed_in(request).scope.ranges))


@require_http_methods(["GET", "POST"])
@needs("warning.issue")
def update_page(request: HttpRequest, identifier: str) -> HttpResponse:
    """This page will replace a warning by what holds now, with the reason."""
    actor, at = signed_in(request), now()
    warning = get_warning(identifier, ranges=actor.scope.ranges)
    alert = _alert_named(request.GET.get("from", ""))
    if alert is not None and alert not in later_alerts(chain_of(warning)):
        raise AlertOfAnother
    unit = organ_of(actor)
    areas, status = areas_of(unit), 200
    said, left = _from_alert(alert, unit, areas) if alert else ({}, [])
    if request.method == "GET":
        codes = list(dict.fromkeys(ground.code for ground in warning.grounds.all()))
        held = {name: getattr(warning, name) for name in WarningInput.base_fields if hasattr(warning, name)}
        held |= {"areas": codes, "more_areas": _more(codes, areas), "reason": alert.headline if alert else ""}
        if said.get("areas"):  # whole, as the message says them
            held["more_areas"] = said["more_areas"]
        form = WarningInput(
            initial={**held, **{name: value for name, value in said.items() if value}}, areas=areas, update=True
        )
    else:
        form = WarningInput(request.POST, areas=areas, update=True)
        status = 400
        if form.is_valid():
            try:
                sent = update_warning(warning, **form.content(), relays=alert, by=actor, at=at)
                return redirect("warning", sent.identifier)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    shown = {"form": form, "unit": unit, "before": warning, "alert": alert, "left": left}
    return render(request, "warnings/new.html", shown, status=status)


@require_POST
@needs("warning.issue")
def cancel_view(request: HttpRequest, identifier: str) -> HttpResponse:
    """This view will cancel a warning with its reason; a refusal is shown where it was typed."""
    actor, at = signed_in(request), now()
    warning = get_warning(identifier, ranges=actor.scope.ranges)
    form = ReasonInput(request.POST)
    if not form.is_valid():
        return _one(request, warning, form=form, status=400)
    alert = _alert_named(request.POST.get("from", ""))
    try:
        sent = cancel_warning(warning, reason=form.cleaned_data["reason"], relays=alert, by=actor, at=at)
        return redirect("warning", sent.identifier)
    except Refusal as refusal:
        form.refuse(refusal)
        return _one(request, warning, form=form, status=refusal.status)


@require_http_methods(["GET", "POST"])
@needs("warning.issue")
def received_page(request: HttpRequest) -> HttpResponse:
    """This page will list the alerts from outside and take another one as a file."""
    actor, at = signed_in(request), now()
    organ_of(actor)
    form, status = AlertInput(request.POST or None, request.FILES or None), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                if form.cleaned_data["file"].size > rules.MOST_BYTES:
                    raise AlertUnread([_("more than one million bytes")])
                return redirect("warning_alert", receive_alert(form.cleaned_data["file"].read(), by=actor, at=at).pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    return render(request, "warnings/received.html", {"form": form, "alerts": waiting_alerts()}, status=status)


@require_http_methods(["GET", "POST"])
@needs("warning.issue")
def alert_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This page will show an alert from outside; it is issued here or set aside with a reason."""
    actor, at = signed_in(request), now()
    alert = get_alert(pk)
    form, status = ReasonInput(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                set_aside(alert, reason=form.cleaned_data["reason"], by=actor, at=at)
                return redirect("warnings_received")
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    read = rules.read_alert(alert.cap.encode())
    shown = {
        "alert": alert,
        "read": read,
        "form": form,
        "warns": rules.warns(alert.status, alert.msg_type),
        "ours": issued_from(read.references),
        "held": to_change(read.references, actor=actor, at=at) if alert.status == "Actual" else None,
    }
    return render(request, "warnings/alert.html", shown, status=status)


def _asked(request: HttpRequest) -> tuple[AreaView | None, Sequence[Range]]:
    """The area in the address, and its ground; without one everything. Raises ``NotFound``."""
    code = request.GET.get("area", "")
    if not code:
        return None, EVERYWHERE
    area = get_area(code)
    return area, area.ranges


@require_GET
def public_page(request: HttpRequest) -> HttpResponse:
    """This page will tell everybody which warnings hold, where, until when and what to do."""
    area, ranges = _asked(request)
    shown = {"rows": _shown(warnings_on(ranges, at=now())), "area": area, "at": now()}
    return render(request, "warnings/public.html", shown)


@require_GET
def cap(request: HttpRequest, identifier: str) -> HttpResponse:
    """This address will give one message as CAP 1.2."""
    return HttpResponse(
        rules.alert_xml(alert_of(public_warning(identifier))), content_type="application/cap+xml; charset=utf-8"
    )


@require_GET
def feed(request: HttpRequest, kind: str) -> HttpResponse:
    """This address will give the messages of the last thirty days as Atom or RSS, each with its CAP message."""
    if kind not in FEEDS:
        raise NotFound
    area, ranges = _asked(request)
    make, content_type = FEEDS[kind]
    title = _("Warnings") if area is None else f"{_('Warnings')} · {area.label}"
    page = request.build_absolute_uri(reverse("warnings_public"))
    told = make(title=title, link=page, description=title, feed_url=request.build_absolute_uri())
    for one in sent_lately(ranges, since=now() - timedelta(days=FEED_DAYS)):
        address = request.build_absolute_uri(reverse("warning_cap", args=[one.identifier]))
        length = str(len(rules.alert_xml(alert_of(one))))
        sent = one.sent_at.astimezone(get_default_timezone())
        told.add_item(
            title=f"{one.get_colour_display()} · {kind_name(one.kind)} · {one.said['headline']}",
            link=address,
            description=f"{one.get_msg_type_display()}: {one.said['description']}",
            unique_id=f"urn:uuid:{one.identifier.removeprefix('qipan-')}",
            pubdate=sent,
            updateddate=sent,
            author_name=one.issuer.label,
            enclosures=[Enclosure(address, length, "application/cap+xml")],
        )
    return HttpResponse(told.writeString("utf-8"), content_type=content_type)
