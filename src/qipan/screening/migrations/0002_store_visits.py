"""The function that stores visits on PostgreSQL, and room on the counters' pages for updates in place."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "data" / "store_visits.sql"


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    # One counter row changes with each upload: half-empty pages keep its versions on one page and off the indexes.
    schema_editor.execute("ALTER TABLE screening_coverage SET (fillfactor = 50)")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(SQL.read_text(encoding="utf-8").replace("%", "%%"), [])


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION screening_store_visits")
        schema_editor.execute("ALTER TABLE screening_coverage RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [
        ("screening", "0001_initial"),
        ("journal", "0001_initial"),
        ("territory", "0001_initial"),
    ]

    operations = [migrations.RunPython(create, drop)]
