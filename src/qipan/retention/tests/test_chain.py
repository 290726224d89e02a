"""How long a run of destruction rests after a step."""

from hypothesis import given
from hypothesis import strategies as st

from qipan.retention.rules.chain import rest_after


@given(took=st.floats(0, 600), share=st.floats(0.05, 1))
def test_a_run_is_at_work_for_no_more_than_its_share(took: float, share: float) -> None:
    rest = rest_after(took, share)
    assert rest >= 0
    assert abs(took - share * (took + rest)) < 1e-9 * (1 + took)


def test_at_the_full_share_it_never_rests() -> None:
    assert rest_after(3.0, 1.0) == 0.0
