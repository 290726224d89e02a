import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deployment", "0001_initial"),
        ("screening", "0005_campaign_declaration_sealedcampaign"),
    ]

    operations = [
        migrations.AddField(
            model_name="sealedcampaign",
            name="late",
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="LateVisit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("visit_id", models.UUIDField()),
                ("content", models.BigIntegerField()),
                ("place", models.BigIntegerField()),
                (
                    "outcome",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "nobody home"),
                            (2, "vacant, owner unknown"),
                            (3, "vacant, owner known"),
                            (4, "appointment made"),
                            (5, "language help needed"),
                            (6, "refused at the door"),
                            (7, "reached by phone"),
                            (8, "answered"),
                            (9, "demolished"),
                        ]
                    ),
                ),
                ("happened_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("batch", models.UUIDField()),
                (
                    "round",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="screening.round"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="deployment.team",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["round", "place"], name="screening_late_door")],
                "constraints": [
                    models.UniqueConstraint(fields=("visit_id", "content"), name="screening_late_once")
                ],
            },
        ),
    ]
