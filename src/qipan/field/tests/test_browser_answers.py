"""What single answers do on the phone: a position and a photograph, words in English, and files beside another's answers."""

import hashlib
import io
import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from qipan.forms.api import Outcome, Submission, take_submission
from qipan.forms.testing import CODE, SURVEY, Filled, opened, publish

from .conftest import build
from .test_browser_clock import comes
from .test_browser_forms import DOOR, question, wait_until_kept
from .test_browser_leaving import open_pass

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ASKED = """window.asked = [];
for (const name of ['getCurrentPosition', 'watchPosition']) {
  const ask = navigator.geolocation[name].bind(navigator.geolocation);
  navigator.geolocation[name] = (...all) => { asked.push(name); return ask(...all) };
}"""
FILLED = """async () => {
  const db = await new Promise((done) => { const ask = indexedDB.open('qipan-field'); ask.onsuccess = () => done(ask.result) });
  const rows = await new Promise((done) => { db.transaction('filled').objectStore('filled').getAll().onsuccess = (event) => done(event.target.result) });
  db.close();
  const hex = (sum) => [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return Promise.all(rows.map(async ({ id, state, parts: [xml, ...files] }) => ({
    id, state, xml: await xml.blob.text(),
    files: await Promise.all(files.map(async ({ name, blob }) => [name, hex(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))])),
  })));
}"""
LAID = "/data/spot/{}".format


def start(handset, *, survey=SURVEY):
    """A phone with a form open on its team's ground, on its sheet."""
    scene = build()
    opened(scene.cast, publish(scene.cast, survey=survey))
    page = handset.new_page()
    open_pass(page, scene)
    wait_until_kept(page)
    page.locator("#field-forms > summary").tap()
    page.locator(f"[data-form={CODE}]").tap()
    return scene, page


def kept():
    return list(Submission.objects.everywhere("a test").order_by("pk"))


def answer(page, **answers):
    for name, text in answers.items():
        question(page, name).locator("input").fill(text)


def photograph():
    """A photograph that says where and by which camera it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif[0x8825] = {1: "N", 2: (30.0, 39.0, 25.6), 3: "E", 4: (104.0, 4.0, 50.0)}
    file = io.BytesIO()
    Image.effect_noise((2400, 1200), 40).convert("RGB").save(file, "JPEG", exif=exif)
    assert b"Exif" in file.getvalue()
    return file.getvalue()


@pytest.mark.row("EMG-20", "SVC-10")
def test_a_position_is_asked_at_its_question_alone_and_rounded_and_a_photograph_arrives_as_it_left(handset):
    handset.add_init_script(ASKED)
    handset.grant_permissions(["geolocation"])
    handset.set_geolocation({"latitude": 30.6571234, "longitude": 104.0805678, "accuracy": 12})
    _scene, page = start(handset, survey=[*SURVEY[:5], *SURVEY[12:]])
    handset.set_offline(True)
    page.locator("#form-start").tap()
    answer(page, place=DOOR, people="3")
    point, photo = (page.locator(f"[data-ref='{LAID(name)}']") for name in ("point", "photo"))
    photo.locator("input").set_input_files({"name": "wall.jpeg", "mimeType": "image/jpeg", "buffer": photograph()})
    expect(photo.locator("[role=status]")).to_contain_text("存于本机")
    assert page.evaluate("asked") == []
    point.locator("button").first.tap()
    expect(point.locator("[role=status]")).to_have_text("30.657, 104.0805")
    assert page.evaluate("asked") == ["getCurrentPosition"]
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_contain_text("已存于本机")
    (lying,) = page.evaluate(FILLED)
    assert "<point>30.657 104.0805 0.0 50.0</point>" in lying["xml"]
    assert "30.6571" not in json.dumps(lying) and "104.0805678" not in json.dumps(lying)

    handset.clear_permissions()  # whoever carries the phone says no from now on
    page.locator("#form-again").tap()
    answer(page, place=str(int(DOOR) + 1), people="2")
    point.locator("button").first.tap()
    expect(point.locator("[role=status]")).to_have_text("手机未能获取位置，可以不填。")
    assert page.evaluate("asked.length") == 2
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_contain_text("已存于本机")

    handset.set_offline(False)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2")
    first, second = kept()
    ((name, sum_),) = lying["files"]
    assert first.answers["spot"] == {"photo": name, "point": "30.6570 104.0805 0 50"}
    assert "104.08" not in first.xml  # it is forgotten before the answers are
    (file,) = first.attachments.all()
    assert (file.name, file.sha256, file.media_type, first.awaits) == (name, sum_, "image/jpeg", [])
    with Image.open(io.BytesIO(bytes(file.content))) as picture:
        assert (picture.size, picture.format, dict(picture.getexif())) == ((1600, 800), "JPEG", {})
    assert (second.answers["spot"], second.awaits, second.attachments.count()) == ({}, [], 0)
    assert second.answers["people"] == 2


@pytest.fixture
def english(browser, live_server):
    """A phone of 360 px in English."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, locale="en-GB",
        base_url=live_server.url,
    )  # fmt: skip
    yield context
    context.close()


