"""What was declined before a second person was asked: it counts in the rates until the lead organisation decides."""

from typing import Any

from django.db import migrations

LEAVING = ("REDIRECTED", "UNLAWFUL")


def ask(apps: Any, schema_editor: Any) -> None:
    """This function will propose each declined matter whose kind leaves the rates."""
    Exclusion = apps.get_model("matters", "Exclusion")
    declined = apps.get_model("matters", "Matter").objects.filter(state="DECLINED", closing__in=LEAVING)
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
    apps.get_model("matters", "Exclusion").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("matters", "0026_exclusions")]

    operations = [migrations.RunPython(ask, forget)]
