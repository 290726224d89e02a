"""The phone page where something gives out: a new version comes in the middle, the store is full or emptied, letters are large."""

from pathlib import Path
from shutil import copytree

import pytest
from django.templatetags.static import static
from playwright.sync_api import expect

from qipan.field.models import DeviceList
from qipan.field.views import phone as page_of
from qipan.forms.api import Submission
from qipan.matters.testing import make_world
from qipan.screening.api import Outcome
from qipan.webkit import manifest
from qipan.webkit.manifest import BUILT, everything_of, files_of, later_of

from .conftest import build
from .test_browser import stored, wait_until_kept
from .test_browser_forms import open_form_sheet, question, samples
from .test_browser_forms import wait_until_kept as wait_until_forms_are_kept
from .test_browser_leaving import LYING, open_pass

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DOOR = "5101040010010010001"
UPDATE = """() => new Promise((done) => {
  navigator.serviceWorker.addEventListener('controllerchange', () => done(true), { once: true });
  navigator.serviceWorker.getRegistration('/field').then((one) => one.update());
})"""
EMPTY = """async () => {
  localStorage.clear();
  for (const name of await caches.keys()) await caches.delete(name);
  for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
}"""


def enter(page, name="ANSWERED"):
    page.locator(f"[data-place='{DOOR}']").tap()
    page.locator(f"[data-name={name}]").tap()
    page.locator("#door-close").tap()


def hold(browser, route):
    """Nothing that is entered gets out."""
    browser.route(route, lambda asked: asked.abort())


