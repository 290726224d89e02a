"""An empty database for processes that are killed, and the environment that such a process sees."""

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings

DATABASE = "qipan_kill"


@pytest.fixture
def database(tmp_path):
    """An empty database: a file, or a database of its own beside the suite's."""
    if "sqlite3" in settings.DATABASES["default"]["ENGINE"]:
        yield f"sqlite:///{tmp_path / 'kill.sqlite3'}"
        return
    parts = urlsplit(settings.DATABASE_URL)
    name = f"{DATABASE}_{os.getpid()}"
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        yield urlunsplit(parts._replace(path=f"/{name}"))
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def environment_of(database: str, folder: Path) -> dict[str, str]:
    """This function will return this process's environment with another database and another folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QIPAN_")}
    own = {"QIPAN_VAR": str(folder), "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "qipan.config.settings"}
    return kept | own
