"""Sources that are pulled: documents into lines, places a field wants, when it is tried again."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules.sources import (
    EVERY,
    LONGEST_WAIT,
    ColumnMissing,
    NoRecords,
    NotJson,
    digits_of,
    next_due,
    quoted,
    records_of,
    rows_of,
)
from ..terms import Rhythm, Subject

AT = datetime(2026, 11, 29, 4, tzinfo=UTC)


def test_it_is_read_by_its_rhythm_and_tried_again_sooner_and_less_and_less_soon():
    assert [next_due(one, failures=0, at=AT) - AT for one in ("HOURLY", "DAILY", "WEEKLY")] == [
        timedelta(hours=1),
        timedelta(days=1),
        timedelta(days=7),
    ]
    waits = [(next_due("DAILY", failures=n, at=AT) - AT).total_seconds() / 60 for n in range(1, 10)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 360, 360]
    assert next_due("HOURLY", failures=9, at=AT) - AT == timedelta(hours=1)


@given(st.sampled_from(Rhythm.values), st.integers(0, 10**6))
def test_a_failure_never_makes_it_read_less_often_than_its_rhythm(every, failures):
    wait = next_due(every, failures=failures, at=AT) - AT
    assert timedelta(minutes=5) <= wait <= EVERY[Rhythm(every)]
    assert failures == 0 or wait <= LONGEST_WAIT


def test_places_have_the_digits_of_what_a_field_is_about_and_persons_none():
    assert digits_of(Subject.DOOR) == (12, 15, 19)
    assert digits_of(Subject.UNIT) == (4, 6, 9, 12, 15)
    assert digits_of(Subject.PERSON) == ()


DOCUMENT = {"result": {"items": [{"code": 510104001001, "properties": {"heat": "gas"}, "a.b": 1.50}]}}


def test_records_are_found_by_their_way_and_numbers_stay_as_they_are_written():
    raw = b"\xef\xbb\xbf" + json.dumps(DOCUMENT).encode().replace(b"1.5", b"1.50")
    records = records_of(raw, path="result.items")
    assert rows_of(records, place="code", value="properties.heat") == [
        {"place": "510104001001", "value": "gas", "line": "1"}
    ]
    assert rows_of(records, place="code", value="a.b")[0]["value"] == "1.50"
    big = records_of(b'[{"p": 5101040010010010001, "v": true}]', path="")
    assert rows_of(big, place="p", value="v") == [{"place": "5101040010010010001", "value": "true", "line": "1"}]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", "[{\"p\": \"燃气\"}]".encode("gb18030"), b"\xff\xfe[\x00]\x00", b"[NaN]", b"[" * 100_000, b"[" + b"9" * 5_000 + b"]"],
)  # fmt: skip
def test_what_is_no_json_is_refused(raw):
    with pytest.raises(NotJson):
        records_of(raw, path="")


def test_a_wrong_way_or_member_is_said_once_and_not_by_line():
    raw = json.dumps(DOCUMENT).encode()
    for path in ("", "result", "result.none", "result.items.code"):
        with pytest.raises(NoRecords) as found:
            records_of(raw, path=path)
        assert found.value.data["path"] == (path or "/")
    with pytest.raises(ColumnMissing) as missing:
        rows_of(records_of(raw, path="result.items"), place="code", value="heat")
    assert missing.value.data == {"field": "value_name", "name": "heat", "known": "code, properties, a.b"}


def test_records_that_lack_something_are_lines_with_nothing_in_them():
    records = [{"p": "1", "v": "x"}, {"p": None, "v": ["x"]}, "no record", {"v": {"x": 1}}, {"p": " 2 ", "v": 7}]
    assert [(row["line"], row["place"], row["value"]) for row in rows_of(records, place="p", value="v")] == [
        ("1", "1", "x"),
        ("2", "", ""),
        ("3", "", ""),
        ("4", "", ""),
        ("5", "2", "7"),
    ]


def test_another_machines_words_are_fit_to_be_kept():
    assert quoted("a\x00b\ud800c\n d" + "x" * 50) == "a?b?c d" + "x" * 32
    assert quoted("⟦masked:PERSON⟧") == "…"
    with pytest.raises(ColumnMissing) as missing:
        rows_of([{"masked:PERSON": 1, "\x00": 2}], place="p", value="v")
    assert missing.value.data["known"] == "…, ?"


plain = st.one_of(st.text(max_size=20), st.integers(-(10**18), 10**18))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(10**18, 10**19 - 1), plain), min_size=1, max_size=20))
def test_whatever_a_register_writes_plainly_comes_out_as_it_was_written(pairs):
    raw = json.dumps([{"p": place, "v": value} for place, value in pairs]).encode()
    rows = rows_of(records_of(raw, path=""), place="p", value="v")
    assert [(row["place"], row["value"]) for row in rows] == [
        (str(place), value.strip() if isinstance(value, str) else str(value)) for place, value in pairs
    ]
