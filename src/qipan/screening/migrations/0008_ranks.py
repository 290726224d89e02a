from django.db import migrations
from django.db.models import F

FIRST = 7  # where the new outcome stands: what stood there and above moves one up
RANKS = (('Visit', 'outcome'), ('LateVisit', 'outcome'), ('RecountDoor', 'claimed'), ('RecountDoor', 'found'))


def moved(said):
    return said and {**said, 'outcome': said['outcome'] + (said['outcome'] >= FIRST)}


def move_up(apps, schema_editor):
    """Counters have a column for each state and stay; so do the hashes of visits (``rules.MARKS``)."""
    for model, column in RANKS:
        rows = apps.get_model('screening', model).objects.filter(**{f'{column}__gte': FIRST})
        rows.update(**{column: F(column) + 1})
    conflicts = apps.get_model('screening', 'VisitConflict').objects
    for one in conflicts.all():
        conflicts.filter(pk=one.pk).update(payload=moved(one.payload), replaced=moved(one.replaced))


class Migration(migrations.Migration):

    dependencies = [
        ('screening', '0007_by_proxy'),
    ]

    operations = [migrations.RunPython(move_up, migrations.RunPython.noop)]
