"""Querysets that fail closed: a scoped model cannot be read before the scope is said."""

from collections.abc import Iterable
from typing import Any, Self

from django.db import models

from .actor import Scope
from .place import Range


def overlapping(ranges: Iterable[Range], first: str = "first", last: str = "last") -> models.Q:
    """This function will return the filter that keeps rows whose range ``[first, last]`` meets one of ``ranges``."""
    condition = models.Q(pk__in=[])  # no ground, no row
    for ground in ranges:
        condition |= models.Q(**{f"{first}__lte": ground.last, f"{last}__gte": ground.first})
    return condition


class ScopeMissing(Exception):
    """A scoped model was read without ``.within(scope)``. This is a bug, not a refusal."""


class ScopedQuerySet(models.QuerySet):
    """A queryset that raises ``ScopeMissing`` when it is evaluated without a scope.

    ``place_field`` names the column that holds the place number.
    """

    place_field = "place"
    _scope_said = False

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._scope_said = self._scope_said
        return clone

    def within(self, scope: Scope) -> Self:
        """This method will keep the rows that lie in ``scope``."""
        narrowed = self.filter(scope.q(self.place_field))
        narrowed._scope_said = True
        return narrowed

    def everywhere(self, reason: str) -> Self:
        """This method will open all rows to a job or an act that has already checked its subject; say why."""
        if not reason:
            raise ScopeMissing("a reason is needed to read without a scope")
        clone: Self = self._chain()  # type: ignore[attr-defined]
        clone._scope_said = True
        return clone

    def _check(self, *others: Any) -> None:
        said = all(getattr(queryset, "_scope_said", False) for queryset in (self, *others))
        if not said and not self.query.is_empty():
            raise ScopeMissing(f"{self.model._meta.label} was read without .within(scope)")

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._check()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().iterator(*args, **kwargs)

    def aiterator(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().aiterator(*args, **kwargs)

    def raw(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().raw(*args, **kwargs)

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        self._check()  # as the subquery of another
        return super().resolve_expression(*args, **kwargs)

    resolve_expression.queryset_only = True  # type: ignore[attr-defined]

    # Put together from several, each must have said its scope. (``&`` only narrows.)

    def __or__(self, other: Any) -> Self:
        self._check(other)
        return super().__or__(other)

    def __xor__(self, other: Any) -> Self:
        self._check(other)
        return super().__xor__(other)

    def union(self, *others: Any, **kwargs: Any) -> Self:
        self._check(*others)
        return super().union(*others, **kwargs)

    def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().aggregate(*args, **kwargs)

    def count(self) -> int:
        self._check()
        return super().count()

    def exists(self) -> bool:
        self._check()
        return super().exists()

    def update(self, **kwargs: Any) -> int:
        self._check()
        return super().update(**kwargs)

    def delete(self) -> Any:
        self._check()
        return super().delete()

    delete.queryset_only = True  # type: ignore[attr-defined]
