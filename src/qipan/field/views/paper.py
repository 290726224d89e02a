"""Paper has the same rights as the phone: a team's sheet by stairwell, and its entry when it comes back."""

from itertools import groupby
from typing import Any

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from qipan.access.api import needs, signed_in
from qipan.deployment.api import Team
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import uuid7
from qipan.kernel.place import compound_of, place_text
from qipan.screening.api import DoorLine, Outcome, Round, doors_of_team, rounds_of_team, store_visits
from qipan.webkit.sheets import csv_file

from ..input import PaperInput
from ..queries import compound_names, order_of, round_of, round_on_paper, team_of
from .phone import key_asked, team_asked

AT_ONCE = 500  # visits of one upload
MOST_ROUNDS = 10  # of whose sheets the page knows


@require_http_methods(["GET", "POST"])
@needs("visit.submit")
def paper(request: HttpRequest) -> HttpResponse:
    """This page will print a team's doors with boxes to tick, and take what was ticked; a sheet of a round that has closed too.

    Each door of a page has an id of its own, so the same page sent twice is counted once.
    """
    actor, at = signed_in(request), now()
    team = team_of(actor, team_asked(request))
    round = round_on_paper(team, key_asked(request, "round"), at=at)
    doors = list(doors_of_team(team.pk, round.pk)) if round else []
    if request.method == "GET" or round is None:
        return _sheet(request, team, round, doors, PaperInput(initial={"at": timezone.localtime(at)}))
    form = PaperInput(request.POST)
    if not form.is_valid():
        return _sheet(request, team, round, doors, form, status=400)
    ticked = [door for door in doors if request.POST.get(_key(door)) in Outcome.names]
    if not ticked:
        form.add_error(None, _("Nothing is ticked yet."))
        return _sheet(request, team, round, doors, form, status=400)
    refused, late = _store(request, team, round, ticked, form.cleaned_data["at"].isoformat(), by=actor)
    taken = len(ticked) - len(refused)
    if taken:
        text = ngettext("%(taken)s door is entered.", "%(taken)s doors are entered.", taken)
        messages.info(request, text % {"taken": taken})
    for sentence in late:
        messages.info(request, sentence)
    if refused:
        for sentence in dict.fromkeys(refused.values()):
            form.add_error(None, sentence)
        return _sheet(request, team, round, doors, form, kept=set(refused), status=409)
    return redirect(request.get_full_path())


@require_GET
@needs("visit.submit")
def doors_file(request: HttpRequest) -> HttpResponse:
    """This view will give a team's doors as CSV, in the order of its sheet: also to a pass, and of no other team."""
    actor, at = signed_in(request), now()
    team = team_of(actor, team_asked(request))
    round = round_of(team, at=at)
    doors = doors_of_team(team.pk, round.pk) if round else []
    names = compound_names(door.place for door in doors)
    header = [_("Place number"), _("Compound"), _("Building"), _("Stairwell"), _("Door"), _("State"), _("Visits")]
    rows = (
        [
            place_text(door.place), names.get(compound_of(door.place), ""), door.building, door.entrance, door.label,
            str(door.state.label), door.attempts,
        ]
        for door in doors
    )  # fmt: skip
    return csv_file("doors", header, rows)


def _key(door: DoorLine) -> str:
    return f"door-{place_text(door.place)}"


def _store(
    request: HttpRequest, team: Team, round: Round, ticked: list[DoorLine], at: str, *, by: Actor
) -> tuple[dict[int, str], set[str]]:
    """Stores what was ticked as any visits of the team are stored; returns the doors that were not taken, with the reason, and what is
    to be said of those that came when the round had just closed."""
    refused: dict[int, str] = {}
    late: set[str] = set()
    for first in range(0, len(ticked), AT_ONCE):
        some = ticked[first : first + AT_ONCE]
        visits = [
            {
                "id": request.POST.get(f"id-{place_text(door.place)}", ""),
                "round": round.pk,
                "place": place_text(door.place),
                "outcome": request.POST[_key(door)],
                "at": at,
            }
            for door in some
        ]
        stored = store_visits(msgspec.json.encode({"team": team.pk, "visits": visits}), by=by, at=now())
        for door, told in zip(some, stored.answers, strict=True):
            if told.answer in ("refused", "conflict"):
                refused[door.place] = str(told.sentence)
            elif told.answer == "late":
                late.add(str(told.sentence))
    return refused, late


def _sheet(
    request: HttpRequest,
    team: Team,
    round: Round | None,
    doors: list[DoorLine],
    form: PaperInput,
    *,
    kept: set[int] | None = None,
    status: int = 200,
) -> HttpResponse:
    """``kept``: only these doors keep what was ticked; by default all do."""
    names = compound_names(door.place for door in doors)
    said = {} if request.method == "GET" else request.POST

    def row(door: DoorLine) -> dict[str, Any]:
        again = kept is None or door.place in kept
        return {
            "door": door,
            "key": _key(door),
            "id_key": f"id-{place_text(door.place)}",
            "id": said.get(f"id-{place_text(door.place)}") or str(uuid7()) if again else str(uuid7()),
            "ticked": said.get(_key(door), "") if again else "",
        }

    wells = [
        {
            "compound": names.get(compound, ""),
            "building": building,
            "entrance": entrance,
            "rows": [row(d) for d in some],
        }
        for (compound, building, entrance), some in groupby(
            doors, key=lambda d: (compound_of(d.place), d.building, d.entrance)
        )
    ]
    context = {
        "team": team,
        "round": round,
        "order": order_of(round) if round else None,
        "others": [each for each in rounds_of_team(team.pk)[:MOST_ROUNDS] if each != round],
        "wells": wells,
        "outcomes": [(outcome.name, outcome.label) for outcome in reversed(Outcome)],
        "form": form,
    }
    return render(request, "field/paper.html", context, status=status)
