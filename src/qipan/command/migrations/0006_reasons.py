from typing import Any

from django.db import migrations, models


def keep_words(apps: Any, editor: Any) -> None:
    """What was said in one language stays as it was said: the next run of a release words it by its code."""
    items = apps.get_model("command", "ActivationItem").objects
    for item in items.exclude(blocked_words="", open_words="").iterator():
        item.blocked = {"words": item.blocked_words} if item.blocked_words else None
        item.still_open = {"words": item.open_words} if item.open_words else None
        item.save(update_fields=["blocked", "still_open"])
    if editor.connection.vendor == "postgresql":  # a table with checks that wait cannot be changed
        editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("command", "0005_opened")]

    operations = [
        migrations.RenameField("activationitem", "blocked", "blocked_words"),
        migrations.RenameField("activationitem", "still_open", "open_words"),
        migrations.AddField("activationitem", "blocked", models.JSONField(null=True)),
        migrations.AddField("activationitem", "still_open", models.JSONField(null=True)),
        migrations.RunPython(keep_words, migrations.RunPython.noop),
        migrations.RemoveField("activationitem", "blocked_words"),
        migrations.RemoveField("activationitem", "open_words"),
    ]
