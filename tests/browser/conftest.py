"""A real browser on a real server: Debian's Chromium, no network but this machine."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture
def troubles() -> list[str]:
    """What the browser complained of: script errors, refusals by the content security policy."""
    return []


@pytest.fixture
def open_page(browser: Browser, live_server, troubles) -> Iterator[Callable[..., Page]]:
    """Opens a page as a member of the cast: ``open_page(scene, "city_commander", "/board", width=1440)``."""
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


@pytest.fixture
def turn_to(open_page) -> Callable[..., Page]:
    """Opens a page as ``open_page`` does, in the window that this member has open in this language: scripts and styles,

    most of a first load, are there already. For walks over many pages.
    """
    windows: dict[tuple[str, str], Page] = {}

    def turned(cast, who: str, address: str, *, width: int, height: int = 900, lang: str) -> Page:
        if (who, lang) not in windows:
            windows[who, lang] = open_page(cast, who, address, width=width, height=height, lang=lang)
        else:
            windows[who, lang].set_viewport_size({"width": width, "height": height})
            windows[who, lang].goto(address)
        return windows[who, lang]

    return turned


def serious(page: Page) -> list[str]:
    """This function will return axe's serious and critical findings on the page, empty when there are none."""
    # A size that the page has not drawn yet, and a colour on its way to another one, is nobody's fault.
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.evaluate("Promise.allSettled(document.getAnimations().map(animation => animation.finished))")
    found = Axe().run(page).response["violations"]
    return [
        f"{finding['id']}: {finding['help']} {[node['html'][:160] for node in finding['nodes'][:3]]}"
        for finding in found
        if finding["impact"] in ("serious", "critical")
    ]
