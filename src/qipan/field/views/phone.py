"""The phone page of a team."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from qipan.access.api import card_of, needs, right_ends, seats_of, signed_in
from qipan.deployment.api import Team
from qipan.forms.api import forms_to_fill, lapsed_forms
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.place import Range, place_text
from qipan.kernel.refusal import BadInput, NotFound
from qipan.matters.api import categories
from qipan.posture.api import OrderCard, cards_on
from qipan.screening.api import DoorState, Outcome, addresses_of, waiting_doors
from qipan.webkit.manifest import BUILT, everything_of, files_of, is_built, later_of
from qipan.webkit.middleware import POLICY

from ..queries import lists_not_compared, lists_with_gaps, order_of, round_of, team_of, teams_of

# The two that are common come first and large; the order of the others is by how often they come.
MAIN = (Outcome.ANSWERED, Outcome.NOT_HOME)
OTHERS = (
    Outcome.BY_PHONE,
    Outcome.BY_PROXY,
    Outcome.APPOINTMENT,
    Outcome.REFUSED,
    Outcome.LANGUAGE_HELP,
    Outcome.VACANT_KNOWN,
    Outcome.VACANT_UNKNOWN,
    Outcome.DEMOLISHED,
)
MOST_TEAMS = 200


def counted(one: str, many: str) -> dict[str, str]:
    """This function will return a sentence about a ``count`` that only the page's script knows, by its plural forms."""
    return {"one": ngettext(one, many, 1), "other": ngettext(one, many, 2)}


def words() -> dict[str, object]:
    """This function will return the sentences that the page's script needs, in the active language."""
    return {
        "states": {str(int(state)): str(state.label) for state in DoorState},
        "building": _("Building %(name)s"),
        "entrance": _("Entrance %(name)s"),
        "left": _("%(left)s of %(doors)s left"),
        "times": counted("%(count)s visit", "%(count)s visits"),
        "on_phone": _("on this phone"),
        "kept": _("%(door)s kept: %(outcome)s"),
        "next": _("Next: %(door)s"),
        "gone": _("It has left the phone. Enter a new visit instead."),
        "all_done": _("Every door here is settled for this round."),
        "no_round": _("No round is under way here."),
        "nothing_yet": _("No network, and no list of doors on this phone yet."),
        "offline": _("No network. Everything is kept on this phone and goes out by itself."),
        "elsewhere": counted(
            "%(count)s entry was made under another pass; open its link again to send it.",
            "%(count)s entries were made under another pass; open its link again to send them.",
        ),
        "other_post": counted(
            "%(count)s entry of another post (%(post)s) waits on this phone; sign in as that post to send it.",
            "%(count)s entries of another post (%(post)s) wait on this phone; sign in as that post to send them.",
        ),
        "of_ended": counted(
            "%(count)s entry of a right that has ended waits on this phone; whoever works on the same ground may send it.",
            "%(count)s entries of a right that has ended wait on this phone; whoever works on the same ground may send them.",
        ),
        "take_over": _("Send them as mine"),
        "my_posts": _("My posts"),
        "conflict": _("the server holds something else under this visit; a person decides"),
        "noted": _("Noted"),
        "told": _("Kept; it goes to the street office by itself."),
        "another": _("No, it is something else"),
        "may_be_same": _("The same may be reported already. Choose, then report."),
        "photo_large": _("This photograph cannot be made small here. Take another one, or leave it out."),
        "say_more": _("Choose what it is, and say it in a few words."),
        "waiting": counted("%(count)s report waits for a network.", "%(count)s reports wait for a network."),
        "agreed": _("The server holds everything that this phone has finished."),
        "missing": counted(
            "%(count)s entry was missing on the server; it is sent again.",
            "%(count)s entries were missing on the server; they are sent again.",
        ),
        "lost": counted(
            "%(count)s entry is neither here nor on the server; the community sees which.",
            "%(count)s entries are neither here nor on the server; the community sees which.",
        ),
        "emptied": _(
            "This phone's store was emptied by its browser. The server holds what was sent; it last heard of this phone's list at"
            " %(time)s. What was entered after that and not sent is gone: please enter it again."
        ),
        "sign_in": _("Sign in"),
        "as_of": _("as of %(time)s"),
        "ended": _("Your right to this page has ended, so the doors were taken off this phone."),
        "clock_ahead": _("The clock of this phone shows %(time)s; by it your right to this page ended at %(end)s."),
        "clock_back": _(
            "The clock of this phone was set back to %(time)s; by the time that it showed before and what has passed since,"
            " your right to this page ended at %(end)s."
        ),
        "clock_do": _(
            "Without a network that cannot be checked, so the doors are not shown. Nothing was taken off this phone, and what"
            " you entered is kept. If the clock is wrong, set its date and time right; else go where there is a network."
            " After %(days)s days without one the doors, and what was only begun, are taken off; what was finished stays"
            " until it is sent."
        ),
        "full": _("This phone has no room left. Free some space; until then nothing can be entered here."),
        "begun": _("%(count)s begun"),
        "refuse": _("You may refuse it: it has lapsed"),
        "not_open": _("Not open on your ground."),
        "not_fetched": _("Not on this phone yet; it is fetched when there is a network."),
        "form_DRAFT": _("begun, kept on this phone"),
        "form_KEPT": _("finished, waits to be sent"),
        "form_SENT": _("sent, not answered yet"),
        "form_ACKNOWLEDGED": _("acknowledged by the server"),
        "form_CONFLICT": _("conflict: a person decides"),
        "form_REFUSED": _("refused by the server"),
        "form_kept": _("Kept on this phone. It goes out by itself."),
        "go_on": _("Continue filling in"),
        "change": _("Change it"),
        "throw_away": _("Throw away"),
        "sure": _("Throw away what was filled in here? It cannot be brought back."),
        "nuisance": _("It counts for your unit, this form and who asks it; nobody is named."),
        "opening": _("Opening …"),
        "cannot_open": _("This form cannot be opened on this phone. Use the sheet on paper or another client."),
        "no_engine": _(
            "The part of the page that opens forms is not on this phone yet; it is fetched when there is a network."
        ),
        "lacks": counted(
            "%(count)s answer is missing or not right; see beside it.",
            "%(count)s answers are missing or not right; see beside them.",
        ),
        "needed": _("must be answered"),
        "held": _("filled in, not asked"),
        "is_needed": _("Please answer this."),
        "not_allowed": _("This answer is not allowed here."),
        "no_number": _("This is no number."),
        "not_here": _("This question cannot be answered on this page. Use another client or paper."),
        "search": _("Type to find"),
        "more_found": _("%(count)s more; type more letters"),
        "none_found": _("Nothing on the list says that."),
        "stay": _("Signing out needs a network. What is kept here stays until then."),
        "more": _("Add another"),
        "less": _("Take this one out"),
        "up": _("Move %(name)s up"),
        "down": _("Move %(name)s down"),
        "ok": _("Read and confirmed"),
        "take_point": _("Take this position once, to 50 metres"),
        "asking_point": _("Asking for the position …"),
        "no_point": _("The phone gave no position. You may leave it out."),
        "clear": _("Take it out"),
        "photo_kept": _("%(kb)s kB, kept on this phone"),
        "too_large": _("The file is too large; take one of at most 9.5 MB."),
        "swept": _("This phone's browser can throw away what is kept when space runs out. Send often."),
    }


