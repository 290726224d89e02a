"""Pages of what keeps coming back, and of the weekly sessions about it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit, get_unit, lead_body
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal

from ..actions.calls import (
    may_call,
)
from ..actions.sessions import conclude, convene_session, end_session, prepare_session
from ..input.forms import ActForm
from ..input.joint import (
    ConclusionForm,
    MeetingForm,
    MinutesForm,
)
from ..models import AgendaItem, ReviewSession
from ..queries.patterns import (
    agenda,
    called_of,
    categories_by_code,
    conclusions_open,
    get_session,
    hot_spots,
    matters_of,
    organ_names,
    orphans,
    sessions,
)
from ..queries.reading import site_names
from ..queries.rechecks import watched
from ..queries.units import departments
from ..rules import joint
from .joint import choices, units_of

PAGE = 50


@require_GET
@needs("matter.view")
def patterns_page(request: HttpRequest) -> HttpResponse:
    """This view will show hot spots and types without an owner as they stand now, with the matters behind each."""
    actor, at = signed_in(request), now()
    may_call(actor)
    spots, lost = hot_spots(actor.scope.ranges, at=at), orphans(actor.scope.ranges, at=at)
    behind = matters_of(
        [key for spot in spots for key in spot.matters] + [key for one in lost for key in one.matters],
        scope=actor.scope,
    )
    kept = watched(actor.scope.ranges, at=at)
    names = site_names([*(spot.site for spot in spots), *(one.site for one in kept)])
    types = categories_by_code(one.category for one in lost)
    organs = organ_names([organ for one in lost for organ in one.organs])
    shown = {
        "watched": [(one, names[one.site]) for one in kept],
        "spots": [(spot, names[spot.site], [behind[key] for key in spot.matters if key in behind]) for spot in spots],
        "lost": [
            (
                one,
                types[one.category],
                [organs.get(organ, organ) for organ in one.organs],
                organs.get(one.proposed or "", ""),
                [behind[key] for key in one.matters if key in behind],
            )
            for one in lost
        ],
    }
    return render(request, "matters/joint_patterns.html", shown)


@require_http_methods(["GET", "POST"])
@needs("matter.arbitrate")
def reviews_page(request: HttpRequest) -> HttpResponse:
    """This view will list the review sessions, and prepare this week's when asked before the clock does."""
    actor, at = signed_in(request), now()
    if request.method == "POST":
        return redirect("review", prepare_session(by=actor, at=at).pk)
    rows = list(sessions()[:PAGE])
    this_week = joint.week_of(localdate(at))
    return render(
        request, "matters/joint_reviews.html", {"rows": rows, "prepared": any(one.week == this_week for one in rows)}
    )


def _seen_session(request: HttpRequest, pk: int) -> ReviewSession:
    actor, session = signed_in(request), get_session(pk)
    called = session.call is not None and session.call.called.filter(unit=actor.unit_id).exists()
    if not called and not actor.can("matter.arbitrate"):
        raise NotFound
    return session


@require_GET
@needs("matter.view")
def review_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a review session: agenda, who is called and who comes, conclusions, minutes; for print too."""
    return _review(request, _seen_session(request, pk))


def _session_units() -> list[Unit]:
    lead = lead_body()
    return [unit for unit in departments() if unit.pk != lead.pk]


def _review(
    request: HttpRequest, session: ReviewSession, *, bound: tuple[str, ActForm] | None = None, status: int = 200
) -> HttpResponse:
    actor, at = signed_in(request), now()
    points = agenda(session, scope=actor.scope)
    names = site_names(item.site for item, _matters in points if item.site is not None)
    organs = organ_names([organ for item, _matters in points for organ in item.facts.get("organs", [])])
    forms: list[tuple[str, ActForm]] = []
    if session.ended_at is None and actor.can("matter.arbitrate"):
        units = choices(_session_units())
        forms = [("conclude", ConclusionForm(units=units)), ("end", MinutesForm(auto_id="end_%s"))]
        if session.call is None:
            forms.insert(0, ("convene", MeetingForm(units=units)))
        forms = [(act, bound[1] if bound and bound[0] == act else form) for act, form in forms]
    shown = {
        "session": session,
        "points": [
            (
                item,
                names[item.site] if item.site is not None else "",
                [organs.get(organ, organ) for organ in item.facts.get("organs", [])],
                organs.get(item.facts.get("proposed") or "", ""),
                matters,
            )
            for item, matters in points
        ],
        "called": called_of(session.call) if session.call is not None else [],
        "conclusions": session.conclusions.select_related("task__owner", "item").order_by("pk"),
        "earlier": conclusions_open(session.week),
        "forms": forms,
        "stray": bound if bound and bound[0] not in dict(forms) else None,
        "at": at,
    }
    return render(request, "matters/joint_review.html", shown, status=status)


@require_POST
@needs("matter.arbitrate")
def review_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will call units to a session, write a conclusion down, or end it with its minutes."""
    actor, at, session = signed_in(request), now(), _seen_session(request, pk)
    units = choices(_session_units())
    form: ActForm
    if act == "convene":
        form = MeetingForm(request.POST, units=units)
    elif act == "conclude":
        form = ConclusionForm(request.POST, units=units)
    elif act == "end":
        form = MinutesForm(request.POST, auto_id="end_%s")
    else:
        raise NotFound
    status = 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            if act == "convene":
                meeting = {"meets_where": data["meets_where"], "meets_at": data["meets_at"]}
                convene_session(session, units=units_of(data), **meeting, by=actor, at=at)
            elif act == "conclude":
                item = _item(session, data["item"])
                owner = get_unit(data["owner"])
                conclude(session, text=data["text"], owner=owner, due_at=data["due_at"], item=item, by=actor, at=at)
            else:
                end_session(session, minutes=data["minutes"], by=actor, at=at)
            return redirect("review", pk)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            form.refuse(refusal)
            status = refusal.status
    return _review(request, get_session(pk), bound=(act, form), status=status)


def _item(session: ReviewSession, key: int | None) -> AgendaItem | None:
    if key is None:
        return None
    found = session.items.filter(pk=key).first()
    if found is None:
        raise NotFound
    return found
