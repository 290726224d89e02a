import json
from dataclasses import replace

import pytest

from qipan.replay.driver.ledger import Ledger
from qipan.replay.driver.report import Report, broken, percentile, summary

WANTED = (
    *("communities", "doors", "rounds", "visits_sent", "visits_acknowledged", "visits_stored", "duplicates_sent"),
    *("duplicates_counted", "visits_per_second", "directive_recipients", "directive_commit_s"),
    *("directive_p99_delivery_s", "board_p95_ms", "board_max_age_s", "level_mismatches", "left_open_after_release"),
)
GOOD = Report(
    city="5101", seed=1, scale=0.01, territory="generated", database="sqlite", days=11, rounds=3,
    communities=40, doors=1160, visits_sent=110, visits_acknowledged=100, visits_stored=100, verified=True,
)  # fmt: skip


def test_a_replay_that_held_has_nothing_broken():
    assert broken(GOOD) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"communities": 0}, "community"),
        ({"visits_acknowledged": 0, "visits_stored": 0}, "no visit"),
        ({"acknowledged_missing": 1}, "not in the database"),
        ({"visits_stored": 101}, "101 visits are stored"),
        ({"visits_stored": 99}, "99 visits are stored"),
        ({"duplicates_counted": 1}, "duplicates were counted"),
        ({"level_mismatches": 1}, "differ between levels"),
        ({"unexpected": ["500"]}, "as they must be"),
        ({"directive_undelivered": 2}, "never received"),
        ({"left_listed": 3}, "listed as left"),
        ({"board_max_age_s": 2.01}, "2.01 s old"),
        ({"left_open_after_release": [{"title": "x", "owner": ""}]}, "nobody owns"),
        ({"left_open_after_release": 1}, "nobody owns"),
        ({"shifts_named": 3, "shifts_filled": 2}, "2 shifts are filled, 3 were named"),
        ({"tasks_open_after_release": 3}, "3 tasks stand open"),
        ({"verified": False, "verify_says": "coverage"}, "verify: coverage"),
    ],
)
def test_each_thing_that_must_hold_is_named_when_it_does_not(change, word):
    [sentence] = broken(replace(GOOD, **change))
    assert word in sentence


def test_what_is_left_open_with_an_owner_is_allowed_and_told():
    report = replace(GOOD, left_open_after_release=[{"title": "门岗", "owner": "锦江区指挥部"}])
    assert broken(report) == []
    assert "1 left open" in summary(report)


def test_the_file_holds_every_key_that_is_promised(tmp_path):
    GOOD.write(tmp_path / "report.json")
    assert set(WANTED) <= set(json.loads((tmp_path / "report.json").read_text("utf-8")))


@pytest.mark.parametrize(
    ("values", "share", "wanted"),
    [
        ([], 0.95, 0.0),
        ([5.0], 0.95, 5.0),
        ([3, 1, 2, 4], 0.5, 2),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 102)), 0.99, 100),
    ],
)
def test_percentiles_are_nearest_ranks(values, share, wanted):
    assert percentile(values, share) == wanted


class TestLedger:
    def test_age_is_the_time_since_the_first_visit_that_a_board_lacks(self, monkeypatch):
        moment = iter([10.0, 20.0])
        monkeypatch.setattr("qipan.replay.driver.ledger.time.monotonic", lambda: next(moment))
        ledger = Ledger()
        ledger.note_acknowledged([b"a" * 16])
        ledger.note_acknowledged([b"b" * 16, b"c" * 16])
        assert [ledger.age_of(seen, 21.0) for seen in (0, 1, 2, 3)] == [11.0, 1.0, 1.0, 0.0]
        assert ledger.age_of(1, 19.0) == 0.0  # what came after the question is not lacking
        assert (ledger.acknowledged, len(ledger.ids)) == (3, 48)
