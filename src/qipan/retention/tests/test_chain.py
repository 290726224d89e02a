"""How long a run of destruction rests after a step."""

from hypothesis import given
from hypothesis import strategies as st

from qipan.retention.rules.chain import PACE, SHARE, rest_after


@given(took=st.floats(0, 600), rows=st.integers(0, 10_000_000))
def test_a_run_keeps_its_pace_and_leaves_the_others_their_share(took: float, rows: int) -> None:
    rest = rest_after(took, rows)
    assert rest >= 0
    assert took <= SHARE * (took + rest) + 1e-9
    assert rows <= PACE * (took + rest) + 1e-3
    # No longer than one of the two asks for.
    assert rest <= took * (1 - SHARE) / SHARE or abs(rows - PACE * (took + rest)) < 1e-3


def test_a_quick_step_waits_for_its_pace_and_a_slow_one_for_the_others() -> None:
    assert rest_after(0.02, 4_500) == 0.23
    assert rest_after(3.0, 4_500) == 3.0
    assert rest_after(0.5, 0) == 0.5
