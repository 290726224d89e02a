"""Every real file of service requests is taken over but for the lines that are wrong themselves, each with its reason."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from bench.civic import DATA, FILES, bring
from qipan.journal.api import verify

from ..models import Matter

# lines, matters, and why lines stay out: (fault, field) by number
EXPECTED: dict[str, tuple[int, int, dict[tuple[str, str], int]]] = {}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_a_real_file_goes_in_but_for_its_bad_lines(db, file):
    if not (DATA / file.path).exists():
        pytest.skip(f"shared/data/{file.path} is not there")
    checked, batch = bring(file, at=datetime(2026, 11, 25, tzinfo=UTC))
    reasons = Counter((problem.fault, problem.field) for problem in checked.problems)
    print(
        file.path,
        batch.lines,
        batch.matters,
        batch.left_out,
        {(str(a), str(b)): n for (a, b), n in reasons.items()},
        checked.problems[:3],
    )
    assert batch.lines == batch.matters + batch.left_out
    assert Matter.objects.everywhere("a test").count() == batch.matters
    assert verify().differences == []
