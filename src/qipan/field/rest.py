"""The endpoint that the phone page reads; visits themselves go to ``POST /api/visits`` (screening)."""

import hashlib
from base64 import b64decode
from typing import Any, Literal
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from ninja import Field, Router, Schema

from qipan.access.api import confirm_card, signed_in
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import BadInput
from qipan.webkit.schemas import Moment

from .actions import KEEP, begin_list, call_form_nuisance, compare_list, hinted, report_from_phone
from .queries import drill_of, forms_of, round_of, sheet_of, team_of

router = Router(tags=["field"])
LIST_PATH = "/api/field/lists"


class CardIn(Schema):
    """The training card that was read."""

    card: int


@router.get("field/doors")
def get_doors(
    request: HttpRequest, team: int | None = None, base: str = "", since: Moment | None = None
) -> HttpResponse:
    """The doors of a team in the round under way; 304 while nothing changed since the ETag was given.

    With ``base`` and ``since`` of the sheet that the phone holds, only what changed; the whole sheet when the
    register is another one.
    """
    actor = signed_in(request)
    actor.require("visit.submit")
    at = now()
    chosen = team_of(actor, team)
    body = msgspec.json.encode(sheet_of(chosen, round_of(chosen, at=at), base=base, since=since))
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    response = get_conditional_response(request, etag=tag) or HttpResponse(body, content_type="application/json")
    response.headers["ETag"] = tag
    response.headers["As-Of"] = at.isoformat(timespec="seconds")
    patch_cache_control(response, private=True, no_cache=True)
    return response


@router.get("field/forms")
def get_forms(request: HttpRequest) -> HttpResponse:
    """The forms that the holder can fill in, each with its passport and the sums of its files, and those that lapsed.

    The forms themselves and their files are OpenRosa's (``/openrosa/``).
    """
    actor = signed_in(request)
    actor.require("visit.submit")
    at = now()
    response = HttpResponse(msgspec.json.encode({"forms": forms_of(actor, at=at)}), content_type="application/json")
    response.headers["As-Of"] = at.isoformat(timespec="seconds")  # a replay's clock, which ``Date`` does not tell
    patch_cache_control(response, private=True, no_cache=True)
    return response


class NuisanceIn(Schema):
    """The form that is a nuisance."""

    form: str


@router.post("field/nuisances", response=dict)
def post_nuisance(request: HttpRequest, body: NuisanceIn) -> dict[str, str]:
    """Note that a form is a nuisance to the team's unit: who said so is kept nowhere, and again counts once a week."""
    new = call_form_nuisance(body.form, by=signed_in(request), at=now())
    return {"answer": "noted" if new else "known"}


@router.post("field/card", response=dict)
def post_card(request: HttpRequest, body: CardIn) -> dict[str, str]:
    """Note that the training card was read; the same again is harmless and says so."""
    new = confirm_card(body.card, by=signed_in(request), at=now())
    return {"answer": "noted" if new else "known"}


class LineIn(Schema):
    """One line of a phone's list: what was finished, and where; ``gone`` says why it will never arrive.

    It was refused, opened again after that and not finished yet, or thrown away then.
    """

    id: UUID
    place: str
    gone: Literal["REFUSED", "REOPENED", "DROPPED"] | None = None


class ListIn(Schema):
    """The next lines of a phone's list, with the hash before them and after them."""

    device: UUID
    before: str
    head: str
    lines: list[LineIn]
    refused: list[UUID] = []  # as pages of an earlier version told it


class BeginIn(Schema):
    """A phone's own number for its new list."""

    device: UUID


@router.post("field/lists/begin", response=dict)
def post_begin(request: HttpRequest, response: HttpResponse, body: BeginIn, team: int | None = None) -> dict[str, Any]:
    """Note that a phone begins its list; says what is known of the one before, when the phone's store was emptied.

    A cookie remembers the number: it outlives the store that a browser throws away.
    """
    actor = signed_in(request)
    actor.require("visit.submit")
    name = f"qipan_list_{actor.holder.replace(' ', '-')}"  # leave.ts takes it off with the list
    lost = begin_list(
        device=body.device,
        earlier=uuid_in(request.COOKIES.get(name, "")),
        team=team_of(actor, team),
        by=actor,
        at=now(),
    )
    response.set_cookie(
        name,
        str(body.device),
        max_age=KEEP,
        path=LIST_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return {"emptied": lost and lost.compared_at}


@router.post("field/lists", response=dict)
def post_list(request: HttpRequest, body: ListIn, team: int | None = None) -> dict[str, list[str]]:
    """Compare what a phone finished with what is held here: the answer names what is missing."""
    actor = signed_in(request)
    actor.require("visit.submit")
    missing = compare_list(
        device=body.device,
        before=body.before[:64],
        head=body.head[:64],
        lines=[(line.id, place_in(line.place)) for line in body.lines],
        gone=[*body.refused, *(line.id for line in body.lines if line.gone)],
        team=team_of(actor, team),
        by=actor,
        at=now(),
    )
    return {"missing": [str(one) for one in missing]}


class MatterIn(Schema):
    """A matter that was reported at a door."""

    id: UUID
    category: str
    place: str
    text: str
    drill: bool = False  # told on the page of an exercise's team
    photos: list[str] = []  # base64
    same: int | None = Field(None, ge=0, le=2**63 - 1)  # of those that were hinted at


class LookIn(Schema):
    """A matter that is about to be reported."""

    category: str
    place: str
    text: str = Field(max_length=2000)
    drill: bool = False


@router.post("field/matters/similar", response=dict)
def post_similar(request: HttpRequest, body: LookIn) -> dict[str, Any]:
    """What is open nearby in the same words: the worker says whether his is one of them. Nothing is written."""
    actor = signed_in(request)
    found = hinted(
        category=body.category,
        place=place_in(body.place),
        text=body.text,
        by=actor,
        at=now(),
        drill=body.drill or drill_of(actor),
    )
    return {
        "alike": [
            {
                "id": one.matter.pk,
                "number": one.matter.number,
                "category": one.matter.category.label,
                "state": one.matter.get_state_display(),
                "at": one.matter.reported_at.isoformat(),
                "sure": one.sure,
            }
            for one in found
        ]
    }


@router.post("field/matters", response=dict)
def post_matter(request: HttpRequest, body: MatterIn) -> dict[str, str]:
    """Take a matter that was reported on a phone; the same again answers with the same number."""
    actor = signed_in(request)
    told = report_from_phone(
        report_id=body.id,
        category=body.category,
        place=place_in(body.place),
        text=body.text,
        photos=[_picture(one) for one in body.photos],
        same=body.same,
        by=actor,
        at=now(),
        drill=body.drill or drill_of(actor),
    )
    return {"number": told.matter.number}


def uuid_in(text: str) -> UUID | None:
    """This function will read a number that a device was given; None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _picture(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise BadInput(["photos"]) from None


def place_in(text: str) -> int:
    """This function will read a place of 19 digits; raises ``BadInput``."""
    place = key_of(text)
    if place is None:
        raise BadInput(["place"])
    return place
