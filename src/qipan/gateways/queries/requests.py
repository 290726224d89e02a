"""Public matters as Open311 service requests: no words of those who reported, places down to the community."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from qipan.kernel.actor import Scope
from qipan.kernel.ids import key_of
from qipan.kernel.place import COMMUNITY, DISTRICT, STREET, code_of, range_of
from qipan.kernel.refusal import Refusal
from qipan.matters.api import ENDED, Category, Matter, Part, are_common, know_wishes, last_told, of_categories
from qipan.territory.api import OFFICIAL, Area, points_in

from ..rules.window import Window
from .standing import CLOSED, OPEN, note_of, status_of

MOST = 1000  # GeoReport v2: "90 days or first 1000 requests returned, whichever is smallest"
USUAL = 100  # where no number is asked for; most servers give 50 to 100
DEEPEST = 100_000  # rows that a page may lie behind


class RequestUnknown(Refusal):
    """Never was, is private or belongs to a drill: all alike."""

    code = "request_unknown"
    sentence = _("There is no public request with this service_request_id.")
    status = 404


@dataclass(frozen=True)
class Filters:
    """What a list is asked for; a window of None leaves that day open."""

    asked: Window | None = None
    changed: Window | None = None
    codes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    page: int = 1
    per_page: int = USUAL


def city() -> Scope:
    """This function will return the ground of the whole city."""
    return Scope((range_of(settings.CITY),))


def public() -> QuerySet[Matter]:
    """This function will return what anybody may know of: neither private nor of a drill."""
    return Matter.objects.within(city()).filter(private=False, drill=False)


def whole(rows: QuerySet[Matter]) -> QuerySet[Matter]:
    """This function will read with the matters what is said of them."""
    return rows.select_related("category", "handler", "merged_into").prefetch_related("handlings__task")


def number_key(number: str) -> int | None:
    """This function will return the key that a service_request_id spells ("2026-000123"); None where it spells none."""
    year, dash, running = number.strip().partition("-")
    if not (dash and len(year) == 4 and year.isascii() and year.isdigit() and len(running) >= 6):
        return None
    return key_of(running)


def get_request(number: str) -> Matter:
    """This function will return a public matter by its number; raises ``RequestUnknown``."""
    key = number_key(number)
    found = whole(public().filter(pk=key)).first() if key is not None else None
    if found is None or found.number != number.strip():
        raise RequestUnknown
    return found


def requests_by_id(numbers: Sequence[str]) -> list[Matter]:
    """This function will return the public matters among these numbers, newest first; the others are left out."""
    wanted = {number.strip() for number in numbers}
    keys = [key for number in wanted if (key := number_key(number)) is not None]
    return [one for one in whole(public().filter(pk__in=keys).order_by("-pk")) if one.number in wanted]


def list_requests(filters: Filters) -> list[Matter]:
    """This function will return a page of public matters, the latest first."""
    rows = public()
    if filters.asked is not None:
        rows = rows.filter(reported_at__range=filters.asked)
    if filters.changed is not None:
        rows = rows.filter(changed_at__range=filters.changed)
    if filters.codes:
        wanted = Category.objects.filter(code__in=filters.codes)
        rows = of_categories(rows, wanted, walked=are_common(wanted))
    if set(filters.statuses) == {OPEN}:
        rows = rows.exclude(state__in=[str(state) for state in ENDED])
    elif set(filters.statuses) == {CLOSED}:
        rows = rows.filter(state__in=[str(state) for state in ENDED])
    first = (filters.page - 1) * filters.per_page
    order = "-changed_at" if filters.asked is None and filters.changed is not None else "-reported_at"
    # The keys first: what lies on the pages before is passed over in the index, without what belongs to it.
    keys = list(rows.order_by(order, "-pk").values_list("pk", flat=True)[first : first + filters.per_page])
    found = whole(public()).in_bulk(keys)
    return [found[key] for key in keys if key in found]


def shown(matters: Sequence[Matter]) -> list[dict[str, Any]]:
    """This function will write matters as service requests, in a fixed number of statements."""
    know_wishes(matters)
    reasons = last_told(matters)
    communities = {one.pk: code_of(one.place, COMMUNITY) for one in matters}
    names, points = _names(communities.values()), points_in(communities.values())
    return [
        _shown(
            one,
            reason=reasons.get(one.pk, ""),
            community=communities[one.pk],
            names=names,
            point=points.get(communities[one.pk]),
        )
        for one in matters
    ]


def _shown(
    matter: Matter, *, reason: str, community: str, names: dict[str, str], point: tuple[float, float] | None
) -> dict[str, Any]:
    point = matter.public_point or point  # its own to about 100 m, else one well inside its community
    return {
        "service_request_id": matter.number,
        "status": status_of(matter.state),
        "status_notes": note_of(matter, reason),
        "service_name": matter.category.label,
        "service_code": matter.category.code,
        "description": None,  # the words of who reported it are not published
        "agency_responsible": matter.handler.label if matter.handler is not None else None,
        "service_notice": None,
        "requested_datetime": moment(matter.reported_at),
        "updated_datetime": moment(matter.changed_at),
        "expected_datetime": moment(due_of(matter)),
        "address": _address(community, names),
        "address_id": community,
        "zipcode": None,
        "lat": point[1] if point is not None else None,
        "long": point[0] if point is not None else None,
        "media_url": None,
    }


def moment(at: datetime | None) -> str | None:
    """This function will write a moment as the W3C note does, in civil time."""
    return localtime(at).isoformat(timespec="seconds") if at is not None else None


def due_of(matter: Matter) -> datetime | None:
    """This function will return when the handler's part is due; None where nobody handles it or its clock stands."""
    for part in matter.handlings.all():
        if part.ended_at is None and part.part == Part.PRIMARY and part.task.suspended_at is None:
            return part.task.due_at
    return None


def _names(communities: Any) -> dict[str, str]:
    codes = {code[:length] for code in communities for length in (6, 9, 12)}
    rows = Area.objects.filter(
        hierarchy=OFFICIAL, valid_to=None, code__in=codes, level__in=(DISTRICT, STREET, COMMUNITY)
    )
    english = _english()
    return {area.code: area.name_en if english and area.name_en else area.name for area in rows}


def _address(community: str, names: dict[str, str]) -> str:
    """From the largest to the smallest in Chinese, the other way round in English, as each is read."""
    parts = [name for length in (6, 9, 12) if (name := names.get(community[:length]))]
    return ", ".join(reversed(parts)) if _english() else "".join(parts)


def _english() -> bool:
    return (get_language() or "").startswith("en")
