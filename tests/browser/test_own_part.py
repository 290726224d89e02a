"""What a property company is given, on its manager's phone: its own part, in both languages (red line 6)."""

import os
from datetime import timedelta

import pytest
from django.core.cache import cache

from qipan.access.testing import add_member, make_city
from qipan.kernel.clock import now
from qipan.matters.actions.calls import call_units
from qipan.matters.actions.dispatching import dispatch_matter
from qipan.matters.actions.filing import file_matter
from qipan.matters.testing import make_world

from .conftest import serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("QIPAN_SHOTS", "")
COMPANY = "510104:property-company-1"


@pytest.fixture
def world(db):
    cache.clear()
    made = make_world(make_city())
    made.cast.at = now().replace(microsecond=0) - timedelta(minutes=30)
    add_member(made.cast, "manager", role="property-manager", unit=COMPANY)
    return made


def looked_at(page, troubles, name):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert serious(page) == []
    assert troubles == []
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.row("MAT-3", "FRC-5")
@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_manager_of_a_company_ends_what_it_was_given(world, open_page, troubles, lang):
    matter = world.reported("18004", text="三号楼东侧垃圾三天未清", spot="垃圾桶旁").matter
    matter = file_matter(matter, by=world.cast.dispatcher, at=world.later(minutes=1))
    unit = world.cast.unit(COMPANY)
    matter = dispatch_matter(matter, unit=unit, by=world.cast.dispatcher, at=world.later(minutes=2))
    task = matter.handlings.get().task_id
    page = open_page(world.cast, "manager", f"/desk/tasks/{task}", width=360, height=780, lang=lang)
    page.locator(f'a[href="/matters/{matter.pk}"]').click()
    assert "三号楼东侧垃圾三天未清" in page.inner_text("main")
    looked_at(page, troubles, f"part-{lang}")
    page.fill("#do-report_done textarea[name=result]", "已清理")
    page.locator("#do-report_done form button").click()
    page.wait_for_url(f"**/desk/tasks/{task}")
    assert type(matter).objects.everywhere("a test").get(pk=matter.pk).state == "DONE"


@pytest.mark.row("MAT-2", "FRC-5")
@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_manager_of_a_company_answers_a_call(world, open_page, troubles, lang):
    call = call_units(
        world.matter("FILED", code="16001"), units=[world.cast.unit(COMPANY)], what="看消防通道", meets_where="东门",
        meets_at=now() + timedelta(hours=3), urgency="PRESSING", by=world.cast.dispatcher, at=world.later(minutes=5),
    )  # fmt: skip
    mine = call.called.get()
    page = open_page(world.cast, "manager", f"/desk/tasks/{mine.task_id}", width=360, height=780, lang=lang)
    page.locator(f'a[href="/calls/{call.pk}"]').click()
    looked_at(page, troubles, f"part-call-{lang}")
    page.fill("#accept_post", "项目经理")
    page.locator('form[action$="/accept"] button').click()
    page.wait_for_load_state()
    mine.refresh_from_db()
    assert mine.post == "项目经理" and "项目经理" in page.inner_text("main")
    looked_at(page, troubles, f"part-call-coming-{lang}")
