"""Comparing what a phone finished with what is held here, and taking what it reports."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.deployment.api import Team
from qipan.desk.api import say_nuisance
from qipan.forms.api import submissions_held
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import place_text
from qipan.kernel.refusal import NotFound, Refusal
from qipan.matters.api import (
    MOST_PHOTOS,
    Alike,
    Reported,
    TooManyPhotos,
    Words,
    channel_of,
    clean_photo,
    get_category,
    join_matter,
    nonces_held,
    report_matter,
    similar,
)
from qipan.screening.api import visits_held

from .models import DeviceList
from .queries import drill_of, form_of
from .rules import head_of

KEEP = timedelta(days=30)
MOST_LINES = 500


class ListBroken(Refusal):
    """The list does not go on where it stood, or its hash is not that of its lines."""

    code = "list_broken"
    sentence = _("This phone's list does not go on where it stood. Its community is told; keep entering as before.")


class TooManyLines(Refusal):
    code = "too_many_lines"
    sentence = _("Between 1 and %(most)s lines are compared at once.")
    status = 400


def nonce_of(report_id: UUID) -> str:
    """This function will return the nonce of a matter that was reported on a phone."""
    return f"field {report_id}"


def held_here(ids: Sequence[UUID]) -> set[UUID]:
    """This function will return which ids of visits, reports and filled forms are held here, counted or in conflict."""
    by_nonce = {nonce_of(one): one for one in ids}
    return visits_held(ids) | submissions_held(ids) | {by_nonce[nonce] for nonce in nonces_held(list(by_nonce))}


@transaction.atomic
def begin_list(*, device: UUID, earlier: UUID | None, team: Team, by: Actor, at: datetime) -> DeviceList | None:
    """This function will note that a phone begins its list, and return the one that the same phone had begun before.

    There is one only where the phone's store was emptied in between: what was entered there and never sent is gone, and
    its community sees that. Again is harmless. Needs ``visit.submit``. Raises ``NotAllowed``, ``NotFound`` (another holder's).
    """
    by.require("visit.submit")
    rows = DeviceList.objects.everywhere("the device is the holder's own").select_for_update()
    begun = {"holder": by.holder, "team": team, "place": team.place, "compared_at": at, "erase_at": at + KEEP}
    row, _new = rows.get_or_create(device=device, defaults=begun)
    if row.holder != by.holder:
        raise NotFound
    lost = rows.filter(device=earlier, holder=by.holder).exclude(pk=row.pk).first() if earlier else None
    if lost is not None and lost.emptied_at is None:
        lost.emptied_at, lost.erase_at = at, at + KEEP
        lost.save(update_fields=["emptied_at", "erase_at"])
        record("field.miss_store", subject=lost, by=by, at=at, place=lost.place)
    return lost


def compare_list(
    *,
    device: UUID,
    before: str,
    head: str,
    lines: Sequence[tuple[UUID, int]],
    gone: Sequence[UUID],
    team: Team,
    by: Actor,
    at: datetime,
) -> list[UUID]:
    """This function will return the ids among a phone's next lines that are not held here, and keep them for its community.

    ``gone`` are lines that will never arrive, for they were refused: they are rightly held nowhere. Needs
    ``visit.submit``. Raises ``NotAllowed``, ``NotFound`` (another holder's list), ``TooManyLines``, ``ListBroken``.
    """
    by.require("visit.submit")
    if not 1 <= len(lines) <= MOST_LINES:
        raise TooManyLines(most=MOST_LINES)
    holds = head == head_of(before, [(str(one), place_text(place)) for one, place in lines])
    with transaction.atomic():
        rows = DeviceList.objects.everywhere("the device is the holder's own").select_for_update()
        known = rows.filter(device=device).first()
        if known is not None and known.holder != by.holder:
            raise NotFound
        row = known or DeviceList(device=device, holder=by.holder, team=team, place=team.place)
        goes_on = before in (row.head, row.before) if known else before == ""
        if not (holds and goes_on):
            # Kept although the call is refused: that a list is broken is what its community must see.
            row.head, row.broken_at = row.head or head, at
        else:
            doors = {
                **{UUID(one): place for one, place in row.missing},
                **{one: place_text(spot) for one, spot in lines},
            }
            held = held_here([*doors]) | set(gone)
            if before == row.head:
                row.before = row.head
            row.head = head
            row.missing = [[str(one), place] for one, place in doors.items() if one not in held]
        row.compared_at, row.erase_at = at, at + KEEP
        row.save()
        if row.missing or row.broken_at == at:
            record(
                "field.compare_list",
                subject=row,
                by=by,
                at=at,
                place=row.place,
                data={"missing": len(row.missing), "broken": row.broken_at == at},
            )
    if row.broken_at == at:
        raise ListBroken
    told = {one for one, _place in lines}
    return [UUID(one) for one, _place in row.missing if UUID(one) in told]


def report_from_phone(
    *,
    report_id: UUID,
    category: str,
    place: int,
    text: str,
    photos: Sequence[bytes] = (),
    same: int | None = None,
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> Reported:
    """This function will take a matter that was reported at a door; the same report sent again is one matter (EMG-20).

    ``photos`` are files as the phone took them; ``same`` is the matter that the worker chose of those hinted at: the
    report joins it, where it still is one of them. Needs ``matter.report``. Raises ``NotAllowed``, ``NotFound``,
    ``PlaceUnknown``, ``TextNeeded``, ``TooManyPhotos``, ``PhotoTooLarge``, ``NotAPhoto``.
    """
    by.require("matter.report")
    if len(photos) > MOST_PHOTOS:
        raise TooManyPhotos
    told: dict[str, Any] = {
        "words": Words(text, channel=channel_of(by), photos=[clean_photo(one) for one in photos]),
        "nonce": nonce_of(report_id),
        "by": by,
        "at": at,
    }
    likely = [] if same is None else hinted(category=category, place=place, text=text, by=by, at=at, drill=drill)
    chosen = next((one.matter for one in likely if one.matter.pk == same), None)
    if chosen is not None:
        return join_matter(chosen, **told)
    return report_matter(category=get_category(category), place=place, drill=drill, **told)


def hinted(*, category: str, place: int, text: str, by: Actor, at: datetime, drill: bool = False) -> list[Alike]:
    """This function will return the open matters on the actor's ground that a report may be the same as (MAT-1).

    Needs ``matter.report``. Raises ``NotAllowed``, ``NotFound``.
    """
    by.require("matter.report")
    if place not in by.scope:
        return []
    likely = similar(get_category(category), place, text, at=at, drill=drill, open_to_all=True)
    return [one for one in likely if one.matter.place in by.scope]


def call_form_nuisance(code: str, *, by: Actor, at: datetime) -> bool:
    """This function will note that the team's unit calls a form a nuisance; again in the same week is harmless (SVC-13).

    An exercise says nothing of real work. Needs ``visit.submit``. Raises ``NotAllowed``, ``NotFound``.
    """
    by.require("visit.submit")
    form = form_of(by, code, at=at)
    return not drill_of(by) and say_nuisance(demander=form.issuer, form_code=form.code, by=by, at=at)


def erase_lists(*, at: datetime) -> int:
    """This function will erase comparisons whose time is over; returns how many."""
    return DeviceList.objects.everywhere("a time that is over").filter(erase_at__lte=at).delete()[0]
