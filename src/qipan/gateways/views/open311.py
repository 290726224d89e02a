"""Open311 GeoReport v2: services, definitions, requests, tokens; JSON and XML; everyone may read, a key may be needed to report."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.matters.api import followed, report_by_code
from qipan.webkit.challenge import count_tries, source_of

from ..actions.taking import take_request
from ..input.calls import read_filters, read_ids, read_request
from ..models import Partner
from ..queries.partners import check_jurisdiction, partner_of
from ..queries.requests import get_request, list_requests, moment, requests_by_id, shown
from ..queries.services import definition, get_service, services
from ..rules.wire import FORMATS, WRITERS

TRIES = 600  # calls of an address in ten minutes, in each process
TRIES_WITH_KEY = 6000
TRIES_TOKEN = 60
WAIT_S = {429: 600}
Answer = tuple[str, Any]  # the name of the outermost element, and what is in it
View = Callable[..., Answer]


class TokenUnknown(Refusal):
    code = "token_unknown"
    sentence = _("There is no service request with this token.")
    status = 404


class TooLarge(Refusal):
    code = "too_large"
    sentence = _("The request is too large.")
    status = 413


class MethodUnknown(Refusal):
    code = "method_unknown"
    sentence = _("This address does not take this method.")
    status = 405


def answer(form: str, root: str, value: Any, *, status: int = 200) -> HttpResponse:
    """This function will write an answer in the form that was asked for; public, so that any page may read it."""
    response = HttpResponse(WRITERS[form](root, value), content_type=FORMATS[form], status=status)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def errors(form: str, refusal: Refusal) -> HttpResponse:
    """This function will write a refusal as the list of errors of the standard."""
    said = refusal.problems if isinstance(refusal, BadInput) and refusal.problems else [str(refusal)]
    listed = [{"code": refusal.status, "description": sentence} for sentence in said]
    response = answer(form, "errors", listed, status=refusal.status)
    if refusal.status in WAIT_S:
        response.headers["Retry-After"] = str(WAIT_S[refusal.status])
    return response


def served(*methods: str) -> Callable[[View], Callable[..., HttpResponse]]:
    """This decorator will count the call, find the partner by its key, and turn refusals into the standard's errors."""

    def wrap(view: View) -> Callable[..., HttpResponse]:
        @csrf_exempt  # neither session nor pass gives any right here, so no cookie can be misused
        @wraps(view)
        def guarded(request: HttpRequest, *, form: str, **named: str) -> HttpResponse:
            if form not in FORMATS:
                raise Http404
            try:
                if request.method not in methods:
                    raise MethodUnknown
                partner = _counted(request)
                check_jurisdiction(request.GET.get("jurisdiction_id", "") or request.POST.get("jurisdiction_id", ""))
                root, value = view(request, partner, **named)
            except Refusal as refusal:
                return errors(form, refusal)
            except (RequestDataTooBig, TooManyFilesSent):
                return errors(form, TooLarge())
            except (DataError, MultiPartParserError, SuspiciousOperation, UnicodeError):
                return errors(form, BadInput())
            return answer(form, root, value)

        return guarded

    return wrap


def _counted(request: HttpRequest) -> Partner | None:
    """A wrong key counts for its address, so that keys cannot be tried out."""
    source = source_of(request)
    key = request.headers.get("X-Api-Key") or request.POST.get("api_key") or request.GET.get("api_key") or ""
    if not key:
        count_tries(f"open311-{source}", most=TRIES)
        return None
    try:
        partner = partner_of(key[:200])
    except Refusal:
        count_tries(f"open311-{source}", most=TRIES)
        raise
    count_tries(f"open311-key-{partner.pk if partner else 0}", most=TRIES_WITH_KEY)
    return partner


@served("GET", "HEAD")
def discovery_call(request: HttpRequest, partner: Partner | None) -> Answer:
    """This view will say where the endpoint is and which forms it speaks."""
    held = check_jurisdiction("")
    return "discovery", {
        "changeset": moment(held.changed_at) if held.pk else None,
        "contact": held.contact or None,
        "key_service": held.contact or None,
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": request.build_absolute_uri(reverse("open311_services", kwargs={"form": "json"})).rpartition("/")[0],
                "changeset": moment(held.changed_at) if held.pk else None,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }  # fmt: skip


@served("GET", "HEAD")
def services_call(request: HttpRequest, partner: Partner | None) -> Answer:
    """This view will list the services: the catalogue of matters in force."""
    return "services", services()


@served("GET", "HEAD")
def service_call(request: HttpRequest, partner: Partner | None, *, code: str) -> Answer:
    """This view will say what one service asks."""
    return "service_definition", definition(get_service(code))


@served("GET", "HEAD", "POST")
def requests_call(request: HttpRequest, partner: Partner | None) -> Answer:
    """This view will list public requests by their filters, or open one from a form."""
    if request.method == "POST":
        return "service_requests", [_taken(request, partner)]
    if ids := read_ids(request.GET):
        return "service_requests", shown(requests_by_id(ids))
    return "service_requests", shown(list_requests(read_filters(request.GET, at=now())))


def _taken(request: HttpRequest, partner: Partner | None) -> dict[str, Any]:
    asked = read_request(request)
    taken = take_request(asked, partner=partner, source=source_of(request), at=now())
    notice = [taken.matter.category.filing_label]
    if taken.code:
        path = request.build_absolute_uri(reverse("matter_track", args=[taken.code]))
        notice.append(_now("Follow it, and say at the end whether it is solved, with its token here: %(path)s") % {"path": path})  # fmt: skip
    else:
        notice.append(_now("This request was sent before; its token was told then."))
    if request.POST.get("media_url"):
        notice.append(_now("media_url was not fetched; send photographs as files named media."))
    return {
        "service_request_id": taken.matter.number,
        "token": taken.code or None,
        "service_notice": " ".join(notice),
        "account_id": None,
    }


@served("GET", "HEAD")
def request_call(request: HttpRequest, partner: Partner | None, *, number: str) -> Answer:
    """This view will show one public request."""
    return "service_requests", shown([get_request(number)])


@served("GET", "HEAD")
def token_call(request: HttpRequest, partner: Partner | None, *, token: str) -> Answer:
    """This view will tell whoever holds the token of a report the number of the request that it follows."""
    count_tries(f"open311-token-{source_of(request)}", most=TRIES_TOKEN)
    try:
        report = report_by_code(token, at=now())
    except NotFound:
        raise TokenUnknown from None
    return "service_requests", [{"service_request_id": followed(report).number, "token": token}]
