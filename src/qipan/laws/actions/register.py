"""Acts on the register of laws: add an article, put it in other words, replace it, repeal it, each by date."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal

from ..models import Article
from ..queries.register import basis_keys, in_force
from ..terms import Ending


class ReasonNeeded(Refusal):
    code = "law_reason_needed"
    sentence = _("Say why the article is repealed or replaced: the decision or the new law.")
    status = 400


class LawsAreHistory(Refusal):
    code = "laws_are_history"
    sentence = _("What was in force stays as it was: a change begins on %(first)s or later.")


class AlreadyEnded(Refusal):
    code = "article_ended"
    sentence = _("This version of the article ends on %(on)s already.")


class SuccessorIsItself(Refusal):
    code = "successor_is_itself"
    sentence = _("An article cannot stand in its own place; enter its new version instead.")
    status = 400


@dataclass(frozen=True)
class ArticleRepealed:
    """An article was repealed or replaced from a day on: what cites one of ``versions`` loses its basis that day.

    ``versions`` are the keys of the version that ends and of those before it that said the same in other words.
    """

    article: str
    versions: tuple[int, ...]
    ending: str
    since: date
    successor: str | None
    reason: str
    at: datetime


@transaction.atomic
def repeal_article(code: str, *, since: date, reason: str, successor: str = "", by: Actor, at: datetime) -> Article:
    """This function will repeal an article from a day on; ``successor`` is the code of the one that stands in its place.

    Everything that cites it is flagged from this moment. Needs ``law.edit``. Raises ``NotAllowed``, ``NotFound``,
    ``ReasonNeeded``, ``AlreadyEnded``, ``LawsAreHistory``, ``SuccessorIsItself``.
    """
    by.require("law.edit")
    article = _to_end(code, since=since, reason=reason, at=at)
    after: Article | None = None
    if successor.strip():
        if successor.strip() == code:
            raise SuccessorIsItself(field="successor")
        after = Article.objects.filter(in_force(since), code=successor.strip()).first()
        if after is None:
            raise NotFound
    ending = Ending.REPLACED if after else Ending.REPEALED
    end_article(article, ending, since=since, reason=reason, successor=after)
    tell_end(article, by=by, at=at)
    return article


def _to_end(code: str, *, since: date, reason: str, at: datetime) -> Article:
    article = Article.objects.select_for_update().filter(code=code).order_by("-valid_from", "-pk").first()
    if article is None:
        raise NotFound
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    if article.ending:
        raise AlreadyEnded(on=article.valid_to, field="since")
    first = max(localdate(at), article.valid_from)
    if since < first:
        raise LawsAreHistory(first=first, field="since")
    return article


def end_article(article: Article, ending: str, *, since: date, reason: str, successor: Article | None = None) -> None:
    """This function will end a version. Part of an act, which has checked the day."""
    article.ending, article.valid_to = ending, since
    article.end_reason, article.successor = reason.strip(), successor
    article.save(update_fields=["ending", "valid_to", "end_reason", "successor"])


def tell_end(article: Article, *, by: Actor, at: datetime) -> None:
    """This function will record the end of a version and tell whoever rests on it. Part of an act."""
    since, successor = article.valid_to, article.successor
    assert since is not None
    data = {
        "ending": article.ending,
        "since": since.isoformat(),
        "reason": article.end_reason,
        "successor": successor.code if successor else None,
    }
    record("laws.end_article", subject=article, by=by, at=at, data=data)
    if article.ending == Ending.REWORDED:
        return
    publish(
        ArticleRepealed(
            article=article.code,
            versions=tuple(basis_keys(article)),
            ending=article.ending,
            since=since,
            successor=successor.code if successor else None,
            reason=article.end_reason,
            at=at,
        )
    )
