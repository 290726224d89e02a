"""Spreadsheets of the world: pyxform's own fixtures, lists of thousands, files that are none."""

import csv
import io
import re
import zipfile
from xml.etree.ElementTree import fromstring

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from qipan.forms.rules import FormBroken, Media, convert_xlsform, make_xlsform
from qipan.forms.rules.columns import Column, answer_at, read_columns, write_columns
from qipan.forms.rules.dictionary import MUST_REUSE, overlap
from qipan.kernel.testing import real_data

from .sheets import HEATING, sheet

XF = "{http://www.w3.org/2002/xforms}"
# What does not convert, and what is said of it.
BROKEN = {
    "fruits.csv": "no XLSForm",
    "gps.csv": "row 2: the question “location” has no label",
    "include.csv": "include is not supported",
    "include.md": "include is not supported",
    "include.xls": "include is not supported",
    "include.xlsx": "include is not supported",
    "include_json.csv": "include is not supported",
    "include_json.md": "include is not supported",
    "include_json.xls": "include is not supported",
    "include_json.xlsx": "include is not supported",
    "unknown_question_type.xls": "sheet survey: two columns mean the same: 'bind:relevant', 'relevance'",
}


@pytest.mark.row("ORG-12")
def test_the_standards_own_fixtures_convert_or_say_why() -> None:
    converted, broken = {}, {}
    files = [
        path
        for path in sorted(real_data("xlsform/pyxform/tests/example_xls").iterdir())
        if path.suffix in (".xls", ".xlsx", ".csv", ".md")
    ]
    with override("en"):
        for path in files:
            try:
                made = convert_xlsform(path.read_bytes(), code="abc", version=3)
            except FormBroken as refusal:
                broken[path.name] = refusal.problems[0]
            else:
                first = next(fromstring(made.xform).iterfind(f".//{XF}instance/*"))
                assert (first.attrib["id"], first.attrib["version"]) == ("abc", "3"), path.name
                converted[path.name] = len(made.questions)
    assert len(files) == 65
    assert set(broken) == set(BROKEN)
    assert {name: text for name, text in broken.items() if BROKEN[name] not in text} == {}
    assert (len(converted), sum(converted.values())) == (54, 314)
    assert converted["xlsform_spec_test.xlsx"] == 46


def test_a_list_of_thousands_of_wards_is_taken_both_ways() -> None:
    items = fromstring(real_data("forms/wards.xml").read_text("utf-8")).findall("item")
    rows = [(one.findtext("name") or "", one.findtext("label") or "") for one in items]
    assert (len(rows), len({name for name, _label in rows})) == (11_800, 9_538)
    choices = [["list_name", "name", "label"], *(["wards", name, label] for name, label in rows)]
    survey = [["type", "name", "label"], ["select_one wards", "ward", "Ward"]]
    with override("en"), pytest.raises(FormBroken) as refused:
        convert_xlsform(make_xlsform({"survey": survey, "choices": choices}), code="wards", version=1)
    assert refused.value.problems == ["sheet choices, row 9539: the name of the choice stands twice in its list"]
    inside = make_xlsform({"survey": survey, "choices": choices, "settings": [["allow_choice_duplicates"], ["yes"]]})
    made = convert_xlsform(inside, code="wards", version=1)
    assert len(fromstring(made.xform).findall(f".//{XF}instance[@id='wards']/{XF}root/{XF}item")) == len(rows)
    written = io.StringIO(newline="")
    csv.writer(written).writerows([("name", "label"), *rows])
    beside = make_xlsform({"survey": [["type", "name", "label"], ["select_one_from_file wards.csv", "ward", "Ward"]]})
    made = convert_xlsform(beside, code="wards", version=1, media=[Media("wards.csv", written.getvalue().encode())])
    assert 'src="jr://file-csv/wards.csv"' in made.xform and len(made.xform) < 2_000
    assert [one.name for one in made.media] == ["wards.csv"]