def later_files() -> list[str]:
    """This function will return the addresses of what the page loads only when a form is opened."""
    return [static(f"built/{name}") for name in later_of("field")] if is_built() else []


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """This view will give the script that opens the phone page without a network, with the list of files to keep."""
    if not is_built():
        raise NotFound
    keep = [static(f"built/{name}") for name in everything_of("theme", "base", "field")]
    script = (BUILT / files_of("worker")[0]).read_text("utf-8")
    lists = {"KEEP": [*keep, static("webkit/qipan.svg")], "LATER": later_files()}
    body = "".join(f"self.{name}={json.dumps(paths)};\n" for name, paths in lists.items()) + script
    headers = {"Service-Worker-Allowed": reverse("field"), "Cache-Control": "no-cache"}
    return HttpResponse(body, content_type="text/javascript; charset=utf-8", headers=headers)


@require_safe
def app_manifest(request: HttpRequest) -> HttpResponse:
    """This view will say how the phone page looks when somebody puts it on the home screen; nobody must."""
    return JsonResponse(
        {
            "name": _("Qipan, visits"),
            "short_name": _("Qipan"),
            "start_url": reverse("field"),
            "scope": reverse("field"),
            "display": "standalone",
            "icons": [{"src": static("webkit/qipan.svg"), "sizes": "any", "type": "image/svg+xml"}],
        },
        content_type="application/manifest+json",
    )


def key_asked(request: HttpRequest, name: str) -> int | None:
    """This function will return the number that the address says under a name; raises ``BadInput``."""
    asked = request.GET.get(name)
    if asked is None:
        return None
    key = key_of(asked)
    if key is None:
        raise BadInput([name])
    return key


