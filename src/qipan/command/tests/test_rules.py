import json

import pytest

from qipan.command import rules
from qipan.command.actions.playbooks import DATA


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_every_playbook_that_is_brought_is_valid(path):
    given = json.loads(path.read_text(encoding="utf-8"))
    assert rules.problems_of(given["steps"], given["posture"]) == []
    assert all(step["title"] and step["title_en"] for step in given["steps"])


def posture_step(**changed):
    return {"key": "p", "kind": "POSTURE", "title": "应急", "title_en": "Emergency", "posture": "EMERGENCY", **changed}


def form_step(**changed):
    return {
        "key": "f",
        "kind": "FORM",
        "title": "表",
        "title_en": "Form",
        "form": "unit-daily-status",
        "days": 3,
        **changed,
    }


@pytest.mark.parametrize(
    ("_case", "steps", "posture", "problem"),
    [
        ("no list", {}, "EMERGENCY", "steps: a list with at least one step is needed"),
        ("empty", [], "EMERGENCY", "steps: a list with at least one step is needed"),
        ("no object", [3], "EMERGENCY", "step 1: an object is needed"),
        ("unknown posture", [posture_step()], "ROUTINE", "posture: 'ROUTINE' is neither of STANDING, EMERGENCY"),
        ("other posture", [posture_step()], "STANDING", "step 1: posture 'EMERGENCY' is not the playbook's (STANDING)"),
        ("late posture", [form_step(), posture_step()], "EMERGENCY", "step 2: POSTURE must be the first step"),
        ("missing field", [form_step(form="")], "EMERGENCY", "step 1: form is missing"),
        ("missing English", [form_step(title_en="")], "EMERGENCY", "step 1: title_en is missing"),
        ("unknown field", [form_step(colour="red")], "EMERGENCY", "step 1: colour is not known for FORM"),
        ("wrong type", [form_step(days="3")], "EMERGENCY", "step 1: days has the wrong type"),
        ("truth is no number", [form_step(days=True)], "EMERGENCY", "step 1: days has the wrong type"),
        ("zero days", [form_step(days=0)], "EMERGENCY", "step 1: days must be positive"),
        ("same key", [form_step(), form_step()], "EMERGENCY", "step 2: key 'f' is used twice"),
        (
            "round without campaign",
            [{"key": "r", "kind": "ROUND", "title": "轮", "title_en": "Round", "campaign": "c", "days": 4}],
            "EMERGENCY",
            "step 1: campaign 'c' names no CAMPAIGN step before it",
        ),
    ],
)
def test_a_faulty_step_is_named(_case, steps, posture, problem):
    assert rules.problems_of(steps, posture) == [problem]


def test_an_unknown_kind_is_named_with_the_known_ones():
    (problem,) = rules.problems_of([form_step(kind="SIEGE")], "EMERGENCY")
    assert problem.startswith("step 1: kind 'SIEGE' is none of POSTURE, MEASURE")


def test_diff_names_what_was_added_removed_and_changed():
    old = [posture_step(), form_step()]
    new = [posture_step(), form_step(days=5), form_step(key="g", form="door-screening")]
    assert [(c.key, c.change, c.fields) for c in rules.diff_of(old, new)] == [
        ("f", "changed", (("days", 3, 5),)),
        ("g", "added", ()),
    ]
    assert [(c.key, c.change) for c in rules.diff_of(new, old)] == [("f", "changed"), ("g", "removed")]


def test_diff_of_the_same_is_empty_and_a_moved_step_says_so():
    steps = [posture_step(), form_step(), form_step(key="g")]
    assert rules.diff_of(steps, steps) == []
    assert [(c.key, c.change) for c in rules.diff_of(steps, [steps[0], steps[2], steps[1]])] == [
        ("g", "moved"),
        ("f", "moved"),
    ]


def test_text_changes_show_lines():
    assert rules.text_changes("a\nb", "a\nc") == [("same", "a"), ("removed", "b"), ("added", "c")]


def test_ranges_that_touch_or_overlap_become_one():
    assert rules.merged([(5, 9), (1, 4), (20, 30), (25, 27)]) == [(1, 9), (20, 30)]
