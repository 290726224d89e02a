"""What was declined and is proposed, or confirmed, to be left out of the rates."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import Random, RowNumber

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound

from ..models import Exclusion, Import, Matter
from ..rules.exclusions import is_judge
from ..terms import Closing, Leaving, State

DECIDED = (Leaving.EXCLUDED, Leaving.KEPT_IN)
SAMPLE = 5
WAITS, DECIDED_WORD = "waiting", "decided"  # how the lines of an import are asked for, beside their reasons


@dataclass
class Brought:
    """What an import brought as declined and what still waits of it on a ground: how much, by reason, some by lot."""

    batch: Import
    kinds: list[tuple[Closing, int]] = field(default_factory=list)
    sample: list[Exclusion] = field(default_factory=list)

    @property
    def n(self) -> int:
        """How much waits."""
        return sum(n for _kind, n in self.kinds)


def exclusions_of(matters: Iterable[Matter]) -> dict[int, Exclusion]:
    """This function will return by matter how the declined ones among these stand to the rates; nothing for the others."""
    declined = [one.pk for one in matters if one.state == State.DECLINED]
    if not declined:
        return {}
    rows = Exclusion.objects.everywhere("of matters that were gated").select_related("judge", "task", "unit")
    return {one.matter_id: one for one in rows.filter(matter__in=declined, dropped_at=None)}


def may_decide(held: Exclusion, *, actor: Actor) -> bool:
    """This function will say whether a post is asked whether this is left out of the rates."""
    if held.verdict != Leaving.PROPOSED or held.dropped_at is not None or actor.account_id in (None, held.account):
        return False
    return actor.can("matter.arbitrate") or (actor.can("matter.verify") and is_judge(actor.unit_id, held.judge_id))


def _waiting(ranges: Iterable[Range]) -> QuerySet[Exclusion]:
    return Exclusion.objects.within(Scope(tuple(ranges))).filter(verdict=Leaving.PROPOSED, dropped_at=None)


def undecided(ranges: Iterable[Range]) -> QuerySet[Exclusion]:
    """This function will return what no import brought and waits for a decision on a ground, the first declined first."""
    rows = _waiting(ranges).filter(batch=None).select_related("matter__category", "judge", "task")
    return rows.order_by("ended_at", "pk")


def undecided_imports(ranges: Iterable[Range]) -> list[Brought]:
    """This function will return the imports of which something waits for a decision on a ground, the latest first, each
    with a few of its lines, drawn by lot at each look.
    """
    rows = _waiting(ranges).exclude(batch=None)
    kinds: defaultdict[int, list[tuple[Closing, int]]] = defaultdict(list)
    for batch, kind, n in rows.order_by("batch", "kind").values_list("batch", "kind").annotate(n=Count("pk")):
        kinds[batch].append((Closing(kind), n))
    found = {
        one.pk: Brought(one, kinds[one.pk])
        for one in Import.objects.select_related("task").filter(pk__in=list(kinds)).order_by("-at", "-pk")
    }
    lots = rows.annotate(lot=Window(RowNumber(), partition_by=F("batch"), order_by=Random())).filter(lot__lte=SAMPLE)
    drawn = _waiting(ranges).filter(pk__in=list(lots.values_list("pk", flat=True)))
    for one in drawn.select_related("matter__category").order_by("ended_at", "pk"):
        assert one.batch_id is not None
        found[one.batch_id].sample.append(one)
    return list(found.values())


def get_brought(pk: int, *, actor: Actor) -> Import:
    """This function will return an import that brought something declined on the actor's ground; raises ``NotFound``."""
    lines = Exclusion.objects.within(actor.scope).filter(batch=OuterRef("pk"))
    found = Import.objects.select_related("unit").filter(Exists(lines), pk=pk).first()
    if found is None:
        raise NotFound
    return found


def lines_of(batch: Import, ranges: Iterable[Range]) -> QuerySet[Exclusion]:
    """This function will return what an import brought as declined on a ground and still is, the first declined first."""
    rows = Exclusion.objects.within(Scope(tuple(ranges))).filter(batch=batch, dropped_at=None)
    return rows.select_related("matter__category", "matter__imported", "unit").order_by("ended_at", "pk")


def counted_lines(batch: Import, ranges: Iterable[Range]) -> Counter[str]:
    """This function will count what ``lines_of`` returns: all (by the empty word), by reason, what waits, what is decided."""
    rows = Exclusion.objects.within(Scope(tuple(ranges))).filter(batch=batch, dropped_at=None)
    counted: Counter[str] = Counter({"": 0, WAITS: 0, DECIDED_WORD: 0})
    for kind, verdict, n in rows.order_by().values_list("kind", "verdict").annotate(n=Count("pk")):
        counted.update({"": n, kind: n, DECIDED_WORD if verdict in DECIDED else WAITS: n})
    return counted


def waiting_of(batch: Import) -> QuerySet[Exclusion]:
    """This function will return what an import brought as declined and nobody has decided, wherever it lies."""
    rows = Exclusion.objects.everywhere("an import is decided whole; its ground is checked")
    return rows.filter(batch=batch, verdict=Leaving.PROPOSED, dropped_at=None)


def to_follow() -> QuerySet[Import]:
    """This function will return the imports of which something waits that nobody is asked for, or nothing that somebody is."""
    rows = Exclusion.objects.everywhere("the clock looks at all")
    waits = Exists(rows.filter(batch=OuterRef("pk"), verdict=Leaving.PROPOSED, dropped_at=None))
    unasked = Q(waits, task=None, verdict=Leaving.PROPOSED)
    over = Q(~waits, task__isnull=False, task__closed_at=None)
    return Import.objects.filter(unasked | over).order_by("pk")


def may_decide_import(batch: Import, *, actor: Actor) -> bool:
    """This function will say whether a post may decide as one on what an import brought."""
    if not actor.can("matter.arbitrate") or actor.account_id is None:
        return False
    waiting = waiting_of(batch)
    own = waiting.filter(account=actor.account_id)
    return waiting.exists() and not own.exists() and not waiting.exclude(actor.scope.q()).exists()


def decided(ranges: Iterable[Range]) -> QuerySet[Exclusion]:
    """This function will return what was decided by itself on a ground, the latest first."""
    rows = Exclusion.objects.within(Scope(tuple(ranges))).filter(verdict__in=DECIDED, dropped_at=None)
    singly = rows.exclude(at=F("batch__decided_at"))
    return singly.select_related("matter__category", "unit").order_by("-at", "-pk")


def decided_imports(ranges: Iterable[Range]) -> QuerySet[Import]:
    """This function will return the imports that were decided as one and touch a ground, the latest first."""
    lines = Exclusion.objects.within(Scope(tuple(ranges))).filter(batch=OuterRef("pk"))
    rows = Import.objects.exclude(verdict=Leaving.PROPOSED).filter(Exists(lines))
    return rows.select_related("unit").order_by("-decided_at", "-pk")
