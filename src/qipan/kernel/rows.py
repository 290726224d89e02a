"""Rows of models by statements that are made once and kept: what Django would build anew for each call.

For acts of which many come in a second. A queryset stays the one place that says what is read; it becomes SQL once,
runs prepared, and gives the same instances. Nothing of what was read is kept, only the words of the question.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import AutoField, Field, Model, QuerySet
from django.db.models.expressions import Expression
from django.db.models.query import ValuesListIterable, get_related_populators

from .actor import Scope
from .place import Range
from .sql import fetch

T = TypeVar("T")


class _Slot(Expression):
    """Stands in a queryset for a value that is given at each run."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


class _Statement:
    """A queryset as SQL, with what turns its rows into instances or plain values."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        compiler = rows.query.get_compiler(connection=connection)
        self.sql = ""
        try:
            self.sql, self.parameters = compiler.as_sql()
        except EmptyResultSet:  # an empty scope, an empty list: no row can be asked for
            return
        self.converters = list(compiler.get_converters([column[0] for column in compiler.select]).items())
        self.plain = issubclass(rows._iterable_class, ValuesListIterable)
        if not self.plain:
            assert compiler.klass_info is not None
            self.model = compiler.klass_info["model"]
            own = compiler.klass_info["select_fields"]
            self.first, self.end = own[0], own[-1] + 1
            self.names = [column[0].target.attname for column in compiler.select[self.first : self.end]]
            self.related = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]

    def run(self, values: Sequence[Any]) -> list[Any]:
        if not self.sql:
            return []
        given = [values[one.number] if isinstance(one, _Slot) else one for one in self.parameters]
        rows = fetch(self.sql, given)
        if self.converters:
            rows = [self._converted(row) for row in rows]
        return rows if self.plain else [self._instance(row) for row in rows]

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        changed, here = list(row), connections[DEFAULT_DB_ALIAS]
        for place, (converters, expression) in self.converters:
            for converter in converters:
                changed[place] = converter(changed[place], expression, here)
        return tuple(changed)

    def _instance(self, row: tuple[Any, ...]) -> Any:
        own = row[self.first : self.end]
        found = self.model.from_db(DEFAULT_DB_ALIAS, self.names, own)
        found.as_read = dict(zip(self.names, own, strict=True))
        for related in self.related:
            related.populate(row, found)
        return found


class Reading(Generic[T]):
    """A queryset that is put into SQL once for each shape of its arguments.

    ``build`` makes it from stand-ins for the arguments: a ``Scope`` for a scope, a list of stand-ins for a list,
    a stand-in for anything else, which may only be compared with. None has no stand-in: say ``__isnull``.
    """

    def __init__(self, build: Callable[..., QuerySet[Any]]) -> None:
        self._build = build
        self._made: dict[tuple[Any, ...], _Statement] = {}

    def __call__(self, *arguments: Any) -> list[T]:
        shape: list[Any] = [connection.vendor]
        values: list[Any] = []
        for one in arguments:
            if isinstance(one, Scope):
                shape.append(len(one.ranges))
                values += [end for ground in one.ranges for end in ground]
            elif isinstance(one, list):
                length = 1 << (len(one) - 1).bit_length() if one else 0  # few shapes: the last stands more than once
                shape.append(-length)
                values += one + one[-1:] * (length - len(one))
            else:
                shape.append(None)
                values.append(_adapted(one))
        key = tuple(shape)
        statement = self._made.get(key)
        if statement is None:
            statement = self._made[key] = _Statement(self._build(*self._stand_ins(arguments, shape[1:])))
        return statement.run(values)

    def one(self, *arguments: Any) -> T | None:
        """This method will return the first row, or None."""
        found = self(*arguments)
        return found[0] if found else None

    @staticmethod
    def _stand_ins(arguments: Sequence[Any], shape: Sequence[int | None]) -> list[Any]:
        made: list[Any] = []
        number = 0

        def slot() -> Any:
            nonlocal number
            number += 1
            return _Slot(number - 1)

        for argument, length in zip(arguments, shape, strict=True):
            if length is None:
                made.append(slot())
            elif isinstance(argument, Scope):
                made.append(Scope(tuple(Range(slot(), slot()) for _n in range(length))))
            else:
                made.append([slot() for _n in range(-length)])
        return made


def _adapted(value: Any) -> Any:
    """The value as the driver takes it: SQLite keeps moments and days as text."""
    if hasattr(value, "hour"):
        return connection.ops.adapt_datetimefield_value(value)
    if hasattr(value, "month"):
        return connection.ops.adapt_datefield_value(value)
    return value


@lru_cache(maxsize=512)
def _fields(model: type[Model], names: tuple[str, ...] | None) -> list["Field[Any, Any]"]:
    fields = cast("list[Field[Any, Any]]", model._meta.local_concrete_fields)
    if names is None:
        return [field for field in fields if not isinstance(field, AutoField)]
    return [field for field in fields if field.attname in names]


def _prepared(row: Model, fields: list["Field[Any, Any]"]) -> list[Any]:
    here = connections[DEFAULT_DB_ALIAS]  # not looked up again for each column
    return [field.get_db_prep_save(getattr(row, field.attname), here) for field in fields]


def insert_row(row: Model, *, once: Sequence[str] = ()) -> bool:
    """This function will write a new row and give it its key; with ``once``, columns that are unique together,
    a row that is there already stays as it is, and False is returned.
    """
    fields = _fields(type(row), None)
    [(key,)] = fetch(_insert(type(row), tuple(once)), _prepared(row, fields)) or [(None,)]
    if key is None:
        return False
    row.pk = key
    row._state.adding, row._state.db = False, connection.alias
    row.as_read = {field.attname: getattr(row, field.attname) for field in fields}  # type: ignore[attr-defined]
    return True


@lru_cache(maxsize=512)
def _insert(model: type[Model], once: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    fields = _fields(model, None)
    columns = ", ".join(quote(str(field.column)) for field in fields)
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    conflict = f" ON CONFLICT ({', '.join(map(quote, once))}) DO NOTHING" if once else ""
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(fields))}){conflict} RETURNING {key}"  # noqa: S608


def store_row(row: Model) -> bool:
    """This function will write the columns that were changed since a row was read or written; False when none was.

    What others changed in other columns meanwhile stays. Rows that neither a ``Reading`` nor ``insert_row`` gave
    are saved as a whole.
    """
    read: dict[str, Any] | None = getattr(row, "as_read", None)
    if read is None:
        row.save()
        return True
    held = row.__dict__
    names = tuple(name for name, value in read.items() if held[name] != value)
    if not names:
        return False
    fetch(_update(type(row), names), [*_prepared(row, _fields(type(row), names)), row.pk])
    read.update({name: held[name] for name in names})
    return True


@lru_cache(maxsize=512)
def _update(model: type[Model], names: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    changed = ", ".join(f"{quote(str(field.column))} = %s" for field in _fields(model, names))
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    return f"UPDATE {table} SET {changed} WHERE {key} = %s"  # noqa: S608
