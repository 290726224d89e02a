"""Endpoints of the board: figures, outlines, and the search for places (never for persons)."""

import hashlib
import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from ninja import Query, Router

from qipan.access.api import signed_in
from qipan.kernel.clock import now
from qipan.territory.api import OFFICIAL

from .queries.board import as_of_text, board_of
from .queries.scene import hierarchy_of, outlines_of, places_like
from .queries.trend import trend_figures

router = Router(tags=["board"])


def answer(request: HttpRequest, body: dict[str, Any], *, headers: dict[str, str]) -> HttpResponse:
    """This function will answer with JSON and its ETag, or 304 when the reader already has it."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    tag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    response: HttpResponse
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(content, content_type="application/json")
    for name, value in {"ETag": tag, "Vary": "Cookie, Authorization", **headers}.items():
        response.headers[name] = value
    return response


@router.get("/board/{code}")
def board(
    request: HttpRequest, code: str, show: str = "", by: str = OFFICIAL, drill: bool | None = None
) -> HttpResponse:
    """This endpoint will return every figure of an area's board; ``X-As-Of`` says of which moment.

    The ETag is of the figures alone: 304 means that nothing has changed up to the moment in ``X-As-Of``.
    """
    found = board_of(code, actor=signed_in(request), clock=now, show=show, hierarchy=hierarchy_of(by), drill=drill)
    headers = {"X-As-Of": as_of_text(found.at), "Cache-Control": "private, no-cache"}
    return answer(request, found.figures(), headers=headers)


@router.get("/board/{code}/trend")
def trend(request: HttpRequest, code: str, by: str = OFFICIAL, drill: bool | None = None) -> HttpResponse:
    """This endpoint will return how coverage went in the last three rounds, as it was sampled: a few hundred points.

    Each sample is moment, settled doors, doors, visits. No rounds where none
    is open, or where the area is not whole districts, of which samples are kept.
    """
    found = trend_figures(code, actor=signed_in(request), clock=now, hierarchy=hierarchy_of(by), drill=drill)
    return answer(request, found, headers={"Cache-Control": "private, no-cache"})


@router.get("/board/{code}/outlines")
def outlines(request: HttpRequest, code: str, by: str = OFFICIAL) -> HttpResponse:
    """This endpoint will return the outlines of the areas right below one as a GeoJSON collection."""
    found = outlines_of(code, actor=signed_in(request), hierarchy=hierarchy_of(by))
    return answer(request, found, headers={"Cache-Control": "private, max-age=300"})


@router.get("/search")
def search(request: HttpRequest, q: str = Query("", max_length=60)) -> list[dict[str, str]]:
    """This endpoint will return areas and compounds on the actor's ground whose name or code matches ``q``."""
    return places_like(q.strip(), actor=signed_in(request))
