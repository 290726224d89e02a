"""Rows of models by statements that are made once and kept: what Django would build anew for each call.

For acts of which many come in a second. A queryset stays the one place that says what is read; it becomes SQL once,
runs prepared, and gives the same instances. Nothing of what was read is kept, only the words of the question.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from inspect import getattr_static
from typing import Any, Generic, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Field, ForeignKey, Model, QuerySet, fields
from django.db.models.base import ModelState
from django.db.models.expressions import Expression
from django.db.models.query import RelatedPopulator, ValuesListIterable
from django.db.models.signals import post_init, pre_init

from .actor import Scope
from .ids import MOST
from .place import Range
from .sql import adapted, fetch, here

T = TypeVar("T")
M = TypeVar("M", bound=Model)


class _Slot(Expression):
    """Stands in a queryset for a value that is given at each run."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


@lru_cache(maxsize=512)
def _is_plain(model: type[Model]) -> bool:
    own = all(getattr_static(model, name) is getattr_static(Model, name) for name in ("__init__", "from_db"))
    return own and not (pre_init.has_listeners(model) or post_init.has_listeners(model))


def instance_of(model: type[M], names: Sequence[str], values: Sequence[Any]) -> M:
    """This function will make an instance from columns of a row, as ``Model.from_db`` does.

    Without looking at each value as ``Model.__init__`` does, unless the model has something of its own to do there.
    """
    if not _is_plain(model):
        return model.from_db(DEFAULT_DB_ALIAS, names, values)
    found = model.__new__(model)
    found._state = state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    found.__dict__.update(zip(names, values, strict=True))
    return found


class _Made:
    """What makes an instance of a row, with those that stand beside it, as Django's own would."""

    def __init__(self, as_django: RelatedPopulator) -> None:
        assert as_django.reorder_for_init is None, "no model here has a parent with columns"
        self.model, self.names, self.key = as_django.model_cls, as_django.init_list, as_django.pk_idx
        self.first, self.end = as_django.cols_start, as_django.cols_end
        self.beside = [(_Made(one), one.local_setter, one.remote_setter) for one in as_django.related_populators]

    def read(self, row: tuple[Any, ...]) -> Any:
        found = self.instance(row)
        found.as_read = dict(zip(self.names, row[self.first : self.end], strict=True))
        return found

    def instance(self, row: tuple[Any, ...]) -> Any:
        values = row[self.first : self.end]
        if values[self.key] is None:
            return None
        found = instance_of(self.model, self.names, values)
        for made, local_setter, remote_setter in self.beside:
            other = made.instance(row)
            local_setter(found, other)
            if other is not None:
                remote_setter(other, found)
        return found


WHOLE = {"from_parent": False, "local_setter": None, "remote_setter": None}  # the queryset's own rows stand beside none


def _one(converters: Sequence[Any], expression: Any) -> Callable[[Any], Any]:
    """A column's converters as one function of its value; moments come often, and are nearly always without their zone."""

    def all_of(value: Any) -> Any:
        for converter in converters:
            value = converter(value, expression, here())
        return value

    def moment(value: Any) -> Any:
        return value.replace(tzinfo=UTC) if type(value) is datetime and value.tzinfo is None else all_of(value)

    names = [getattr(converter, "__name__", "") for converter in converters]
    in_utc = connection.vendor == "sqlite" and names == ["convert_datetimefield_value"] and connection.timezone is UTC
    return moment if in_utc else all_of


def _spelled_out(sql: str, parameters: Sequence[Any]) -> tuple[str, list[Any]]:
    """The statement with what never changes written into it: its planner sees that an index for a part of the rows will
    do. (SQLite would look at a bound value too, and then plan anew each time that another is bound.)
    """
    parts = sql.split("%s")
    if len(parts) != len(parameters) + 1:  # a "%s" in a text of its own
        return sql, list(parameters)
    text, left = parts[0], []
    for one, part in zip(parameters, parts[1:], strict=True):
        word = _literal(one)
        if word is None:
            left.append(one)
        text += ("%s" if word is None else word) + part
    return text, left


def _literal(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str) and value.isascii() and value.replace("_", "").isalnum():
        return f"'{value}'"
    return None


