import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('duties', '0006_credit_code'),
        ('forms', '0015_differs'),
    ]

    operations = [
        migrations.AddField(
            model_name='submission',
            name='code_hash',
            field=models.CharField(blank=True, default='', max_length=64),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('code_hash', ''), _negated=True), fields=['code_hash'], name='forms_submission_code'),
        ),
        migrations.CreateModel(
            name='AnswerLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form_code', models.SlugField(max_length=40)),
                ('drill', models.BooleanField(default=False)),
                ('grounds', models.JSONField()),
                ('team', models.BigIntegerField(null=True)),
                ('at', models.DateTimeField()),
                ('by_label', models.CharField(max_length=120)),
                ('why', models.CharField(max_length=200)),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='duties.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['form_code', 'at'], name='forms_look_at')],
            },
        ),
    ]
