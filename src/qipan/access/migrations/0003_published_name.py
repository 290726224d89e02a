from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0002_training_card")]

    operations = [
        migrations.AddField("post", "published_name", models.CharField(blank=True, max_length=40)),
    ]