@pytest.mark.row("EMG-20")
def test_a_new_version_of_the_worker_takes_nothing_of_what_waits(phone, monkeypatch):
    _scene, context, page = phone
    wait_until_kept(page)
    hold(context, "**/api/visits")
    enter(page)
    expect(page.locator("#count-KEPT")).to_have_text("1")
    more = everything_of("board")[-1]  # a release whose page loads one file more
    monkeypatch.setattr(page_of, "everything_of", lambda *entries: [*everything_of(*entries), more])
    assert page.evaluate(UPDATE) is True
    held = "async (path) => Boolean(await (await caches.open('qipan-files')).match(path))"
    assert page.evaluate(held, static(f"built/{more}")) is True
    assert page.evaluate(LYING)["visits"] == 1
    page.close()
    context.set_offline(True)
    again = context.new_page()
    again.goto("/field")
    expect(again.locator("#count-KEPT")).to_have_text("1")
    assert stored() == []
    context.unroute("**/api/visits")
    context.set_offline(False)
    expect(again.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    assert stored() == [(int(DOOR), Outcome.ANSWERED)]


def next_build(folder, monkeypatch, settings):
    """A release in which every script of the page has another name, as a new build gives it."""
    built = folder / "built"
    copytree(BUILT, built)
    names = [Path(name).name for name in (*everything_of("field"), *later_of("field")) if name.endswith(".js")]
    for file in (built / "manifest.json", *built.glob("assets/*.js")):
        text = file.read_text("utf-8")
        for name in names:
            text = text.replace(name, f"next-{name}")
        file.write_text(text, "utf-8")
    for name in names:
        (built / "assets" / name).rename(built / "assets" / f"next-{name}")
    monkeypatch.setattr(manifest, "BUILT", built)
    monkeypatch.setattr(manifest, "MANIFEST", built / "manifest.json")
    monkeypatch.setattr(page_of, "BUILT", built)
    settings.STATICFILES_DIRS = [("built", built)]


@pytest.mark.row("EMG-20")
def test_a_new_build_takes_no_form_and_the_page_of_the_old_one_opens_without_a_network_until_then(
    handset, tmp_path, monkeypatch, settings
):
    scene = build()
    samples(scene.cast)
    page = handset.new_page()
    open_pass(page, scene)
    wait_until_forms_are_kept(page)
    hold(handset, "**/openrosa/submission")
    open_form_sheet(page)
    page.locator("#form-start").tap()
    question(page, "place").locator(".ask-choice", has_text="1-1-101").tap()
    question(page, "outcome").locator("label", has_text="已约时间").tap()
    question(page, "appointment").locator("input").fill("2026-12-24")
    page.locator("#form-finish").tap()
    page.locator("#form-again").tap()
    question(page, "outcome").locator("label", has_text="已约时间").tap()
    page.locator("#form-questions ~ .form-foot [data-back]").tap()
    expect(page.locator("#form-mine")).to_contain_text("未填完，存于本机")
    scripts = "[...document.scripts].map((one) => one.src).filter((src) => src.includes('field-')).join()"
    old = page.evaluate(scripts)

    next_build(tmp_path, monkeypatch, settings)
    assert page.evaluate(UPDATE) is True
    handset.set_offline(True)
    page.reload()  # the page of the new build has not been seen yet
    expect(page.locator("#count-KEPT")).to_have_text("1")
    assert page.evaluate(scripts) == old
    open_form_sheet(page)
    page.locator("#form-mine .btn", has_text="继续填写").tap()
    expect(question(page, "outcome").locator(":checked")).to_have_value("APPOINTMENT")
    assert Submission.objects.everywhere("a test").count() == 0

    handset.unroute("**/openrosa/submission")
    handset.set_offline(False)
    page.goto("/field")
    assert page.evaluate(scripts) == old.replace("field-", "next-field-")
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1")
    open_form_sheet(page)
    page.locator("#form-mine .btn", has_text="继续填写").tap()
    expect(question(page, "outcome").locator(":checked")).to_have_value("APPOINTMENT")
    question(page, "place").locator(".ask-choice", has_text="1-1-102").tap()
    question(page, "appointment").locator("input").fill("2026-12-25")
    page.locator("#form-finish").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2")
    rows = Submission.objects.everywhere("a test").order_by("pk")
    assert [row.answers["appointment"] for row in rows] == ["2026-12-24", "2026-12-25"]


@pytest.mark.row("EMG-20")
def test_a_full_phone_says_so_of_a_report_and_of_a_form_and_goes_on_when_there_is_room(handset):
    scene = build()
    make_world(scene.cast)
    samples(scene.cast)
    page = handset.new_page()
    open_pass(page, scene)
    expect(page.locator("#forms-count")).to_have_text("2", timeout=15_000)
    page.evaluate(
        """() => { for (const name of ['add', 'put']) {
             const real = IDBObjectStore.prototype[name];
             globalThis[`real_${name}`] = real;
             IDBObjectStore.prototype[name] = () => { throw new DOMException('full', 'QuotaExceededError') } } }"""
    )
    room = "() => { for (const name of ['add', 'put']) IDBObjectStore.prototype[name] = globalThis[`real_${name}`] }"
    page.locator(f"[data-place='{DOOR}']").tap()
    page.locator("#door-tell").tap()
    page.locator("#tell-category").select_option("01003")
    page.locator("#tell-text").fill("楼道灯不亮")
    page.locator("[data-step=tell] [type=submit]").tap()
    expect(page.locator("#tell-said")).to_contain_text("存储空间已满")
    expect(page.locator("#tell-text")).to_have_value("楼道灯不亮")  # what was written stands there still
    assert "matters" not in page.evaluate(LYING)
    page.locator("#field-door [data-close]").first.tap()

    open_form_sheet(page)
    page.locator("#form-start").tap()
    question(page, "outcome").locator("label", has_text="已约时间").tap()
    expect(page.locator("#form-said")).to_contain_text("存储空间已满")
    assert "filled" not in page.evaluate(LYING)
    page.evaluate(room)
    question(page, "place").locator(".ask-choice", has_text="1-1-101").tap()
    question(page, "appointment").locator("input").fill("2026-12-24")
    expect(page.locator("#form-said")).to_have_text("")
    page.locator("#form-finish").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    (row,) = Submission.objects.everywhere("a test")
    assert row.answers["outcome"] == "APPOINTMENT"


@pytest.mark.row("EMG-20")
def test_an_emptied_store_is_told_to_the_worker_and_to_the_community(phone):
    scene, context, page = phone
    enter(page)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=15_000)
    hold(context, "**/api/visits")
    page.locator("[data-place='5101040010010010002']").tap()
    page.locator("[data-name=REFUSED]").tap()
    page.locator("#door-close").tap()
    expect(page.locator("#count-KEPT")).to_have_text("1")
    page.goto("/field/visits")
    page.evaluate(EMPTY)  # as a browser does that needs room; cookies stay
    context.unroute("**/api/visits")
    open_pass(page, scene)
    said = page.locator("#field-refused p")
    expect(said).to_contain_text("存储已被浏览器清空", timeout=15_000)
    page.reload()
    expect(said).to_contain_text("存储已被浏览器清空")  # until somebody has read it
    said.locator("button").tap()
    expect(said).to_have_count(0)
    page.reload()
    expect(page.locator("[data-place]").first).to_be_visible()
    expect(said).to_have_count(0)
    assert stored() == [(int(DOOR), Outcome.ANSWERED)]
    before, now = DeviceList.objects.everywhere("a test").order_by("pk")
    assert (before.emptied_at is None, now.emptied_at) == (False, None)
    assert "浏览器或人为清空" in scene.cast.client("worker").get("/field/lists").content.decode()