def team_asked(request: HttpRequest) -> int | None:
    """This function will return the team that the address names; raises ``BadInput``."""
    return key_asked(request, "team")


@require_safe
@needs("visit.submit")
@ensure_csrf_cookie
def field(request: HttpRequest) -> HttpResponse:
    """Today's doors of a team by stairwell; a post with several teams chooses first."""
    actor = signed_in(request)
    asked = team_asked(request)
    teams = list(teams_of(actor)[: MOST_TEAMS + 1])
    if asked is None and len(teams) != 1:
        return render(request, "field/teams.html", {"teams": teams[:MOST_TEAMS], "more": len(teams) > MOST_TEAMS})
    team = team_of(actor, asked)
    round = round_of(team, at=now())
    response = render(
        request,
        "field/field.html",
        {
            "openrosa": reverse("openrosa_list").removesuffix("formList"),
            "home": place_text(team.place),
            "later": json.dumps(later_files()),
            "team": team,
            "several": len(teams) > 1,
            "round": round,
            "order": order_of(round) if round else None,
            "again": waiting_doors(actor, team=team.pk).filter(recount__closes_at__gt=now()).count(),
            "card": card_of(actor),
            "holder": actor.holder,
            "orders": orders_of(request, team),
            "categories": categories() if actor.can("matter.report") else [],
            "main": MAIN,
            "others": OTHERS,
            "words": words(),
            "ends_at": right_ends(actor),
            "zone": settings.TIME_ZONE,
        },
    )
    return with_engine(response)


def with_engine(response: HttpResponse) -> HttpResponse:
    """This function will let a page open forms: ODK's engine reads formulas with a parser in WebAssembly; still no eval."""
    response.headers["Content-Security-Policy"] = f"{POLICY}; script-src 'self' 'wasm-unsafe-eval'"
    return response


@require_safe
@needs("visit.submit")
@ensure_csrf_cookie
def desk_forms(request: HttpRequest) -> HttpResponse:
    """This page will let a post fill in what is open on its ground, at a desk and without a team; ``form`` opens one."""
    actor = signed_in(request)
    if not actor.scope.ranges:
        raise NotFound
    shown = {
        "openrosa": reverse("openrosa_list").removesuffix("formList"),
        "home": place_text(actor.scope.ranges[0].first),
        "form": request.GET.get("form", ""),
        "papers": [*forms_to_fill(actor, at=now()), *lapsed_forms(actor, at=now())],
        "holder": actor.holder,
        "words": words(),
        "zone": settings.TIME_ZONE,
    }
    return with_engine(render(request, "field/forms.html", shown))


@never_cache
@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """This page will sign out, and take off the device what is kept there of whoever signs out, under any own post."""
    actor = signed_in(request)
    holders = {actor.holder}
    if actor.account_id is not None:
        holders |= {seat.actor.holder for seat in seats_of(actor.account_id, at=now())}
    shown = {
        "holders": json.dumps(sorted(holders)),
        "team": team_asked(request),
        "may_visit": actor.can("visit.submit"),
        "words": {
            "unsent": _(
                "Not sent yet: %(count)s. It stays on this device; what was finished goes out when you sign in here again."
            ),
            "sent": _("Everything of yours was sent; nothing is lost."),
            "failed": _("What lies on this device could not be taken off. Please try again."),
        },
    }
    return render(request, "field/leave.html", shown)


def orders_of(request: HttpRequest, team: Team) -> list[tuple[OrderCard, str]]:
    """This function will return the order cards of a team's own ground, each with the address that its QR code holds."""
    cards = cards_on([Range(team.first, team.last)], at=now())
    return [(card, request.build_absolute_uri(card.address)) for card in cards]


@require_safe
@needs("visit.submit")
def orders(request: HttpRequest) -> HttpResponse:
    """This part of the page will be asked for anew while it is open: the orders on the team's ground, and no others."""
    team = team_of(signed_in(request), team_asked(request))
    return render(request, "field/_orders.html", {"orders": orders_of(request, team)})


@require_safe
@needs("team.manage")
def lists(request: HttpRequest) -> HttpResponse:
    """This page will name what phones have finished and the server does not hold; nothing about who did how much."""
    actor = signed_in(request)
    found = list(lists_with_gaps(actor)[:MOST_TEAMS])
    places = {int(place) for row in found for _id, place in row.missing}
    addresses = addresses_of(places)
    rows = [(row, [(one, addresses[int(place)]) for one, place in row.missing]) for row in found]
    unheard = lists_not_compared(actor, at=now())[:MOST_TEAMS]
    return render(request, "field/lists.html", {"rows": rows, "unheard": unheard})
