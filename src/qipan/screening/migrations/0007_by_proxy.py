from django.db import migrations, models
from django.db.models import F

STATES = (
    'not_home', 'vacant_unknown', 'vacant_known', 'appointment', 'language_help',
    'refused', 'by_proxy', 'by_phone', 'answered', 'demolished', 'presumed_vacant',
)
OUTCOMES = [
    (1, 'nobody home'), (2, 'vacant, owner unknown'), (3, 'vacant, owner known'), (4, 'appointment made'),
    (5, 'language help needed'), (6, 'refused at the door'), (7, 'answered on their behalf'),
    (8, 'reached by phone'), (9, 'answered'), (10, 'demolished'),
]
DOOR_STATES = [(0, 'not yet visited'), *OUTCOMES, (11, 'presumed vacant')]


def summed():
    first, *others = map(F, STATES)
    for other in others:
        first = first + other
    return first


class Migration(migrations.Migration):

    dependencies = [
        ('screening', '0006_late_visits'),
    ]

    operations = [
        migrations.AddField(
            model_name='coverage',
            name='by_proxy',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RemoveConstraint(model_name='coverage', name='screening_coverage_sums'),
        migrations.AddConstraint(
            model_name='coverage',
            constraint=models.CheckConstraint(condition=models.Q(doors__gte=summed()), name='screening_coverage_sums'),
        ),
        migrations.AlterField(
            model_name='visit',
            name='outcome',
            field=models.PositiveSmallIntegerField(choices=OUTCOMES),
        ),
        migrations.AlterField(
            model_name='latevisit',
            name='outcome',
            field=models.PositiveSmallIntegerField(choices=OUTCOMES),
        ),
        migrations.AlterField(
            model_name='recountdoor',
            name='claimed',
            field=models.PositiveSmallIntegerField(choices=DOOR_STATES),
        ),
        migrations.AlterField(
            model_name='recountdoor',
            name='found',
            field=models.PositiveSmallIntegerField(choices=OUTCOMES, null=True),
        ),
    ]
