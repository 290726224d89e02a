from django.db import migrations, models


def whole_ranges(apps, editor):
    """What was held as one range is held as the only one of its area."""
    holds = apps.get_model("retention", "Hold").objects
    for hold in holds.all():
        holds.filter(pk=hold.pk).update(grounds=[[hold.first, hold.last]])
    if editor.connection.vendor == "postgresql":  # the columns of a table with checks that wait cannot be changed
        editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):

    dependencies = [
        ('retention', '0004_by_clock'),
    ]

    operations = [
        migrations.AddField(
            model_name='hold',
            name='grounds',
            field=models.JSONField(default=list),
            preserve_default=False,
        ),
        migrations.RunPython(whole_ranges),
        migrations.RemoveField(model_name='hold', name='first'),
        migrations.RemoveField(model_name='hold', name='last'),
    ]
