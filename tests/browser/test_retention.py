"""The end of story 7 in the browser: two people destroy what was collected at doors; everyone can check the certificate."""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from qipan.kernel.clock import now
from qipan.matters.testing import make_world
from qipan.pages.testing import make_emergency
from qipan.retention.api import DueLot, carry_out_approved, read, refresh_lots, signing_key
from qipan.screening.api import Campaign, Round, Visit

from .conftest import serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


TOO_WIDE = """[...document.querySelectorAll("main *")].filter(one =>
    one.getBoundingClientRect().right > document.documentElement.clientWidth).map(one => one.outerHTML.slice(0, 90))"""


def looked(page: Page, name: str) -> None:
    """This function will check a page: no serious finding, nothing wider than the screen; a picture where one is asked for."""
    assert serious(page) == [], name
    assert page.evaluate(TOO_WIDE) == [], name
    if folder := os.environ.get("QIPAN_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.row("EMG-8")
def test_visits_are_destroyed_by_two_people_and_the_certificate_is_public(open_page, troubles):
    old = now().replace(minute=0, second=0, microsecond=0) - timedelta(days=40)
    scene = make_emergency(at=old)
    scene.visit("510104001001001", "ANSWERED", 6)
    Round.objects.update(closed_at=old + timedelta(days=3))
    Campaign.objects.update(closed_at=old + timedelta(days=3), declaration=None)
    held = Visit.objects.everywhere("a test").count()
    refresh_lots(at=now())
    told = make_world(scene.cast).reported(reach="13900000000")
    cast = scene.cast
    lot = DueLot.objects.get(model="screening.Visit")

    page = open_page(cast, "city_commander", "/retention", width=360)
    looked(page, "due-360-zh")
    page.get_by_role("checkbox", name=lot.title).check()
    page.get_by_label("销毁理由").fill("应急响应已结束")
    page.get_by_text("含有这些数据的备份均已在下方登记。").click()
    page.get_by_role("button", name="拟办并预览").click()
    page.get_by_text("待第二人批准").wait_for()
    assert page.get_by_role("button", name="批准：一分钟内开始，无法撤回").count() == 0
    looked(page, "run-360-zh")
    address = page.url

    second = open_page(cast, "lead", urlsplit(address).path, lang="en")
    looked(second, "run-1440-en")
    second.get_by_role("button", name="Approve: it begins within a minute and cannot be taken back").click()
    second.get_by_text("is being carried out").wait_for()
    assert carry_out_approved(at=now()) == (1, 0)
    assert Visit.objects.everywhere("a test").count() == 0
    second.reload()
    second.get_by_text("destroyed, with a certificate").wait_for()

    public = open_page(cast, "anonymous", "/certificates", width=360)
    looked(public, "certificates-360-zh")
    public.locator("main ul.parts a").first.click()
    public.get_by_text("签名有效。").wait_for()
    looked(public, "certificate-360-zh")
    assert f"{held}" in public.locator("main").inner_text()
    with public.expect_download() as download:
        public.get_by_role("link", name="证书文件").click()
    body = read(download.value.path().read_text("utf-8"), trusted=signing_key().public_key().public_bytes_raw())
    assert body["totals"] == {"destroyed": held, "held": 0}

    own = open_page(cast, "anonymous", "/my-data", width=360, lang="en")
    own.get_by_label("Your code").fill(told.code)
    own.get_by_role("button", name="Show").click()
    own.get_by_text("13900000000").wait_for()
    looked(own, "own-360-en")
    own.get_by_role("button", name="Send your wish").click()
    own.get_by_text("answered by").wait_for()
    for name, address in (("privacy", "/privacy"), ("account", "/my-data/account")):
        shown = open_page(cast, "anonymous" if name == "privacy" else "lead", address, width=360)
        looked(shown, f"{name}-360-zh")
    for name, who, address in (
        ("due-1440-en", "lead", "/retention"),
        ("certificate-1440-en", "anonymous", urlsplit(public.url).path),
        ("wishes-1440-en", "dispatcher", "/retention/wishes"),
    ):
        looked(open_page(cast, who, address, lang="en"), name)
    assert troubles == []
