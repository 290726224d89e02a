import qipan.kernel.sealed
from django.db import migrations


def seal(apps, _editor):
    """This function will seal what was kept open so far; the field itself seals what is written."""
    contacts = apps.get_model("matters", "Contact").objects
    for held in contacts.order_by("pk").iterator(chunk_size=1000):
        contacts.filter(pk=held.pk).update(reach=held.reach)


class Migration(migrations.Migration):
    dependencies = [
        ("matters", "0014_point_step"),
    ]

    operations = [
        migrations.AlterField(
            model_name="contact",
            name="reach",
            field=qipan.kernel.sealed.SealedField(),
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),  # what is sealed stays readable by the field
    ]