class _Statement:
    """A queryset as SQL, with what turns its rows into instances or plain values."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        compiler = rows.query.get_compiler(connection=connection)
        self.sql = ""
        try:
            self.sql, self.parameters = compiler.as_sql()
        except EmptyResultSet:  # an empty scope, an empty list: no row can be asked for
            return
        self.sql, self.parameters = _spelled_out(self.sql, self.parameters)
        found = compiler.get_converters([column[0] for column in compiler.select])
        self.converters = [(place, _one(*several)) for place, several in found.items()]
        self.plain = issubclass(rows._iterable_class, ValuesListIterable)
        if not self.plain:
            assert compiler.klass_info is not None
            # The stubs leave out the third argument, which Django takes.
            made = RelatedPopulator(compiler.klass_info | WHOLE, compiler.select, connection.alias)  # type: ignore[call-arg]
            self.made = _Made(made)

    def run(self, values: Sequence[Any]) -> list[Any]:
        if not self.sql:
            return []
        given = [values[one.number] if isinstance(one, _Slot) else one for one in self.parameters]
        rows = fetch(self.sql, given)
        if self.converters:
            rows = [self._converted(row) for row in rows]
        return rows if self.plain else [self.made.read(row) for row in rows]

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        changed = list(row)
        for place, convert in self.converters:
            value = changed[place]
            if value is not None:  # which stays nothing
                changed[place] = convert(value)
        return tuple(changed)


def few_shapes(values: Sequence[T]) -> list[T]:
    """This function will return values for an ``IN`` of which few lengths are prepared: the last may stand more than once."""
    every = list(values)
    length = 1 << (len(every) - 1).bit_length() if every else 0
    return every + every[-1:] * (length - len(every))


class Reading(Generic[T]):
    """A queryset that is put into SQL once for each shape of its arguments.

    ``build`` makes it from stand-ins for the arguments: a ``Scope`` for a scope, a list of stand-ins for a list,
    a stand-in for anything else, which may only be compared with (a number beyond 64 bits finds nothing). None has no stand-in: say ``__isnull``.
    """

    def __init__(self, build: Callable[..., QuerySet[Any]]) -> None:
        self._build = build
        self._made: dict[tuple[Any, ...], _Statement] = {}

    def __call__(self, *arguments: Any) -> list[T]:
        shape: list[Any] = [here().vendor]
        values: list[Any] = []
        for one in arguments:
            if isinstance(one, Scope):
                shape.append(len(one.ranges))
                values += [end for ground in one.ranges for end in ground]
            elif isinstance(one, list):
                every = few_shapes(one)
                shape.append(-len(every))
                values += every
            elif type(one) is int and abs(one) > MOST:
                return []  # no column holds it, as Django finds too; a driver would fail
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
    if isinstance(value, datetime):
        return adapted(value)
    return here().ops.adapt_datefield_value(value) if isinstance(value, date) else value


# What the columns of these fields take as it is when it has this type: nothing would come of preparing it.
AS_IT_IS: dict[type, type] = {
    fields.CharField: str, fields.SlugField: str, fields.TextField: str, fields.BooleanField: bool,
    fields.FloatField: float, fields.IntegerField: int, fields.BigIntegerField: int, fields.SmallIntegerField: int,
    fields.PositiveIntegerField: int, fields.PositiveBigIntegerField: int, fields.PositiveSmallIntegerField: int,
    fields.AutoField: int, fields.BigAutoField: int, fields.DateTimeField: datetime,
}  # fmt: skip
Column = tuple["Field[Any, Any]", str, type | None]  # the field, its attribute, what is taken as it is


@lru_cache(maxsize=512)
def _columns(model: type[Model], names: tuple[str, ...] | None) -> list[Column]:
    every = cast("list[Field[Any, Any]]", model._meta.local_concrete_fields)
    chosen = [
        field
        for field in every
        if (not isinstance(field, fields.AutoField) if names is None else field.attname in names)
    ]
    return [(field, field.attname, AS_IT_IS.get(type(_target(field)))) for field in chosen]


def _target(field: Any) -> Any:
    """The field itself; for a foreign key, the key that it names."""
    return _target(field.target_field) if isinstance(field, ForeignKey) else field


def _prepared(row: Model, columns: list[Column]) -> list[Any]:
    mine = here()
    held: dict[str, Any] = row.__dict__
    values: list[Any] = []
    for field, name, taken in columns:
        value = held[name]
        if taken is None or (value is not None and type(value) is not taken):
            value = field.get_db_prep_save(value, mine)
        elif taken is datetime:
            value = adapted(held[name])
        values.append(value)
    return values


def insert_row(row: Model, *, once: Sequence[str] = ()) -> bool:
    """This function will write a new row and give it its key; with ``once``, columns that are unique together,
    a row that is there already stays as it is, and False is returned.
    """
    columns = _columns(type(row), None)
    [(key,)] = fetch(_insert(type(row), tuple(once)), _prepared(row, columns)) or [(None,)]
    if key is None:
        return False
    row.pk = key
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    row.__dict__["as_read"] = {name: row.__dict__[name] for _field, name, _taken in columns}
    return True


@lru_cache(maxsize=512)
def _insert(model: type[Model], once: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    names = [quote(str(field.column)) for field, _name, _taken in _columns(model, None)]
    table, key, columns = quote(model._meta.db_table), quote(str(model._meta.pk.column)), ", ".join(names)
    conflict = f" ON CONFLICT ({', '.join(map(quote, once))}) DO NOTHING" if once else ""
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(names))}){conflict} RETURNING {key}"  # noqa: S608 - own names


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
    fetch(_update(type(row), names), [*_prepared(row, _columns(type(row), names)), row.pk])
    read.update({name: held[name] for name in names})
    return True


def note_stored(row: Model, **values: Any) -> None:
    """This function will give a row what another statement has stored in its columns, so that ``store_row`` leaves them."""
    row.__dict__.update(values)
    read: dict[str, Any] | None = getattr(row, "as_read", None)
    if read is not None:
        read.update(values)


@lru_cache(maxsize=512)
def _update(model: type[Model], names: tuple[str, ...]) -> str:
    quote = connection.ops.quote_name
    changed = ", ".join(f"{quote(str(field.column))} = %s" for field, _name, _taken in _columns(model, names))
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    return f"UPDATE {table} SET {changed} WHERE {key} = %s"  # noqa: S608 - own names
