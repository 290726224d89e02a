"""What was answered before is sealed now (ADR 0024). Row by row and without one long transaction, so that it may be
broken off and begun again; what is read meanwhile is opened as it is held."""

from typing import Any

from django.db import migrations

import qipan.kernel.sealed

AT_ONCE = 200


def rewrite(apps: Any, _editor: Any) -> None:
    """This function will write every answer and file again: each is read as it is held, and written sealed."""
    for name, fields in (("Submission", ["xml", "answers", "merged"]), ("Attachment", ["content"])):
        model, last = apps.get_model("forms", name), 0
        while rows := list(model._base_manager.filter(pk__gt=last).order_by("pk").only(*fields)[:AT_ONCE]):
            for row in rows:
                row.save(update_fields=fields)
                last = row.pk


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("forms", "0008_opened")]

    operations = [
        migrations.AlterField(
            model_name="attachment", name="content", field=qipan.kernel.sealed.SealedBinaryField()
        ),
        migrations.AlterField(model_name="submission", name="answers", field=qipan.kernel.sealed.SealedJSONField()),
        migrations.AlterField(
            model_name="submission", name="merged", field=qipan.kernel.sealed.SealedJSONField(null=True)
        ),
        migrations.AlterField(model_name="submission", name="xml", field=qipan.kernel.sealed.SealedField()),
        migrations.RunPython(rewrite, migrations.RunPython.noop),
    ]
