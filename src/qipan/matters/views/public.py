"""Pages for everyone, without log-in: report, follow by code, confirm or doubt, and what was asked and done."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import named_leader
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.place import CODE_LENGTHS, COMMUNITY, place_of, place_text, range_of, short_code
from qipan.kernel.refusal import NotFound, Refusal
from qipan.posture.api import order_title
from qipan.territory.api import AreaView, get_area, known_place, path_to
from qipan.webkit.challenge import count_try, new_challenge, nonce_of, source_of

from ..actions.intake import PlaceUnknown, Reported, Words, check_place, join_matter, place_label, report_matter
from ..input.forms import LOOK, ReportForm
from ..queries.alike import Alike, similar
from ..queries.blocked import stuck_among, stuck_on
from ..queries.exclusions import exclusions_of
from ..queries.figures import public_figures
from ..queries.mapping import (
    Drawing,
    PointElsewhere,
    area_at_point,
    city_area,
    drawing_of,
    outlines_below,
    places_at,
)
from ..queries.public import (
    PUBLIC_PAGE,
    PUBLIC_SHOWS,
    last_told,
    places_like,
    public_list,
)
from ..queries.reading import categories, get_category, place_names
from ..rules import limits
from ..rules.points import Point, PointWrong, point_from
from ..terms import Channel

FIGURES_KEPT_S = 60


def city() -> Scope:
    return Scope((range_of(settings.CITY),))


def resident() -> Actor:
    """This function will return the actor of a public page: somebody, who may report and nothing else."""
    return Actor(label=_("a resident, by the public page"), acts=frozenset({"matter.report"}), scope=city())


def place_given(code: str) -> tuple[str, str]:
    """This function will return a place's code and its name, both empty where the code names none that this city knows, or
    the whole city.
    """
    try:
        place = known_place(code)
        check_place(place, city())
        return short_code(place_text(place)), place_label(place)
    except Refusal:
        return "", ""


@dataclass(frozen=True)
class Where:
    """Where it is, as far as a form or an address says so: a place, and a point on the map."""

    code: str = ""
    name: str = ""
    point: Point | None = None
    wrong: str = ""  # what is wrong with the point


def where_given(given: Any) -> Where:
    """This function will read place and point; a point alone is in the smallest area that is known to hold it."""
    code, name = place_given(given.get("place", ""))
    try:
        point = point_from(given.get("point", "")[:60])
    except PointWrong as refusal:
        return Where(code, name, None, str(refusal))
    if point is not None and not code and (area := area_at_point(point, city())) is not None:
        code, name = place_given(area.code)
    return Where(code, name, point)


def alike_of(given: Any, *, open_to_all: bool = True) -> list[Alike]:
    """This function will look for what may be the same, as far as a form is filled in."""
    where, text = where_given(given), given.get("text", "")[:2000]
    if not where.code or not text:
        return []
    try:
        category = get_category(given.get("category", ""))
    except NotFound:
        return []
    place = place_of(where.code)
    return similar(category, place, text, at=now(), point=where.point, open_to_all=open_to_all)


@never_cache
@require_http_methods(["GET", "POST"])
def report_page(request: HttpRequest) -> HttpResponse:
    """This view will take a report from anyone: what and where; a code to follow it by is the answer."""
    where = where_given(request.POST if request.method == "POST" else request.GET)
    if request.method == "GET":
        order = _order(request.GET.get("order", ""))
        chosen = {"category": request.GET.get("category", ""), "text": f"{order}\n" if order else ""}
        form = ReportForm(initial=chosen, categories=categories())
        return _form(request, form, where, found=_found(request.GET.get("q", "")))
    if LOOK in request.POST:
        form = ReportForm(initial=ReportForm.typed(request.POST), categories=categories())
        return _form(request, form, where, found=_found(request.POST.get("q", "")))
    count_try(request)
    form = ReportForm(request.POST, request.FILES, categories=categories())
    valid, same = form.is_valid() and not where.wrong, request.POST.get("same", "")
    if not where.code:
        form.refuse(PlaceUnknown())
    alike = alike_of(request.POST) if valid and where.code and not same else []
    if not valid or not where.code or alike:
        return _form(request, form, where, alike=alike, found=_found(request.POST.get("q", "")))
    try:
        nonce = nonce_of(request.POST.get("token", ""), request.POST.get("answer", ""))
        words, source = words_of(form.cleaned_data, Channel.WEB), source_of(request)
        category = form.cleaned_data["category"]
        reported = take_report(category, words, where, same=same, nonce=nonce, source=source, by=resident(), at=now())
    except PointElsewhere as refusal:
        return _form(request, form, replace(where, wrong=str(refusal)), status=refusal.status)
    except Refusal as refusal:
        form.refuse(refusal)
        return _form(request, form, where, status=refusal.status)
    if not reported.code:
        return render(request, "matters/again.html", {"matter": reported.matter})
    return redirect("matter_track", reported.code)


def _order(number: str) -> str:
    """The words by which a report names the order that it is about; empty where no order has this number."""
    if not number:
        return ""
    try:
        title = order_title(number[:60], at=now())
    except NotFound:
        return ""
    return _("About order %(number)s (%(title)s):") % {"number": number[:60].strip(), "title": title}


def words_of(given: dict[str, Any], channel: str) -> Words:
    """This function will return what somebody said on the form of a report."""
    rest = {name: given[name] for name in ("text", "spot", "private", "reach", "photos")}
    return Words(**rest, channel=channel)


def take_report(
    code: str,
    words: Words,
    where: Where,
    *,
    same: str,
    nonce: str,
    source: str = "",
    by: Actor,
    at: datetime,
    open_to_all: bool = True,
) -> Reported:
    """This function will join what was hinted at and chosen as the ``same``, or open a matter. Raises what these raise."""
    rest: dict[str, Any] = {"words": words, "nonce": nonce, "source": source, "by": by, "at": at}
    category, place = get_category(code), place_of(where.code)
    key = key_of(same)
    if key is not None:
        # Only what was hinted at can be joined: nobody tries numbers.
        likely = similar(category, place, words.text, at=at, point=where.point, open_to_all=open_to_all)
        hinted = next((one for one in likely if one.matter.pk == key), None)
        if hinted is not None:
            return join_matter(hinted.matter, **rest)
    return report_matter(category=category, place=place, point=where.point, **rest)


def _found(text: str) -> list[tuple[str, str, str]]:
    return places_like(text[:60], city().ranges) if text else []


def map_of_city() -> Drawing | None:
    """This function will say what the map to choose on begins with; None where no outlines are known."""
    area = city_area()
    return drawing_of(area) if area is not None else None


def _form(
    request: HttpRequest,
    form: ReportForm,
    where: Where,
    *,
    alike: list[Alike] | None = None,
    found: list[tuple[str, str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = {
        "form": form,
        "where": where,
        "drawing": map_of_city(),
        "q": (request.POST or request.GET).get("q", "")[:60],
        "found": found or [],
        "alike": alike or [],
        "challenge": new_challenge(),
        "lost_photos": bool(request.FILES),
    }
    return render(request, "matters/report.html", shown, status=status)


@never_cache
@require_GET
def places_part(request: HttpRequest) -> HttpResponse:
    """This view will give the places whose name or code matches, while somebody types; or those at a point."""
    text = request.GET.get("q", "")
    try:
        point = point_from(request.GET.get("point", "")[:60])
    except PointWrong:
        point = None
    if point is None:
        return render(request, "matters/_places.html", {"found": _found(text), "q": text[:60]})
    found = places_at(point, city())
    return render(request, "matters/_places.html", {"found": found, "first": True, "point": point})


@require_GET
def outlines_part(request: HttpRequest) -> HttpResponse:
    """This view will give the outlines of the areas right below one (GeoJSON, WGS 84): what maps draw, for everyone."""
    answer = JsonResponse(outlines_below(request.GET.get("area", settings.CITY)[:19]))
    patch_cache_control(answer, private=True, max_age=300)
    patch_vary_headers(answer, ("Cookie", "Accept-Language"))
    return answer


@never_cache
@require_POST
def similar_part(request: HttpRequest) -> HttpResponse:
    """This view will give the hint at open matters that may be the same, while somebody types.

    It is asked by POST: words of residents do not belong into addresses, which servers on the way write down.
    """
    return render(request, "matters/_alike.html", {"alike": alike_of(request.POST)})


def _area(code: str) -> AreaView | None:
    """The area that was asked for, or the whole city; a door or a compound is shown with its community."""
    if code and len(code) <= CODE_LENGTHS[COMMUNITY] and code.isascii() and code.isdigit():
        try:
            area = get_area(code)
            if all(city().covers(part) for part in area.ranges):
                return area
        except NotFound:
            pass
    return city_area()


@require_GET
def public_page(request: HttpRequest) -> HttpResponse:
    """This view will show everyone what was asked and what became of it, with the rates and no personal data (PAR-10)."""
    show = request.GET.get("show", "")
    show = show if show in PUBLIC_SHOWS else ""
    area, at = _area(request.GET.get("area", "")), now()
    ranges = area.ranges if area is not None else city().ranges
    rows = public_list(ranges, show=show, before=key_of(request.GET.get("before", "")))
    shown = rows[:PUBLIC_PAGE]
    communities = {one.pk: place_of(f"{one.place:019d}"[:12]) for one in shown}
    names, notes = place_names(communities.values()), last_told(shown)
    stuck, excluded = stuck_among(shown, at=at), exclusions_of(shown)
    found: dict[str, Any] = {}
    if area is not None:
        month = localdate(at).replace(day=1)
        since = (month - timedelta(days=330)).replace(day=1)
        until = limits.next_month(month)
        # Everyone reads the same: they are added up anew each minute, and not for every reader.
        key = f"public-figures-{area.code}-{since}-{get_language()}"
        kept = cache.get(key)
        if kept is None:
            kept = at, public_figures(area.code, since=since, until=until, at=at)
            cache.set(key, kept, FIGURES_KEPT_S)
        as_of, (own, lines) = kept
        found = {
            "as_of": as_of,  # of the oldest that the page shows
            "own": own,
            "lines": [line for line in lines if line.key and line.key != area.code],
            "since": since,
            "leader": named_leader(area.place, at=at),
            "late": stuck_on(area.ranges, at=at),
            "path": path_to(area.code)[:-1],
        }
    return render(
        request,
        "matters/public.html",
        {
            "rows": [
                (one, names[communities[one.pk]], notes.get(one.pk, ""), one.pk in stuck, excluded.get(one.pk))
                for one in shown
            ],
            "more": shown[-1].pk if len(rows) > PUBLIC_PAGE else None,
            "show": show,
            "area": area.code if area is not None and area.code != settings.CITY else "",
            "label": area.label if area is not None else "",
            "drawing": drawing_of(area) if area is not None and any(one.public_point for one in shown) else None,
            **found,
        },
    )
