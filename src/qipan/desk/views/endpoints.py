"""``POST /api/desk/receipts`` and ``GET /api/desk/inbox``: plain views, because clients call them often."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from ninja.utils import check_csrf

from qipan.access.api import signed_in
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotFound, Refusal

from ..actions.delivery import deliver_desk
from ..actions.receipts import Receipt, receive
from ..input import ReceiptsIn
from ..models import Task
from ..queries.desks import desk_of, unit_of
from ..queries.pages import fingerprint, task_json

MOST_TASKS = 500
MAX_BYTES = 400_000  # 500 receipts with notes
OVERLAP = timedelta(seconds=30)  # an act's moment lies before its commit: the next page looks back this far

decode = msgspec.json.Decoder(ReceiptsIn).decode
encode = msgspec.json.Encoder().encode


class BodyTooLarge(Refusal):
    code = "body_too_large"
    sentence = _("The request is too large: at most 500 receipts at once.")
    status = 413


class CsrfMissing(Refusal):
    code = "csrf_missing"
    sentence = _("The page is too old to be trusted; reload it and try again.")
    status = 403


def _json(body: object, **headers: str) -> HttpResponse:
    return HttpResponse(encode(body), content_type="application/json", headers=headers)


def _caller(request: HttpRequest) -> Actor:
    """Whoever is signed in; a cookie alone is not enough for a write, a header is."""
    actor = signed_in(request)
    if "Authorization" not in request.headers and check_csrf(request, lambda: None) is not None:
        raise CsrfMissing
    return actor


@csrf_exempt
@require_POST
def receipts(request: HttpRequest) -> HttpResponse:
    """This view will store a batch of receipts and answer each: stored, unchanged or refused with a code."""
    actor = _caller(request)
    if int(request.headers.get("Content-Length") or 0) > MAX_BYTES:
        raise BodyTooLarge
    try:
        given = decode(request.body)
    except msgspec.MsgspecError as error:
        raise BadInput([str(error)]) from None
    items = [Receipt(item.task, item.state, aware(item.at), item.note) for item in given.receipts]
    answers = receive(items, by=actor, at=now())
    return _json({"answers": [_answer(answer.task, answer.answer, answer.code, answer.state) for answer in answers]})


def _answer(task: int, answer: str, code: str, state: str) -> dict[str, Any]:
    body: dict[str, Any] = {"task": task, "answer": answer}
    if code:
        body["code"] = code
    if state:
        body["state"] = state
    return body


def aware(moment: datetime | None) -> datetime | None:
    """This function will drop a moment that does not say its zone: the server's own time then holds."""
    return moment if moment is not None and moment.tzinfo is not None else None


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """This view will give a unit's client its desk and mark it delivered; 304 while nothing changed.

    ``since`` is the ``cursor`` of the last answer: then only what changed comes, closed tasks too.
    """
    actor = signed_in(request)
    actor.require("desk.view")
    unit = unit_of(actor)
    if unit is None:
        raise NotFound
    since = _moment(request.GET.get("since", ""))
    at = now()
    deliver_desk(unit, by=actor, at=at)
    etag = f'"{fingerprint(actor, unit, at=at)}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers=headers)
    tasks = _changed(actor, unit, since)
    cursor = tasks[-1].changed_at - OVERLAP if tasks else since
    more = len(tasks) == MOST_TASKS
    if more and since is not None and cursor is not None and cursor <= since:
        cursor = tasks[-1].changed_at  # a full page within the overlap: go on, never in a circle
    body = {
        "at": at.isoformat(),
        "unit": unit.code,
        "cursor": cursor.isoformat() if cursor else "",
        "more": more,
        "tasks": [task_json(task) for task in tasks],
    }
    return _json(body, **headers)


def _changed(actor: Actor, unit: Unit, since: datetime | None) -> list[Task]:
    rows = desk_of(actor, unit).select_related("asker", "owner")
    rows = rows.filter(closed_at=None) if since is None else rows.filter(changed_at__gt=since)
    return list(rows.order_by("changed_at", "pk")[:MOST_TASKS])


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = aware(datetime.fromisoformat(text.replace(" ", "+")))
    except ValueError:
        moment = None
    if moment is None:
        raise BadInput(["since: not a moment with its time zone"])
    return moment
