"""Databases for processes that are killed, and the environment that such a process sees."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings

DATABASE = "qipan_kill"


def lay(name: str, folder: Path, *, like: str = "") -> str:
    """This function will lay down a database, empty or like another one, and return its address."""
    if "sqlite3" in settings.DATABASES["default"]["ENGINE"]:
        path = folder / f"{name}.sqlite3"
        if like:
            shutil.copy(like.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"
    remove(name)
    with server() as held:
        held.execute(f"CREATE DATABASE {DATABASE}_{name} TEMPLATE {urlsplit(like).path[1:] or 'template1'}")
    return urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{DATABASE}_{name}"))


def remove(name: str) -> None:
    """This function will remove a database of the server; a file goes with its folder."""
    if "sqlite3" not in settings.DATABASES["default"]["ENGINE"]:
        with server() as held:
            held.execute(f"DROP DATABASE IF EXISTS {DATABASE}_{name} WITH (FORCE)")


def server() -> psycopg.Connection:
    """This function will return a connection to the server that the suite runs on, outside of its database."""
    return psycopg.connect(urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path="/postgres")), autocommit=True)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database to which the migrations have led. Whichever process of a run needs it first makes it, for all;

    on a server it stands until the next run makes it anew, as nobody knows who needs it last.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "migrated.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        told = shared / "migrated.txt"
        if not told.exists():
            address = lay("migrated", shared)
            done = subprocess.run(
                [sys.executable, "-m", "qipan.config.cli", "migrate", "-v0"],
                env=environment_of(address, shared), capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            told.write_text(address)
        return told.read_text()


@pytest.fixture
def database(migrated, tmp_path):
    """A migrated database of a test's own, without a row."""
    name = f"kill_{os.getpid()}"
    yield lay(name, tmp_path, like=migrated)
    remove(name)


def environment_of(database: str, folder: Path) -> dict[str, str]:
    """This function will return this process's environment with another database and another folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QIPAN_")}
    own = {"QIPAN_VAR": str(folder), "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "qipan.config.settings"}
    return kept | own
