"""The function that stores visits on PostgreSQL stood here; it is laid down after each migration (``ingest.postgres``)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("screening", "0001_initial"),
        ("journal", "0001_initial"),
        ("territory", "0001_initial"),
    ]

    operations = []
