"""English names of areas: the proper part in pinyin, the generic part in words; what a file says wins."""

from datetime import date

import pytest
from django.utils import translation

from qipan.kernel.place import CITY, COMMUNITY, COMPOUND, DISTRICT, PROVINCE, STREET, range_of
from qipan.territory.api import children, generate_register, get_area, import_divisions, split_area
from qipan.territory.models import Area, Compound
from qipan.territory.rules.english import english_name

from .conftest import AT, BEGIN, city_rows, journal

pytestmark = pytest.mark.row("ORG-1")


@pytest.mark.parametrize(
    ("level", "name", "english"),
    [
        (PROVINCE, "四川省", "Sichuan"),
        (PROVINCE, "陕西省", "Shaanxi"),
        (CITY, "成都市", "Chengdu"),
        (CITY, "阿坝藏族羌族自治州", "Aba Tibetan and Qiang Autonomous Prefecture"),
        (CITY, "乌鲁木齐市", "Urumqi"),
        (DISTRICT, "锦江区", "Jinjiang District"),
        (DISTRICT, "都江堰市", "Dujiangyan City"),
        (DISTRICT, "郫县", "Pixian County"),
        (DISTRICT, "长宁区", "Changning District"),
        (DISTRICT, "西安区", "Xi'an District"),
        (DISTRICT, "东乡族自治县", "Dongxiang Autonomous County"),
        (DISTRICT, "双江拉祜族佤族布朗族傣族自治县", "Shuangjiang Lahu, Va, Blang and Dai Autonomous County"),
        (DISTRICT, "浦东新区", "Pudong New Area"),
        (STREET, "督院街街道", "Duyuanjie Subdistrict"),
        (STREET, "督院街街道办事处", "Duyuanjie Subdistrict"),
        (STREET, "洛带镇", "Luodai Town"),
        (STREET, "彭镇", "Pengzhen Town"),
        (STREET, "马边彝族乡", "Mabian Yi Ethnic Township"),
        (STREET, "八五〇农场", "Bawuling Farm"),
        (COMMUNITY, "凉水井社区居委会", "Liangshuijing Community"),
        (COMMUNITY, "三河村村委会", "Sanhe Village"),
        (COMMUNITY, "东村村民委员会", "Dongcun Village"),
        (COMMUNITY, "白音嘎查村委会", "Baiyin Gacha"),
        (COMMUNITY, "A区社区", "A Qu Community"),
        (COMMUNITY, "社区", "Shequ"),
        (COMPOUND, "锦江一街2号院", "Jinjiangyijie No. 2 Court"),
        (COMPOUND, "第3村民小组", "Village Group 3"),
        (COMPOUND, "桂溪花园", "Guixi Gardens"),
        (COMPOUND, "", ""),
    ],
)
def test_names_as_they_stand_on_an_english_map(level, name, english):
    assert english_name(name, level) == english


def test_the_longest_name_that_a_file_may_carry_still_fits():
    assert len(english_name("双" * 79 + "村", COMMUNITY)) == 120


@pytest.mark.django_db
def test_an_import_names_every_area_and_a_file_s_own_name_wins(keeper):
    rows = [row._replace(name_en="Brocade River" if row.code == "510104" else "") for row in city_rows()]
    import_divisions(rows, valid_from=BEGIN, source="map", by=keeper, at=AT)
    assert not Area.objects.filter(name_en="").exists()
    assert get_area("510104").name_en == "Brocade River"
    assert get_area("510105001").name_en == "Qingyangqu 1 Subdistrict"
    with translation.override("en"):
        assert [area.label for area in children("5101")] == ["Brocade River", "Qingyang District"]
    with translation.override("zh-hans"):
        assert [area.label for area in children("5101")] == ["锦江区", "青羊区"]


@pytest.mark.django_db
def test_a_name_once_given_stays_while_the_chinese_one_does(keeper):
    given = [row._replace(name_en="Brocade River" if row.code == "510104" else "") for row in city_rows()]
    import_divisions(given, valid_from=BEGIN, source="map", by=keeper, at=AT)
    silent = [row._replace(name_en="") for row in city_rows()]
    held, entries = Area.objects.count(), len(journal())
    import_divisions(silent, valid_from=date(2025, 1, 1), source="map", by=keeper, at=AT)
    assert (Area.objects.count(), len(journal())) == (held, entries)  # the same map: nothing is written
    assert get_area("510104").name_en == "Brocade River"
    renamed = [row._replace(name="锦绣区") if row.code == "510104" else row for row in silent]
    report = import_divisions(renamed, valid_from=date(2025, 1, 1), source="map", by=keeper, at=AT)
    assert report.counts == {"added": 0, "removed": 0, "renamed": 1, "moved": 0}
    assert get_area("510104").name_en == "Jinxiu District"
    assert get_area("510104", on=BEGIN).name_en == "Brocade River"


@pytest.mark.django_db
def test_compounds_and_split_areas_have_english_names_too(city, keeper):
    generate_register([range_of("510104")], seed=1, scale=0.01, by=keeper, at=AT)
    for compound in Compound.objects.all():
        assert compound.name_en == english_name(compound.name, COMPOUND) != ""
    one = children("510104001001")[0]
    with translation.override("en"):
        assert one.label == one.name_en == Compound.objects.get(place=one.place).label
    new = split_area(
        "510104001",
        new_code="510104009",
        name="沙河街道",
        parts=["510104001002"],
        on=date(2025, 1, 1),
        by=keeper,
        at=AT,
    )
    assert new.name_en == "Shahe Subdistrict"
