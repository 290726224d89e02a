from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("matters", "0027_ask_of_declined"),
    ]

    operations = [
        migrations.AddField(
            model_name="handling",
            name="remind_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="handling",
            index=models.Index(
                condition=models.Q(("ended_at", None), ("remind_at__isnull", False), ("responded_at", None)),
                fields=["remind_at"],
                name="matters_to_remind",
            ),
        ),
    ]
