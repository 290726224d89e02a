"""Articles on a day, and whether what cites them has lost its basis."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

from ..models import Article, Citation
from ..rules import Version, end_of, same_basis
from ..terms import Ending, Use

CHUNK = 500


class ArticleUnknown(Refusal):
    code = "article_unknown"
    sentence = _("The register of laws has no article “%(article)s”; choose one from the list.")
    status = 400


class ArticleNotInForce(Refusal):
    code = "article_not_in_force"
    sentence = _("%(article)s is not in force on %(on)s: %(why)s. Choose an article that is.")


class ArticleNotForUse(Refusal):
    code = "article_not_for_use"
    sentence = _("%(article)s cannot carry this (%(use)s); choose an article that does.")


@dataclass(frozen=True)
class Flag:
    """The basis of something was repealed or replaced: which article, from which day, what stands in its place."""

    article: Article
    ending: str
    since: date
    reason: str
    successor: Article | None

    @property
    def by_itself(self) -> bool:
        """Whether nothing stands in its place."""
        return self.successor is None


def in_force(on: date) -> Q:
    """This function will return the filter for the versions in force on a day."""
    return Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gt=on))


def articles_on(on: date) -> QuerySet[Article]:
    """This function will return the articles of a day with their laws."""
    return Article.objects.filter(in_force(on)).select_related("law").order_by("law__code", "code")


def article_choices(use: str, *, on: date) -> list[tuple[str, str]]:
    """This function will return the articles of a day that may carry a ``Use``, as code and label, for a list."""
    return [(one.code, f"{one.label} · {one.summary_label}") for one in articles_on(on) if use in one.uses]


def get_article(code: str, *, on: date, use: str = "") -> Article:
    """This function will return the version of an article that is in force on a day, with its law.

    With ``use``, only where the article may carry it. Raises ``ArticleUnknown``, ``ArticleNotInForce``,
    ``ArticleNotForUse``; their ``field`` is "article".
    """
    versions = list(
        Article.objects.filter(code=code).select_related("law", "successor__law").order_by("-valid_from", "-pk")
    )
    if not versions:
        raise ArticleUnknown(article=code[:60], field="article")
    article = next((one for one in versions if one.in_force(on)), None)
    if article is None:
        raise ArticleNotInForce(article=versions[0], on=on.isoformat(), why=_why(versions, on), field="article")
    if use and use not in article.uses:
        raise ArticleNotForUse(article=article, use=Use(use), field="article")
    return article


def _why(versions: list[Article], on: date) -> object:
    past = next((one for one in versions if one.valid_from <= on), None)
    if past is None:
        return _("it begins later")
    if past.successor is not None:
        return _("%(successor)s stands in its place") % {"successor": past.successor.label}
    return past.end_reason


def versions_of(codes: Iterable[str]) -> dict[int, Article]:
    """This function will return every version of some articles, with laws and successors, by key."""
    rows = Article.objects.filter(code__in=set(codes)).select_related("law", "successor__law")
    return {one.pk: one for one in rows}


def _ends(versions: dict[int, Article]) -> dict[int, Version]:
    return {key: Version(one.ending, one.valid_to, one.successor_id) for key, one in versions.items()}


def basis_keys(article: Article) -> list[int]:
    """This function will return the keys of a version and of those before it that only said the same in other words."""
    return same_basis(article.pk, _ends(versions_of([article.code])))


def flags_of(model_label: str, pks: Iterable[int]) -> dict[int, list[Flag]]:
    """This function will return, for those of a model's rows whose basis was repealed or replaced, what became of it.

    ``model_label`` as in "posture.Measure". Ends that were entered ahead count too, with the day in ``since``.
    Two queries for 500 rows; a row whose basis stands, or that cites none, has no entry.
    """
    names = [f"{model_label}:{pk}" for pk in pks]
    cited: list[tuple[str, int, str]] = []
    for n in range(0, len(names), CHUNK):
        rows = Citation.objects.everywhere("asked by the room of the subject, which checks its own scope")
        rows = rows.filter(subject__in=names[n : n + CHUNK], ended_at=None)
        cited += rows.values_list("subject", "article_id", "article__code")
    if not cited:
        return {}
    versions = versions_of(code for _subject, _key, code in cited)
    ends = _ends(versions)
    found: dict[int, list[Flag]] = {}
    for subject, key, _code in cited:
        ended = end_of(key, ends)
        if ended is not None and (since := versions[ended].valid_to) is not None:
            one = versions[ended]
            flag = Flag(one, one.ending, since, one.end_reason, one.successor)
            found.setdefault(int(subject.rpartition(":")[2]), []).append(flag)
    return found


def cited_by(model_label: str, pks: Iterable[int]) -> dict[int, list[Article]]:
    """This function will return the articles that a model's rows cite, in the version that they cite, with laws."""
    return _cited(model_label, pks, Q(ended_at=None))


def rested_on(model_label: str, pks: Iterable[int]) -> dict[int, list[Article]]:
    """This function will return the articles that rows cite, or cited until they were over, as ``cited_by`` does.

    For what never changes its basis: an order's card still names the article when the order has ended.
    """
    return _cited(model_label, pks, Q())


def _cited(model_label: str, pks: Iterable[int], which: Q) -> dict[int, list[Article]]:
    names = [f"{model_label}:{pk}" for pk in pks]
    found: dict[int, list[Article]] = {}
    for n in range(0, len(names), CHUNK):
        rows = Citation.objects.everywhere("asked by the room of the subject, which checks its own scope")
        rows = rows.filter(which, subject__in=names[n : n + CHUNK]).select_related("article__law")
        for row in rows.order_by("pk"):
            found.setdefault(int(row.subject.rpartition(":")[2]), []).append(row.article)
    return found


def lineage(code: str) -> list[Article]:
    """This function will return every version of an article, the newest first, with laws and successors."""
    rows = Article.objects.filter(code=code).select_related("law", "successor__law")
    return list(rows.order_by("-valid_from", "-pk"))


def ending_versions(*, until: date, since: date | None = None) -> QuerySet[Article]:
    """This function will return the versions that were repealed or replaced up to a day, the newest end first."""
    rows = Article.objects.filter(valid_to__lte=until).exclude(ending__in=("", Ending.REWORDED))
    rows = rows if since is None else rows.filter(valid_to__gt=since)
    return rows.select_related("law").order_by("-valid_to", "code", "pk")


def get_version(key: int) -> Article:
    """This function will return a version of an article by its key, with its law."""
    return Article.objects.select_related("law", "successor__law").get(pk=key)
