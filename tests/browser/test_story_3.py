"""Story 3 of users.md, scaled down: three rounds walked by phone, each with the network cut for a part of it, what is left,
the comparison at the end of the day, the recount, one board.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from playwright.sync_api import Browser, Page, expect

from qipan.access.api import issue_pass
from qipan.deployment.api import Team, form_teams
from qipan.journal.api import verify
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import place_text, range_of
from qipan.pages.testing import Scene, make_emergency
from qipan.screening.api import (
    SETTLED,
    DoorState,
    Outcome,
    Visit,
    assign_doors,
    close_round,
    count_left,
    draw_recount,
    open_round,
    rechecks,
)
from qipan.territory.api import doors_within

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
LEVELS = ("5101", "510104", "510104001", "510104001001")
COMPOUND = "510104001001001"  # the phone's; its ten doors
ELSEWHERE = {"510104001001002": 10, "510104001002": 20, "510104002": 40, "510105": 80}  # doors of the others
DOOR = (COMPOUND + "{:04d}").format
KEPT = """async () => Boolean(navigator.serviceWorker.controller
  && await (await caches.open('qipan-pages')).match(location.href, { ignoreVary: true }))"""


@dataclass
class Phone:
    """A phone of 360 px on which a team's pass was opened; its clock is turned on where a person would wait."""

    browser: Browser
    address: str
    link: str
    page: Page = field(init=False)
    entered: int = 0

    def __post_init__(self) -> None:
        context = self.browser.new_context(
            viewport={"width": 360, "height": 740},
            has_touch=True,
            is_mobile=True,
            locale="zh-CN",
            base_url=self.address,
        )
        self.page = context.new_page()
        self.page.clock.install()
        self.page.goto(self.link)
        self.page.locator("main form button").click()
        self.page.wait_for_url("**/field")
        if self.page.locator("#field-card").count():  # a partner's people have none
            self.page.locator("#card-done").tap()
        expect(self.page.locator("[data-place]")).to_have_count(10)

    def cut(self, off: bool = True) -> None:
        self.page.context.set_offline(off)
        if off:
            expect(self.page.locator("#field-note")).to_contain_text("没有网络")

    def enter(self, door: int, outcome: str, *, mistaken: str = "") -> None:
        """Enters a visit; what was ``mistaken`` first is taken back."""
        self.page.locator(f"[data-place='{DOOR(door)}']").tap()
        if mistaken:
            self.page.locator(f"[data-name={mistaken}]").tap()
            self.page.locator("#door-back").tap()
        self.page.locator(f"[data-name={outcome}]").tap()
        self.entered += 1

    def shut(self) -> None:
        self.page.locator("#door-close").tap()

    def waits(self, count: int) -> None:
        """So many lie here and do not go out, although the time to take them back is over."""
        self.page.clock.run_for(6_000)
        expect(self.page.locator("#count-KEPT")).to_have_text(str(count), timeout=15_000)

    def sent(self) -> None:
        """All that was entered goes out by itself, and the server answers."""
        self.page.clock.run_for(6_000)
        expect(self.page.locator("#count-ACKNOWLEDGED")).to_have_text(str(self.entered), timeout=20_000)
        expect(self.page.locator("#count-KEPT")).to_have_text("0")

    def ends_the_day(self) -> None:
        """What this phone has finished and what the server holds are compared: nothing is missing."""
        self.page.locator("#field-compare").tap()
        expect(self.page.locator("#field-compared")).to_contain_text("服务器全部收到")

    def handed_in(self) -> Counter[str]:
        """What the page of the team's own visits shows of today."""
        page = self.page.context.new_page()
        page.goto("/field/visits")
        found = Counter(page.locator("tbody td").all_inner_texts())
        page.close()
        return found


def visits_of(scene: Scene) -> list[tuple[int, str]]:
    """What the server holds of the phone's compound in the round."""
    rows = Visit.objects.everywhere("a test").filter(round=scene.round, place__range=range_of(COMPOUND))
    held = rows.order_by("place", "outcome").values_list("place", "outcome")
    return [(place % 10_000, Outcome(outcome).name) for place, outcome in held]


