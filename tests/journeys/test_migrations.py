"""Tests run on tables made from the models: these are the tables to which the migrations lead."""

from importlib import import_module
from pathlib import Path
from typing import Any

import dj_database_url
import pytest
from django.apps import apps
from django.db import ConnectionHandler, connection
from django.db.migrations.operations import RunPython

import qipan

pytestmark = pytest.mark.django_db


def shape(held: Any) -> dict[str, Any]:
    """This function will return each table's columns and what binds them, without the names that Django makes up."""
    found: dict[str, Any] = {}
    with held.cursor() as cursor:
        for table in held.introspection.table_names(cursor):
            columns = {
                column.name: (column.type_code, column.null_ok, column.internal_size, column.default)
                for column in held.introspection.get_table_description(cursor, table)
            }
            bound = sorted(
                repr([(key, rule[key]) for key in sorted(rule) if key != "definition"])
                for rule in held.introspection.get_constraints(cursor, table).values()
            )
            found[table] = {"columns": columns, "bound": bound}
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'screening%'"
            if held.vendor == "postgresql"
            else "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        )
        found[""] = sorted(cursor.fetchall())
    return found


def test_the_migrations_lead_to_the_tables_of_the_models(migrated):
    there = ConnectionHandler({"default": dj_database_url.parse(migrated)})["default"]
    try:
        led, here = shape(there), shape(connection)
    finally:
        there.close()
    own = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith("qipan.")
    }
    assert own <= led.keys()
    for table in sorted(own | {""}):
        assert led[table] == here[table], table


def test_a_migration_that_writes_rows_and_then_changes_tables_settles_what_waits():
    """PostgreSQL checks keys at the end of a transaction and refuses to change a table of which a row waits for that:

    such a migration passes where the tables are empty, and fails where the city works.
    """
    found = []
    for path in sorted(Path(qipan.__path__[0]).glob("*/migrations/0*.py")):
        room, name = path.parts[-3], path.stem
        steps = import_module(f"qipan.{room}.migrations.{name}").Migration.operations
        writes = [isinstance(step, RunPython) for step in steps]
        if any(writes) and not all(writes[writes.index(True) :]):
            found.append((room, name, "SET CONSTRAINTS ALL IMMEDIATE" in path.read_text()))
    assert ("matters", "0019_root", True) in found
    assert [(room, name) for room, name, settled in found if not settled] == []
