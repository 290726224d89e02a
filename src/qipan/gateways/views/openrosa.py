"""OpenRosa 1.0: the forms of the holder's ground, and filled ones taken; for ODK Collect and whatever speaks like it.

Every address exists twice: with the pass in the path (``openrosa/key/TOKEN/…``, as a QR code gives it to a phone) and
with the pass in the header. A cookie alone counts for nothing here: only our own phone page, which sends its CSRF token
with every call, reading too, may call with the cookie it was opened by.
"""

import mimetypes
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare
from django.utils.http import http_date
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _now
from django.views.decorators.csrf import csrf_exempt

from qipan.access.api import actor_of_token, signed_in
from qipan.forms.api import (
    Form,
    Outcome,
    Taken,
    file_of,
    form_to_fill,
    forms_to_fill,
    media_of,
    take_submission,
    with_files,
)
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotSignedIn, Refusal
from qipan.webkit.challenge import count_tries, source_of

from ..input.openrosa import PostTooLarge, read_post, token_in
from ..rules.openrosa import (
    CONTENT_TYPE,
    MOST_BYTES,
    VERSION,
    File,
    Listed,
    hash_of,
    list_xml,
    manifest_xml,
    response_xml,
)
from .open311 import MethodUnknown

ACT = "visit.submit"
TRIES = 120  # calls of an address with a pass that is not good, in ten minutes and each process
TRIES_WITH_PASS = 6000
WAIT_S = {423: 5, 429: 600, 503: 5}
STATUS = {Outcome.TAKEN: 201, Outcome.PART: 202, Outcome.AGAIN: 202, Outcome.DISPUTED: 409}
View = Callable[..., HttpResponse]


def said(sentence: str, *, status: int) -> HttpResponse:
    """This function will answer with a sentence for the person who holds the phone."""
    return HttpResponse(response_xml(sentence, status=status), content_type=CONTENT_TYPE, status=status)


def refused(refusal: Refusal, *, by_page: bool = False) -> HttpResponse:
    """This function will answer a refusal in the standard's form; our own page asks for the sign-in itself, no browser does."""
    lines = refusal.problems if isinstance(refusal, BadInput) and refusal.problems else []
    response = said("\n".join([str(refusal), *lines]), status=refusal.status)
    response.headers["X-Refusal"] = (
        refusal.code
    )  # so that our own page tells a right that is over from a form that is not open
    if refusal.status in WAIT_S:
        response.headers["Retry-After"] = str(WAIT_S[refusal.status])
    if isinstance(refusal, NotSignedIn) and not by_page:
        response.headers["WWW-Authenticate"] = 'Basic realm="Qipan", charset="UTF-8"'
    return response


def served(*methods: str) -> Callable[[View], View]:
    """This decorator will find who calls by the pass, count the call, and turn refusals into the standard's answers."""

    def wrap(view: View) -> View:
        @csrf_exempt  # no cookie gives a right here without its token (``_from_our_page``), so none can be misused
        @wraps(view)
        def guarded(request: HttpRequest, *, token: str = "", **named: str) -> HttpResponse:
            try:
                if request.method not in methods:
                    raise MethodUnknown
                actor = _actor(request, token)
                response = view(request, actor, token=token, **named)
            except Refusal as refusal:
                response = refused(refusal, by_page=not token and _from_our_page(request))
            except (RequestDataTooBig, TooManyFilesSent):
                response = refused(PostTooLarge())
            except (DataError, SuspiciousOperation, UnicodeError):
                response = refused(BadInput())
            response.headers["X-OpenRosa-Version"] = VERSION
            response.headers["Date"] = http_date()
            response.headers.setdefault("Cache-Control", "private, no-store")
            patch_vary_headers(response, ["Authorization"])
            response._has_been_logged = True  # type: ignore[attr-defined]  # a log of refusals would hold the path's pass
            return response

        return guarded

    return wrap


def _actor(request: HttpRequest, token: str) -> Actor:
    """A pass that is shown and not good counts for its address, so that passes cannot be tried out; a client that shows
    none yet asks for the challenge.
    """
    if not token and _from_our_page(request):
        actor = signed_in(request)
        count_tries(f"openrosa-page-{actor.pass_id or actor.post_id}", most=TRIES_WITH_PASS)
        actor.require(ACT)
        return actor
    shown = token or token_in(request)
    try:
        actor = actor_of_token(shown, at=now())
    except NotSignedIn:
        if shown:
            count_tries(f"openrosa-{source_of(request)}", most=TRIES)
        raise
    count_tries(f"openrosa-pass-{actor.pass_id}", most=TRIES_WITH_PASS)
    actor.require(ACT)
    return actor