def recounted(scene: Scene, code: str) -> dict[str, object]:
    """The figures of an area, counted from its doors and the rows of its visits and from nothing else."""
    found: dict[int, list[int]] = defaultdict(list)
    rows = Visit.objects.everywhere("a test").filter(round=scene.round, place__range=range_of(code))
    for place, outcome in rows.values_list("place", "outcome"):
        found[place].append(outcome)
    doors = doors_within([range_of(code)]).count()
    states = Counter({DoorState.UNTOUCHED: doors - len(found)})
    for outcomes in found.values():
        vacant = len(outcomes) >= 3 and set(outcomes) == {Outcome.NOT_HOME}
        states[DoorState.PRESUMED_VACANT if vacant else DoorState(max(outcomes))] += 1
    settled = sum(states[state] for state in SETTLED)
    told = {state.name: count for state, count in states.items() if count}
    return {"round": scene.round.pk, "doors": doors, "settled": settled, "visits": rows.count(), "states": told}


def shown(board: Page, scene: Scene) -> list[tuple[int, int]]:
    """Settled doors and doors of each level as the board shows them, once it shows what the rows say."""
    rows = [recounted(scene, code) for code in LEVELS]
    for _reading in range(50):  # the board reads the whole city every few seconds
        told = [board.request.get(f"/api/board/{code}").json()["coverage"] for code in LEVELS]
        told = [{name: one[name] for name in rows[0]} for one in told]
        for one in told:
            one["states"] = {name: count for name, count in one["states"].items() if count}
        if told == rows:
            return [(one["settled"], one["doors"]) for one in told]
        board.wait_for_timeout(200)
    raise AssertionError(f"the board tells {told}, the rows {rows}")