def packed(**parts: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return kept.getvalue()


def entities() -> bytes:
    """A real workbook whose first sheet defines entities that grow without end."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet(*HEATING))) as read, zipfile.ZipFile(kept, "w") as book:
        for name in read.namelist():
            content = read.read(name)
            if name.endswith("sheet1.xml"):
                content = b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>' + re.sub(
                    rb"^<\?xml[^>]*>", b"", content
                )
            book.writestr(name, content)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"", "no XLSForm"),
        (b"\0\1\2", "neither a spreadsheet nor text"),
        (b"PK\3\4 no zip at all", "cannot be read"),
        (b"\xd0\xcf\x11\xe0 no xls at all", "no XLSForm"),
        (b"x" * 5_000_001, "larger than 5 MB"),
        (packed(a=b"0" * 50_000_001), "unpacks to more than 50 MB"),
        (entities(), "defines entities"),
        (make_xlsform({"questions": [["a"]], "more": [["b"]]}), "the sheet survey is missing"),
        (sheet(*([["begin_group", f"g{n}", "组", "G", "", ""] for n in range(30)])), "20 deep"),
        (sheet(["text", "a", "甲 ${b}", "A", "", ""]), "row 2"),
        (sheet(["select_one no_such", "a", "甲", "A", "", ""]), "row 2: the list of choices “no_such” is missing"),
    ],
    ids=["empty", "binary", "zip", "xls", "large", "bomb", "entities", "sheets", "deep", "reference", "list"],
)
def test_what_is_no_form_is_refused_with_a_reason(raw: bytes, part: str) -> None:
    with override("en"), pytest.raises(FormBroken) as refused:
        convert_xlsform(raw, code="abc", version=1)
    assert part in refused.value.problems[0]


def test_the_settings_of_a_sheet_send_nothing_elsewhere() -> None:
    settings_sheet = [
        ["form_id", "version", "submission_url", "public_key", "auto_send", "name", "default_language"],
        ["mine", "99", "https://elsewhere.example", "AAAA", "true", "root", "English (en)"],
    ]
    with override("en"):
        made = convert_xlsform(sheet(*HEATING, settings=settings_sheet), code="ours", version=2)
    for part in ("mine", 'version="99"', "elsewhere", "AAAA", "auto-send"):
        assert part not in made.xform
    assert '<data id="ours" version="2"' in made.xform
    assert {one.split(":", 1)[1].split()[0] for one in made.warnings if one.startswith("sheet settings")} == {
        "submission_url",
        "public_key",
        "auto_send",
    }
    assert made.languages == ("中文 (zh)", "English (en)")
    assert [one.path for one in made.questions][1] == "/data/inside/heating"


@tries(max_examples=25, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_a_refusal(raw: bytes) -> None:
    for lead in (b"", b"PK", b"| survey |\n| | type | name |\n"):
        try:
            convert_xlsform(lead + raw, code="abc", version=1)
        except FormBroken as refused:
            assert refused.problems


codes = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@given(codes, codes, codes)
def test_what_is_known_of_a_form(fields: list[str], held: list[str], elsewhere: list[str]) -> None:
    """Nothing counts twice; a held field always asks for reuse; with reuse only what other forms ask counts."""
    found = overlap(fields, held=held, elsewhere=elsewhere)
    distinct = set(fields)
    assert found.fields == len(distinct)
    assert set(found.held) == distinct & set(held)
    assert set(found.asked) == (distinct & set(elsewhere)) - set(held)
    assert 0 <= found.share <= 1 and 0 <= found.share_asked <= 1
    assert found.must_reuse(reuse=False) == (bool(found.held) or found.share >= MUST_REUSE)
    left = len(distinct) - len(found.held)
    assert found.must_reuse(reuse=True) == (left > 0 and len(found.asked) * 10 >= left * 6)


def test_sixty_percent_is_the_limit() -> None:
    assert overlap("abcde", held=(), elsewhere="abc").must_reuse(reuse=False)
    assert not overlap("abcde", held=(), elsewhere="ab").must_reuse(reuse=False)


def test_columns_are_read_as_they_are_written() -> None:
    paths = {"heating": "/data/inside/heating", "door_heating_works": "/data/inside/heating"}
    columns, wrong = read_columns('户号 = @place\n供暖=door_heating_works\n来源 = "社区"\n备注 = ""\n', paths=paths)
    assert wrong == []
    assert columns == [
        Column("户号", "@place"), Column("供暖", "/data/inside/heating"), Column("来源", text="社区"), Column("备注"),
    ]  # fmt: skip
    again, wrong = read_columns(
        write_columns([one.__dict__ for one in columns]), paths={**paths, paths["heating"]: paths["heating"]}
    )
    assert (again, wrong) == (columns, [])
    assert read_columns("a\nb = nothing\nc = @place\nc = @id", paths=paths)[1] == ["a", "b = nothing", "c = @id"]


def test_answers_are_found_by_their_path() -> None:
    answers = {"a": "1", "g": {"b": ["x", "y"]}, "r": [{"c": "p"}, {"c": "q"}], "e": ""}
    assert [answer_at(answers, f"/data/{path}") for path in ("a", "g/b", "r/c", "e", "no", "a/b")] == [
        "1",
        "x; y",
        "p; q",
        "",
        "",
        "",
    ]
