"""A week without a network: what was done goes out as of its day, and what its form no longer asks for is still told."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from qipan.access.api import forget
from qipan.forms.api import Submission
from qipan.screening.api import Outcome, Visit

from .conftest import build
from .test_browser import stored
from .test_browser_clock import comes
from .test_browser_ending import STATES, answer_all
from .test_browser_forms import open_form_sheet, question, samples, wait_until_kept
from .test_browser_leaving import open_pass
from .test_browser_posts import OURS, enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WEEK = timedelta(days=7)  # the pass and the round last ten days, the forms are open for three


@pytest.mark.row("EMG-20", "SVC-10")
def test_a_week_without_a_network_loses_nothing_and_what_lies_of_a_closed_form_stays_in_sight(handset, clock_at):
    scene = build()
    samples(scene.cast)
    page = handset.new_page()
    open_pass(page, scene)
    wait_until_kept(page)
    handset.set_offline(True)
    page.clock.install()
    page.reload()
    began = timezone.now()
    enter(page, OURS, "ANSWERED")
    open_form_sheet(page)
    page.locator("#form-start").tap()
    answer_all(page)
    page.locator("#form-finish").tap()
    page.locator("#form-again").tap()
    answer_all(page)
    comes(page, lambda: page.evaluate(STATES), ["DRAFT", "KEPT"])
    page.locator("#form-questions ~ .form-foot [data-back]").tap()
    page.locator("#field-form [data-shut]").first.tap()

    page.clock.fast_forward(int(WEEK.total_seconds()) * 1_000)
    expect(page.locator("#count-KEPT")).to_have_text("2")
    assert page.locator("[data-place]").count() == 10
    clock_at(timezone.now() + WEEK)
    forget()
    handset.set_offline(False)
    page.clock.run_for(150_000)  # the longest pause between two tries
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2")
    assert stored() == [(int(OURS), Outcome.ANSWERED)]
    (row,) = Submission.objects.everywhere("a test")
    assert row.answers["appointment"] == "2026-12-24"
    for at in (row.device_at, Visit.objects.everywhere("a test").get().happened_at):
        assert abs(at - began) < timedelta(minutes=5)

    page.reload()
    expect(page.locator("#forms-count")).to_have_text("0")
    open_form_sheet(page)
    expect(page.locator("#form-why")).to_have_text("未在本辖区开放。")
    expect(page.locator("#form-start")).to_be_hidden()
    mine = page.locator("#form-mine .form-one")
    expect(mine).to_have_count(2)
    page.locator("#form-mine .btn", has_text="继续填写").tap()
    expect(question(page, "appointment").locator("input")).to_have_value("2026-12-24")
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_contain_text("已存于本机")
    page.clock.run_for(6_000)  # it can no longer be taken back
    expect(page.locator("#count-REFUSED")).to_have_text("1")
    page.locator("[data-step=done] [data-shut]").tap()
    page.reload()
    open_form_sheet(page)
    expect(mine.filter(has_text="该表格未在此处开放")).to_have_count(1)
    assert page.evaluate(STATES) == ["ACKNOWLEDGED", "REFUSED"]
    page.on("dialog", lambda dialog: dialog.accept())
    mine.locator(".btn", has_text="丢弃").tap()
    expect(page.locator("#count-REFUSED")).to_have_text("0")
    assert Submission.objects.everywhere("a test").count() == 1