def fits(page):
    """Nothing is wider than the phone, and axe finds nothing."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.row("EMG-20")
def test_a_form_is_opened_chosen_in_corrected_finished_and_followed_in_english(english):
    _scene, page = start(english)
    english.set_offline(True)
    expect(page.locator("#form-title")).to_have_text("Needs at the door")
    expect(page.locator("#form-passport")).to_contain_text("Form number")
    expect(page.locator("#form-start")).to_have_text("Fill in")
    fits(page)
    page.locator("#form-start").tap()
    expect(question(page, "place").locator(".ask-label")).to_have_text(
        "Door number must be answered", use_inner_text=True
    )
    answer(page, place=DOOR)
    page.locator("#form-finish").tap()
    expect(page.locator("#form-said")).to_have_text("2 answers are missing or not right; see beside them.")
    people = question(page, "people")
    expect(people.locator(".ask-wrong")).to_have_text("Please answer this.")
    expect(people.locator("input")).to_be_focused()
    fits(page)
    question(page, "pet[1]/kind").locator("xpath=ancestor::fieldset").get_by_text("Take this one out").tap()
    expect(page.locator(".ask-repeat")).to_have_count(0)
    page.locator("#form-finish").tap()
    expect(page.locator("#form-said")).to_have_text("1 answer is missing or not right; see beside it.")
    fits(page)
    for text, wrong in (("many", "This is no number."), ("50", "This answer is not allowed here.")):
        answer(page, people=text)
        expect(people.locator(".ask-wrong")).to_have_text(wrong)
    answer(page, people="4")
    expect(people.locator(".ask-wrong")).to_be_hidden()
    question(page, "help").locator("label", has_text="Yes").tap()
    expect(question(page, "why").locator(".ask-label")).to_contain_text("Which help")
    question(page, "needs").locator("label", has_text="Care").tap()
    page.locator("#form-questions ~ .form-foot [data-back]").tap()
    mine = page.locator("#form-mine .form-one")
    expect(mine).to_contain_text("begun, kept on this phone")
    fits(page)
    mine.locator(".btn", has_text="Continue filling in").tap()
    expect(question(page, "help").locator(":checked")).to_have_value("yes")
    answer(page, why="a wheelchair")
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_have_text("Kept on this phone. It goes out by itself.")
    fits(page)
    page.locator("[data-step=done] [data-back]").tap()
    expect(mine).to_contain_text("finished, waits to be sent")
    english.set_offline(False)
    expect(mine).to_contain_text("acknowledged by the server")
    (row,) = kept()
    assert {name: row.answers[name] for name in ("people", "help", "why", "needs")} == {
        "people": 4, "help": "yes", "why": "a wheelchair", "needs": ["care"],
    }  # fmt: skip


@pytest.mark.row("EMG-20")
def test_files_of_a_form_that_differs_from_one_that_is_held_all_arrive_and_a_person_decides(handset, tmp_path):
    files = [["file", name, label, label, "", "", ""] for name, label in (("plan", "图纸"), ("list", "清单"))]
    scene, page = start(handset, survey=[*SURVEY[:5], *files])
    handset.set_offline(True)
    page.locator("#form-start").tap()
    answer(page, place=DOOR, people="3")
    contents = {name: b"%PDF-1.4 " + name.encode() * 1_030_000 for name in ("plan", "list")}
    for name, content in contents.items():
        (tmp_path / f"{name}.pdf").write_bytes(content)
        question(page, name).locator("input[type=file]").set_input_files(tmp_path / f"{name}.pdf")
        expect(question(page, name).locator("[role=status]")).to_contain_text("存于本机")
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_contain_text("已存于本机")
    (lying,) = page.evaluate(FILLED)
    other = Filled(id=f"uuid:{lying['id']}", people="9")  # another client has sent something else under the same id
    assert take_submission(other.xml(), by=scene.cast.worker, at=timezone.now()).outcome == Outcome.TAKEN

    posts, answers = [], []

    def cut_the_second(route):
        posts.append(route)
        return route.abort() if len(posts) == 2 else route.continue_()

    handset.route("**/openrosa/submission", cut_the_second)
    page.on("response", lambda one: answers.append(one.status) if one.url.endswith("/openrosa/submission") else None)
    handset.set_offline(False)
    expect(page.locator("#count-CONFLICT")).to_have_text("1", timeout=30_000)
    assert (len(posts), answers) == (3, [409, 409])  # two files: one goes out, the network is gone, the other goes out
    page.locator("[data-step=done] [data-back]").tap()
    mine = page.locator("#form-mine .form-one")
    expect(mine).to_contain_text("冲突")
    first, second = kept()
    assert [(row.standing, row.answers["people"], row.awaits) for row in (first, second)] == [
        ("STANDS", 9, []), ("DISPUTED", 3, []),
    ]  # fmt: skip
    sent = {one.name: bytes(one.content) for one in second.attachments.all()}
    assert sent == {second.answers[name]: content for name, content in contents.items()}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in sent.items()} == dict(lying["files"])

    page.locator("#field-form [data-shut]").first.tap()
    page.locator("#field-compare").tap()
    expect(page.locator("#field-compared")).to_contain_text("服务器全部收到")
    reviewer = scene.cast.client("district_head")
    assert "<td>9</td><td>3</td>" in reviewer.get("/forms/disputes").content.decode()
    reviewer.post(f"/forms/disputes/{second.pk}/decide", {"decision": "REPLACED"})
    comes(page, lambda: [row.standing for row in kept()], ["SET_ASIDE", "STANDS"])
    assert kept()[1].attachments.count() == 2
