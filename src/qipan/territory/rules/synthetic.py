"""A synthetic address register: how big communities are, how they fall into compounds, how doors are numbered.

Sizes are lognormal around a median of 1,600 doors, cut at 120 and 12,000. ``SIGMA`` is the spread at which
the 3,041 to 3,047 communities of Chengdu sum to 8.75 million doors (within 1 %). Quantiles are dealt out,
not drawn, so the sum does not depend on the seed.
"""

import random
from collections.abc import Iterable, Iterator
from math import ceil, exp
from statistics import NormalDist
from typing import NamedTuple

from qipan.kernel.place import COMPOUND, place_of

from .english import english_name

MEDIAN, SIGMA, SMALLEST, LARGEST = 1_600, 1.24, 120, 12_000
COMPOUND_SMALLEST, COMPOUND_LARGEST = 100, 3_000
WITHOUT_SCREEN = 0.1
DOORS_MAX = 9_999  # four digits
SCALE_MAX = DOORS_MAX / COMPOUND_LARGEST

FIRST = [
    "锦绣",
    "翠竹",
    "芙蓉",
    "梧桐",
    "清江",
    "望江",
    "浣花",
    "百花",
    "金沙",
    "玉林",
    "银杏",
    "桂溪",
    "蓝光",
    "和平",
    "新华",
    "永丰",
    "长顺",
    "东湖",
    "西岭",
    "南苑",
    "北辰",
    "龙湖",
    "凤凰",
    "青羊",
    "水碾",
    "双桥",
    "三圣",
    "万年",
    "天府",
    "麓山",
]
LAST = ["苑", "花园", "小区", "家园", "雅居", "公寓", "新城", "佳苑", "丽景", "名都", "庭院", "里"]
TOWERS = ((6, 2, 4), (7, 2, 3), (11, 4, 2), (18, 4, 2), (26, 4, 1), (33, 6, 1))  # floors, doors a floor, entrances
COURTYARDS = ((5, 2, 3), (6, 2, 2), (6, 3, 2), (7, 2, 4))


class SyntheticCompound(NamedTuple):
    """One compound to be: its place, name, kind, doors, whether it has a screen, and how it is built."""

    place: int
    name: str
    name_en: str
    kind: str
    doors: int
    has_screen: bool
    floors: int
    per_floor: int
    entrances: int


def community_sizes(count: int) -> list[int]:
    """This function will return ``count`` sizes in doors, smallest first."""
    normal = NormalDist()
    sizes = (MEDIAN * exp(SIGMA * normal.inv_cdf((place + 0.5) / count)) for place in range(count))
    return [round(min(max(size, SMALLEST), LARGEST)) for size in sizes]


def split_doors(doors: int, chance: random.Random) -> list[int]:
    """This function will divide a community's doors among compounds of 100 to 3,000 doors each."""
    count = max(round(doors / chance.uniform(600, 1_300)), ceil(doors / COMPOUND_LARGEST), 1)
    count = max(min(count, doors // COMPOUND_SMALLEST), 1)
    sizes = [min(COMPOUND_SMALLEST, doors)] * count
    weights = [chance.uniform(0.3, 1.7) for _ in sizes]
    rest, total = doors - sum(sizes), sum(weights)
    for place, weight in enumerate(weights):
        sizes[place] += min(int(rest * weight / total), COMPOUND_LARGEST - COMPOUND_SMALLEST)
    place = 0
    for _ in range(doors - sum(sizes)):
        while sizes[place] >= COMPOUND_LARGEST:
            place = (place + 1) % count
        sizes[place] += 1
        place = (place + 1) % count
    return sizes


def synthetic_compounds(
    communities: Iterable[tuple[str, str]], *, seed: int, scale: float
) -> Iterator[SyntheticCompound]:
    """This function will give each community (code, name) its compounds; the same seed gives the same register.

    ``scale`` shrinks compounds, not their number: every community and every compound stays.
    """
    communities = sorted(communities)
    sizes = community_sizes(len(communities))
    random.Random(f"{seed}:sizes").shuffle(sizes)  # noqa: S311 - example data
    for (code, community), size in zip(communities, sizes, strict=True):
        chance = random.Random(f"{seed}:{code}")  # noqa: S311 - example data
        parts = split_doors(size, chance)
        names = [first + last for first in FIRST for last in LAST]
        chance.shuffle(names)
        village = community.endswith(("村", "村委会", "村民委员会"))
        for serial, doors in enumerate(parts, start=1):
            courtyard = doors < 300 and chance.random() < 0.5
            kind = "VILLAGE" if village else "COURTYARD" if courtyard else "ESTATE"
            floors, per_floor, entrances = chance.choice(COURTYARDS if courtyard else TOWERS)
            name = f"第{serial}村民小组" if village else names[serial]
            yield SyntheticCompound(
                place=place_of(f"{code}{serial:03d}"),
                name=name,
                name_en=english_name(name, COMPOUND),
                kind=kind,
                doors=max(1, round(doors * scale)),
                has_screen=chance.random() >= WITHOUT_SCREEN,
                floors=floors,
                per_floor=per_floor,
                entrances=entrances,
            )


def synthetic_doors(compound: SyntheticCompound) -> Iterator[tuple[int, str, str, str]]:
    """This function will number a compound's doors: (place, building, entrance, label), floor by floor."""
    first, doors = compound.place + 1, compound.doors
    if compound.kind == "VILLAGE":
        for serial in range(doors):
            yield first + serial, "", "", str(serial + 1)
        return
    labels = [
        f"{floor}{flat:02d}" for floor in range(1, compound.floors + 1) for flat in range(1, compound.per_floor + 1)
    ]
    stairs = len(labels)
    for start in range(0, doors, stairs):
        building, entrance = divmod(start // stairs, compound.entrances)
        names = str(building + 1), str(entrance + 1)
        for serial in range(start, min(start + stairs, doors)):
            yield first + serial, *names, labels[serial - start]
