"""How a phone judges by its clocks alone whether a right stands (ADR 29): its own script, under clocks that somebody sets."""

import pytest

from .conftest import run_script

DAY = 86_400_000
ENDS = 10 * DAY

# Each step, and how the right stands after it.
STORIES: dict[str, list[tuple[str, int, str]]] = {
    "a clock that leaps ahead puts the right in doubt, and set right it stands again": [
        ("runs", DAY, "stands"),
        ("set", 400 * DAY, "doubted"),
        ("runs", DAY, "doubted"),
        ("set", -400 * DAY, "stands"),
        ("runs", 7 * DAY, "stands"),
        ("runs", DAY, "over"),
    ],
    "the server's answer ends the doubt, and the leapt clock is then known to be wrong": [
        ("set", 11 * DAY, "doubted"),
        ("heard", 0, "stands"),
        ("runs", 9 * DAY, "stands"),
    ],
    "what the clock did is known to the page that is opened anew": [
        ("set", 11 * DAY, "doubted"),
        ("opened", 0, "doubted"),
        ("set", -11 * DAY, "stands"),
        ("opened", 0, "stands"),
    ],
    "time that has surely run ends the right whatever the phone's clock says": [
        ("set", -300 * DAY, "stands"),
        ("runs", 9 * DAY, "stands"),
        ("runs", DAY, "over"),
        ("set", 300 * DAY, "over"),
    ],
    "a right that ends while the phone sleeps is in doubt until the server is asked": [
        ("sleeps", 9 * DAY, "stands"),
        ("sleeps", DAY, "doubted"),
    ],
    "a clock set back prolongs nothing: time goes on from the latest that was seen": [
        ("sleeps", 6 * DAY, "stands"),
        ("set", -5 * DAY, "stands"),
        ("sleeps", 3 * DAY, "stands"),
        ("opened", 0, "stands"),
        ("sleeps", DAY, "doubted"),
        ("set", -DAY, "doubted"),
    ],
    "set back after the end it shows for no longer than was left": [
        ("sleeps", 9 * DAY, "stands"),
        ("sleeps", 3 * DAY, "doubted"),
        ("set", -8 * DAY, "stands"),
        ("runs", DAY // 2, "stands"),
        ("set", -4 * DAY, "stands"),
        ("runs", DAY // 2, "doubted"),
        ("set", -DAY, "doubted"),
    ],
    "after seven days in doubt it is over": [
        ("set", 11 * DAY, "doubted"),
        *[("sleeps", DAY, "doubted")] * 3,
        *[("runs", DAY, "doubted")] * 3,
        ("sleeps", DAY, "over"),
        ("set", -11 * DAY, "over"),
    ],
    "setting the clock back does not stretch the seven days": [
        ("set", 30 * DAY, "doubted"),
        *[("sleeps", DAY, "doubted"), ("set", -DAY, "doubted")] * 6,
        ("sleeps", DAY, "over"),
    ],
    "nor does opening it again in between": [
        ("set", 11 * DAY, "doubted"),
        ("runs", 3 * DAY, "doubted"),
        ("set", -11 * DAY, "stands"),
        ("set", 11 * DAY, "doubted"),
        ("runs", 3 * DAY, "doubted"),
        ("sleeps", DAY, "over"),
    ],
    "nor does one leap more shorten them by more than a day": [
        ("set", 11 * DAY, "doubted"),
        ("set", 365 * DAY, "doubted"),
        ("set", 365 * DAY, "doubted"),
        ("runs", 4 * DAY, "doubted"),
        ("runs", DAY, "over"),
    ],
    "what the browser has thrown away is no reason to end a right": [
        ("set", 11 * DAY, "doubted"),
        ("lost", 0, "doubted"),
        ("set", -11 * DAY, "stands"),
        ("heard", 0, "stands"),
    ],
}


# Each step, and by how much the time is wrong by which a visit would be dated then; None: by the phone's clock as it is.
DATED: dict[str, list[tuple[str, int, int | None]]] = {
    "while the page runs on after the server was heard, the time is the server's, however wrong the clock was": [
        ("set", -400 * DAY, None),
        ("heard", 0, 0),
        ("runs", 3 * DAY, 0),
    ],
    "a clock that is set afterwards makes it uncertain, in both directions, until the server is heard": [
        ("runs", DAY, 0),
        ("set", DAY, None),
        ("runs", DAY, None),
        ("heard", 0, 0),
        ("set", -DAY, None),
    ],
    "set and set back it is right again": [("set", DAY, None), ("set", -DAY, 0)],
    "a phone that slept looks like one that was set": [("sleeps", DAY, None), ("heard", 0, 0)],
    "a page that is opened anew has not heard the server": [("opened", 0, None), ("heard", 0, 0)],
    "a time server moves it by less than two seconds": [("set", 1_999, 1_999), ("set", 1, None)],
}


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, list[str | int | None]]]:
    """What the phone's script says, story by story."""
    stories = {name: [step[:2] for step in story] for name, story in (STORIES | DATED).items()}
    said: dict[str, dict[str, list[str | int | None]]] = run_script("clocks", {"ends": ENDS, "stories": stories})
    return said


@pytest.mark.row("EMG-20")
@pytest.mark.parametrize("name", STORIES)
def test_how_the_right_stands(told: dict[str, dict[str, list[str | int | None]]], name: str) -> None:
    assert told[name]["right"] == [step[2] for step in STORIES[name]]


@pytest.mark.row("EMG-20")
@pytest.mark.parametrize("name", DATED)
def test_by_which_time_a_visit_is_dated(told: dict[str, dict[str, list[str | int | None]]], name: str) -> None:
    assert told[name]["dated"] == [step[2] for step in DATED[name]]
