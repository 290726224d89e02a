"""What was reported with a point and in no compound gets the cell of the map that holds it, as new matters do."""

from typing import Any

from django.db import migrations
from django.db.models import F

COMPOUND_SIZE, NO_PART, CELLS, ROW = 10_000, 1000, 1000, 10**6


def fill(apps: Any, schema_editor: Any) -> None:
    """This function will number the cells as ``rules.points.cell_of`` does."""
    every = apps.get_model("matters", "Matter").objects
    pointed = every.filter(latitude__isnull=False).annotate(compound=F("place") / COMPOUND_SIZE % NO_PART)
    rows = list(pointed.filter(compound=0).only("latitude", "longitude").order_by("pk"))
    for one in rows:
        one.cell = _cell(one.latitude, one.longitude)
    every.bulk_update(rows, ["cell"], batch_size=1000)


def _cell(latitude: float, longitude: float) -> int:
    return round((round(latitude, 3) + 90) * CELLS) * ROW + round((round(longitude, 3) + 180) * CELLS) + 1


class Migration(migrations.Migration):
    dependencies = [("matters", "0031_cells")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
