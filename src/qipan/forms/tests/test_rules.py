from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.forms.rules import PASSPORT, convert_xlsform, may_open, missing_of, valid
from qipan.forms.rules.dictionary import Fault, problems_of
from qipan.forms.rules.paper import MOST_TICKED, read_paper

from .sheets import sheet

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


@pytest.mark.parametrize(
    ("label", "hint", "fault"),
    [
        ("户主的民族、宗教信仰", "", Fault.RED),
        ("其他情况", "Religion of the household", Fault.RED),
        ("心理评估", "", Fault.SEALED),
        ("其他情况", "", Fault.UNMAPPED),
    ],
)
def test_what_a_group_says_belongs_to_each_question_in_it(label: str, hint: str, fault: Fault) -> None:
    """Whoever is asked reads the label of the group above the question."""
    raw = sheet(
        ["begin_group", "more", label, hint or "More", "", ""],
        ["begin_repeat", "each", "每人", "Each", "", ""],
        ["text", "a", "请填写", "Please fill in", "", ""],
        ["end_repeat", "", "", "", "", ""],
        ["end_group", "", "", "", "", ""],
        ["text", "after", "请填写", "Please fill in", "", ""],
    )
    questions = convert_xlsform(raw, code="abc", version=1).questions
    found = {one.name: one.fault for one in problems_of(questions, {}, subject="UNIT")}
    assert found == {"a": fault, "after": Fault.UNMAPPED}


@pytest.mark.parametrize("n", [1, MOST_TICKED, MOST_TICKED + 1, 11_800])
def test_a_long_list_is_written_down_on_paper_and_not_printed_at_every_door(n: int) -> None:
    names = [["list_name", "name", "label::中文 (zh)", "label::English (en)"]]
    names += [["drugs", f"d{i}", f"药品{i}", f"Drug {i}"] for i in range(n)]
    raw = sheet(["select_one drugs", "drug", "哪种药", "Which drug", "", ""], choices=names)
    [line] = read_paper(convert_xlsform(raw, code="abc", version=1).xform)
    assert len(line.choices) == (n if n <= MOST_TICKED else 0)
