"""Entries by the thousand: PostgreSQL takes them by COPY, and they are those that are written one by one."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import transaction

from qipan.journal.actions.recording import MANY
from qipan.journal.api import canonical, entry_values, write_entries
from qipan.kernel.actor import Actor

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 25, 2, 3, 4, 567890, tzinfo=UTC)
COLUMNS = (
    "at",
    "by_label",
    "by_account",
    "by_post",
    "by_pass",
    "act",
    "subject",
    "place",
    "data",
    "drill",
    "digest",
    "hash",
)


def rows(count: int, by: Actor) -> list[tuple[object, ...]]:
    return [
        entry_values(
            act="a.test",
            subject=f"a.Thing:{n}",
            by=by,
            at=AT,
            place=None if n % 2 else 5101040010010010001,
            data=canonical({"说": '逗号, "引号"\n换行', "n": n}) if n % 3 else "{}",
            drill=bool(n % 2),
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("by", [Actor.system('一个, "岗"'), Actor(label="岗", account_id=7, post_id=8, pass_id="p")])
def test_thousands_at_once_are_what_one_by_one_would_be(by: Actor) -> None:
    Entry = apps.get_model("journal", "Entry")
    with transaction.atomic():
        write_entries(rows(MANY, by))
        together = list(Entry.objects.order_by("pk").values_list(*COLUMNS))
        Entry.objects.all().delete()
        for one in rows(MANY, by):
            write_entries([one])
    assert together == list(Entry.objects.order_by("pk").values_list(*COLUMNS))
    assert len(together) == MANY
    assert together[0][0] == AT
