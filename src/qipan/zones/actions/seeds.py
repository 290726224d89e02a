"""Risk levels for trying a synthetic city out: the rule of 2020 once more, with counts that are nobody's."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.utils.timezone import localdate

from qipan.duties.api import units_on
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, DISTRICT, code_of, range_of

from ..models import RuleSet
from ..queries.proposals import proposals
from .counts import Given, report_counts
from .rule_sets import publish_rule_set
from .zones import MOST_AT_ONCE, Line, confirm_zones

SHIPPED = Path(__file__).parents[1] / "data" / "rule_sets.json"
CODE = "covid-2020-demo"
# Of the first communities of a district: cases a day for some days, and whether one was a cluster. The next district
# begins with the second course, so one of four has a high level and one of four none: never one level for all.
COURSES = (((9, 14, 12, 11, 8), True), ((3, 1), False), ((1,), False))
SOURCE = "示例数据，非真实病例 / example, no real cases"


@transaction.atomic
def seed_zones(city_code: str, *, at: datetime) -> int:
    """This function will put the levels of the rule of 2020 in force for a few communities, as an example.

    The shipped rule ended on 8 January 2023, so it is published under a code of its own, in force from a month ago and
    marked as an example. Through the acts that offices use; again changes nothing. Returns how many areas have a level.
    """
    if RuleSet.objects.filter(code=CODE).exists():
        return 0
    city, today = range_of(city_code), localdate(at)
    by = Actor.system("example of risk levels", acts=["zone.rule", "zone.count", "zone.confirm"], ranges=[city])
    shipped = json.loads(SHIPPED.read_text("utf-8"))[0]
    rule_set = publish_rule_set(
        {
            **shipped,
            "code": CODE,
            "title": f"{shipped['title']}（示例）",
            "title_en": f"{shipped['title_en']} (example)",
            "valid_from": (today - timedelta(days=30)).isoformat(),
            "valid_to": None,
            "end_basis": "",
        },
        by=by,
        at=at,
    )
    given: list[Given] = []
    for n, district in enumerate(units_on([city], ["district-command"]).order_by("place")):
        courses = COURSES[n % (len(COURSES) + 1) :]
        ground = range_of(code_of(district.place, DISTRICT))
        communities = units_on([ground], ["community"]).order_by("place")[: len(courses)]
        for community, (cases, cluster) in zip(communities, courses, strict=False):
            code = code_of(community.place, COMMUNITY)
            days = [today - timedelta(days=ago + 1) for ago in range(len(cases))]
            given += [
                Given(len(given) + line, "new_cases", code, day, count)
                for line, (day, count) in enumerate(zip(days, cases, strict=True), 1)
            ]
            if cluster:
                given.append(Given(len(given) + 1, "clusters", code, days[0], 1))
    if not given:
        return 0
    report_counts(given, source=SOURCE, by=by, at=at)
    found = proposals(rule_set, by.scope, at=at)[:MOST_AT_ONCE]
    told = confirm_zones([Line(rule_set, one.area.code, one.level) for one in found], by=by, at=at)
    return sum(refusal is None for _line, refusal in told)
