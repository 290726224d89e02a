"""The front door of laws: articles by date, what cites them, what a repeal flags."""

from .actions.citing import Cited, cite, cite_all, end_citations, end_due_citations
from .actions.importing import seed_laws
from .actions.register import ArticleRepealed, repeal_article
from .models import Article, Law
from .queries.citing import name_owners, name_subjects, units_citing
from .queries.register import (
    ArticleNotForUse,
    ArticleNotInForce,
    ArticleUnknown,
    Flag,
    article_choices,
    cited_by,
    flags_of,
    get_article,
    get_version,
    rested_on,
)
from .terms import Ending, Use

__all__ = [
    "Article",
    "ArticleNotForUse",
    "ArticleNotInForce",
    "ArticleRepealed",
    "ArticleUnknown",
    "Cited",
    "Ending",
    "Flag",
    "Law",
    "Use",
    "article_choices",
    "cite",
    "cite_all",
    "cited_by",
    "end_citations",
    "end_due_citations",
    "flags_of",
    "get_article",
    "get_version",
    "name_owners",
    "name_subjects",
    "repeal_article",
    "rested_on",
    "seed_laws",
    "units_citing",
]
