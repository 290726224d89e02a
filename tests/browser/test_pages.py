"""Every page as people see it, in both languages, on a desk and on a phone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from qipan.command.actions.activations import activate_playbook
from qipan.command.api import get_playbook, seed_playbooks
from qipan.deployment.api import form_teams
from qipan.desk.api import Task
from qipan.duties.api import units_on
from qipan.forms.api import seed_forms
from qipan.kernel.actor import Actor
from qipan.kernel.clock import set_clock
from qipan.learning.actions.lessons import decide_lesson, propose_lesson
from qipan.learning.actions.weaknesses import note_weakness
from qipan.learning.models import Review
from qipan.pages.testing import CITY, make_emergency
from qipan.posture.api import Declaration, Measure, declare, end_declaration

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
AT = datetime(2026, 8, 3, 2, tzinfo=UTC)
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}

# who opens which addresses; {names} are filled from the scene
PAGES = {
    "anonymous": ["/accounts/login/"],
    "city_commander": [
        "/access/post",
        "/desk",
        "/forces",
        "/forms",
        "/board/5101/rows/tasks-late",
        "/around/510104",
        "/directives",
        "/directives/new",
        "/directives/{directive}",
        "/directives/{directive}/unread?area=5101",
        "/directives/{directive}/sheet",
        "/playbooks",
        "/playbooks/flood",
        "/playbooks/flood/edit",
        "/activations",
        "/activations/new?playbook=epidemic-emergency",
        "/activations/{activation}",
        "/cards/{card}",
        "/declarations",
        "/declarations/new",
        "/declarations/{declaration}",
        "/measures",
        "/measures/new",
        "/measures/{measure}",
        "/warnings",
        "/warnings/new",
        "/warnings/received",
        "/campaigns",
        "/campaigns/{campaign}",
        "/conflicts",
        "/events/{declaration}",
        "/events/{declaration}/report",
        "/releases/{over}",
        "/lessons/{lesson}/publish?step=card-community",
        "/readiness/510104001",
    ],
    "dispatcher": [
        "/desk",
        "/desk/tasks/{task}",
        "/forces?area=510104001",
        "/forces/partners?area=510104001001",
        "/forces/roster?area=510104001001",
        "/forces/companies",
    ],
    "worker": [
        "/field/forms",
        "/desk?show=done",
        "/directives/{directive}/sign",
        "/access/passes",
        "/access/passes/enrol",
        "/readiness/510104001001/stock",
        "/admissions",
        "/field/forms",
        "/field/forms/door-screening/paper",
    ],
    "lead": ["/desk", "/admissions", "/events/{over}/review", "/weaknesses"],
    "department": ["/admissions"],
    "admin": ["/access/accounts"],
    "screener": ["/field"],
}
REFUSED = {
    "guard": ("/playbooks", 403),
    "neighbour_head": ("/desk/tasks/{task}", 404),
    "city_commander": ("/no/such", 404),
}


@pytest.fixture
def scene(settings, tmp_path):
    """The tiny city in an emergency, with a playbook at work and a team whose doors are given out."""
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    set_clock(settings.CLOCK_FILE, shown=AT + timedelta(minutes=5), speed=1)
    scene = make_emergency(at=AT)
    scene.visit("510104001001", "ANSWERED", 12)
    scene.read("510104", 6)
    planner = Actor.system("plan", acts=["playbook.edit", "admission.decide"], ranges=[CITY])
    seed_forms(scene.cast.unit("5101:lead-body"), by=planner, at=AT)
    seed_playbooks(by=planner, at=AT)
    return scene


@pytest.fixture
def names(scene) -> dict[str, object]:
    """What the addresses are filled with."""
    by = scene.cast.city_commander
    declaration = Declaration.objects.get()
    activation = activate_playbook(
        get_playbook("epidemic-emergency"), ground_codes=["510104"], declaration=declaration, by=by, at=AT
    )
    own = units_on([CITY], ["community"]).filter(code="510104001001:community")
    form_teams(units=own, per_doors=20, stands_down_at=AT + timedelta(days=2), by=by, at=AT)
    over, lesson = _learned(scene.cast)
    owed = Task.objects.everywhere("a test").filter(owner=scene.cast.unit("510104001:street-office"))
    return {
        "directive": scene.directive.pk,
        "activation": activation.pk,
        "card": activation.items.filter(kind="CARD").first().pk,
        "declaration": declaration.pk,
        "measure": Measure.objects.first().pk,
        "campaign": scene.round.campaign_id,
        "task": owed.order_by("pk").first().pk,
        "over": over,
        "lesson": lesson,
    }


def _learned(cast) -> tuple[int, int]:
    """An exercise that is over, under review, with a weakness; and an accepted lesson."""
    over = declare(
        number="DRILL-2",
        matter="Exercise that is over",
        hazard="flood",
        level=4,
        basis="annual exercise plan",
        issuer=cast.unit("5101:city-command"),
        ground_codes=["510104"],
        starts_at=AT,
        expected_until=AT + timedelta(days=2),
        measures=["patrols"],
        by=cast.city_commander,
        at=AT,
        drill=True,
    )
    end_declaration(over, reason="over", by=cast.city_commander, at=AT + timedelta(minutes=1))
    note_weakness(
        title="No second line",
        owner_id=cast.unit("510104:district-command").pk,
        due_on=(AT + timedelta(days=30)).date(),
        review=Review.objects.get(),
        by=cast.lead,
        at=AT,
    )
    lesson = propose_lesson(title="Ring first", text="Ring before you climb", playbook="flood", by=cast.worker, at=AT)
    return over.pk, decide_lesson(lesson, accept=True, reason="true", by=cast.lead, at=AT).pk


def faults(page: Page) -> list[str]:
    """This function will say what is wrong with a page on a desk and on a phone; empty when nothing is."""
    found = []
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > size["width"]:
            found.append(f"{wide} wide on {size['width']}")
        found += serious(page)
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((head) => Number(head.tagName[1]))")
    if levels.count(1) != 1 or levels[0] != 1 or any(low - high > 1 for high, low in pairwise(levels)):
        found.append(f"headings {levels}")
    return found


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("who", PAGES)
def test_pages_load_and_fit_and_read_aloud(scene, names, open_page, troubles, who, lang):
    first, *others = [address.format(**names) for address in PAGES[who]]
    page = open_page(scene.cast, who, first, lang=lang)
    wrong = {}
    for address in (first, *others):
        answer = page.goto(address)
        if answer is None or answer.status != 200 or ("login" in page.url) != ("login" in address):
            wrong[address] = [f"{answer and answer.status} {page.url}"]
        elif found := faults(page):
            wrong[address] = found
    assert wrong == {}
    assert troubles == []


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_refusals_are_pages_of_the_house(scene, names, open_page, lang):
    for who, (address, status) in REFUSED.items():
        page = open_page(scene.cast, who, "/access/post", lang=lang)
        answer = page.goto(address.format(**names))
        assert answer is not None
        assert answer.status == status
        expect(page.locator(".refusal h1")).to_have_count(1)
        assert faults(page) == []


def test_what_scrolls_sideways_is_reached_by_keyboard(scene, open_page):
    """Whether the window or what stands in the table made it so; what fits is no stop of the tab key."""
    page = open_page(scene.cast, "dispatcher", "/forces/companies", lang="en")
    box = page.locator(".table-responsive").first
    page.set_viewport_size(DESK)
    expect(box).not_to_have_attribute("tabindex", "0")
    box.locator("table").evaluate("table => { table.style.minWidth = '2000px' }")
    expect(box).to_have_attribute("tabindex", "0")
    page.set_viewport_size({"width": 2400, "height": 900})
    box.locator("table").evaluate("table => { table.style.minWidth = '' }")
    expect(box).not_to_have_attribute("tabindex", "0")
