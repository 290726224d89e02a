"""Statements that are made once read and write what Django's own would; an act inside an act is one transaction."""

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from qipan.kernel.act import act
from qipan.kernel.rows import Reading, insert_row, store_row

from ..models import Entry
from ..queries import entries_of

AT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


def entry(name: str, **given: object) -> Entry:
    return Entry(
        **{"at": AT, "by_label": "岗", "act": name, "subject": "a:1", "data": {"数": [1]}, "digest": "d"} | given
    )


def same(one: Entry, other: Entry) -> bool:
    names = [field.attname for field in Entry._meta.concrete_fields]
    return {name: getattr(one, name) for name in names} == {name: getattr(other, name) for name in names}


@pytest.mark.django_db
def test_a_row_is_inserted_read_and_stored_as_django_does():
    made = entry("t.one", place=5_101_040_010_010_000_001, drill=True)
    assert insert_row(made) and made.pk is not None
    assert same(Entry.objects.get(pk=made.pk), made)
    reading = Reading[Entry](lambda pk, at: Entry.objects.filter(pk=pk, at__lte=at))
    found = reading.one(made.pk, AT)
    assert found is not None and same(found, made) and reading.one(made.pk, datetime(2026, 1, 1, tzinfo=UTC)) is None
    Entry.objects.filter(pk=made.pk).update(subject="by another")
    found.act = "t.two"
    assert store_row(found) and not store_row(found)
    kept = Entry.objects.get(pk=made.pk)
    assert (kept.act, kept.subject) == ("t.two", "by another")  # only what was changed is written


@pytest.mark.django_db
def test_lists_of_any_length_are_read_by_few_statements():
    keys = []
    for n in range(5):
        row = entry(f"t.{n}")
        insert_row(row)
        keys.append(row.pk)
    reading = Reading[tuple[str]](lambda pks: Entry.objects.filter(pk__in=pks).order_by("pk").values_list("act"))
    for n in range(6):
        assert reading(keys[:n]) == [(f"t.{m}",) for m in range(n)]  # none: no row, and no statement
    assert {shape[1] for shape in reading._made} == {0, -1, -2, -4, -8}


@pytest.mark.django_db
def test_what_is_unique_is_inserted_once():
    assert insert_row(entry("t.once", seq=7), once=["seq"])
    again = entry("t.again", seq=7)
    assert not insert_row(again, once=["seq"])
    assert again.pk is None and [one.act for one in Entry.objects.filter(seq=7)] == ["t.once"]


@act
def inner(name: str, *, refused: bool) -> None:
    insert_row(entry(name))
    if refused:
        raise ValueError(name)


@act
def outer(*, refused: bool) -> None:
    insert_row(entry("t.outer"))
    inner("t.inner", refused=refused)


@pytest.mark.django_db
@pytest.mark.parametrize(("refused", "left"), [(True, 0), (False, 1)])
def test_an_act_inside_an_act_stands_and_falls_with_it(refused, left):
    if refused:
        with pytest.raises(ValueError, match=r"t\.inner"):
            outer(refused=True)
    else:
        outer(refused=False)
    assert [len(list(entries_of(name))) for name in ("t.outer", "t.inner")] == [left, left]


@pytest.mark.django_db
def test_an_act_goes_on_after_a_refusal_only_behind_a_block_of_its_own():
    @act
    def careful() -> None:
        insert_row(entry("t.outer"))
        with pytest.raises(ValueError, match=r"t\.inner"), transaction.atomic():
            inner("t.inner", refused=True)

    @act
    def careless() -> None:
        with pytest.raises(ValueError, match=r"t\.inner"):
            inner("t.inner", refused=True)

    careful()
    careless()
    assert [len(list(entries_of(name))) for name in ("t.outer", "t.inner")] == [1, 0]


def test_days_and_moments_are_told_apart(db):
    reading = Reading[tuple[int]](lambda day: Entry.objects.filter(at__date=day).values_list("pk"))
    row = entry("t.day")
    insert_row(row)
    assert reading(date(2026, 3, 4)) == [(row.pk,)] and reading(date(2026, 3, 5)) == []
