"""Forms on the phone in a real browser, with the network really cut."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.apps import apps
from django.utils import timezone
from playwright.sync_api import expect

from qipan.forms.api import Form, Media, Submission, convert_xlsform, seed_forms
from qipan.forms.testing import CHOICES, CODE, SURVEY, opened, publish, workbook

from .conftest import build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DOOR = "5101040010010010001"


def samples(cast):
    """The sample forms as a city gets them, open in Jinjiang."""
    seed_forms(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at - timedelta(days=1))
    for form in Form.objects.all():
        opened(cast, form)


def long_list(cast):
    """A form with a list of 11,800 items, open in Jinjiang."""
    items = "".join(f"<item><name>w{n}</name><label>Ward {n}</label></item>" for n in range(11_800))
    survey = [*SURVEY[:6], ["select_one_from_file wards.xml", "ward", "片区", "Ward", "yes", "", ""], *SURVEY[6:]]
    opened(cast, publish(cast, survey=survey, media=(Media("wards.xml", f"<root>{items}</root>".encode()),)))


def about_persons(cast):
    """A form about persons as it is published, open in Jinjiang."""
    made = convert_xlsform(
        workbook([SURVEY[0], ["text", "wish", "需要", "Wish", "yes", "", ""]], CHOICES), code=CODE, version=1,
        title="需要", own_code=True,
    )  # fmt: skip
    form = publish(cast, subject="PERSON")
    form.xform = made.xform
    form.save(update_fields=["xform"])
    opened(cast, form)


@pytest.fixture(params=[samples, long_list])
def phone(request, handset):
    """A phone of 360 px with forms open on its team's ground."""
    scene = build()
    request.param(scene.cast)
    page = handset.new_page()
    page.goto(scene.phone.link)
    page.locator("main form button").click()
    page.wait_for_url("**/field")
    page.locator("#card-done").tap()
    yield scene, handset, page


def kept():
    return list(Submission.objects.everywhere("a test").order_by("pk"))


ENGINE = """async () => { const later = JSON.parse(document.getElementById('field').dataset.later);
    if (!(await caches.has('qipan-pages')) || !navigator.serviceWorker.controller) return false;
    const files = await caches.open('qipan-files');
    return (await Promise.all(later.map((path) => files.match(path)))).every(Boolean) }"""


def wait_until_kept(page):
    """The page, its forms and the engine lie on the phone."""
    expect(page.locator("#field-forms")).to_be_visible(timeout=15_000)
    for _wait in range(150):
        if page.evaluate(ENGINE):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the engine was not kept")


FORM = "[data-form=door-screening]"


def open_form_sheet(page):
    page.locator("#field-forms > summary").tap()
    page.locator(FORM).tap()


def question(page, name):
    return page.locator(f"[data-ref='/data/{name}']")


def leave_draft(page):
    """Begins the form of the door and leaves it as a draft with one answer."""
    open_form_sheet(page)
    page.locator("#form-start").tap()
    question(page, "outcome").locator("label", has_text="已约时间").tap()
    page.wait_for_timeout(600)
    page.locator("#form-questions ~ .form-foot [data-back]").tap()
    page.locator("#field-form [data-shut]").first.tap()


def change_what_was_sent(page, first):
    """A change is a version: it says what it is based on, also when the battery was out in the middle (ADR 0015)."""
    page.locator(FORM).tap()
    page.locator("#form-mine .btn", has_text="修改").tap()
    expect(question(page, "appointment").locator("input")).to_have_value("2026-12-24")
    question(page, "appointment").locator("input").fill("2026-12-25")
    page.wait_for_timeout(600)
    page.reload()
    open_form_sheet(page)
    page.locator("#form-mine .btn", has_text="继续填写").tap()
    expect(question(page, "appointment").locator("input")).to_have_value("2026-12-25")
    page.locator("#form-finish").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2", timeout=20_000)
    before, after = kept()
    assert (after.based_on, after.record_id, after.standing) == (before.instance_id, first.pk, "CHANGE")
    assert before.answers["appointment"] == "2026-12-24"
    assert before.now == {**before.answers, "appointment": "2026-12-25"}
    page.locator("#form-kept ~ [data-shut]").tap()