@pytest.mark.row("SCR-1", "SCR-2", "SCR-3", "SCR-7", "EMG-20")
def test_story_3_three_rounds_to_the_last_door(browser, live_server, open_page, troubles):
    scene = make_emergency(at=datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    cast, at, ends = scene.cast, scene.at, scene.at + timedelta(days=9)
    commander = cast.city_commander
    communities = [cast.unit(f"51010400100{n}:community") for n in (1, 2)]
    company = cast.unit("510104:property-company-1")
    form_teams(units=[*communities, company], per_doors=10, stands_down_at=ends, by=commander, at=at)
    assign_doors(scene.round, by=commander, at=at)

    def given(unit, role: str, digits: int) -> Phone:
        team = Team.objects.everywhere("a test").get(unit=unit, first__lte=DOOR(1), last__gte=DOOR(1))
        seeder = Actor.system("test", acts=["pass.issue"], ranges=[range_of("5101")])
        opened = issue_pass(
            label="排查员", role_code=role, unit=unit, code=place_text(team.place)[:digits], team=team.pk, expires_at=ends,
            by=seeder, at=at,
        )  # fmt: skip
        return Phone(browser, live_server.url, opened.link)

    def next_round() -> None:
        close_round(scene.round, by=commander, at=at)
        scene.round = open_round(scene.round.campaign, grounds=[range_of("5101")], closes_at=ends, by=commander, at=at)
        assign_doors(scene.round, by=commander, at=at)
        phone.page.reload()
        expect(phone.page.locator("[data-place]")).to_have_count(10)

    def left() -> list[int]:
        return [count_left(scene.round.pk, scope=Scope((range_of(code),))) for code in LEVELS]

    phone, partner = given(communities[0], "screening-worker", 12), given(company, "partner-visitor", 15)
    board = open_page(cast, "city_commander", "/board")

    # Round 1. One door with a network, then it is cut: nobody home three times, a refusal, and what was mistaken is taken back.
    phone.enter(1, "ANSWERED")
    phone.shut()
    phone.sent()
    phone.cut()
    for _time in range(3):
        phone.enter(2, "NOT_HOME")
        phone.shut()
    expect(phone.page.locator(f"[data-place='{DOOR(2)}']")).to_contain_text("推定空置")
    phone.enter(3, "REFUSED")
    phone.shut()
    phone.enter(4, "APPOINTMENT", mistaken="DEMOLISHED")
    phone.shut()
    phone.waits(5)
    assert visits_of(scene) == [(1, "ANSWERED")]
    phone.cut(False)
    phone.sent()
    assert visits_of(scene) == [
        (1, "ANSWERED"),
        (2, "NOT_HOME"),
        (2, "NOT_HOME"),
        (2, "NOT_HOME"),
        (3, "REFUSED"),
        (4, "APPOINTMENT"),
    ]
    assert [check.place for check in rechecks(scene.round.pk, scope=Scope((range_of("5101"),)))] == [int(DOOR(2))]
    scene.visit("510105", "ANSWERED", 80)
    phone.ends_the_day()
    assert shown(board, scene) == [(83, 160), (3, 80), (3, 40), (3, 20)]
    # Who is still to be visited is exact at every level: doors less what is settled.
    assert left() == [77, 77, 37, 17]

    # Round 2. A partner helps in the same compound, without a network; each of the two sees only what it handed in itself.
    next_round()
    partner.page.reload()
    phone.enter(3, "REFUSED")
    phone.shut()
    phone.sent()
    phone.enter(3, "BY_PHONE")  # a correction of what has left the phone: the higher one stands
    phone.shut()
    phone.cut()
    phone.enter(4, "ANSWERED")
    phone.shut()
    phone.enter(2, "NOT_HOME")
    phone.shut()
    phone.waits(3)
    for _wait in range(100):
        if phone.page.evaluate(KEPT):
            break
        phone.page.wait_for_timeout(100)
    phone.page.reload()  # the battery was out
    expect(phone.page.locator("#count-KEPT")).to_have_text("3")
    expect(phone.page.locator("#field-note")).to_contain_text("没有网络")
    for _time in range(2):
        phone.enter(2, "NOT_HOME")
        phone.shut()
    partner.cut()
    partner.enter(5, "ANSWERED")
    partner.shut()
    partner.waits(1)
    assert visits_of(scene) == [(3, "REFUSED")]
    for one in (phone, partner):
        one.cut(False)
        one.sent()
        one.ends_the_day()
    assert visits_of(scene) == [
        (2, "NOT_HOME"),
        (2, "NOT_HOME"),
        (2, "NOT_HOME"),
        (3, "REFUSED"),
        (3, "BY_PHONE"),
        (4, "ANSWERED"),
        (5, "ANSWERED"),
    ]
    assert partner.handed_in() == Counter({"已应答": 1})
    scene.visit("510104002", "ANSWERED", 40)
    assert shown(board, scene) == [(44, 160), (44, 80), (4, 40), (4, 20)]
    assert left() == [116, 36, 36, 16]

    # Round 3. Every door of the compound, most of them without a network; the others hand in theirs.
    next_round()
    phone.enter(1, "ANSWERED")
    phone.shut()
    phone.sent()
    phone.cut()
    for _time in range(3):
        phone.enter(2, "NOT_HOME")
        phone.shut()
    phone.enter(3, "VACANT_KNOWN", mistaken="ANSWERED")
    for _door in range(4, 11):
        phone.page.locator("#door-next").tap()
        phone.page.locator("[data-name=ANSWERED]").tap()
        phone.entered += 1
    expect(phone.page.locator("#door-next")).to_be_hidden()
    phone.shut()
    phone.waits(11)
    assert visits_of(scene) == [(1, "ANSWERED")]
    phone.cut(False)
    phone.sent()
    assert visits_of(scene) == [
        (1, "ANSWERED"),
        (2, "NOT_HOME"),
        (2, "NOT_HOME"),
        (2, "NOT_HOME"),
        (3, "VACANT_KNOWN"),
        *((door, "ANSWERED") for door in range(4, 11)),
    ]
    phone.ends_the_day()
    phone.page.reload()
    expect(phone.page.locator("#field-list")).to_have_text("本轮这里的每一户都已落实。")
    assert sum(phone.handed_in().values()) == phone.entered
    for code, doors in ELSEWHERE.items():
        scene.visit(code, "ANSWERED", doors)
    assert shown(board, scene) == [(160, 160), (80, 80), (40, 40), (20, 20)]
    assert left() == [0, 0, 0, 0]
    assert scene.round.number == 3
    lists = apps.get_model("field", "DeviceList").objects.everywhere("a test")
    assert [(row.missing, row.broken_at, row.emptied_at) for row in lists] == [([], None, None)] * 2
    for one in (phone, partner):
        one.page.context.close()

    # The third round is closed and a door in fifty is seen again, by a team that was not there.
    close_round(scene.round, by=commander, at=at)
    recount = draw_recount(scene.round, ground=range_of("510104001001"), closes_at=ends, by=commander, at=at)
    assert (recount.claimed, recount.drawn, recount.permille) == (20, 1, 20)
    drawn = recount.doors.everywhere("a test").get()
    teams = Team.objects.everywhere("a test").filter(place__range=range_of("510104001001")).order_by("first")
    those = [one.pk for one in teams if not one.first <= drawn.place <= one.last]  # the community's and the company's
    assert (len(teams), len(those), drawn.team_id in those) == (4, 2, True)
    again = open_page(cast, "worker", "/recounts")
    expect(again.locator("form.card")).to_have_count(1)
    again.locator("[name=found][value=ANSWERED]").check()
    again.locator("[name=came]").first.check()
    assert serious(again) == []
    again.get_by_role("button", name="录入").last.click()
    expect(again.locator("form.card")).to_have_count(0)
    assert serious(board) == []
    assert verify().differences == []
    assert troubles == []
