from django.db import migrations, models
from django.db.models.deletion import PROTECT


class Migration(migrations.Migration):

    dependencies = [
        ('desk', '0009_asked'),
        ('matters', '0040_seen_when_joined'),
    ]

    operations = [
        migrations.AddField(
            model_name='import',
            name='task',
            field=models.ForeignKey(null=True, on_delete=PROTECT, related_name='+', to='desk.task'),
        ),
    ]
