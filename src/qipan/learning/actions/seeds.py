"""Figures for trying a synthetic city out: what a few communities of each district hold, marked as an example."""

from datetime import datetime, timedelta

from django.db import transaction

from qipan.duties.api import units_on
from qipan.kernel.actor import Actor
from qipan.kernel.place import DISTRICT, code_of, range_of

from .. import rules
from ..models import Provision
from ..queries.provisions import communities_on
from .provisions import Line, say_provision

# Of the first communities of a district: days that each thing lasts, households, of them with a helper, days since the
# community looked at it. The next district begins with the second, so that not all districts look alike.
EXAMPLES = (
    ((12, 10, 8, 30, 20, 9), 36, 36, 5),
    ((9, 4, 6, 20, 15, 7), 52, 45, 21),
    ((10, 9, 7, 25, 30, 8), 28, 28, 120),
    ((6, 2, 3, 12, 10, 1), 61, 30, 40),
)
PER_DAY = (4_000, 1_500, 900, 40, 1_200, 60)  # of each of the usual things, for a community of some 3,000 people


@transaction.atomic
def seed_provisions(city_code: str, *, at: datetime) -> int:
    """This function will have a few communities of each district say what they hold, as an example.

    Through the act that communities use; where any figures stand it changes nothing. Returns how many said something.
    """
    city = range_of(city_code)
    if Provision.objects.everywhere("whether any figures stand").exists():
        return 0
    by = Actor.system("example of stock and helpers", acts=["provision.keep"], ranges=[city])
    usual, made = rules.limits()["usual_stock"], 0
    for n, district in enumerate(units_on([city], ["district-command"]).order_by("place")):
        examples = EXAMPLES[n % len(EXAMPLES) :]
        ground = range_of(code_of(district.place, DISTRICT))
        communities = communities_on([ground]).order_by("place")[: len(examples)]
        for unit, (days, households, with_helper, ago) in zip(communities, examples, strict=False):
            lines = [
                Line(row, one["name"], one["measure"], lasts * use, use)
                for row, (one, lasts, use) in enumerate(zip(usual, days, PER_DAY, strict=False), 1)
            ]
            say_provision(
                unit,
                lines=lines,
                households=households,
                with_helper=with_helper,
                seen=None,
                by=by,
                at=at - timedelta(days=ago),
                example=True,
            )
            made += 1
    return made
