"""Documents that must not drift from the code."""

import csv
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands

from qipan.config.settings import env_networks

ROOT = Path(__file__).resolve().parents[2]
STATES = {"works", "partly", "not yet"}
MARK = re.compile(r"mark\.row\(([^)]*)\)")


def marked_rows() -> dict[str, set[str]]:
    """This function will return the capability rows that tests name, and the test files that name them."""
    found: dict[str, set[str]] = {}
    for folder in ("src", "tests"):
        for path in (ROOT / folder).rglob("test_*.py"):
            for arguments in MARK.findall(path.read_text(encoding="utf-8")):
                for row in re.findall(r"[A-Z]{3}-\d+", arguments):
                    found.setdefault(row, set()).add(str(path.relative_to(ROOT)))
    return found


def coverage() -> dict[str, dict[str, str]]:
    with open(ROOT / "docs" / "coverage.csv", encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_coverage_lists_all_150_rows_once():
    with open(ROOT / "docs" / "coverage.csv", encoding="utf-8", newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    assert len(ids) == 150 == len(set(ids))
    assert {row["state"] for row in coverage().values()} <= STATES


def test_a_row_that_works_has_a_test_and_a_test_has_its_row():
    marked, rows = marked_rows(), coverage()
    assert set(marked) <= set(rows)
    claimed = {row_id for row_id, row in rows.items() if row["state"] != "not yet"}
    assert claimed - set(marked) == set(), "claimed in coverage.csv without a test"
    assert set(marked) - claimed == set(), "tested but not in coverage.csv"


def test_what_is_partly_done_says_what_is_missing():
    assert [row_id for row_id, row in coverage().items() if row["state"] == "partly" and not row["missing"]] == []


@pytest.mark.row("PRI-6")
def test_both_read_mes_name_the_source_of_the_specification():
    for file, authors in {
        "README.md": "Party school and policy research office",
        "README.zh.md": "党校与政策研究室",
    }.items():
        (line,) = [part for part in (ROOT / file).read_text(encoding="utf-8").split("\n\n") if authors in part]
        assert {"README.md": "specification follows", "README.zh.md": "所依据的规范"}[file] in line


def test_every_setting_is_documented():
    source = (ROOT / "src/qipan/config/settings.py").read_text(encoding="utf-8")
    documented = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    names = set(re.findall(r'"((?:QIPAN_|DATABASE_)[A-Z_]+)"', source))
    assert len(names) >= 10
    assert {name for name in names if f"`{name}`" not in documented} == set()


def test_networks_of_ones_own_are_read_or_the_start_stops(monkeypatch):
    for said, read in (
        ("", ()),
        ("10.20.0.0/16, fd00::/8", ("10.20.0.0/16", "fd00::/8")),
        ("10.1.2.3", ("10.1.2.3/32",)),
    ):
        monkeypatch.setenv("QIPAN_OWN_NETWORKS", said)
        assert env_networks("QIPAN_OWN_NETWORKS") == read
    for wrong in ("True", "10.20.0.1/16", "inside.example"):
        monkeypatch.setenv("QIPAN_OWN_NETWORKS", wrong)
        with pytest.raises(ImproperlyConfigured, match="QIPAN_OWN_NETWORKS must be networks"):
            env_networks("QIPAN_OWN_NETWORKS")


def test_every_command_is_documented():
    documented = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    ours = {name for name, app in get_commands().items() if str(app).startswith("qipan")}
    assert len(ours) >= 8
    assert {name for name in ours if f"`qipan {name.replace('_', '-')}" not in documented} == set()


def test_each_red_line_names_tests_that_exist():
    lines = [
        line for line in (ROOT / "docs/red-lines.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    assert [int(line.split("|")[1]) for line in lines if line.split("|")[1].strip().isdigit()] == list(range(1, 18))
    named = 0
    for line in lines:
        path = ""
        for file, name in re.findall(r"`([\w/.]*)::(\w+)`", line):
            path = file or path
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), (path, name)
            named += 1
    assert named >= 25