def _from_our_page(request: HttpRequest) -> bool:
    """Whether the call shows the secret of its own CSRF cookie, which no other site can read or send along.

    Django's own check would read a multipart body before we do; the comparison is the same.
    """
    held = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
    shown = request.headers.get("X-CSRFToken", "")
    return "Authorization" not in request.headers and len(held) >= 32 and constant_time_compare(held, shown)


def _url(request: HttpRequest, what: str, token: str, **named: object) -> str:
    if token:
        return request.build_absolute_uri(reverse(f"openrosa_key_{what}", kwargs={"token": token, **named}))
    return request.build_absolute_uri(reverse(f"openrosa_{what}", kwargs=named))


@served("GET", "HEAD")
def list_call(request: HttpRequest, actor: Actor, *, token: str) -> HttpResponse:
    """This view will list the forms that are open on the holder's ground; ``formID`` asks for one."""
    wanted = request.GET.get("formID", "")
    forms = forms_to_fill(actor, at=now(), code=wanted)
    files = with_files(forms)
    listed = [_listed(request, form, token, files=form.pk in files) for form in forms]
    return HttpResponse(list_xml(listed), content_type=CONTENT_TYPE)


def _listed(request: HttpRequest, form: Form, token: str, *, files: bool) -> Listed:
    english = (get_language() or "").startswith("en")
    return Listed(
        code=form.code,
        name=form.title_en if english and form.title_en else form.title,
        version=form.version,
        # The passport goes with the form: whoever is asked may see it before he answers.
        description=_now("%(number)s · %(issuer)s · %(approval)s") % {"number": form.number, "issuer": form.issuer.label, "approval": form.approval},
        hash=hash_of(form.xform.encode()),
        url=_url(request, "form", token, code=form.code),
        manifest=_url(request, "manifest", token, code=form.code) if files else "",
    )  # fmt: skip


@served("GET", "HEAD")
def form_call(request: HttpRequest, actor: Actor, *, token: str, code: str) -> HttpResponse:
    """This view will give out the XForm of a form that is open on the holder's ground."""
    return HttpResponse(form_to_fill(code, actor=actor, at=now()).xform, content_type=CONTENT_TYPE)


@served("GET", "HEAD")
def manifest_call(request: HttpRequest, actor: Actor, *, token: str, code: str) -> HttpResponse:
    """This view will name the files that a form needs beside it."""
    at = now()
    form = form_to_fill(code, actor=actor, at=at)
    files = [
        File(one.name, hash_of(bytes(one.content)), _url(request, "media", token, code=code, file=one.name))
        for one in media_of(form, actor=actor, at=at)
    ]
    return HttpResponse(manifest_xml(files), content_type=CONTENT_TYPE)


@served("GET", "HEAD")
def media_call(request: HttpRequest, actor: Actor, *, token: str, code: str, file: str) -> HttpResponse:
    """This view will give out one file of a form."""
    at = now()
    found = file_of(form_to_fill(code, actor=actor, at=at), file, actor=actor, at=at)
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    return HttpResponse(bytes(found.content), content_type=kind, headers={"Content-Disposition": "attachment"})


@served("HEAD", "POST")
def submission_call(request: HttpRequest, actor: Actor, *, token: str) -> HttpResponse:
    """This view will say where to post and how much at a time (HEAD), or take a filled form or a part of it."""
    if request.method == "HEAD":
        response = HttpResponse(status=204)
        response.headers["Location"] = _url(request, "submission", token)
    else:
        post = read_post(request)
        taken = take_submission(post.xml, post.files, by=actor, at=now(), sent_at=post.sent_at)
        status = STATUS[taken.outcome]
        response = said(_told(taken, partial=post.partial), status=status)
    response.headers["X-OpenRosa-Accept-Content-Length"] = str(MOST_BYTES)
    return response


def _told(taken: Taken, *, partial: bool) -> str:
    lines = [str(taken.outcome.label)]
    if taken.awaits and not partial:
        lines.append(ngettext("%(n)s file is missing.", "%(n)s files are missing.", taken.awaits) % {"n": taken.awaits})
    if taken.contested:
        lines.append(
            _now("Somebody else gave another answer to the same question; both are kept, and a person decides.")
        )
    if taken.differs:
        lines.append(_now("A value that a register holds was changed; the register's stands until a person decides."))
    if taken.left_out:
        lines.append(ngettext("%(n)s file that no answer speaks of was not kept.", "%(n)s files that no answer speaks of were not kept.", taken.left_out) % {"n": taken.left_out})  # fmt: skip
    return " ".join(lines)
