"""``POST /api/desk/receipts`` and ``GET /api/desk/inbox``: plain views, because clients call them often."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from ninja.utils import check_csrf

from qipan.access.api import actor_of_token, signed_in
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.webkit.short_way import Answer, Call, short_way

from ..actions.delivery import Delivery, deliver_desk, deliver_own, delivers
from ..actions.receipts import Receipt, receive
from ..input import ReceiptsIn
from ..queries.desks import desk_of, unit_lately, unit_of
from ..queries.inbox import own_tasks, stamp_of
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
    _check_size(int(request.headers.get("Content-Length") or 0))
    return HttpResponse(_receive(request.body, actor), content_type="application/json")


@short_way("POST", "/api/desk/receipts")
def receipts_by_pass(call: Call) -> Answer:
    """This handler will answer as ``receipts`` does."""
    actor = actor_of_token(call.token, at=now())
    _check_size(call.length)
    return Answer(_receive(call.body, actor))


def _check_size(length: int) -> None:
    if length > MAX_BYTES:
        raise BodyTooLarge


def _receive(raw: bytes, actor: Actor) -> bytes:
    try:
        given = decode(raw)
    except msgspec.MsgspecError as error:
        raise BadInput([str(error)]) from None
    items = [Receipt(item.task, item.state, aware(item.at), item.note) for item in given.receipts]
    answers = receive(items, by=actor, at=now())
    return encode({"answers": [_answer(answer.task, answer.answer, answer.code, answer.state) for answer in answers]})


def _answer(task: int, answer: str, code: str, state: str) -> dict[str, Any]:
    body: dict[str, Any] = {"task": task, "answer": answer}
    if code:
        body["code"] = code
    if state:
        body["state"] = state
    return body


def aware(moment: datetime | None) -> datetime | None:
    """This function will drop a moment that does not say its zone: the server's own time then holds."""
    try:
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except OverflowError:  # the last hours of the year 9999, west of Greenwich
        return None


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """This view will give a unit's client its desk and mark it delivered; 304 while nothing changed.

    ``since`` is the ``cursor`` of the last answer: then only what changed comes, closed tasks too.
    """
    known = request.headers.get("If-None-Match", "")
    answer = _fetch(signed_in(request), since=request.GET.get("since", ""), known=known)
    if answer.status == HTTPStatus.NOT_MODIFIED:
        return HttpResponseNotModified(headers=answer.headers)
    return HttpResponse(answer.body, content_type="application/json", headers=answer.headers)


@short_way("GET", "/api/desk/inbox")
def inbox_by_pass(call: Call) -> Answer:
    """This handler will answer as ``inbox`` does."""
    known = call.environ.get("HTTP_IF_NONE_MATCH", "")
    return _fetch(actor_of_token(call.token, at=now()), since=call.query.get("since", ""), known=known)


def _fetch(actor: Actor, *, since: str, known: str) -> Answer:
    """Delivers a desk and answers with what is on it, 304 to who knows it. Who sees other desks too asks at length."""
    actor.require("desk.view")
    unit = unit_lately(actor)
    if unit is None:
        raise NotFound
    after, at = _moment(since), now()
    whole = None if unit.has_ground and not actor.can("escalation.receive") else unit_of(actor)
    if whole is None:
        stamp = stamp_of(unit.pk)
        if stamp.waiting and delivers(unit.pk, actor):
            deliver_own(Delivery(unit.pk, unit.place, actor, at))
            stamp = stamp_of(unit.pk)
        etag = stamp.etag
    else:
        deliver_desk(whole, by=actor, at=at)
        etag = f'"{fingerprint(actor, whole, at=at)}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if known == etag:
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    tasks, changed = _changed(actor, whole, after) if whole else own_tasks(unit, after, limit=MOST_TASKS)
    cursor = changed - OVERLAP if changed else after
    more = len(tasks) == MOST_TASKS
    if more and after is not None and cursor is not None and cursor <= after:
        cursor = changed  # a full page within the overlap: go on, never in a circle
    body = {
        "at": at.isoformat(),
        "unit": unit.code,
        "cursor": cursor.isoformat() if cursor else "",
        "more": more,
        "tasks": tasks,
    }
    return Answer(encode(body), headers=headers)


def _changed(actor: Actor, unit: Unit, since: datetime | None) -> tuple[list[dict[str, Any]], datetime | None]:
    rows = desk_of(actor, unit).select_related("asker", "owner")
    rows = rows.filter(closed_at=None) if since is None else rows.filter(changed_at__gt=since)
    tasks = list(rows.order_by("changed_at", "pk")[:MOST_TASKS])
    return [task_json(task) for task in tasks], tasks[-1].changed_at if tasks else None


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
