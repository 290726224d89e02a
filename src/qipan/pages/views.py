"""The board, the wall, and the lists that their figures open."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import BadInput, NotFound
from qipan.screening.api import is_sampled
from qipan.territory.api import OFFICIAL
from qipan.webkit.menu import menu_for

from . import rules
from .queries.around import around
from .queries.board import Board, board_of, home_of, may_look
from .queries.rows import rows_of
from .queries.scene import has_governing, hierarchy_of
from .terms import Listing, Metric

PAGE = 100


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """This view will open the first page that the post at work gives: for most the board, else the desk."""
    actor = signed_in(request)
    areas = menu_for(actor, request.path)
    if not areas:
        return render(request, "pages/no_page.html")
    return redirect(areas[0].links[0].path)


@require_safe
@needs("board.view")
def board_home(request: HttpRequest) -> HttpResponse:
    """This view will open the board of the actor's own ground."""
    return redirect("board", code=home_of(signed_in(request)))


@never_cache
@require_safe
@needs("board.view")
def board(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show the board of an area: 404 outside the actor's ground, 403 without the act."""
    return _board(request, code, wall=False)


@require_safe
def around_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show what else is on a ground, each with its page: whoever looks at one thing finds the others."""
    return render(request, "pages/around.html", {"around": around(code, actor=signed_in(request), at=now())})


@require_safe
@needs("wall.view")
def wall_home(request: HttpRequest) -> HttpResponse:
    """This view will open the wall screen of the actor's own ground."""
    return redirect("wall", code=home_of(signed_in(request)))


@never_cache
@require_safe
@needs("wall.view")
def wall(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show the board in larger type and without controls; ``?cycle=30`` shows each district in turn."""
    return _board(request, code, wall=True)


def _board(request: HttpRequest, code: str, *, wall: bool) -> HttpResponse:
    found = board_of(code, actor=signed_in(request), clock=now, **choices_of(request))
    context = {"board": found, "as_of": found.at, "wall": wall, **_page(request, found, wall)}
    return render(request, "pages/board.html", context)


def choices_of(request: HttpRequest) -> dict[str, Any]:
    """This function will read from the address what the reader has chosen, so that a link shows the same."""
    drill = {"1": True, "0": False}.get(request.GET.get("drill", ""))
    return {
        "show": request.GET.get("show"),
        "hierarchy": hierarchy_of(request.GET.get("by")),
        "drill": drill,
    }


def _page(request: HttpRequest, found: Board, wall: bool) -> dict[str, Any]:
    kept = {name: request.GET[name] for name in ("by", "drill", "show", "cycle") if request.GET.get(name)}
    without_show = {name: value for name, value in kept.items() if name != "show"}
    query = urlencode(kept)
    seconds = key_of(request.GET.get("cycle", "")) or 0
    return {
        "base": "/wall" if wall else "/board",
        "query": f"?{query}" if query else "",
        "keep": urlencode({name: value for name, value in kept.items() if name in ("by", "drill")}),
        "tabs": [
            (Metric(metric), f"?{urlencode({**without_show, 'show': metric})}", metric == found.show)
            for metric in found.available
        ],
        "metric": Metric(found.show),
        "inbox": _inbox(request, found),
        "trend": found.show == "coverage" and is_sampled(found.area.ranges),
        "governing": has_governing(found.area.code),
        "columns": rules.columns_of(len(found.rows)),
        "cycle": seconds if wall and seconds >= 5 else 0,
        "legend": [(step, (step - 1) * 20, step * 20) for step in range(1, rules.STEPS + 1)],
    }


def _inbox(request: HttpRequest, found: Board) -> str:
    """Where the matters of an area stand: for who may read them, of real ones, on a ground that the inbox knows."""
    if found.drill or found.hierarchy != OFFICIAL or not signed_in(request).can("matter.view"):
        return ""
    return f"{reverse('matters')}?{urlencode({'area': found.area.code})}"


def number_of(request: HttpRequest, name: str, default: int) -> int:
    """This function will read a number from the address. Raises ``BadInput`` for anything else."""
    text = request.GET.get(name, str(default))
    number = key_of(text)
    if number is None:
        raise BadInput([f"{name}: {text[:40]}"])
    return number


@never_cache
@require_safe
def rows(request: HttpRequest, code: str, listing: str) -> HttpResponse:
    """This view will list the very rows that a figure of the board was counted from."""
    actor = signed_in(request)
    may_look(actor)
    if listing not in Listing.values:
        raise NotFound
    page, of, after = (number_of(request, name, default) for name, default in (("page", 1), ("of", 0), ("after", 0)))
    at = now()
    choices = choices_of(request)
    found = rows_of(
        Listing(listing),
        code,
        actor=actor,
        at=at,
        hierarchy=choices["hierarchy"],
        drill=choices["drill"],
        of=of,
        offset=(page - 1) * PAGE,
        after=after,
        limit=PAGE,
    )
    more = {**request.GET.dict(), "page": str(page + 1)}
    if listing == Listing.LEFT and found.rows:
        more["after"] = found.rows[-1][0].text
    context = {
        "found": found,
        "listing": Listing(listing),
        "as_of": at,
        "first": (page - 1) * PAGE + 1,
        "more": f"?{urlencode(more)}" if found.more else "",
    }
    return render(request, "pages/rows.html", context)
