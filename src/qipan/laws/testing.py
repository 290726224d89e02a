"""A few articles of the seed, for the tests of the rooms that cite them: two statements, not the whole register."""

from datetime import date

from .models import Article, Law
from .terms import LawKind, Use

# code, number, lowest rank, uses
ARTICLES = (
    ("erl-2024-72", "72", 2, [Use.MEASURE, Use.RESPONSE]),
    ("erl-2024-73", "73", 2, [Use.MEASURE, Use.ZONE]),
    ("pidl-2025-66", "66", 3, [Use.MEASURE]),
    ("erl-2024-76", "76", 2, [Use.REQUISITION]),
    ("pipl-2021-34", "34", None, [Use.FORM, Use.DATA_PURPOSE]),
    ("erl-2024-87", "87", None, [Use.FORM, Use.WORK]),
    ("civil-2021-285", "285", None, [Use.LIST_ITEM, Use.WORK]),
    ("civil-2021-942", "942", None, [Use.LIST_ITEM, Use.WORK]),
)
NAMES = {
    "erl-2024": ("突发事件应对法（2024年修订）", "Emergency Response Law (2024)"),
    "pidl-2025": ("传染病防治法（2025年修订）", "Infectious Diseases Law (2025)"),
    "pipl-2021": ("个人信息保护法", "Personal Information Protection Law"),
    "civil-2021": ("民法典", "Civil Code"),
}


def make_articles(*, since: date = date(2020, 1, 1)) -> dict[str, Article]:
    """This function will write the articles, in force from ``since``, and return them by code."""
    laws = {
        code: Law(code=code, kind=LawKind.LAW, name=name, name_en=name_en, link="https://flk.npc.gov.cn/")
        for code, (name, name_en) in NAMES.items()
    }
    Law.objects.bulk_create(laws.values())
    made = [
        Article(
            code=code,
            law=laws[code.rpartition("-")[0]],
            number=number,
            summary=f"第{number}条的说明",
            summary_en=f"What article {number} says",
            minimum_rank=rank,
            uses=[use.value for use in uses],
            valid_from=since,
        )
        for code, number, rank, uses in ARTICLES
    ]
    Article.objects.bulk_create(made)
    return {one.code: one for one in made}
