from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("matters", "0024_channels"),
    ]

    operations = [
        migrations.AddField(model_name="learned", name=name, field=models.PositiveIntegerField(default=0))
        for name in ("joined", "proposed", "found", "likely", "likely_found")
    ]
