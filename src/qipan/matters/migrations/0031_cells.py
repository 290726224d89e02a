from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('matters', '0030_uncounted'),
    ]

    operations = [
        migrations.AddField(
            model_name='agendaitem',
            name='cell',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='matter',
            name='cell',
            field=models.BigIntegerField(default=0),
        ),
    ]