@pytest.mark.parametrize("phone", [samples], indirect=True)
@pytest.mark.row("EMG-20", "ORG-12", "SVC-10")
def test_a_form_is_opened_filled_in_and_finished_without_a_network_and_stored_once(phone):
    _scene, context, page = phone
    expect(page.locator("#forms-count")).to_have_text("2", timeout=10_000)
    wait_until_kept(page)
    page.close()
    context.set_offline(True)
    page = context.new_page()
    page.goto("/field")
    open_form_sheet(page)
    expect(page.locator("#form-passport")).to_contain_text("示例-排查-001")
    expect(page.locator("#form-refuse")).to_be_hidden()
    assert Axe().run(page).violations_count == 0
    page.locator("#form-start").tap()
    expect(question(page, "appointment")).to_be_hidden()  # it hangs on another answer
    page.locator("#form-finish").tap()
    expect(page.locator("#form-said")).to_contain_text("还有2项未填")
    expect(question(page, "place").locator(".ask-wrong")).to_have_text("请填写此项。")
    assert Axe().run(page).violations_count == 0
    question(page, "place").locator(".ask-choice", has_text="1-1-101").tap()
    held = question(page, "compound")
    expect(held).to_contain_text("锦江一街一社区1号院 自动填入，不询问")
    assert held.locator("input, textarea").count() == 0  # what is held is shown and not asked
    question(page, "outcome").locator("label", has_text="已约时间").tap()
    expect(question(page, "appointment")).to_be_visible()
    page.wait_for_timeout(600)
    page.reload()  # the battery was out
    open_form_sheet(page)
    expect(page.locator("#form-mine")).to_contain_text("未填完，存于本机")
    page.locator("#form-mine .btn").first.tap()
    expect(question(page, "compound")).to_contain_text("锦江一街一社区1号院")
    expect(question(page, "outcome").locator(":checked")).to_have_value("APPOINTMENT")
    page.locator("#form-finish").tap()
    expect(question(page, "appointment").locator(".ask-wrong")).to_have_text("请填写此项。")
    question(page, "appointment").locator("input").fill("2026-12-24")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_contain_text("已存于本机")
    expect(page.locator("#count-KEPT")).to_have_text("1")
    page.wait_for_timeout(5_500)  # it has tried and failed
    assert kept() == []
    lost = []

    def lose_first_answer(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)  # the server took it; the phone never hears of it
        return route.abort()

    context.route("**/openrosa/submission", lose_first_answer)
    context.set_offline(False)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    assert lost == [201]
    (row,) = kept()
    assert (row.place, row.standing, row.team) == (int(DOOR) + 1, "STANDS", _scene.team.pk)
    assert row.answers["outcome"] == "APPOINTMENT" and row.answers["appointment"] == "2026-12-24"
    page.locator("#form-kept ~ [data-shut]").tap()
    change_what_was_sent(page, row)
    page.locator("#field-compare").tap()
    expect(page.locator("#field-compared")).to_contain_text("服务器全部收到")


def dated(cast):
    """A form whose author asks nothing of when it was finished, as any form, open in Jinjiang."""
    opened(cast, publish(cast, survey=[SURVEY[0], *SURVEY[3:5]]))


@pytest.mark.parametrize("phone", [dated], indirect=True)
@pytest.mark.row("EMG-20")
@pytest.mark.parametrize("days", [1, -1])
def test_a_form_is_dated_by_the_servers_clock_though_the_phones_is_a_day_wrong(phone, days):
    _scene, _context, page = phone
    page.clock.install(time=timezone.now() + timedelta(days=days))
    page.reload()
    expect(page.locator("#forms-count")).to_have_text("1", timeout=10_000)
    page.locator("#field-forms > summary").tap()
    page.locator(f"[data-form={CODE}]").tap()
    page.locator("#form-start").tap()
    question(page, "place").locator("input").fill(str(int(DOOR) + 1))
    question(page, "people").locator("input").fill("3")
    page.wait_for_timeout(600)
    page.locator("#form-finish").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    (row,) = kept()
    assert timedelta(0) <= row.received_at - row.device_at < timedelta(minutes=1)


def with_files(cast):
    """A form that takes two files, open in Jinjiang."""
    files = [["file", name, label, label, "", "", ""] for name, label in (("plan", "图纸"), ("list", "清单"))]
    opened(cast, publish(cast, survey=[SURVEY[0], SURVEY[3], *files]))


@pytest.mark.parametrize("phone", [with_files], indirect=True)
@pytest.mark.row("EMG-20")
def test_files_go_out_in_several_posts_and_one_that_is_too_large_is_told_before(phone):
    _scene, _context, page = phone
    expect(page.locator("#forms-count")).to_have_text("1", timeout=10_000)
    page.locator("#field-forms > summary").tap()
    page.locator(f"[data-form={CODE}]").tap()
    page.locator("#form-start").tap()
    question(page, "place").locator("input").fill(str(int(DOOR) + 1))

    def attach(name, size):
        file = {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 " + bytes(size)}
        question(page, name).locator("input[type=file]").set_input_files(file)

    attach("plan", 11_000_000)
    expect(question(page, "plan").locator("[role=status]")).to_have_text("文件过大，请选择不超过9.5MB的文件。")
    for name, size in (("plan", 6_000_000), ("list", 5_000_000)):
        attach(name, size)
        expect(question(page, name).locator("[role=status]")).to_contain_text("存于本机")
    page.wait_for_timeout(600)
    page.locator("#form-finish").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=30_000)
    (row,) = kept()
    assert (row.awaits, row.attachments.count()) == ([], 2)


