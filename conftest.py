"""Fixtures for every room: the tiny city and its cast, and a process that remembers nothing between tests."""

import fcntl
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.utils import translation
from hypothesis import settings
from playwright.sync_api import Browser, Locator, expect, sync_playwright

from qipan.access.api import forget
from qipan.access.testing import Cast, make_city
from qipan.desk.api import forget_units
from qipan.kernel.clock import set_clock
from qipan.pages.queries.tick import ticker
from qipan.webkit.manifest import is_built

settings.register_profile("qipan", deadline=None)  # a busy machine is no failure
settings.load_profile("qipan")
expect.set_options(timeout=15_000)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-angle=swiftshader",  # maps need WebGL, also on a machine without a graphics card
    "--enable-unsafe-swiftshader",
]
CANDIDATES = ("chromium", "chromium-browser", "google-chrome")


def pytest_configure(config: pytest.Config) -> None:
    """A run takes its folder until it ends: a second one would lay its own database over the first one's (SQLite)."""
    if hasattr(config, "workerinput") or site.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
        return
    site.VAR.mkdir(parents=True, exist_ok=True)
    held = os.open(site.VAR / "test.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise pytest.UsageError(
            f"Other tests are running in {site.VAR}: give these a QIPAN_VAR of their own."
        ) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Rules that reach no database say on PostgreSQL what they said on SQLite: there they run, once is enough."""
    if site.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3" or config.args != config.getini("testpaths"):
        return
    bound = [item for item in items if _reaches_a_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(bound)])
    items[:] = bound


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: not walked over again at each collection of garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _reaches_a_database(item: pytest.Item) -> bool:
    """Without one of these pytest-django lets no test ask the database; the journeys ask it from other processes."""
    asked = {"db", "transactional_db", "live_server", "database", "migrated"} & set(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


def chromium() -> str:
    """This function will return the browser's path: as the environment says, else as found on PATH."""
    found = os.environ.get("QIPAN_CHROMIUM") or next(filter(None, map(shutil.which, CANDIDATES)), None)
    if not found:
        pytest.skip("no Chromium on this machine: run scripts/packages")
    return found


def _then_read(act: Callable[..., None]) -> Callable[..., None]:
    """Playwright goes on once the page that a click leads to begins to arrive: what is counted then may lack its end."""

    def acted(where: Locator, **how: Any) -> None:
        page = where.page
        act(where, **how)
        page.wait_for_load_state("domcontentloaded")

    return acted


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of all rooms: a second one beside it would not start."""
    if not is_built():
        pytest.fail("the front end is not built: run scripts/frontend")
    # Playwright's loop runs in this thread, beside which Django's own queries of the tests are refused otherwise.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        for act in ("click", "tap"):
            patch.setattr(Locator, act, _then_read(getattr(Locator, act)))
        running = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def city(db: None) -> Cast:
    """The tiny city of ``qipan.access.testing``, new for each test."""
    return make_city()


@pytest.fixture(autouse=True)
def _remember_nothing(settings: Any) -> Iterator[None]:
    """Database ids are used again in the next test; what was read of them must not be, nor a reader's language."""
    # SQLite's test database lives in memory and knows no second connection: nothing is read ahead on it.
    settings.BOARD_AHEAD = False
    translation.activate(site.LANGUAGE_CODE)
    forget()
    forget_units()
    ticker.forget()
    cache.clear()
    yield
    forget()


@pytest.fixture
def clock_at(settings: Any, tmp_path: Path) -> Callable[[datetime], None]:
    """Sets the clock that jobs and pages read to a moment."""

    def show(at: datetime) -> None:
        settings.CLOCK_FILE = str(tmp_path / "clock.json")
        set_clock(settings.CLOCK_FILE, shown=at, speed=1)

    return show
