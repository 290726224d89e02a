"""A dispatcher's desk in a real browser: by keyboard, several at once, the opened row, the clock, nothing to do."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from qipan.access.testing import make_city
from qipan.desk.api import Task, TaskKind, TaskState, send_task
from qipan.kernel.clock import now
from qipan.kernel.place import range_of

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def cast():
    return make_city(at=now())


def ask(cast, count: int) -> list[Task]:
    """This function will put tasks on the street's desk, the first due in 90 minutes, each later one a day later."""
    return [
        send_task(
            kind=TaskKind.REQUEST,
            source=f"request:{number}",
            title=f"积水点巡查 {number}",
            asker=cast.unit("510104:district-command"),
            owner=cast.unit("510104001:street-office"),
            place=range_of("510104001").first,
            basis="街道职责清单第12项",
            due_at=cast.at + timedelta(minutes=90, days=number),
            by=cast.district_head,
            at=cast.at,
        )
        for number in range(count)
    ]


def states(tasks: list[Task]) -> list[str]:
    held = Task.objects.everywhere("a test").in_bulk([task.pk for task in tasks])
    return [held[task.pk].state for task in tasks]


def test_an_empty_desk_says_so(cast, open_page, troubles) -> None:
    page = open_page(cast, "dispatcher", "/desk")
    expect(page.locator(".desk-empty-say")).to_have_text("手头的事都办完了，眼下没有新的要求。")
    expect(page.locator(".row-task")).to_have_count(0)
    assert serious(page) == []
    assert troubles == []


def test_a_dispatcher_answers_one_by_keyboard(cast, open_page, troubles) -> None:
    tasks = ask(cast, 3)
    page = open_page(cast, "dispatcher", "/desk")
    rows = page.locator(".row-task")
    expect(rows).to_have_count(3)
    # The clock: what is due soonest stands first and says how long is left.
    expect(rows.nth(0)).to_contain_text("积水点巡查 0")
    assert rows.nth(0).locator(".row-clock").get_attribute("data-due")
    expect(rows.nth(0).locator(".row-clock")).not_to_have_text("")
    # Expand a row: Enter opens it beside the list, and opening is reading.
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_class("row-task new here")
    page.keyboard.press("Enter")
    beside = page.locator("#beside .task")
    expect(beside.locator(".task-title")).to_have_text("积水点巡查 1")
    expect(beside).to_contain_text("街道职责清单第12项")
    expect(page.locator(f"#task-{tasks[1].pk}")).not_to_have_class("row-task new here")
    assert states(tasks)[1] == TaskState.READ
    page.keyboard.press("a")
    expect(page.locator(f"#task-{tasks[1].pk} .row-act")).to_have_text("报告办结")
    assert states(tasks)[1] == TaskState.ACCEPTED
    assert states(tasks)[0] != TaskState.ACCEPTED
    assert states(tasks)[2] != TaskState.ACCEPTED
    assert troubles == []


def test_several_are_answered_at_once(cast, open_page, troubles) -> None:
    tasks = ask(cast, 3)
    page = open_page(cast, "dispatcher", "/desk")
    accept = page.locator("button[data-bulk][value=ACCEPTED]")
    expect(accept).to_be_disabled()
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("input[name=task]:checked")).to_have_count(2)
    expect(accept).to_be_enabled()
    accept.click()
    for task in tasks[:2]:
        expect(page.locator(f"#task-{task.pk} .row-act")).to_have_text("报告办结")
    assert [state == TaskState.ACCEPTED for state in states(tasks)] == [True, True, False]
    # All of them reported as done: the desk is clear and says what was done today.
    page.locator("[data-all]").check()
    page.locator("button[data-bulk][value=DONE]").click()
    expect(page.locator(".done-today li, .row-task").first).to_be_visible()
    assert states(tasks)[:2] == [TaskState.DONE, TaskState.DONE]
    assert troubles == []
