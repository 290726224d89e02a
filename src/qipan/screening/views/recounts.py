"""Pages of the independent recount: draw the doors, and enter what another team found."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal

from ..actions import draw_recount, enter_recount
from ..input import RecountInput
from ..queries import addresses_of, get_recount_door, get_round, waiting_doors
from ..terms import Came, Outcome
from .campaigns import chosen_area, show_campaign

PAGE = 200


@require_POST
@needs("campaign.open")
def recount_draw(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will draw the doors of an area that are seen again; when it is refused, what was typed stays."""
    actor, at = signed_in(request), now()
    found = get_round(pk, actor=actor, act="campaign.open")
    area = chosen_area(request, actor)
    form = RecountInput(request.POST)
    if not form.is_valid():
        return show_campaign(request, found.campaign, recount_form=form, status=400)
    try:
        with transaction.atomic():
            drawn = sum(
                draw_recount(found, ground=part, **form.cleaned_data, by=actor, at=at).drawn for part in area.ranges
            )
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        form.refuse(refusal)
        return show_campaign(request, found.campaign, recount_form=form, status=refusal.status)
    said = ngettext(
        "%(doors)s door is drawn; another team has it.", "%(doors)s doors are drawn; other teams have them.", drawn
    )
    messages.info(request, said % {"doors": drawn})
    answer = redirect("campaign", found.campaign_id)
    answer["Location"] += f"?round={found.number}&area={area.code}#recount"
    return answer


@require_GET
@needs("visit.submit")
def recounts(request: HttpRequest) -> HttpResponse:
    """This page will list the doors that a team sees again; printed, it is the sheet to take along."""
    return _recounts(request)


def _recounts(request: HttpRequest, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    actor, team = signed_in(request), request.GET.get("team", "")
    if team and not (team.isascii() and team.isdigit() and len(team) < 19):
        raise BadInput(["team"])
    waiting = waiting_doors(actor, team=int(team) if team else None).filter(recount__closes_at__gt=now())
    doors = list(waiting[:PAGE])
    addresses = addresses_of(door.place for door in doors)
    context = {
        "doors": [(door, addresses[door.place]) for door in doors],
        "more": len(doors) == PAGE,
        "outcomes": [(one.name, one.label) for one in reversed(Outcome)],
        "came": Came.choices,
        "refusal": refusal,
        "back": "?" + request.GET.urlencode() if team else "",
    }
    return render(request, "screening/recounts.html", context, status=status)


@require_POST
@needs("visit.submit")
def recount_enter(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will enter what was found at one door, and return to the list."""
    actor = signed_in(request)
    door = get_recount_door(pk, actor=actor)
    try:
        enter_recount(
            door.pk, found=request.POST.get("found", ""), came=request.POST.get("came", ""), by=actor, at=now()
        )
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        return _recounts(request, refusal=refusal, status=refusal.status)
    messages.info(request, _("Entered."))
    answer = redirect("recounts")
    if actor.team_id is None:
        answer["Location"] += f"?team={door.team_id}"
    return answer
