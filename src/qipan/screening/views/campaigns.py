"""Pages of screening: campaigns, coverage with drill-down, what is left, conflicts."""

import csv
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import needs, signed_in
from qipan.desk.api import admissions_for
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.place import place_text
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal
from qipan.posture.api import declarations_in_force
from qipan.territory.api import AreaView, children, get_area, path_to
from qipan.webkit.sheets import cell

from ..actions import assign_doors, close_campaign, close_round, decide_conflict, open_campaign, open_round
from ..input import CampaignInput, RecountInput, RoundInput
from ..models import Campaign, Round, Visit
from ..queries import (
    CoverageRow,
    VisitsDestroyed,
    addresses_of,
    campaigns_for,
    conflicts_for,
    coverage_of,
    coverage_total,
    get_campaign,
    get_conflict,
    get_round,
    is_destroyed,
    late_lines,
    late_of,
    left,
    rechecks,
    recount_result,
    recounts_on,
    teams_again,
)
from ..terms import DoorState, Outcome

PAGE = 100
TEAMS_NAMED = 20
EXPORT_PAGE = 2_000


@require_GET
@needs("campaign.view")
def campaigns(request: HttpRequest) -> HttpResponse:
    """This page will list the campaigns on the post's ground, newest first."""
    return _campaigns(request, _input(signed_in(request)))


def _input(actor: Actor, *typed: Any) -> CampaignInput:
    """The form with what a campaign of the actor's may rest on now; an emergency's admission comes with its declaration."""
    at = now()
    return CampaignInput(
        *typed,
        declarations=declarations_in_force(actor.scope.ranges, at=at),
        admissions=admissions_for(actor, at=at).filter(declaration=""),
    )


def _campaigns(
    request: HttpRequest, form: CampaignInput, *, refusal: Refusal | None = None, status: int = 200
) -> HttpResponse:
    actor = signed_in(request)
    context = {
        "campaigns": list(campaigns_for(actor).prefetch_related("rounds")[:PAGE]),
        "may_open": actor.can("campaign.open"),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "screening/campaigns.html", context, status=status)


@require_POST
@needs("campaign.open")
def campaign_open(request: HttpRequest) -> HttpResponse:
    """This view will open a campaign of the post's own unit; when it is refused, what was typed stays."""
    actor = signed_in(request)
    unit = Unit.objects.filter(pk=actor.unit_id or 0).first()
    if unit is None:
        raise NotFound
    form = _input(actor, request.POST)
    if not form.is_valid():
        return _campaigns(request, form, status=400)
    try:
        campaign = open_campaign(**form.given, unit=unit, form=None, by=actor, at=now())
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        return _campaigns(request, form, refusal=refusal, status=refusal.status)
    return redirect("campaign", campaign.pk)


def own_area(actor: Actor) -> AreaView:
    """This function will return the smallest area that holds the actor's whole ground; raises ``NotFound``."""
    if not actor.scope.ranges:
        raise NotFound
    area = get_area(settings.CITY)
    while True:
        inside = [
            child for child in children(area.code) if all(_covers(child, ground) for ground in actor.scope.ranges)
        ]
        if not inside:
            return area
        area = inside[0]


def _covers(area: AreaView, ground: Any) -> bool:
    return any(part.covers(ground) for part in area.ranges)


def chosen_area(request: HttpRequest, actor: Actor) -> AreaView:
    """This function will return the area that the address names, or the actor's own; raises ``NotFound``."""
    code = request.GET.get("area", "")
    if not code:
        return own_area(actor)
    area = get_area(code)
    if not all(actor.scope.covers(part) for part in area.ranges):
        raise NotFound
    return area


def chosen_round(request: HttpRequest, campaign: Campaign) -> Round | None:
    """This function will return the round that the address names, or the newest; raises ``NotFound``."""
    rounds = campaign.rounds.order_by("number")
    number = request.GET.get("round", "")
    if not number:
        return rounds.last()
    found = rounds.filter(number=number).first() if number.isascii() and number.isdigit() and len(number) < 5 else None
    if found is None:
        raise NotFound
    return found


