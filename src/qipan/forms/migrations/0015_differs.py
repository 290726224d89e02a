from django.db import migrations, models

import qipan.kernel.sealed


class Migration(migrations.Migration):

    dependencies = [
        ('forms', '0014_validators'),
    ]

    operations = [
        migrations.AddField(
            model_name='submission',
            name='differs',
            field=qipan.kernel.sealed.SealedJSONField(null=True),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('differs__isnull', False)), fields=['place'], name='forms_submission_differs'),
        ),
    ]
