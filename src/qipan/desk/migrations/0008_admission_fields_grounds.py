from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('desk', '0007_measures'),
    ]

    operations = [
        migrations.AddField(
            model_name='admission',
            name='fields',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='admission',
            name='grounds',
            field=models.JSONField(null=True),
        ),
    ]
