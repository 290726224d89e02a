import pytest

from qipan.kernel.ids import MOST, key_of


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0", 0),
        ("007", 7),
        (str(MOST), MOST),
        (str(MOST + 1), None),
        ("9" * 5000, None),
        ("", None),
        ("-1", None),
        ("1.0", None),
        (" 1", None),
        ("²", None),
        ("٥", None),
        ("1_0", None),
        ("\x00", None),
    ],
)
def test_a_key_is_plain_digits_that_fit_a_column(text: str, key: int | None) -> None:
    assert key_of(text) == key
