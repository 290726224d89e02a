from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.forms.rules import PASSPORT, may_open, missing_of, valid

FULL = dict.fromkeys(PASSPORT, "x")
moments = st.integers(0, 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize("name", PASSPORT)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_each_missing_part_of_a_passport_is_named(name: str, blank: str | None) -> None:
    assert missing_of({**FULL, name: blank}) == name


def test_a_full_passport_lacks_nothing() -> None:
    assert missing_of(FULL) is None


@pytest.mark.row("EMG-19")
@pytest.mark.parametrize("subject", ["UNIT", "DOOR", "PERSON"])
@pytest.mark.parametrize("kind", [None, "STANDING", "EMERGENCY"])
def test_only_persons_under_the_standing_posture_are_not_asked(subject: str, kind: str | None) -> None:
    assert may_open(subject, kind) is (subject != "PERSON" or kind != "STANDING")


@given(start=moments, seconds=st.integers(1, 10**8), offset=st.integers(-(10**8), 10**8))
def test_validity_includes_its_start_and_excludes_its_end(start: datetime, seconds: int, offset: int) -> None:
    end, at = start + timedelta(seconds=seconds), start + timedelta(seconds=offset)
    assert valid(start, end, at=at) is (0 <= offset < seconds)
