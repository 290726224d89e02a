"""The names of files that were sent are sealed now, as the answers are that speak of them (ADR 0024). Row by row and
without one long transaction, so that it may be broken off and begun again."""

import re
from typing import Any

from django.db import migrations

from qipan.kernel.sealed import file_keys

AT_ONCE = 200
KEY = re.compile(r"[0-9a-f]{64}")


def rewrite(apps: Any, _editor: Any) -> None:
    """This function will write every name again, sealed, with its key, and the keys of files that are awaited."""
    files, last = apps.get_model("forms", "Attachment"), 0
    while rows := list(files._base_manager.filter(pk__gt=last).order_by("pk").only("name", "name_digest")[:AT_ONCE]):
        for row in rows:
            last = row.pk
            if not row.name_digest:
                row.name_digest = file_keys(row.name)[0]
                row.save(update_fields=["name", "name_digest"])
    filled, last = apps.get_model("forms", "Submission"), 0
    while rows := list(filled._base_manager.filter(pk__gt=last).order_by("pk").only("awaits")[:AT_ONCE]):
        for row in rows:
            last = row.pk
            keys = [name if KEY.fullmatch(name) else file_keys(name)[0] for name in row.awaits]
            if keys != row.awaits:
                row.awaits = keys
                row.save(update_fields=["awaits"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("forms", "0012_file_names_sealed")]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]
