"""Words of satisfaction that another system told of what it had declined: no step told them, so nothing counted them.

The reports lose them, as they would at a reopening. Where one was reopened, a step took such a word back that was never
counted, which left less than nothing in its month: that step goes, with its counts.
"""

from collections import Counter
from itertools import groupby
from typing import Any

from django.db import migrations
from django.db.models import F
from django.utils import timezone

COMMUNITY_SIZE, STREET_SIZE = 10**7, 10**10


def mend(apps: Any, schema_editor: Any) -> None:
    """This function will take away what nobody told, and what took it back."""
    every, reports, steps, tallies, streets = (
        apps.get_model("matters", name).objects for name in ("Matter", "Report", "MatterStep", "Tally", "StreetTally")
    )
    reports.filter(matter__state="DECLINED", confirmed=True).update(confirmed=None, satisfied=None, said_at=None)
    moved = list(steps.filter(kind="UNSAID").order_by("matter").values_list("matter", flat=True).distinct())
    for first in range(0, len(moved), 500):
        some = moved[first : first + 500]
        matters = {one.pk: one for one in every.filter(pk__in=some)}
        rows = steps.filter(matter__in=some, kind__in=("CONFIRMED", "UNSAID")).order_by("matter", "pk")
        for pk, told in groupby(rows, key=lambda step: step.matter_id):
            matter, said = matters[pk], Counter()
            for step in told:
                if step.kind == "CONFIRMED":
                    said[f"{step.detail}:{timezone.localdate(step.at):%Y-%m}"] += 1
                elif said[step.detail]:
                    said[step.detail] -= 1
                else:
                    _uncount(tallies, streets, matter, step)
                    step.delete()


def _uncount(tallies: Any, streets: Any, matter: Any, step: Any) -> None:
    month = timezone.localdate(step.at).replace(day=1)
    key = {"month": month, "channel": matter.channel, "kind": step.kind, "detail": step.detail, "drill": matter.drill}
    streets.filter(place=matter.place - matter.place % STREET_SIZE, **key).update(n=F("n") - 1)
    key |= {"category_id": matter.category_id, "unit": step.unit_id or 0}
    tallies.filter(place=matter.place - matter.place % COMMUNITY_SIZE, **key).update(n=F("n") - 1)


class Migration(migrations.Migration):
    dependencies = [("matters", "0036_asked_anew")]

    operations = [migrations.RunPython(mend, migrations.RunPython.noop)]
