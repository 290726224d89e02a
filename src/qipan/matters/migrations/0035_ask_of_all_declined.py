"""What was declined as answered or not found before a second person was asked of it: it counts in the rates until the
lead organisation decides."""

from typing import Any

from django.db import migrations

KINDS = ("ANSWERED", "NOT_FOUND")


def ask(apps: Any, schema_editor: Any) -> None:
    """This function will propose each matter that was declined so."""
    Exclusion = apps.get_model("matters", "Exclusion")
    declined = apps.get_model("matters", "Matter").objects.filter(state="DECLINED", closing__in=KINDS)
    rows = declined.order_by("pk").values_list("pk", "place", "closing", "ended_at")
    Exclusion.objects.bulk_create(
        (
            Exclusion(matter_id=pk, place=place, kind=kind, ended_at=ended)
            for pk, place, kind, ended in rows.iterator(chunk_size=2000)
        ),
        batch_size=2000,
    )


def forget(apps: Any, schema_editor: Any) -> None:
    """This function will take away what nobody has decided."""
    apps.get_model("matters", "Exclusion").objects.filter(kind__in=KINDS, verdict="").delete()


class Migration(migrations.Migration):
    dependencies = [("matters", "0034_mended_counts")]

    operations = [migrations.RunPython(ask, forget)]
