"""Statements that are made once read and write what Django's own would; an act inside an act is one transaction."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from django.db import connections, transaction

from qipan.kernel.act import act, forget, once, write_gathered
from qipan.kernel.actor import Actor
from qipan.kernel.rows import Reading, insert_row, store_row
from qipan.kernel.sql import MOST_ROWS, here

from ..actions import recording
from ..models import Entry
from ..queries import Verdict, check_unsealed, entries_of

AT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
CLERK = Actor(label="clerk")


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
    assert reading.one(10**21, AT) is None and reading.one(-(10**21), AT) is None  # as Django: no such key
    Entry.objects.filter(pk=made.pk).update(subject="by another")
    found.act = "t.two"
    assert store_row(found) and not store_row(found)
    kept = Entry.objects.get(pk=made.pk)
    assert (kept.act, kept.subject) == ("t.two", "by another")  # only what was changed is written


def test_a_thread_with_an_event_loop_has_the_connection_that_django_gives_it_there():
    def thread() -> tuple[bool, bool, bool]:
        alone = here()

        async def inside() -> tuple[bool, bool]:
            return here() is connections["default"], here() is alone

        return *asyncio.run(inside()), here() is alone is connections["default"]

    with ThreadPoolExecutor(1) as one:
        assert one.submit(thread).result() == (True, False, True)


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


def note(name: str) -> None:
    recording.record(name, subject="a:1", by=CLERK, at=AT, data={"n": 1})


def noted() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("act", flat=True))


@pytest.mark.django_db
def test_what_an_act_only_adds_is_written_at_its_end_in_order():
    @act
    def within() -> None:
        note("t.second")

    @act
    def whole() -> None:
        done = len(noted())
        note("t.first")
        within()
        assert noted()[done:] == []
        note("t.third")

    whole()
    assert noted() == ["t.first", "t.second", "t.third"]
    whole()
    assert len(noted()) == 6 and check() == []


def check() -> list[str]:
    verdict = Verdict()
    check_unsealed(verdict)
    return verdict.differences


@pytest.mark.django_db
def test_nothing_of_an_act_that_is_refused_is_written_then_or_with_the_next():
    @act
    def refused() -> None:
        note("t.lost")
        raise ValueError("no")

    @act
    def after() -> None:
        note("t.kept")

    with pytest.raises(ValueError, match="no"):
        refused()
    after()
    assert noted() == ["t.kept"]


@pytest.mark.django_db
def test_what_stands_behind_a_block_of_its_own_goes_with_the_block():
    @act
    def inner_one() -> None:
        note("t.undone")
        raise ValueError("no")

    @act
    def careful() -> None:
        note("t.before")
        with pytest.raises(ValueError, match="no"), transaction.atomic():
            inner_one()
        with transaction.atomic():
            note("t.in_a_block")
        note("t.after")

    careful()
    assert sorted(noted()) == ["t.after", "t.before", "t.in_a_block"]


@pytest.mark.django_db
def test_what_was_gathered_can_be_written_before_the_end():
    @act
    def reads() -> list[str]:
        note("t.one")
        write_gathered()
        found = noted()
        note("t.two")
        return found

    assert reads() == ["t.one"] and noted() == ["t.one", "t.two"]


@pytest.mark.django_db
def test_more_rows_than_one_statement_takes_are_all_written_in_order():
    @act
    def many() -> None:
        for n in range(2 * MOST_ROWS + 1):
            note(f"t.{n}")

    many()
    assert noted() == [f"t.{n}" for n in range(2 * MOST_ROWS + 1)]


@pytest.mark.django_db
def test_a_question_is_asked_once_in_an_act_until_it_is_forgotten():
    asked = []

    def question() -> int:
        asked.append(1)
        return len(asked)

    @act
    def act_of_many() -> list[int]:
        first = [once(question), once(question)]
        forget(question)
        return [*first, once(question)]

    assert act_of_many() == [1, 1, 2]
    assert [once(question), once(question)] == [3, 4]  # outside of an act each time


@pytest.mark.django_db
def test_what_never_changes_is_written_into_a_question_and_texts_with_signs_are_not():
    reading = Reading[tuple[int]](
        lambda pk: Entry.objects.filter(pk=pk, act="t.plain", drill=False, by_label="O'Neil %s").values_list("pk")
    )
    row = entry("t.plain", by_label="O'Neil %s")
    insert_row(row)
    assert reading(row.pk) == [(row.pk,)] and reading(0) == []
    [statement] = reading._made.values()
    assert [one for one in statement.parameters if one == "O'Neil %s"] == ["O'Neil %s"]
    word = Reading[tuple[int]](lambda pk: Entry.objects.filter(pk=pk, act="plain").values_list("pk"))
    word(row.pk)
    [statement] = word._made.values()
    assert "'plain'" in statement.sql and len(statement.parameters) == 1
