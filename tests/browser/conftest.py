"""A real browser on a real server: Debian's Chromium, no network but this machine."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from qipan.pages.queries.tick import ticker
from qipan.webkit.manifest import is_built

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-angle=swiftshader",  # maps need WebGL, also on a machine without a graphics card
    "--enable-unsafe-swiftshader",
]
CANDIDATES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """This function will return the browser's path: as the environment says, else as found on PATH."""
    found = os.environ.get("QIPAN_CHROMIUM") or next(filter(None, map(shutil.which, CANDIDATES)), None)
    if not found:
        pytest.skip("no Chromium on this machine: run scripts/packages")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    if not is_built():
        pytest.fail("the front end is not built: run scripts/frontend")
    # Playwright's loop runs in this thread, beside which Django's own queries of the tests are refused otherwise.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def troubles() -> list[str]:
    """What the browser complained of: script errors, refusals by the content security policy."""
    return []


@pytest.fixture
def open_page(browser: Browser, live_server, settings, troubles) -> Iterator[Callable[..., Page]]:
    """Opens a page as a member of the cast: ``open_page(scene, "city_commander", "/board", width=1440)``."""
    # SQLite's test database lives in memory and knows no second connection: nothing is read ahead on it.
    settings.BOARD_AHEAD = False
    ticker.forget()
    contexts: list[BrowserContext] = []

    def opened(cast, who: str, address: str, *, width: int = 1440, height: int = 900, lang: str = "zh-hans") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, base_url=live_server.url, color_scheme="light"
        )
        contexts.append(context)
        cookies = {name: morsel.value for name, morsel in cast.client(who).cookies.items()}
        context.add_cookies(
            [
                {"name": name, "value": value, "url": live_server.url}
                for name, value in {**cookies, "django_language": lang}.items()
            ]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if line.type == "error" else None)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()


def serious(page: Page) -> list[str]:
    """This function will return axe's serious and critical findings on the page, empty when there are none."""
    # A colour on its way to another one is nobody's fault.
    page.evaluate("Promise.allSettled(document.getAnimations().map(animation => animation.finished))")
    found = Axe().run(page).response["violations"]
    return [
        f"{finding['id']}: {finding['help']} {[node['html'][:160] for node in finding['nodes'][:3]]}"
        for finding in found
        if finding["impact"] in ("serious", "critical")
    ]
