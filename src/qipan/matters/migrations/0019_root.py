import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery


def follow_to_the_end(apps, schema_editor):
    """One link further each time, all together, until none leads on."""
    every = apps.get_model('matters', 'Matter').objects
    joined = every.filter(merged_into__isnull=False)
    joined.update(root=F('merged_into'))
    further = Subquery(every.filter(pk=OuterRef('root')).values('merged_into')[:1])
    while joined.filter(root__merged_into__isnull=False).update(root=further):
        pass
    if schema_editor.connection.vendor == 'postgresql':  # a table with checks that wait cannot be changed
        schema_editor.execute('SET CONSTRAINTS ALL IMMEDIATE')


class Migration(migrations.Migration):

    dependencies = [
        ('desk', '0007_measures'),
        ('duties', '0005_contact'),
        ('matters', '0018_joined'),
    ]

    operations = [
        migrations.AddField(
            model_name='matter',
            name='root',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='followers', to='matters.matter'),
        ),
        migrations.AddIndex(
            model_name='matter',
            index=models.Index(condition=models.Q(('root__isnull', False)), fields=['root'], name='matters_following'),
        ),
        migrations.RunPython(follow_to_the_end, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='matter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('merged_into', None), ('root', None)), models.Q(('merged_into__isnull', False), ('root__isnull', False)), _connector='OR'), name='matters_joined_whole'),
        ),
    ]
