import qipan.kernel.sealed
from django.db import migrations


def seal(apps, _editor):
    """This function will seal what was kept open so far; the field itself seals what is written."""
    for held in apps.get_model("matters", "Handover").objects.order_by("pk").iterator(chunk_size=1000):
        held.save(update_fields=["need", "reach", "hours"])


class Migration(migrations.Migration):

    dependencies = [
        ('matters', '0015_sealed_reach'),
    ]

    operations = [
        migrations.AlterField(
            model_name='handover',
            name='hours',
            field=qipan.kernel.sealed.SealedField(blank=True, choices=[('ANY', 'at any time'), ('MORNING', 'in the morning'), ('AFTERNOON', 'in the afternoon'), ('EVENING', 'in the evening')]),
        ),
        migrations.AlterField(
            model_name='handover',
            name='need',
            field=qipan.kernel.sealed.SealedField(blank=True, choices=[('FEVER', 'fever, cough or a rash'), ('NEAR_ILL', 'was near somebody who is ill'), ('MANY_ILL', 'several ill at once in one house'), ('MEDICINE', 'medicine is running out'), ('TREATMENT', 'a treatment that cannot wait'), ('DOCTOR', 'cannot get to a doctor alone'), ('MEALS', 'meals'), ('CARE', 'a child or an old person without care'), ('MEANS', 'no means for food, rent or heating'), ('VISITS', 'lives alone and wishes for visits')]),
        ),
        migrations.AlterField(
            model_name='handover',
            name='reach',
            field=qipan.kernel.sealed.SealedField(blank=True),
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),  # what is sealed stays readable by the field
    ]
