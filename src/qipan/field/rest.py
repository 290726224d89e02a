"""The endpoint that the phone page reads; visits themselves go to ``POST /api/visits`` (screening)."""

import hashlib
from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from ninja import Router, Schema

from qipan.access.api import confirm_card, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput

from .queries import round_of, sheet_of, team_of

router = Router(tags=["field"])


class CardIn(Schema):
    """The training card that was read."""

    card: int


@router.get("field/doors")
def get_doors(
    request: HttpRequest, team: int | None = None, base: str = "", since: datetime | None = None
) -> HttpResponse:
    """The doors of a team in the round under way; 304 while nothing changed since the ETag was given.

    With ``base`` and ``since`` of the sheet that the phone holds, only what changed; the whole sheet when the
    register is another one.
    """
    actor = signed_in(request)
    actor.require("visit.submit")
    at = now()
    chosen = team_of(actor, team)
    if since is not None and since.tzinfo is None:
        raise BadInput(["since"])
    body = msgspec.json.encode(sheet_of(chosen, round_of(chosen, at=at), base=base, since=since))
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    response = get_conditional_response(request, etag=tag) or HttpResponse(body, content_type="application/json")
    response.headers["ETag"] = tag
    response.headers["As-Of"] = at.isoformat(timespec="seconds")
    patch_cache_control(response, private=True, no_cache=True)
    return response


@router.post("field/card", response=dict)
def post_card(request: HttpRequest, body: CardIn) -> dict[str, str]:
    """Note that the training card was read; the same again is harmless and says so."""
    new = confirm_card(body.card, by=signed_in(request), at=now())
    return {"answer": "noted" if new else "known"}
