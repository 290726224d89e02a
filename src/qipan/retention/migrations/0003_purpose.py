from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('retention', '0002_emergency'),
    ]

    operations = [
        migrations.CreateModel(
            name='Purpose',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.CharField(max_length=60)),
                ('fields', models.CharField(max_length=200)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('model', 'fields'), name='retention_purpose_once')],
            },
        ),
    ]
