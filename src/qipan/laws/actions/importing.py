"""Whole files of the register: articles that are new, put in other words, replaced or repealed; all or nothing."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Model
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput

from ..models import Article, Law
from ..rules import Change, change_of
from ..terms import RANKS, Ending, LawKind, Use
from .register import end_article, tell_end


def lengths(model: type[Model], *names: str) -> dict[str, int]:
    """This function will return how long a model's texts may be."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    return {name: fields[name].max_length or 0 for name in names}


SEED = Path(__file__).parents[1] / "data" / "articles.csv"
LAW_COLUMNS = ("law", "kind", "law_name", "law_name_en", "law_link")
ARTICLE_COLUMNS = ("article", "number", "link", "summary", "summary_en", "minimum_rank", "uses", "valid_from")
END_COLUMNS = ("valid_to", "successor", "reason")
COLUMNS = (*LAW_COLUMNS, *ARTICLE_COLUMNS, *END_COLUMNS)
NEEDED = (*LAW_COLUMNS[:4], "law_link")
NEEDED_OF_ARTICLE = ("number", "summary", "summary_en", "valid_from")
MOST_LINES = 20_000
MOST_PROBLEMS = 200
MOST_NAMED = 50  # articles that the journal names
LONGEST = {
    **{f"law_{name}": n for name, n in lengths(Law, "name", "name_en", "link").items()},
    **lengths(Article, "number", "link", "summary", "summary_en"),
    "law": 40,
    "article": 60,
    "successor": 60,
    "reason": 300,
}
CODE = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
_is_link = URLValidator(schemes=["http", "https"])


@dataclass
class Given:
    """What a file says, line by line checked."""

    laws: dict[str, dict[str, Any]] = field(default_factory=dict)
    articles: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RegisterRead:
    """What an import did with the articles of a file."""

    added: int
    reworded: int
    replaced: int
    repealed: int
    same: int


@transaction.atomic
def import_register(rows: Sequence[Mapping[str, str]], *, by: Actor, at: datetime) -> RegisterRead:
    """This function will read laws and articles into the register; what the file does not name stays as it is.

    An article that differs in our words, in its link or in further uses is put in other words from today; a changed
    number, rank or use needs a later ``valid_from`` and is a new version; ``valid_to`` with a reason repeals. One bad
    line, and nothing changes. Needs ``law.edit``. Raises ``NotAllowed``, ``BadInput`` with every fault by line.
    """
    by.require("law.edit")
    return _put(rows, by=by, at=at)


