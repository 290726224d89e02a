"""English names of areas from their Chinese ones: the proper part in pinyin, the generic part in words.

Where a file gives an English name, that one holds; this is for the many that have none (GB/T 28039 in spirit).
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path

from qipan.kernel.place import CITY, COMMUNITY, COMPOUND, DISTRICT, PROVINCE, STREET

DATA = Path(__file__).parent.parent / "data"
LONGEST = 120

_ZONES = {
    "高新技术产业开发区": "High-Tech Industrial Development Zone",
    "经济技术开发区": "Economic and Technological Development Zone",
    "经济开发区": "Economic Development Zone",
    "工业园区": "Industrial Park",
    "产业园区": "Industrial Park",
    "产业园": "Industrial Park",
    "开发区": "Development Zone",
    "示范区": "Demonstration Zone",
    "管理区": "Administrative Zone",
}
# The generic parts of names by level; of several that end a name the longest counts.
GENERICS: Mapping[int, Mapping[str, str]] = {
    PROVINCE: {"自治区": "Autonomous Region", "省": "", "市": ""},
    CITY: {"自治州": "Autonomous Prefecture", "地区": "Prefecture", "盟": "League", "市": ""},
    DISTRICT: {
        **_ZONES,
        "自治县": "Autonomous County",
        "自治旗": "Autonomous Banner",
        "新区": "New Area",
        "矿区": "Mining District",
        "林区": "Forestry District",
        "特区": "Special District",
        "区": "District",
        "县": "County",
        "市": "City",
        "旗": "Banner",
    },
    STREET: {
        **_ZONES,
        "街道办事处": "Subdistrict",
        "街道": "Subdistrict",
        "民族苏木": "Ethnic Sumu",
        "苏木": "Sumu",
        "民族乡": "Ethnic Township",
        "民族镇": "Ethnic Town",
        "镇": "Town",
        "乡": "Township",
        "地区": "Area",
        "农场": "Farm",
        "林场": "Forest Farm",
        "牧场": "Stock Farm",
        "监狱": "Prison",
    },
    COMMUNITY: {
        **dict.fromkeys(("社区居民委员会", "社区居委会", "社区居委", "社区"), "Community"),
        **dict.fromkeys(("居民委员会", "居委会", "居委", "家委会"), "Community"),
        **dict.fromkeys(("村村民委员会", "村民委员会", "村村委会", "村委会", "村委", "村"), "Village"),
        **dict.fromkeys(("嘎查村民委员会", "嘎查村委会", "嘎查委员会", "嘎查"), "Gacha"),
        "管理区": "Administrative Zone",
        "生活区": "Residential Area",
    },
    COMPOUND: {
        "村民小组": "Village Group",
        "小区": "Estate",
        "花园": "Gardens",
        "家园": "Homes",
        "公寓": "Apartments",
        "庭院": "Court",
        "院": "Court",
        "苑": "Garden",
    },
}
# A one-syllable name keeps the sign of its kind: 郫县 is Pixian County, 东村 Dongcun Village.
_KEPT = frozenset("区县市旗镇乡村")
_ENDINGS = {level: sorted(words, key=len, reverse=True) for level, words in GENERICS.items()}
_ORDINAL = re.compile(r"第(?=\d)")
_NUMBER = re.compile(r"(\d+)号$")
_HAN = re.compile(r"[\u3007\u3400-\u9fff\U00020000-\U000323af]+")


def _table(name: str) -> dict[str, str]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["name_en"] for row in csv.DictReader(file)}


@cache
def _known() -> dict[str, str]:
    """This function will read the names that pinyin would not give."""
    return _table("names_en.csv")


@cache
def _pinyin() -> Callable[..., list[str]]:
    """This function will return the transcriber, taught how places are read; 56 MB, so only where it is needed."""
    from pypinyin import lazy_pinyin, load_phrases_dict, load_single_dict

    readings = _table("readings.csv")
    load_single_dict({ord(sign): reading for sign, reading in readings.items() if len(sign) == 1})
    load_phrases_dict({name: [[part] for part in text.split()] for name, text in readings.items() if len(name) > 1})
    return lazy_pinyin


@cache
def _peoples() -> tuple[re.Pattern[str], dict[str, str]]:
    """This function will read the names of peoples as they stand in autonomous areas, longest first."""
    words = _table("peoples.csv")
    return re.compile(f"(?:{'|'.join(sorted(words, key=len, reverse=True))})"), words


def _word(text: str) -> str:
    """This function will join the syllables of one name; an apostrophe keeps those apart that begin with a vowel."""
    syllables = [part for part in _pinyin()(text, v_to_u=True, errors="ignore") if part]
    return "".join(
        f"'{part}" if place and part[0] in "aoe" else part for place, part in enumerate(syllables)
    ).capitalize()


def _latin(text: str) -> str:
    """This function will write a name in Latin letters; figures and letters in it stay as they are."""
    plain = unicodedata.normalize("NFKC", text).replace("、", ",")
    plain = _NUMBER.sub(r" No. \1", _ORDINAL.sub("", plain))
    spaced = _HAN.sub(lambda found: f" {_word(found[0])} ", plain)
    return re.sub(r"(?<=[(]) | (?=[),.])", "", " ".join(spaced.split()))


def _with_peoples(stem: str) -> tuple[str, list[str]]:
    """This function will cut the peoples off the end of a name: 马边彝族 is 马边 and Yi."""
    pattern, words = _peoples()
    for found in pattern.finditer(stem):
        names = pattern.findall(stem[found.start() :])
        if "".join(names) == stem[found.start() :]:
            return stem[: found.start()], [words[name] for name in names]
    return stem, []


@lru_cache(maxsize=1 << 16)
def english_name(name: str, level: int) -> str:
    """This function will return the English name of an area of a level: 锦江区 is Jinjiang District.

    Empty where there is nothing to read.
    """
    if name in _known():
        return _known()[name]
    ending = next((word for word in _ENDINGS[level] if name.endswith(word) and name != word), "")
    stem, generic = name[: len(name) - len(ending)], GENERICS[level].get(ending, "")
    if ending[:1] in _KEPT and len(stem) == 1 and generic:
        stem += ending[0]
    peoples: list[str] = []
    if stem.endswith("族") or ending.startswith("自治"):
        stem, peoples = _with_peoples(stem)
    if peoples:
        generic = " ".join([*[f"{people}," for people in peoples[:-2]], " and ".join(peoples[-2:]), generic])
        generic = re.sub(r" (?=Township$|Town$|Sumu$)", " Ethnic ", generic)
    latin = _latin(stem)
    words = (generic, latin) if latin.isdigit() else (latin, generic)  # the third group is Village Group 3
    return " ".join(words).strip()[:LONGEST].rstrip()
