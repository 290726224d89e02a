"""The order card of a call: what anyone may know of it, from its public number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from qipan.kernel.place import Range, code_for, place_text
from qipan.kernel.refusal import NotFound
from qipan.laws.api import Article, Flag, flags_of, rested_on
from qipan.territory.api import ground_name

from .. import rules
from ..models import Call, CallLine
from ..terms import CallState

CALLS = Call._meta.label
COMPLAINTS = "21001"  # of the catalogue of matters, as for measures


@dataclass(frozen=True)
class OrderCard:
    """Who ordered what of which firm, on which basis, where, until when; nothing about any person, and no price."""

    call: Call
    number: str
    state: CallState
    articles: tuple[Article, ...]
    flags: tuple[Flag, ...]  # the basis was repealed or replaced since
    area: str
    lines: tuple[CallLine, ...]
    complaint_address: str

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state == CallState.ENDED


def order_card(number: str, *, at: datetime) -> OrderCard:
    """This function will return the card behind a public number, as it stands at ``at``; raises ``NotFound``."""
    key = rules.order_key(number)
    rows = Call.objects.everywhere("an order is public").select_related("caller", "firm", "declaration", "agreement")
    call = rows.filter(pk=key).first() if key is not None else None
    if call is None or call.number != number.strip():
        raise NotFound
    return card_of(call, at=at)


def card_of(call: Call, *, at: datetime) -> OrderCard:
    """This function will return the card of a call."""
    ground = Range(call.first, call.last)
    complaint = {
        "category": COMPLAINTS,
        "place": code_for(ground) or place_text(call.first),
        "order": call.number,
    }
    return OrderCard(
        call=call,
        number=call.number,
        state=call.state(at),
        articles=tuple(rested_on(CALLS, [call.pk]).get(call.pk, [])),
        flags=tuple(flags_of(CALLS, [call.pk]).get(call.pk, [])),
        area=ground_name(ground),
        lines=tuple(call.lines.order_by("pk")),
        complaint_address=f"/report?{urlencode(complaint)}",
    )


def flagged(calls: Iterable[Call]) -> set[int]:
    """This function will return the keys of those calls whose basis was repealed or replaced."""
    return set(flags_of(CALLS, [call.pk for call in calls]))


def order_title(number: str, _at: datetime) -> str | None:
    """This function will return what an order by a public number is for, None where no call has it; for complaints."""
    key = rules.order_key(number)
    call = Call.objects.everywhere("an order is public").filter(pk=key).first() if key is not None else None
    return call.purpose if call is not None and call.number == number.strip() else None


def call_names(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """This function will return titles and addresses of calls, for what cites an article."""
    rows = Call.objects.everywhere("names of what cites").filter(pk__in=keys)
    return {call.pk: (f"{call.number} {call.purpose}", f"/reserves/calls/{call.pk}") for call in rows}
