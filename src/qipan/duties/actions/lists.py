"""Acts on responsibility lists: put a whole list in force from a day, change one line, with what it leaves open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.laws.api import Article, Cited, Use, cite_all, end_citations, get_article

from ..models import OrganType, Responsibility, ResponsibilityItem, Unit
from ..queries.lists import in_force, overlaps_on
from ..queries.units import lead_body
from ..rules import may_enforce
from ..terms import ItemKind, Role
from .data import DATA, rows_of

COLUMNS = ("item", "kind", "name", "name_en", "organ", "role", "basis", "basis_en", "article")
MAY_LACK = ("name_en", "basis_en", "article")
LATER = ("article",)  # lists of before do not have it
SAID = ("role", "basis", "basis_en", "article")
MOST_LINES = 100_000
MOST_PROBLEMS = 200


class ListsAreHistory(Refusal):
    """A list of a past day stays what it was."""

    code = "lists_are_history"
    sentence = _("What was in force stays as it was: a change begins on %(first)s or later.")


class BasisNeeded(Refusal):
    code = "basis_needed"
    sentence = _("Each line of a list needs its legal basis.")
    status = 400


class CannotEnforce(Refusal):
    code = "cannot_enforce"
    sentence = _("%(organ)s only carries out and has no power to enforce the law; it cannot be primary for “%(item)s”.")


@dataclass(frozen=True)
class ListsChanged:
    """The lists say something new from a day on; ``overlaps`` names the organs by item where new ones stand."""

    begins: date
    overlaps: dict[str, tuple[str, ...]]
    at: datetime


@dataclass(frozen=True)
class ListsRead:
    """What an import did: lines that are new, changed, unchanged, and taken out of force."""

    added: int
    changed: int
    same: int
    ended: int


Given = tuple[dict[str, dict[str, str]], dict[tuple[str, str], dict[str, str]]]


def _read(
    rows: Sequence[Mapping[str, str]], organs: Mapping[str, OrganType | Unit], articles: Mapping[str, Article | str]
) -> tuple[Given, list[str]]:
    """Items and lines as given, and every fault with its line number; nothing is guessed."""
    items: dict[str, dict[str, str]] = {}
    lines: dict[tuple[str, str], dict[str, str]] = {}
    problems: list[str] = []
    longest = _longest(Responsibility, "basis", "basis_en") | _longest(ResponsibilityItem, "name", "name_en")
    for number, row in enumerate(rows, 2):
        number = int(row.get("line") or number)
        row = {**dict.fromkeys(LATER, ""), **row}
        missing = [name for name in COLUMNS if name not in row]
        if missing:
            return (items, lines), [_now("columns are missing: %(names)s") % {"names": ", ".join(missing)}]
        alone = not row["organ"] and not row["role"]  # an item that nobody has
        empty = ("organ", "role", "basis", *MAY_LACK) if alone else MAY_LACK
        wrong = [name for name in COLUMNS if not row[name] and name not in empty]
        wrong += [name for name, most in longest.items() if len(row[name]) > most]
        code, key = row["item"], (row["item"], row["organ"])
        if code and (len(code) > 40 or not code.replace("-", "").replace("_", "").isalnum() or not code.isascii()):
            wrong.append("item")
        if row["kind"] not in ItemKind.values:
            wrong.append("kind")
        if not alone and row["role"] not in Role.values:
            wrong.append("role")
        if row["organ"] and row["organ"] not in organs:
            wrong.append("organ")
        if isinstance(why := articles.get(row["article"]), str):
            problems.append(_now("line %(line)s: %(why)s") % {"line": number, "why": why})
        for name in dict.fromkeys(wrong):
            said = {"line": number, "name": name, "value": row[name][:40]}
            problems.append(_now("line %(line)s: %(name)s is missing or wrong: %(value)s") % said)
        about = {name: row[name] for name in ("kind", "name", "name_en")}
        if items.setdefault(code, about) != about:
            problems.append(
                _now("line %(line)s: item %(item)s has another kind or name further up")
                % {"line": number, "item": code}
            )
        if key in lines:
            problems.append(
                _now("line %(line)s: %(organ)s stands at item %(item)s further up already")
                % {"line": number, "organ": row["organ"], "item": code}
            )
        elif not alone and not wrong:
            organ = organs[row["organ"]]
            if not may_enforce(row["kind"], row["role"], executes_only=_executes_only(organ)):
                said = {"organ": organ.label, "item": row["name"]}
                problems.append(_now("line %(line)s: %(why)s") % {"line": number, "why": str(CannotEnforce(**said))})
            lines[key] = {name: row[name] for name in SAID}
    return (items, lines), problems


def _longest(model: type[Model], *names: str) -> dict[str, int]:
    fields = {field.name: field for field in model._meta.concrete_fields}
    return {name: fields[name].max_length or 0 for name in names}


def _executes_only(organ: OrganType | Unit) -> bool:
    return (organ.organ_type if isinstance(organ, Unit) else organ).executes_only


def _organs(codes: set[str]) -> dict[str, OrganType | Unit]:
    organs: dict[str, OrganType | Unit] = {kind.code: kind for kind in OrganType.objects.filter(code__in=codes)}
    units = sorted(code for code in codes if ":" in code)
    for n in range(0, len(units), 500):
        for unit in Unit.objects.select_related("organ_type").filter(code__in=units[n : n + 500], valid_to=None):
            organs[unit.code] = unit
    return organs


def _articles(codes: set[str], *, on: date) -> dict[str, Article | str]:
    """The articles that lines name, in force on a day; in the place of one that cannot carry a line, why."""
    found: dict[str, Article | str] = {}
    for code in sorted(codes - {""}):
        try:
            found[code] = get_article(code, on=on, use=Use.LIST_ITEM)
        except Refusal as refusal:
            found[code] = str(refusal)
    return found


def _check_begin(begins: date, *, at: datetime) -> None:
    """No rewriting of the past, and nothing before what already stands ready for a later day."""
    lines = Responsibility.objects.order_by("-valid_from").values_list("valid_from", flat=True)[:1]
    items = ResponsibilityItem.objects.order_by("-valid_from").values_list("valid_from", flat=True)[:1]
    first = max([localdate(at), *lines, *items])
    if begins < first:
        raise ListsAreHistory(first=first, field="begins")


@transaction.atomic
def import_lists(
    rows: Sequence[Mapping[str, str]], *, version: str, begins: date, example: bool = False, by: Actor, at: datetime
) -> ListsRead:
    """This function will put whole responsibility lists in force from a day: what is not in them ends that day.

    One bad line, and nothing changes. Needs ``duty.edit``. Raises ``NotAllowed``, ``ListsAreHistory``,
    ``BadInput`` with every fault by line.
    """
    by.require("duty.edit")
    list(OrganType.objects.select_for_update().filter(is_lead=True))  # one change of the lists at a time
    return _put_in_force(rows, version=version, begins=begins, example=example, by=by, at=at)


def _put_in_force(
    rows: Sequence[Mapping[str, str]], *, version: str, begins: date, example: bool, by: Actor, at: datetime
) -> ListsRead:
    if not rows or len(rows) > MOST_LINES:
        raise BadInput([_now("between 1 and %(most)s lines") % {"most": MOST_LINES}])
    if not version.strip() or len(version) > _longest(Responsibility, "version")["version"]:
        raise BadInput([_now("the list needs a name of its own, of at most 80 characters")])
    organs = _organs({row.get("organ", "") for row in rows})
    articles = _articles({row.get("article", "") for row in rows}, on=begins)
    (items, lines), problems = _read(rows, organs, articles)
    if problems:
        more = len(problems) - MOST_PROBLEMS
        tail = [_now("and %(more)s more") % {"more": more}] if more > 0 else []
        raise BadInput([*problems[:MOST_PROBLEMS], *tail])
    _check_begin(begins, at=at)
    before = overlaps_on(begins)
    _put_items(items, begins)
    done = _put_lines(lines, organs, begins, version=version.strip(), example=example, articles=articles, at=at)
    if done.added or done.changed or done.ended:
        record(
            "duties.import_lists",
            subject="duties.Responsibility",
            by=by,
            at=at,
            data={"version": version.strip(), "begins": begins.isoformat(), **done.__dict__},
        )
        _tell(begins, before, at=at)
    return done


def _tell(begins: date, before: Mapping[str, Any], *, at: datetime) -> None:
    found = overlaps_on(begins)
    fresh = {code: fault.labels for code, fault in found.items() if before.get(code) != fault}
    publish(ListsChanged(begins, fresh, at))


def _put_items(items: Mapping[str, Mapping[str, str]], begins: date) -> None:
    held = {one.code: one for one in ResponsibilityItem.objects.filter(valid_to=None)}
    same = {
        code
        for code, one in held.items()
        if items.get(code) == {n: getattr(one, n) for n in ("kind", "name", "name_en")}
    }
    ResponsibilityItem.objects.filter(pk__in=[one.pk for code, one in held.items() if code not in same]).update(
        valid_to=begins
    )
    ResponsibilityItem.objects.bulk_create(
        [
            ResponsibilityItem(code=code, valid_from=begins, **about)
            for code, about in items.items()
            if code not in same
        ],
        batch_size=500,
    )


def _put_lines(
    lines: Mapping[tuple[str, str], Mapping[str, str]],
    organs: Mapping[str, OrganType | Unit],
    begins: date,
    *,
    version: str,
    example: bool,
    articles: Mapping[str, Article | str],
    at: datetime,
) -> ListsRead:
    held = {
        (one.item_code, one.organ_key): one
        for one in Responsibility.objects.filter(valid_to=None).select_related("organ_type", "unit")
    }
    given = {
        key: one
        for key, one in lines.items()
        if key not in held or held[key].example != example or {name: getattr(held[key], name) for name in SAID} != one
    }
    over = [one.pk for key, one in held.items() if key in given or key not in lines]
    for n in range(0, len(over), 500):
        Responsibility.objects.filter(pk__in=over[n : n + 500]).update(valid_to=begins)
    new = [
        Responsibility(
            item_code=item, version=version, example=example, valid_from=begins, **_organ_of(organs[organ]), **one
        )
        for (item, organ), one in given.items()
    ]
    Responsibility.objects.bulk_create(new, batch_size=500)
    end_citations([f"duties.Responsibility:{key}" for key in over], at=at)
    _cite([(line, one) for line in new if isinstance(one := articles.get(line.article), Article)], at=at)
    changed = sum(key in held for key in given)
    return ListsRead(len(given) - changed, changed, len(lines) - len(given), len(over) - changed)


def _cite(lines: Sequence[tuple[Responsibility, Article]], *, at: datetime) -> None:
    """A unit's own line is the unit's; the line of a kind is of whoever keeps the lists."""
    if lines:
        lead = lead_body()
        rows = [(line, article, line.unit or lead) for line, article in lines]
        cite_all(
            [Cited(line, article, owner.pk, owner.place) for line, article, owner in rows], use=Use.LIST_ITEM, at=at
        )


def _organ_of(organ: OrganType | Unit) -> dict[str, Any]:
    return {"unit": organ} if isinstance(organ, Unit) else {"organ_type": organ}


@transaction.atomic
def set_duty(
    item: ResponsibilityItem,
    organ: OrganType | Unit,
    *,
    role: str,
    basis: str,
    basis_en: str = "",
    article: str = "",
    version: str,
    begins: date,
    by: Actor,
    at: datetime,
) -> Responsibility | None:
    """This function will change one line of the lists from a day on; without a role it ends. What was, stays.

    ``article`` is the code of an article of the register that carries the line; its name stands as the basis where
    none is given. Needs ``duty.edit``. Raises ``NotAllowed``, ``NotFound``, ``BasisNeeded``, ``CannotEnforce``,
    ``ListsAreHistory``, ``ArticleUnknown``, ``ArticleNotInForce``, ``ArticleNotForUse``.
    """
    by.require("duty.edit")
    if role and role not in Role.values:
        raise NotFound
    chosen = get_article(article, on=begins, use=Use.LIST_ITEM) if role and article else None
    if chosen is not None and not basis.strip():
        with override("zh-hans"):
            basis = chosen.label
        with override("en"):
            basis_en = chosen.label
    if role and not basis.strip():
        raise BasisNeeded(field="basis")
    if not may_enforce(item.kind, role, executes_only=_executes_only(organ)):
        raise CannotEnforce(organ=organ, item=item, field="role")
    list(OrganType.objects.select_for_update().filter(is_lead=True))
    first = max(localdate(at), item.valid_from)
    lines = Responsibility.objects.filter(item_code=item.code, **_organ_of(organ))
    held = lines.order_by("-valid_from", "-pk").first()
    if held is not None:
        first = max(first, held.valid_from)
    if begins < first:
        raise ListsAreHistory(first=first, field="begins")
    if held is not None and held.valid_to is not None:
        held = None
    given = {"role": role, "basis": basis.strip(), "basis_en": basis_en.strip(), "article": article if role else ""}
    if (held is None and not role) or (held is not None and all(getattr(held, n) == v for n, v in given.items())):
        return held
    before = overlaps_on(begins)
    if held is not None:
        held.valid_to = begins
        held.save(update_fields=["valid_to"])
        end_citations([held], at=at)
    line = None
    if role:
        line = Responsibility.objects.create(
            item_code=item.code, version=version.strip(), valid_from=begins, **_organ_of(organ), **given
        )
        _cite([(line, chosen)] if chosen else [], at=at)
    was = {"role": held.role, "basis": held.basis} if held else None
    record(
        "duties.set_duty",
        subject=line or held or item,
        by=by,
        at=at,
        data={"item": item.code, "organ": organ.code, "begins": begins.isoformat(), "was": was, **given},
    )
    _tell(begins, before, at=at)
    return line


def seed_lists(city_code: str, *, by: Actor, at: datetime) -> int:
    """This function will put the example lists in force where there are none; returns how many lines.

    Part of seeding the organisation. Needs ``register.edit``; raises ``NotAllowed``.
    """
    by.require("register.edit")
    if Responsibility.objects.exists() or ResponsibilityItem.objects.exists():
        return 0
    rows = [
        {**row, "organ": f"{city_code}{row['organ']}" if row["organ"].startswith(":") else row["organ"]}
        for row in rows_of(DATA / "responsibilities.csv")
    ]
    known = _organs({row["organ"] for row in rows})  # a city may have other kinds and departments
    rows = [row for row in rows if row["organ"] in known]
    if not rows:
        return 0
    on = localdate(at)
    articles = _articles({row["article"] for row in rows}, on=on)  # and may have another register of laws
    rows = [row | {"article": "" if isinstance(articles.get(row["article"]), str) else row["article"]} for row in rows]
    version = _now("example list")
    return _put_in_force(rows, version=version, begins=on, example=True, by=by, at=at).added


def get_item(code: str, *, on: date) -> ResponsibilityItem:
    """This function will return an item as it is on a day; raises ``NotFound``."""
    item = ResponsibilityItem.objects.filter(in_force(on), code=code).first()
    if item is None:
        raise NotFound
    return item


def get_organ(code: str) -> OrganType | Unit:
    """This function will return a kind of organ or a unit by its code; raises ``NotFound``."""
    organ = _organs({code}).get(code)
    if organ is None:
        raise NotFound
    return organ
