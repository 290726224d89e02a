"""What was joined to a matter that was wished off the public list, and was on it before, is seen there again."""

from typing import Any

from django.db import migrations


def show(apps: Any, schema_editor: Any) -> None:
    """This function will put matters on the list that somebody follows who did not wish otherwise."""
    every = apps.get_model("matters", "Matter").objects
    followed = every.filter(root__isnull=False, reports__private=False).values("root")
    every.filter(private=True, pk__in=followed).update(private=False)


class Migration(migrations.Migration):
    dependencies = [("matters", "0039_import_of_exclusions")]

    operations = [migrations.RunPython(show, migrations.RunPython.noop)]
