from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("field", "0001_device_lists")]

    operations = [
        migrations.AddField(
            model_name="devicelist",
            name="emptied_at",
            field=models.DateTimeField(null=True),
        ),
    ]
