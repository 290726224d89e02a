"""What a team handed in on a day: the doors, what was found, and the forms; nothing of other teams (SCR-7)."""

from datetime import datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.timezone import get_current_timezone, localdate
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from qipan.access.api import needs, signed_in
from qipan.forms.api import forms_to_fill
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput
from qipan.screening.api import addresses_of, visits_of_team

from ..queries import team_of, teams_of
from .phone import MOST_TEAMS, team_asked

ONE_DAY = timedelta(days=1)


@require_safe
@never_cache
@needs("visit.submit")
def visits(request: HttpRequest) -> HttpResponse:
    """This view will show the doors that a team visited on a day, in the order of the register, without times."""
    actor, asked, at = signed_in(request), team_asked(request), now()
    today = localdate(at)
    try:
        day = parse_date(request.GET.get("day", "") or today.isoformat())
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year < 9999:
        raise BadInput(["day"])
    teams = list(teams_of(actor)[: MOST_TEAMS + 1])
    if asked is None and len(teams) != 1:
        shown = {"teams": teams[:MOST_TEAMS], "more": len(teams) > MOST_TEAMS, "visits": True}
        return render(request, "field/teams.html", shown)
    team = team_of(actor, asked)
    begin = datetime.combine(day, time(), tzinfo=get_current_timezone())
    found = visits_of_team(team.pk, since=begin, until=begin + ONE_DAY)
    addresses = addresses_of({place for place, _outcome, _late in found})
    return render(
        request,
        "field/visits.html",
        {
            "team": team,
            "day": day,
            "before": day - ONE_DAY,
            "after": day + ONE_DAY if day < today else None,
            "rows": [(addresses[place], outcome, late) for place, outcome, late in found],
            "forms": forms_to_fill(actor, at=at),
        },
    )
