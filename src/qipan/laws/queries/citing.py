"""Who cites an article: figures and pages of them, by kind and unit, and the names of what cites."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Sum

from qipan.kernel.actor import Scope
from qipan.kernel.place import Range

from ..models import Citation, CitationCount

Names = dict[int, tuple[str, str]]  # by key: title in the active language, address ("" where it has none)
_subjects: dict[str, Callable[[Sequence[int]], Names]] = {}
_owners: list[Callable[[Sequence[int]], dict[int, str]]] = []


def name_subjects(model_label: str, names: Callable[[Sequence[int]], Names]) -> None:
    """This function will have ``names`` say the titles and addresses of a model's rows; higher rooms register here."""
    _subjects[model_label] = names


def name_owners(names: Callable[[Sequence[int]], dict[int, str]]) -> None:
    """This function will have ``names`` say the labels of units by their keys; the room of units registers here."""
    _owners[:] = [names]


def owners(unit_ids: Iterable[int]) -> dict[int, str]:
    """This function will return the labels of units; those that nobody names are left out."""
    keys = sorted(set(unit_ids))
    return _owners[0](keys) if _owners and keys else {}


@dataclass(frozen=True)
class Line:
    """Something that cites, as people see it."""

    subject: str
    title: str
    address: str
    owner: str
    citation: Citation


def named(citations: Sequence[Citation]) -> list[Line]:
    """This function will give citations the titles, addresses and owners of their subjects: one question a model."""
    keys: dict[str, list[int]] = defaultdict(list)
    for one in citations:
        label, _colon, key = one.subject.rpartition(":")
        keys[label].append(int(key))
    names = {label: _subjects[label](some) for label, some in keys.items() if label in _subjects}
    units = owners(one.unit_id for one in citations)
    lines = []
    for one in citations:
        label, _colon, key = one.subject.rpartition(":")
        title, address = names.get(label, {}).get(int(key), (one.subject, ""))
        lines.append(Line(one.subject, title, address, units.get(one.unit_id, str(one.unit_id)), one))
    return lines


def counts_of(versions: Sequence[int], scope: Scope) -> dict[str, int]:
    """This function will return how many things within a scope cite some versions, by kind, from the kept counts."""
    rows = CitationCount.objects.within(scope).filter(article__in=versions)
    return dict(rows.values_list("use").annotate(n=Sum("n")).filter(n__gt=0).order_by("use"))


def units_citing(versions: Sequence[int], *, use: str = "") -> dict[int, int]:
    """This function will return how many things of each unit cite some versions, for one kind or all: what a review asks of whom."""
    rows = CitationCount.objects.everywhere("what a repeal asks of whom").filter(article__in=versions)
    rows = rows.filter(use=use) if use else rows
    return dict(rows.values_list("unit_id").annotate(n=Sum("n")).filter(n__gt=0).order_by("unit_id"))


@dataclass(frozen=True)
class Mark:
    """Where a page of citations ended: the version, the place and the key of its last line."""

    version: int = 0
    place: int = -1
    key: int = 0

    @classmethod
    def read(cls, text: str) -> "Mark":
        """This method will read a mark from an address; what is none is the beginning."""
        parts = text.split(".")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 19 for part in parts):
            return cls()
        return cls(*map(int, parts))

    def __str__(self) -> str:
        return f"{self.version}.{self.place}.{self.key}"


def citations_of(
    versions: Sequence[int],
    scope: Scope,
    *,
    use: str,
    unit_id: int | None = None,
    after: Mark | None = None,
    most: int = 50,
) -> list[Citation]:
    """This function will return a page of what within a scope cites some versions, place by place, after a mark.

    One walk along the index for each version and each range of the scope, so a page of a million costs no more than
    one of fifty. A page that is full may be followed by another.
    """
    after = after or Mark()
    found: list[Citation] = []
    for version in sorted(versions):
        for ground in sorted(scope.ranges):
            if version < after.version or (version == after.version and ground.last < after.place):
                continue
            parts = [(ground, 0)]
            if version == after.version and after.place in ground:
                # The rest of the place where the last page ended, then what lies behind it: each begins in the index.
                parts = [(Range(after.place, after.place), after.key)]
                if after.place < ground.last:
                    parts.append((Range(after.place + 1, ground.last), 0))
            for part, key in parts:
                rows = Citation.objects.within(Scope((part,))).filter(
                    article=version, use=use, ended_at=None, pk__gt=key
                )
                if unit_id is not None:
                    rows = rows.filter(unit_id=unit_id)
                found += rows.order_by("place", "pk")[: most - len(found)]
                if len(found) == most:
                    return found
    return found


def mark_after(citations: Sequence[Citation]) -> Mark:
    """This function will return the mark behind a page."""
    last = citations[-1]
    return Mark(last.article_id, last.place, last.pk)


def units_within(versions: Sequence[int], scope: Scope, *, use: str) -> list[tuple[int, str, int]]:
    """This function will return the units within a scope whose things cite some versions: key, label, how many."""
    rows = CitationCount.objects.within(scope).filter(article__in=versions, use=use)
    found = dict(rows.values_list("unit_id").annotate(n=Sum("n")).filter(n__gt=0).order_by("unit_id"))
    labels = owners(found)
    return sorted(((key, labels.get(key, str(key)), n) for key, n in found.items()), key=lambda one: (-one[2], one[0]))