def test_signing_out_with_everything_taken_off_is_no_emptied_store(phone):
    scene, context, page = phone
    hold(context, "**/api/visits")
    enter(page)
    page.locator("#field-leave").tap()
    page.locator("#leave-all").check()
    page.locator("#leave button").tap()
    page.wait_for_url("**/accounts/login/**")
    open_pass(page, scene)
    expect(page.locator("[data-place]").first).to_be_visible()
    page.wait_for_timeout(1_500)
    assert [row.emptied_at for row in DeviceList.objects.everywhere("a test")] == [None, None]


@pytest.mark.row("EMG-20")
def test_large_letters_widen_nothing_and_cut_nothing_off_on_the_page_of_the_doors(phone):
    _scene, _context, page = phone
    expect(page.locator("[data-place]").first).to_be_visible()
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    cut = """(root) => [...document.querySelectorAll(`${root} *`)].filter((one) => one.offsetParent && one.children.length === 0 && one.textContent.trim())
        .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
        .filter(([, box]) => box.right > innerWidth + 1 || box.left < -1).map(([text]) => text)"""
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(cut, "body") == []
    page.locator(f"[data-place='{DOOR}']").tap()
    dialog = page.locator("#field-door")
    assert dialog.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0
    assert page.evaluate(cut, "#field-door") == []
    assert (
        float(page.locator("[data-place] b").first.evaluate("(one) => getComputedStyle(one).fontSize").rstrip("px"))
        >= 32
    )
    last = page.locator("#field-door [data-step=outcomes] button:visible").last
    last.scroll_into_view_if_needed()
    page.locator("[data-name=DEMOLISHED]").tap()
    expect(page.locator("#door-kept")).to_be_visible()


SCRIPTS = """async () => {
  const loaded = performance.getEntriesByType('resource').map((one) => one.name);
  const files = await caches.open('qipan-files');
  const kept = (await files.keys()).map((request) => request.url);
  return [...loaded, ...kept].map((address) => new URL(address).pathname);
}"""


def loaded_on(page):
    """What the page has loaded and the worker has kept of the build, in bytes as it is sent, by name."""
    built = static("built/")
    paths = {path.removeprefix(built) for path in page.evaluate(SCRIPTS) if path.startswith(built)}
    names = {name for name in paths if name.endswith((".js", ".css"))} | {files_of("worker")[0]}
    return {name: (BUILT / f"{name}.br").stat().st_size for name in names}


def test_the_first_load_is_small(phone):
    """FACE: under 300 kB of script compressed; here with the styles, and without what opens forms."""
    _scene, _context, page = phone
    expect(page.locator("[data-place]").first).to_be_visible()
    wait_until_kept(page)
    sizes = loaded_on(page)
    assert sizes.keys() == {*everything_of("theme", "base", "field", "worker")}
    script = sum(size for name, size in sizes.items() if name.endswith(".js"))
    print(f"{script} bytes of script, {sum(sizes.values())} in all")
    assert sum(sizes.values()) < 300_000


def test_the_first_load_is_small_where_forms_are_open_too(handset):
    """FACE: under 300 kB of script compressed, with what opens a form, which is fetched ahead."""
    scene = build()
    samples(scene.cast)
    page = handset.new_page()
    open_pass(page, scene)
    wait_until_forms_are_kept(page)
    sizes = loaded_on(page)
    assert sizes.keys() == {*everything_of("theme", "base", "field", "worker"), *later_of("field")}
    script = sum(size for name, size in sizes.items() if name.endswith(".js"))
    print(f"{script} bytes of script on the first opening, with the part that opens forms")
    assert script < 300_000
