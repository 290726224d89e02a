"""Every address of the site: one line per room that has pages or endpoints."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation
from ninja.utils import check_csrf

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, NotFound, NotSignedIn, Refusal
from qipan.webkit.middleware import refusal_json

ROOMS = (
    "territory",
    "laws",
    "duties",
    "access",
    "desk",
    "forms",
    "zones",
    "warnings",
    "posture",
    "retention",
    "deployment",
    "matters",
    "reserves",
    "screening",
    "command",
    "learning",
    "pages",
    "field",
    "gateways",
    "replay",
)


def let_in(request: HttpRequest) -> Actor:
    """This function will let in whoever is signed in: by pass in the header, or by cookie with a CSRF token."""
    actor = signed_in(request)
    if "Authorization" not in request.headers:
        refused = check_csrf(request, lambda: None)
        if refused is not None:
            raise NotSignedIn
    return actor


class Endpoints(NinjaAPI):
    """The typed endpoints and their public specification.

    ``/api/openapi.json`` and its page ``/api/docs`` need no sign-in: they are what other software and
    whoever oversees this one build on, they name calls and fields and hold no data, and the source says
    the same. What a call answers depends on who asks, on that page too. So nothing internal may be told:
    an operation is named by its room and its verb, not by the module that it stands in.
    """

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """This method will name an operation, as ``desk_get_tasks``."""
        return f"{operation.view_func.__module__.split('.')[1]}_{operation.view_func.__name__}"


api = Endpoints(
    title="Qipan",
    version="1",
    description=(
        "Every call is made with a pass (Authorization: Bearer) or with the session cookie and its CSRF token, and"
        " answers within the ground and the acts of the post. A refusal is JSON with code, sentence and data."
    ),
    urls_namespace="api",
    docs_url="/docs",
    auth=let_in,
)


@api.exception_handler(Refusal)
def explain(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return api.create_response(request, refusal_json(refusal), status=refusal.status)


@api.exception_handler(ValidationError)
def explain_types(request: HttpRequest, error: ValidationError) -> HttpResponse:
    problems = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors]
    return explain(request, BadInput(problems))


@api.exception_handler(HttpError)
@api.exception_handler(RequestDataTooBig)
def explain_body(request: HttpRequest, error: Exception) -> HttpResponse:
    """This function will answer a body that is no JSON, or too large, as any other input that cannot be understood."""
    return explain(request, BadInput([str(error)]))


@csrf_exempt  # nothing is done here, and an app with a pass is told what is wrong: the address
def no_endpoint(request: HttpRequest, rest: str = "") -> HttpResponse:
    """This view will refuse an unknown address under /api/ in the words of every other refusal there."""
    raise NotFound


urlpatterns: list[Any] = [
    path("i18n/", include("django.conf.urls.i18n")),
]
for room in ROOMS:
    if find_spec(f"qipan.{room}.rest"):
        api.add_router("", import_module(f"qipan.{room}.rest").router)
    # Plain views under /api/ (paths where speed is the purpose) stand in a room's urls, before the typed endpoints.
    if find_spec(f"qipan.{room}.urls"):
        urlpatterns.append(path("", include(f"qipan.{room}.urls")))
urlpatterns += [path("api/", no_endpoint), path("api/", api.urls), path("api/<path:rest>", no_endpoint)]
