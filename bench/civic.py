"""Real service requests of seven cities' files, read where they lie (``../shared/data``), each with the map, catalogue
and units that a city would have: what is refused then is what is wrong with the lines themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from qipan.duties.api import OrganType, Unit
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.matters.actions.catalogue import COLUMNS, import_catalogue
from qipan.matters.actions.importing import Checked, check_lines, import_lines
from qipan.matters.input.mapping import Table, read_file
from qipan.matters.models import Import
from qipan.matters.rules.importing import SEPARATOR, Rules
from qipan.territory.api import DivisionRow, import_divisions

DATA = Path(__file__).resolve().parent.parent.parent / "shared/data"
CITY = "5101"


@dataclass(frozen=True)
class File:
    """A real file and what its columns and words mean."""

    path: str
    rules: Rules
    areas: Sequence[str] = ()  # columns: street, community; or one
    ends: dict[str, str] = field(default_factory=dict)


def ended(how: dict[str, str], *opens: str) -> dict[str, dict[str, str]]:
    """This function will return the tables of words of a column that says state and closing kind at once."""
    states = {**dict.fromkeys(how, "ENDED"), **dict.fromkeys(opens, "OPEN")}
    return {"state": states, "closing": how}


# "Closed" is what the file says; that somebody looked at the place, it does not say: explained, not solved.
NYC = ended({"Closed": "EXPLAINED"}, "In Progress", "Assigned", "Open", "Pending")
MESSAGES = {"number": ("留言编号",), "text": ("留言主题", "留言详情"), "reported": ("留言时间",)}
OPEN_IN_CITY = {"state": "OPEN", "place": CITY}


def nyc(name: str, old: bool) -> File:
    """This function will return one of New York's exports, in its older or newer names of columns."""
    names = (
        ("Unique Key", "Complaint Type", "Community Board", "Descriptor", "Created Date", "Agency Name", "Status", "Closed Date")
        if old
        else ("unique_key", "complaint_type", "community_board", "descriptor", "created_date", "agency_name", "status", "closed_date")
    )  # fmt: skip
    key, kind, board, words, reported, unit, state, closed = ((column,) for column in names)
    columns = {
        "number": key, "category": kind, "place": board, "text": words, "reported": reported, "unit": unit,
        "state": state, "closing": state, "ended": closed,
    }  # fmt: skip
    dates = "MDY" if old else "YMD"
    rules = Rules(columns=columns, words=NYC, dates=dates, zone="America/New_York", missing=("N/A", "Unspecified"))
    return File(f"civic_en/{name}", rules, areas=board)


FILES = (
    File(
        "civic_zh/pingshan_give_first70pct.csv",
        Rules(
            columns={
                "number": ("REC_ID",), "category": ("SUB_TYPE_NAME",), "place": ("STREET_NAME", "COMMUNITY_NAME"),
                "reported": ("CREATE_TIME",), "unit": ("DISPOSE_UNIT_NAME",), "spot": ("OCCUR_PLACE",),
                "state": ("INTIME_TO_ARCHIVE_NUM",),
            },
            constants={"closing": "EXPLAINED"},
            words={"state": {"0": "ENDED", "1": "OPEN"}},
        ),
        areas=("STREET_NAME", "COMMUNITY_NAME"),
    ),
    File("civic_zh/附件3.xlsx", Rules(columns=MESSAGES, constants={**OPEN_IN_CITY, "category": "00001"})),
    File("civic_zh/附件2_694035434.xlsx", Rules(columns={**MESSAGES, "category": ("一级分类",)}, constants=OPEN_IN_CITY)),
    File("civic_zh/file2.xlsx", Rules(columns={**MESSAGES, "category": ("一级分类",)}, constants=OPEN_IN_CITY)),
    File("civic_zh/热点问题留言明细表.xlsx", Rules(columns=MESSAGES, constants={**OPEN_IN_CITY, "category": "00001"})),
    File(
        "civic_en/MyLA311_2017_Subset.csv",
        Rules(
            columns={
                "number": ("SRNumber",), "category": ("RequestType",), "place": ("NCName",), "spot": ("Address",),
                "reported": ("CreatedDate",), "unit": ("Owner",), "state": ("Status",), "closing": ("Status",),
                "ended": ("ClosedDate",),
            },
            words=ended({"Closed": "EXPLAINED", "Cancelled": "ANSWERED", "Referred Out": "REDIRECTED"}, "Open"),
            dates="MDY",
            zone="America/Los_Angeles",
        ),
        areas=("NCName",),
    ),
    File(
        "civic_en/sf311_Maarham.csv",
        Rules(
            columns={
                "number": ("unique_key",), "category": ("category",), "place": ("neighborhood",),
                "text": ("complaint_type", "descriptor"), "reported": ("created_date",), "unit": ("agency_name",),
                "state": ("status",), "closing": ("status",), "ended": ("closed_date",),
            },
            words=ended({"Closed": "EXPLAINED"}, "Open"),
            zone="America/Los_Angeles",
        ),
        areas=("neighborhood",),
    ),
    nyc("nyc311_2019-12-31_1000rows.csv", old=False),
    nyc("nyc311_2022-05-01_924rows.csv", old=True),
    nyc("nyc311_2024-04-16_1000rows.csv", old=False),
    nyc("nyc311_animal_5895rows_2010-2025.csv", old=True),
)  # fmt: skip
# What else lies there: an answer of a student, a taxonomy, lists and outlines. None of it are matters.
NOT_MATTERS = ("问题2 热点问题表.xlsx", "附件1.xlsx")