def states_of(row: CoverageRow) -> list[tuple[DoorState, int]]:
    """This function will return each state with its doors; they sum to the register."""
    return [(state, row.by_state[state]) for state in DoorState]


@require_GET
@needs("campaign.view")
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    """This page will show a campaign: its rounds, coverage by area, states, what is left."""
    return show_campaign(request, get_campaign(pk, actor=signed_in(request)))


def show_campaign(
    request: HttpRequest,
    found: Campaign,
    *,
    form: RoundInput | None = None,
    recount_form: RecountInput | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    """This function will show a campaign's page, with a form as it was typed when it was refused."""
    actor = signed_in(request)
    area, current = chosen_area(request, actor), chosen_round(request, found)
    context: dict[str, Any] = {
        "campaign": found,
        "rounds": list(found.rounds.order_by("number")),
        "round": current,
        "area": area,
        "path": [part for part in path_to(area.code) if all(actor.scope.covers(own) for own in part.ranges)],
        "may_open": actor.can("campaign.open"),
        "conflicts": conflicts_for(actor).count() if actor.can("conflict.decide") else 0,
        "form": form or RoundInput(initial={"areas": area.code}, scope=actor.scope),
        "refusal": refusal,
    }
    if current is not None:
        scope = Scope(area.ranges)
        rows = list(zip(parts := children(area.code), coverage_of(current.pk, parts), strict=True))
        total = coverage_total(current.pk, area.ranges)
        after = request.GET.get("after", "")
        gone = is_destroyed(current.pk)
        doors = [] if gone else left(current.pk, scope=scope, after=_place(after), limit=PAGE)
        again = [] if gone else rechecks(current.pk, scope=scope, limit=20)
        addresses = addresses_of([*(door.place for door in doors), *(door.place for door in again)])
        context |= {
            "gone": gone,
            "total": total,
            "states": states_of(total),
            "rows": sorted((row for row in rows if row[1].doors), key=lambda row: -row[1].left),
            "left": [(door, addresses[door.place]) for door in doors],
            "next": doors[-1].place if len(doors) == PAGE else None,
            "rechecks": [(door, addresses[door.place]) for door in again],
        }
        if current.closed_at:
            result = recount_result(current.pk, area.ranges)
            again_by = teams_again(current.pk, area.ranges, limit=TEAMS_NAMED + 1) if result else []
            context |= {
                "late": late_of(current.pk, scope=scope).count(),
                "recounts": list(recounts_on(current.pk, area.ranges)),
                "recount": result,
                "again_by": again_by[:TEAMS_NAMED],
                "more_again": len(again_by) > TEAMS_NAMED,
                "corrected": result.corrected(total.settled, total.doors) if result else None,
                "recount_form": recount_form or RecountInput(),
            }
    return render(request, "screening/campaign.html", context, status=status)


def _place(text: str) -> int | None:
    if text and key_of(text) is None:
        raise BadInput([_("after: a place has 19 digits")])
    return key_of(text)


class _Line:
    """A file that only hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


@require_GET
@needs("campaign.view")
def left_csv(request: HttpRequest, pk: int) -> Any:
    """This view will stream the whole list of what is left in a round and an area as CSV (UTF-8 with a mark)."""
    actor = signed_in(request)
    found = get_round(pk, actor=actor)
    area = chosen_area(request, actor)
    if is_destroyed(found.pk):  # before the answer begins
        raise VisitsDestroyed

    def lines() -> Iterator[str]:
        writer = csv.writer(_Line())
        yield "\ufeff" + writer.writerow(
            [_("place number"), _("state"), _("attempts"), _("next step"), _("community"), _("compound"), _("door")]
        )
        after = None
        while page := left(found.pk, scope=Scope(area.ranges), after=after, limit=EXPORT_PAGE):
            addresses = addresses_of(door.place for door in page)
            for door in page:
                where = addresses[door.place]
                yield writer.writerow(
                    [
                        place_text(door.place),
                        door.state.label,
                        door.attempts,
                        door.next_step.label,
                        cell(where.community),
                        cell(where.compound),
                        cell(where.within),
                    ]
                )
            after = page[-1].place

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="left-{found.pk}-{area.code}.csv"'
    return response


@require_GET
@needs("campaign.view")
def round_late(request: HttpRequest, pk: int) -> HttpResponse:
    """This page will show what arrived after a round had closed, in an area, beside what the round says of the door."""
    actor = signed_in(request)
    found, area = get_round(pk, actor=actor), chosen_area(request, actor)
    scope = Scope(area.ranges)
    lines = late_lines(found.pk, scope=scope, limit=PAGE)
    addresses = addresses_of(line.place for line in lines)
    context = {
        "round": found,
        "area": area,
        "lines": [(line, addresses[line.place]) for line in lines],
        "count": late_of(found.pk, scope=scope).count(),
    }
    return render(request, "screening/late.html", context)


@require_POST
@needs("campaign.open")
def round_open(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will open a campaign's next round over areas and assign its doors to the standing teams.

    When it is refused, what was typed stays.
    """
    actor, at = signed_in(request), now()
    found = get_campaign(pk, actor=actor, act="campaign.open")
    form = RoundInput(request.POST, scope=actor.scope)
    if not form.is_valid():
        return show_campaign(request, found, form=form, status=400)
    grounds = [part for area in form.cleaned_data["areas"] for part in area.ranges]
    try:
        with transaction.atomic():
            given = {name: form.cleaned_data[name] for name in ("closes_at", "minutes_per_visit")}
            opened = open_round(found, grounds=grounds, **given, by=actor, at=at)
            teams = assign_doors(opened, by=actor, at=at)
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        return show_campaign(request, found, form=form, refusal=refusal, status=refusal.status)
    said = ngettext(
        "Round %(number)s is open; %(teams)s team has its doors.",
        "Round %(number)s is open; %(teams)s teams have their doors.",
        teams,
    )
    messages.info(request, said % {"number": opened.number, "teams": teams})
    return redirect("campaign", found.pk)


@require_POST
@needs("campaign.open")
def round_close(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will close a round."""
    actor = signed_in(request)
    found = get_round(pk, actor=actor, act="campaign.open")
    close_round(found, by=actor, at=now())
    return redirect("campaign", found.campaign_id)


@require_POST
@needs("campaign.open")
def campaign_close(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will close a campaign."""
    actor = signed_in(request)
    close_campaign(get_campaign(pk, actor=actor, act="campaign.open"), by=actor, at=now())
    return redirect("campaign", pk)


@require_GET
@needs("conflict.decide")
def conflicts(request: HttpRequest) -> HttpResponse:
    """This page will show the conflicts on the post's ground beside the visits that stand."""
    actor = signed_in(request)
    waiting = list(conflicts_for(actor)[:PAGE])
    standing = Visit.objects.everywhere("shown beside a conflict on the post's own ground").in_bulk(
        [conflict.visit_id for conflict in waiting]
    )
    addresses = addresses_of([*(told.place for told in waiting), *(visit.place for visit in standing.values())])
    pairs = [
        (
            conflict,
            addresses[conflict.place],
            visit := standing[conflict.visit_id],
            addresses[visit.place],
            Outcome(conflict.payload["outcome"]).label,
        )
        for conflict in waiting
    ]
    return render(request, "screening/conflicts.html", {"pairs": pairs})


@require_POST
@needs("conflict.decide")
def conflict_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will decide one conflict."""
    actor = signed_in(request)
    decide_conflict(get_conflict(pk, actor=actor), decision=request.POST.get("decision", ""), by=actor, at=now())
    return redirect("conflicts")
