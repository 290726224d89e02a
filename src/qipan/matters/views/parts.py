"""The own part alone: the page of a post that answers its unit's tasks and does not see matters (red line 6)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.webkit.forms import ActForm

from ..actions.intake import place_label
from ..models import Called, Handling
from ..queries.mapping import drawing_around
from ..queries.parts import own_call, own_part, told_to_part
from ..queries.patterns import agreed_of
from ..queries.reading import place_names
from ..terms import Side

# All that such a post can do: in a matter, and in a call.
PART_ACTS = ("report_done", "finish", "object", "ask_time")
CALLED_ACTS = ("accept", "refuse", "tell", "rate")
Forms = list[tuple[str, ActForm]]
Bound = tuple[str, ActForm] | None


def part_page(request: HttpRequest, part: Handling, forms: Forms, *, bound: Bound, status: int) -> HttpResponse:
    """This function will show a unit its part in a matter: what, where, until when, and what it can say."""
    matter = part.matter
    shown = {
        "part": part,
        "matter": matter,
        "where": place_label(matter.place),
        "drawing": drawing_around(matter.place) if matter.point is not None else None,
        "told": told_to_part(matter),
        "forms": forms,
        "stray": bound if bound and bound[0] not in dict(forms) else None,
        "at": now(),
    }
    return render(request, "matters/part.html", shown, status=status)


def called_page(request: HttpRequest, mine: Called, forms: Forms, *, bound: Bound, status: int) -> HttpResponse:
    """This function will show a unit the call to it: what, where, when, its own answer, and what it can say."""
    call, unit = mine.call, signed_in(request).unit_id
    shown = {
        "mine": mine,
        "call": call,
        "where": place_names([call.place])[call.place],
        "agreed": [one for one in agreed_of(call) if one.task.owner_id == unit],
        "forms": forms,
        "rates": call.ended_at is not None and mine.came and not mine.ratings.filter(side=Side.CALLED).exists(),
        "scale": range(1, 6),
        "stray": bound if bound and bound[0] not in dict(forms) else None,
        "at": now(),
    }
    return render(request, "matters/part_call.html", shown, status=status)


def after_part(part: Handling, *, actor: Actor) -> HttpResponse:
    """This function will lead back to the part, or to its task on the desk where the part has ended."""
    return _back("matter", part.matter_id, own_part(part.matter_id, actor=actor), part)


def after_called(mine: Called, *, actor: Actor) -> HttpResponse:
    """This function will lead back to the call, or to its task on the desk where nothing is left to say."""
    return _back("call", mine.call_id, own_call(mine.call_id, actor=actor), mine)


def _back(name: str, pk: int, left: Any, was: Handling | Called) -> HttpResponse:
    return redirect(name, pk) if left is not None else redirect("desk_task", was.task_id)