def by_all(acts: Sequence[str]) -> Actor:
    """This function will return an actor with these acts on the whole city."""
    return Actor.system("civic files", acts=acts, ranges=[range_of(CITY)])


def settle(file: File, table: Table, *, at: datetime, cities: Callable[[], Any] | None = None) -> Rules:
    """This function will give the city the file's areas, categories and units; returns the mapping with its words."""
    by = by_all(["territory.import", "matter.catalogue"])
    rules, words = file.rules, dict(file.rules.words)
    kinds = sorted(table.words_of(rules.columns.get("category", ()), rules)) if "category" in rules.columns else [""]
    kinds = [kind for kind in kinds if kind] or ["?"]
    codes = {kind: f"{n:05d}" for n, kind in enumerate(kinds, 1)}
    plain = dict.fromkeys(COLUMNS, "x") | {name: "1wd" for name in COLUMNS if name.startswith("limit_")}
    import_catalogue(
        [{**plain, "code": code, "kind": "EVENT", "name": f"类{code}"} for code in codes.values()], by=by, at=at
    )
    words["category"] = codes
    rows, places = areas(file, table)
    import_divisions(rows, valid_from=date(2020, 1, 1), source="civic file", removal_meant=True, by=by, at=at)
    words["place"] = places
    units = table.words_of(rules.columns.get("unit", ()), rules)
    words["unit"] = {name: f"unit:{n}" for n, name in enumerate(sorted(units), 1) if name}
    organ, _made = OrganType.objects.get_or_create(
        code="civic", defaults={"name": "civic", "name_en": "civic", "level": 1}
    )
    office, _made = OrganType.objects.get_or_create(
        code="civic-office", defaults={"name": "office", "name_en": "office", "level": 1, "is_command": True}
    )
    first, last = range_of(CITY)
    for code, kind in [("civic:office", office), *((code, organ) for code in words["unit"].values())]:
        Unit.objects.get_or_create(
            code=code,
            defaults={
                "organ_type": kind, "name": f"单位{code}", "place": first, "first": first, "last": last,
                "valid_from": date(2020, 1, 1),
            },
        )  # fmt: skip
    return replace(rules, words={name: table_ for name, table_ in words.items() if table_})


def areas(file: File, table: Table) -> tuple[list[DivisionRow], dict[str, str]]:
    """This function will number the file's areas below the city, and return the map with the words for its places."""
    rows = [DivisionRow(CITY, "市", 1, "51"), DivisionRow(f"{CITY}01", "区", 2, CITY)]
    places: dict[str, str] = {}
    streets: dict[str, str] = {}
    pairs = sorted({tuple(word.split(SEPARATOR)) for word in table.words_of(file.areas, file.rules) if word})
    for pair in pairs:
        above = pair[0] if len(file.areas) > 1 else "街道"
        if len(pair) < len(file.areas):
            continue  # the file leaves one of them out: no such area
        if above not in streets:
            streets[above] = f"{CITY}01{len(streets) + 1:03d}"
            rows.append(DivisionRow(streets[above], above, 3, f"{CITY}01"))
        code = f"{streets[above]}{len(places) + 1:03d}"
        rows.append(DivisionRow(code, pair[-1][:80], 4, streets[above]))
        places[SEPARATOR.join(pair)] = code
    return rows, places


def bring(file: File, *, at: datetime) -> tuple[Checked, Import]:
    """This function will take over a real file, its bad lines left out."""
    table = read_file((DATA / file.path).read_bytes())
    rules = settle(file, table, at=at)
    by = by_all(["matter.import", "matter.report", "matter.dispatch"])
    checked = check_lines(table.header, table.lines, mapping=file.path[-60:], rules=rules, by=by, at=at)
    batch = import_lines(
        checked, name=Path(file.path).name, sha256=table.sha256, mapping=file.path[-60:], rules=rules, leave_out=True,
        by=by, at=at,
    )  # fmt: skip
    return checked, batch
