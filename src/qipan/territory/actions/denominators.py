"""Dated counts of people that rates divide by, each with definition, date and source (ORG-16)."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput

from ..models import Denominator
from ..queries import get_area
from ..terms import ChangeKind, DenominatorKind, Hierarchy
from .changes import check_day, check_ground, note

# What the city has published about itself: more than 16 million residents, more than 21 million people served.
PUBLISHED = ((DenominatorKind.RESIDENT, 16_000_000), (DenominatorKind.SERVICE, 21_000_000))
PUBLISHED_ON = date(2020, 1, 1)


@transaction.atomic
def set_denominator(
    code: str,
    kind: str,
    value: int,
    *,
    definition: str,
    source: str,
    valid_from: date,
    by: Actor,
    at: datetime,
    synthetic: bool = False,
) -> Denominator:
    """This function will set the count of people of an area from a day on; the same day again corrects it.

    Doors are not set but counted from the register. Raises ``BadInput`` (no source, no definition, not
    above nought, doors), ``DayNotReached``, ``NotAllowed``, ``NotFound``.
    """
    by.require("territory.import")
    area = get_area(code)
    check_ground(by, area.ranges)
    problems = []
    if kind not in (DenominatorKind.RESIDENT, DenominatorKind.SERVICE):
        problems.append(_("“%(kind)s” is not a count of people; doors are counted from the register.") % {"kind": kind})
    if value <= 0:
        problems.append(_("The count must be above 0."))
    for text, missing in (
        (definition, _("The definition is missing or longer than 200 signs.")),
        (source, _("The source is missing or longer than 200 signs.")),
    ):
        if not 0 < len(text.strip()) <= 200:
            problems.append(missing)
    if problems:
        raise BadInput(problems)
    check_day(valid_from, at)
    row, _created = Denominator.objects.update_or_create(
        hierarchy=Hierarchy.OFFICIAL,
        code=code,
        kind=kind,
        valid_from=valid_from,
        defaults={"value": value, "definition": definition, "source": source, "synthetic": synthetic},
    )
    note(
        "set_denominator",
        ChangeKind.DENOMINATOR,
        subject=f"territory.Denominator:{row.pk}",
        source=source,
        valid_from=valid_from,
        synthetic=synthetic,
        place=area.place,
        data={"code": code, "kind": kind, "value": value},
        by=by,
        at=at,
    )
    return row


def seed_denominators(city_code: str, *, by: Actor, at: datetime) -> list[Denominator]:
    """This function will set the populations that Chengdu has published; the same again changes nothing new."""
    definitions = {
        DenominatorKind.RESIDENT: _("people who live in the city, published lower bound"),
        DenominatorKind.SERVICE: _("people the city serves, published lower bound"),
    }
    return [
        set_denominator(
            city_code,
            kind,
            value,
            definition=definitions[kind],
            source=_("figures published by the city: more than 16 million residents, more than 21 million served"),
            valid_from=PUBLISHED_ON,
            by=by,
            at=at,
        )
        for kind, value in PUBLISHED
    ]