@pytest.mark.parametrize("phone", [about_persons], indirect=True)
def test_the_phone_makes_the_persons_code_without_a_network_and_with_it_one_sees_the_own_answer(phone):
    """Red line 5: the code is the person's; it is shown to be written down, and kept by nobody else."""
    _scene, context, page = phone
    wait_until_kept(page)
    context.set_offline(True)
    page.locator("#field-forms > summary").tap()
    page.locator(f"[data-form={CODE}]").tap()
    page.locator("#form-start").tap()
    shown = page.locator("[data-ref='/data/qipan_code_note']")
    expect(shown).to_contain_text("请抄给本人")
    code = re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}", shown.inner_text())[0]
    question(page, "wish").locator("input, textarea").fill("希望送药")
    page.wait_for_timeout(600)
    page.reload()  # the battery was out: it stays the same code
    page.locator("#field-forms > summary").tap()
    page.locator(f"[data-form={CODE}]").tap()
    page.locator("#form-mine .btn").first.tap()
    expect(shown).to_contain_text(code)
    page.locator("#form-finish").tap()
    context.set_offline(False)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    (row,) = kept()
    assert code not in row.xml and row.answers == {"wish": "希望送药"}
    assert len(row.code_hash) == 60
    page.goto(f"/my-data/{code}")
    expect(page.locator("main")).to_contain_text("希望送药")


@pytest.mark.parametrize("phone", [long_list], indirect=True)
@pytest.mark.row("ORG-12", "SVC-10", "SVC-13")
def test_a_list_of_11800_is_looked_through_at_a_door_and_a_lapsed_form_may_be_refused(phone):
    _scene, context, page = phone
    wait_until_kept(page)
    context.set_offline(True)
    page.locator(f"[data-place='{DOOR}']").tap()
    page.locator("#door-form").tap()
    meter = context.new_cdp_session(page)
    meter.send("Performance.enable")

    def cpu():  # of this page: others work on the same machine
        return next(
            one["value"] for one in meter.send("Performance.getMetrics")["metrics"] if one["name"] == "ThreadTime"
        )

    began = cpu()
    page.locator("#form-start").tap()
    ward = question(page, "ward")
    expect(ward.locator(".ask-choice")).to_have_count(6, timeout=30_000)
    opening = cpu() - began
    expect(question(page, "place").locator("input")).to_have_value(DOOR)  # the door is not asked again
    began = cpu()
    ward.locator("[type=search]").fill("ward 117")
    expect(ward.locator(".ask-choice")).to_have_count(30)
    expect(ward.locator("[role=status]")).to_contain_text("还有81项")
    found = cpu() - began
    print(f"11,800 choices: {opening:.2f} s of CPU to open, {found:.3f} s to find")
    assert opening < 5 and found < 0.5
    ward.locator("[type=search]").fill("ward 11799")
    ward.locator(".ask-choice").tap()
    expect(ward.locator(":checked")).to_have_value("w11799")
    # Whoever reads large letters scrolls one way only.
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    form = page.locator("#form-questions")
    assert form.evaluate("(form) => form.scrollWidth - form.clientWidth") == 0
    page.evaluate("document.documentElement.style.fontSize = ''")
    people = question(page, "people")
    people.locator("input").fill("many")
    page.locator("#form-finish").tap()
    expect(people.locator(".ask-wrong")).to_have_text("这不是数字。")
    people.locator("input").fill("50")
    expect(people.locator(".ask-wrong")).to_have_text("此项不能这样填。")  # its constraint: below 50
    people.locator("input").fill("4")
    expect(people.locator(".ask-wrong")).to_be_hidden()
    page.locator("#form-questions ~ .form-foot [data-back]").tap()
    page.locator("#form-nuisance").tap()
    expect(page.locator("#form-nuisance-said")).to_contain_text("不记录任何人")
    nuisances = apps.get_model("desk", "Nuisance").objects.everywhere("a test")
    assert nuisances.count() == 0
    Form.objects.update(valid_to=timezone.now())
    context.set_offline(False)
    page.reload()
    expect(page.locator("#forms-list")).to_contain_text("已过有效期，可以拒绝填报", timeout=10_000)
    page.locator("#field-forms > summary").tap()
    page.locator(f"[data-form={CODE}]").tap()
    expect(page.locator("#form-refuse")).to_be_visible()
    expect(page.locator("#form-start")).to_be_hidden()
    assert Axe().run(page).violations_count == 0
    assert [row.form_code for row in nuisances] == [CODE]
    assert kept() == []
