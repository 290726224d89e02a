from django.db import migrations, models
from django.db.models.functions import Coalesce, Least

END = Least("expires_at", Coalesce("lifted_at", "expires_at"))


def open_ends(apps, editor):
    """What is not written down gets its short row."""
    earlier = {"sqlite": "min", "postgresql": "least"}[editor.connection.vendor]
    editor.execute(
        "INSERT INTO posture_openend (measure_id, ends_at)"
        f" SELECT id, {earlier}(expires_at, COALESCE(lifted_at, expires_at)) FROM posture_measure WHERE noted_at IS NULL"
    )
    if editor.connection.vendor == "postgresql":  # the columns of a table with checks that wait cannot be changed
        editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def noted(apps, editor):
    """Back: what has no such row was written down, at its end as far as anybody can say."""
    apps.get_model("posture", "Measure").objects.filter(open_end=None).update(noted_at=END)


class Migration(migrations.Migration):

    dependencies = [
        ('posture', '0006_measures_unindexed'),
    ]

    operations = [
        migrations.CreateModel(
            name='OpenEnd',
            fields=[
                ('measure', models.OneToOneField(on_delete=models.deletion.CASCADE, primary_key=True, related_name='open_end', serialize=False, to='posture.measure')),
                ('ends_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['ends_at'], name='posture_open_ends')],
            },
        ),
        migrations.RunPython(open_ends, noted),
        migrations.RemoveIndex(model_name='measure', name='posture_expiring'),
        migrations.RemoveIndex(model_name='measure', name='posture_lifting'),
        migrations.RemoveField(model_name='measure', name='noted_at'),
    ]