@transaction.atomic
def seed_laws(*, by: Actor, at: datetime) -> int:
    """This function will fill an empty register from the data of the room; returns how many articles. For seeding."""
    if Law.objects.exists():
        return 0
    with open(SEED, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return _put(rows, by=by, at=at).added


def _put(rows: Sequence[Mapping[str, str]], *, by: Actor, at: datetime) -> RegisterRead:
    if not rows or len(rows) > MOST_LINES:
        raise BadInput([_now("between 1 and %(most)s lines") % {"most": MOST_LINES}])
    list(Law.objects.select_for_update().order_by("pk"))  # one change of the register at a time
    given = _read(rows)
    today = localdate(at)
    held_laws = {one.code: one for one in Law.objects.all()}
    for code, law in given.laws.items():
        held = held_laws.get(code)
        if held is not None and any(getattr(held, name) != law[name] for name in ("kind", "name", "name_en")):
            given.problems.append(
                _now("line %(line)s: the law %(law)s has another name in the register; a revised law is a new one")
                % {"line": law["line"], "law": code}
            )
    changes = _changes(given, today)
    if given.problems:
        more = len(given.problems) - MOST_PROBLEMS
        tail = [_now("and %(more)s more") % {"more": more}] if more > 0 else []
        raise BadInput([*given.problems[:MOST_PROBLEMS], *tail])
    laws = _put_laws(given.laws, held_laws)
    return _put_articles(given.articles, changes, laws, today=today, by=by, at=at)


def _read(rows: Sequence[Mapping[str, str]]) -> Given:
    given = Given()
    missing = [name for name in COLUMNS if name not in rows[0]]
    if missing:
        given.problems = [_now("columns are missing: %(names)s") % {"names": ", ".join(missing)}]
        raise BadInput(given.problems)
    for number, raw in enumerate(rows, 2):
        row = {name: (raw.get(name) or "").strip() for name in COLUMNS}
        line = int(raw.get("line") or number)
        wrong = [name for name in NEEDED if not row[name]]
        wrong += [name for name, most in LONGEST.items() if len(row[name]) > most]
        wrong += [name for name in ("law_link", "link") if row[name] and not _link(row[name])]
        wrong += [name for name in ("law", "article", "successor") if row[name] and not CODE.match(row[name])]
        if row["kind"] not in LawKind.values:
            wrong.append("kind")
        article = _article(row, wrong) if row["article"] else None
        for name in dict.fromkeys(wrong):
            said = {"line": line, "name": name, "value": row[name][:40]}
            given.problems.append(_now("line %(line)s: %(name)s is missing or wrong: %(value)s") % said)
        law = {"kind": row["kind"], "name": row["law_name"], "name_en": row["law_name_en"], "link": row["law_link"]}
        before = given.laws.setdefault(row["law"], {**law, "line": line})
        if {name: before[name] for name in law} != law:
            said = {"line": line, "law": row["law"]}
            given.problems.append(_now("line %(line)s: the law %(law)s has another name further up") % said)
        if row["article"] in given.articles:
            said = {"line": line, "article": row["article"]}
            given.problems.append(_now("line %(line)s: %(article)s stands further up already") % said)
        elif article is not None and not wrong:
            given.articles[row["article"]] = {**article, "law": row["law"], "line": line}
    return given


def _link(text: str) -> bool:
    try:
        _is_link(text)
    except ValidationError:
        return False
    return True


def _article(row: Mapping[str, str], wrong: list[str]) -> dict[str, Any]:
    wrong += [name for name in NEEDED_OF_ARTICLE if not row[name]]
    days: dict[str, date | None] = {}
    for name in ("valid_from", "valid_to"):
        try:
            days[name] = date.fromisoformat(row[name]) if row[name] else None
        except ValueError:
            wrong.append(name)
    if row["minimum_rank"] and row["minimum_rank"] not in map(str, RANKS):
        wrong.append("minimum_rank")
    uses = row["uses"].split()
    if set(uses) - set(Use.values):
        wrong.append("uses")
    if row["valid_to"] and not row["reason"]:
        wrong.append("reason")
    if row["successor"] and not row["valid_to"]:
        wrong.append("valid_to")
    return {
        **{name: row[name] for name in ("number", "link", "summary", "summary_en", "successor", "reason")},
        **days,
        "minimum_rank": int(row["minimum_rank"]) if row["minimum_rank"].isdigit() else None,
        "uses": [use for use in Use.values if use in uses],
    }


def _changes(given: Given, today: date) -> dict[str, Change]:
    """What each article of the file is to the register; what cannot be is a problem."""
    latest = latest_of(given.articles)
    changes: dict[str, Change] = {}
    for code, row in given.articles.items():
        held = latest.get(code)
        change = change_of(facts_of(held) if held else None, row, today=today)
        if change == Change.NEEDS_DAY:
            said = {"line": row["line"], "article": code}
            given.problems.append(
                _now(
                    "line %(line)s: %(article)s says something else than the register; its new version needs the day from which it holds, not before today"
                )
                % said
            )
        after = row["successor"]
        if after and after not in given.articles and not Article.objects.filter(code=after).exists():
            said = {"line": row["line"], "name": "successor", "value": after}
            given.problems.append(_now("line %(line)s: %(name)s is missing or wrong: %(value)s") % said)
        changes[code] = change
    return changes


def latest_of(codes: Sequence[str] | Mapping[str, Any]) -> dict[str, Article]:
    """This function will return the newest version of each article that the register holds."""
    rows = Article.objects.filter(code__in=list(codes)).select_related("law", "successor").order_by("valid_from", "pk")
    return {one.code: one for one in rows}


def facts_of(article: Article) -> dict[str, Any]:
    """This function will return what an article says, to compare with what a file says."""
    names = ("number", "link", "summary", "summary_en", "minimum_rank", "uses", "valid_from", "valid_to")
    return {name: getattr(article, name) for name in names}


def _put_laws(given: Mapping[str, Mapping[str, Any]], held: Mapping[str, Law]) -> dict[str, Law]:
    names = ("kind", "name", "name_en", "link")
    for code, law in held.items():
        if code in given and given[code]["link"] != law.link:  # the same text at another address
            law.link = given[code]["link"]
            law.save(update_fields=["link"])
    new = [Law(code=code, **{name: law[name] for name in names}) for code, law in given.items() if code not in held]
    Law.objects.bulk_create(new, batch_size=500)
    return {one.code: one for one in Law.objects.filter(code__in=list(given))}


def _put_articles(
    given: Mapping[str, Mapping[str, Any]],
    changes: Mapping[str, Change],
    laws: Mapping[str, Law],
    *,
    today: date,
    by: Actor,
    at: datetime,
) -> RegisterRead:
    latest = latest_of(given)
    names = ("number", "link", "summary", "summary_en", "minimum_rank", "uses")
    begins = (Change.ADDED, Change.REPLACED, Change.REWORDED)
    made: dict[str, Article] = {}
    for code, row in given.items():
        if changes[code] in begins:
            held = latest.get(code)
            starts = row["valid_from"]
            if held is not None and changes[code] == Change.REWORDED:
                starts = max(today, held.valid_from)
            if held is not None and not held.ending:
                ending = Ending.REWORDED if changes[code] == Change.REWORDED else Ending.REPLACED
                reason = row["reason"] or _now("a new version was read from a file")
                end_article(held, ending, since=starts, reason=reason)
            made[code] = Article(
                code=code, law=laws[row["law"]], valid_from=starts, **{name: row[name] for name in names}
            )
    _create(made)
    for code, article in made.items():
        held = latest.get(code)
        if held is not None and held.valid_to == article.valid_from:
            held.successor = article
            held.save(update_fields=["successor"])
            tell_end(held, by=by, at=at)
    ended = [code for code, row in given.items() if row["valid_to"] and not (made.get(code) or latest[code]).ending]
    now = latest_of([*given, *(given[code]["successor"] for code in ended)])
    for code in ended:
        row, article = given[code], now[code]
        after = now.get(row["successor"])
        ending = Ending.REPLACED if after else Ending.REPEALED
        end_article(article, ending, since=row["valid_to"], reason=row["reason"], successor=after)
        tell_end(article, by=by, at=at)
    kinds = list(changes.values())
    done = RegisterRead(
        kinds.count(Change.ADDED), kinds.count(Change.REWORDED), kinds.count(Change.REPLACED), len(ended),
        kinds.count(Change.SAME),
    )  # fmt: skip
    if made or ended:
        touched = sorted({*made, *ended})
        data = {**done.__dict__, "articles": touched if len(touched) <= MOST_NAMED else len(touched)}
        record("laws.import_register", subject="laws.Article", by=by, at=at, data=data)
    return done


def _create(made: Mapping[str, Article]) -> None:
    Article.objects.bulk_create(made.values(), batch_size=500)


def cells(articles: Sequence[Article]) -> Iterator[list[object]]:
    """This function will return articles as the lines of a file that ``import_register`` reads as unchanged."""
    for one in articles:
        law = one.law
        yield [
            law.code, law.kind, law.name, law.name_en, law.link, one.code, one.number, one.link, one.summary,
            one.summary_en, one.minimum_rank or "", " ".join(one.uses), one.valid_from.isoformat(),
            one.valid_to.isoformat() if one.valid_to else "", one.successor.code if one.successor else "",
            one.end_reason,
        ]  # fmt: skip
