from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('retention', '0003_purpose'),
    ]

    operations = [
        migrations.AddField(
            model_name='duelot',
            name='by_clock',
            field=models.BooleanField(default=False),
        ),
    ]
