"""Every real file of service requests is taken over but for the lines that are wrong themselves, each with its reason."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.civic import FILES, bring
from qipan.journal.api import verify
from qipan.kernel.testing import real_data

from ..models import Matter

LONG, NO_PLACE, TWICE = ("TOO_LONG", "text"), ("MISSING", "place"), ("TWICE", "number")
ENDS_BEFORE, OPEN_ENDED = ("BEFORE", "ended"), ("OPEN_ENDED", "ended")
# lines, matters, and why lines stay out (a line may have several reasons)
EXPECTED: dict[str, tuple[int, int, dict[tuple[str, str], int]]] = {
    "pingshan_give_first70pct.csv": (7000, 6993, {NO_PLACE: 7}),
    "附件3.xlsx": (4326, 4251, {LONG: 75}),
    "附件2_694035434.xlsx": (495, 483, {LONG: 11, TWICE: 1}),
    "file2.xlsx": (495, 483, {LONG: 11, TWICE: 1}),
    "热点问题留言明细表.xlsx": (339, 338, {LONG: 1}),
    "MyLA311_2017_Subset.csv": (9999, 9888, {NO_PLACE: 100, ENDS_BEFORE: 12}),
    "sf311_Maarham.csv": (10000, 5382, {NO_PLACE: 4603, ENDS_BEFORE: 17}),
    "nyc311_2019-12-31_1000rows.csv": (1000, 999, {OPEN_ENDED: 1}),
    "nyc311_2022-05-01_924rows.csv": (924, 924, {}),
    "nyc311_2024-04-16_1000rows.csv": (1000, 999, {("MISSING", "ended"): 1}),
    "nyc311_animal_5895rows_2010-2025.csv": (
        5895, 5892, {("TOO_OLD", "ended"): 2, OPEN_ENDED: 2, ("MISSING", "state"): 1},
    ),
}  # fmt: skip


@pytest.mark.row("MAT-3")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_a_real_file_goes_in_but_for_its_bad_lines(db, file):
    real_data(file.path)
    checked, batch = bring(file, at=datetime(2026, 11, 25, tzinfo=UTC))
    reasons = Counter((problem.fault, problem.field) for problem in checked.problems)
    assert (batch.lines, batch.matters, reasons) == EXPECTED[Path(file.path).name]
    assert batch.lines == batch.matters + batch.left_out
    assert Matter.objects.everywhere("a test").count() == batch.matters
    assert verify().differences == []
