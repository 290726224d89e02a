"""Taking a service request: from what a client sent to a report, in the words of GeoReport v2."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, Refusal
from qipan.matters.api import (
    Category,
    Channel,
    Picture,
    Point,
    Report,
    Reported,
    TooManyReports,
    Words,
    count_source,
    report_matter,
)

from ..models import Partner
from ..queries.partners import endpoint
from ..queries.places import place_asked, point_asked
from ..queries.requests import city
from ..queries.services import PRIVATE, SPOT, Question, get_service, questions
from ..rules.answers import read_answer
from ..terms import DataType

SPOT_LENGTH = 120
AGAIN = timedelta(minutes=10)  # the same words from the same sender within so long are one request sent again


class KeyNeeded(Refusal):
    code = "key_needed"
    sentence = _("Reporting by a program needs an api_key here; the city gives it.")
    status = 403


class ServiceNeeded(Refusal):
    code = "service_needed"
    sentence = _("service_code is missing.")
    status = 400


@dataclass(frozen=True)
class Asked:
    """What a client sent; everything as text."""

    service_code: str
    description: str = ""
    address_id: str = ""
    latitude: str = ""
    longitude: str = ""
    address: str = ""
    reach: str = ""
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    photos: Sequence[Picture] = ()
    once: str = ""  # Idempotency-Key, where the client sends one


def take_request(
    asked: Asked, *, partner: Partner | None, source: str, by: Actor | None = None, at: datetime
) -> Reported:
    """This function will open a matter for a service request; the same one sent again is the one that is there.

    ``source`` is the keyed hash of an address; with a partner, the partner's own limit counts instead. The
    actor is the program's: it may report in this city, and nothing else. Raises ``KeyNeeded``,
    ``ServiceNeeded``, ``ServiceUnknown``, ``BadInput`` (attributes, each by name), what ``place_asked``
    raises, ``PointWrong``, and what ``report_matter`` raises.
    """
    if partner is None and endpoint().keys_needed:
        raise KeyNeeded
    if not asked.service_code:
        raise ServiceNeeded
    category = get_service(asked.service_code)
    point = point_asked(asked.latitude, asked.longitude)
    place = place_asked(address_id=asked.address_id, point=point, address=asked.address)
    asks = questions(category)
    answers = answers_of(asks, asked.attributes)
    who = partner.key_hash if partner is not None else source
    nonces = _nonces(asked, place, point, who=who, at=at)
    by = by or program(partner)
    for _attempt in range(2):
        try:
            return _report(
                asked, category, place, point, asks, answers, nonces, partner=partner, source=source, by=by, at=at
            )
        except IntegrityError:  # the same request came twice at once; the other one is there now
            if not Report.objects.filter(nonce__in=nonces).exists():
                raise
    raise AssertionError("unreachable")


def program(partner: Partner | None) -> Actor:
    """This function will return the actor of a program: it may report in this city and nothing else."""
    label = _now("by program: %(name)s") % {"name": partner.name} if partner else _now("by program, without a key")
    return Actor(label=label, acts=frozenset({"matter.report"}), scope=city())


@transaction.atomic
def _report(
    asked: Asked,
    category: Category,
    place: int,
    point: Point | None,
    asks: Sequence[Question],
    answers: Mapping[str, Sequence[str]],
    nonces: Sequence[str],
    *,
    partner: Partner | None,
    source: str,
    by: Actor,
    at: datetime,
) -> Reported:
    held = Report.objects.select_related("matter__category").filter(nonce__in=nonces).first()
    if held is not None:
        return Reported(held.matter, held, "")
    if partner is not None and count_source(partner.key_hash, at) > partner.most_an_hour:
        raise TooManyReports
    return report_matter(
        category=category,
        place=place,
        point=point,
        words=Words(
            _text(asked.description, asks, answers),
            spot=_spot(asked, answers),
            channel=Channel.PARTNER,
            private=answers.get(PRIVATE) == ["yes"],
            reach=asked.reach[:120],
            photos=asked.photos,
        ),
        nonce=nonces[0],
        source="" if partner is not None else source,
        by=by,
        at=at,
    )


def answers_of(asks: Sequence[Question], given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """This function will read the attributes of a request. Raises ``BadInput`` with a sentence for each that is wrong."""
    known = {one.code: one for one in asks if one.variable}
    problems = [_now("attribute[%(code)s] is not asked by this service") % {"code": code[:40]} for code in given if code not in known]  # fmt: skip
    answers: dict[str, list[str]] = {}
    for code, one in known.items():
        said = [text.strip() for text in given.get(code, []) if text.strip()]
        if not said:
            if one.required:
                problems.append(_now("attribute[%(code)s] is needed") % {"code": code})
            continue
        read = read_answer(one.datatype, said, keys={key for key, _name in one.choices}, moment=parse_datetime)
        if read is None:
            problems.append(
                _now("attribute[%(code)s] is not %(kind)s") % {"code": code, "kind": DataType(one.datatype).label}
            )
        else:
            answers[code] = read
    if problems:
        raise BadInput(problems)
    return answers


def _text(description: str, asks: Sequence[Question], answers: Mapping[str, Sequence[str]]) -> str:
    """The words of who reported it, then what the city's own attributes were answered with, one a line."""
    lines = [description.strip()] if description.strip() else []
    for one in asks:
        if one.code in answers and one.code not in (SPOT, PRIVATE):
            names = dict(one.choices)
            said = ", ".join(names.get(text, text) for text in answers[one.code])
            lines.append(f"{one.description}: {said}")
    return "\n".join(lines)


def _spot(asked: Asked, answers: Mapping[str, Sequence[str]]) -> str:
    """Where exactly: the reporter's words and the address as it was sent; for those who go there only."""
    parts = [*answers.get(SPOT, []), asked.address.strip()]
    return " · ".join(part for part in parts if part)[:SPOT_LENGTH]


def _nonces(asked: Asked, place: int, point: Point | None, *, who: str, at: datetime) -> list[str]:
    """What makes this request one with another: the client's own key, or the same words within ten minutes."""
    said = [settings.SECRET_KEY, who]
    if asked.once:
        return [_digest([*said, "once", asked.once])]
    attributes = sorted((code, *values) for code, values in asked.attributes.items())
    said += [asked.service_code, str(place), asked.description, asked.address, asked.reach, repr(attributes)]
    said += [point.text] if point is not None else []
    span = int(at.timestamp() // AGAIN.total_seconds())
    return [_digest([*said, str(number)]) for number in (span, span - 1)]


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
