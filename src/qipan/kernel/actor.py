"""Who acts, with which rights, on which ground."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils.translation import get_language

from .place import Range
from .refusal import NotAllowed


@dataclass(frozen=True)
class Scope:
    """The ground on which an actor may see and act: ranges of place numbers; empty means nothing."""

    ranges: tuple[Range, ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> "Scope":
        return cls(tuple(Range(*pair) for pair in ranges))

    def __contains__(self, place: object) -> bool:
        return any(place in ground for ground in self.ranges)

    def covers(self, other: Range) -> bool:
        """This method will say whether the ranges together hold every place of ``other``."""
        first = other.first
        for ground in sorted(self.ranges):
            if ground.first <= first <= ground.last:
                first = ground.last + 1
        return first > other.last

    def narrowed(self, to: Range) -> "Scope":
        """This method will return the part of the scope that lies inside ``to``."""
        cut = (Range(max(g.first, to.first), min(g.last, to.last)) for g in self.ranges)
        return Scope(tuple(part for part in cut if part.first <= part.last))

    def q(self, field_name: str = "place") -> Q:
        """This method will return the filter that keeps rows whose place lies in the scope."""
        condition = Q(pk__in=[])  # deny by default
        for ground in self.ranges:
            condition |= Q(**{f"{field_name}__gte": ground.first, f"{field_name}__lte": ground.last})
        return condition


@dataclass(frozen=True)
class Actor:
    """A post at work: an account or a pass, its unit, the acts it gives and the ground it covers.

    ``label`` is what the journal and other people read ("锦江区指挥部 区（市）县指挥岗"); ``shown`` is it on one's own pages.
    """

    label: str
    acts: frozenset[str] = frozenset()
    scope: Scope = field(default_factory=Scope)
    account_id: int | None = None
    post_id: int | None = None
    pass_id: str | None = None
    unit_id: int | None = None
    team_id: int | None = None
    label_en: str = ""
    partner: bool = False  # on a pass for the people of partners

    @property
    def shown(self) -> str:
        """The label in the active language."""
        return self.label_en if self.label_en and (get_language() or "").startswith("en") else self.label

    @property
    def holder(self) -> str:
        """How a device names whom it keeps something for: the pass's serial, or the post."""
        return self.pass_id or f"post {self.post_id}"

    @classmethod
    def system(cls, job: str, *, acts: Iterable[str] = (), ranges: Iterable[tuple[int, int]] = ()) -> "Actor":
        """This method will return the actor of a background job, which states its acts and its ground."""
        return cls(label=f"system: {job}", acts=frozenset(acts), scope=Scope.of(ranges))

    def can(self, act: str) -> bool:
        return act in self.acts

    def require(self, act: str, *others: str) -> None:
        """This method will raise ``NotAllowed`` unless the post gives ``act`` or one of the others; it names the first."""
        if self.acts.isdisjoint((act, *others)):
            raise NotAllowed(act=act)
