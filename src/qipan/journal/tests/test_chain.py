"""Recording, sealing, verifying: whoever changes the journal is found."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from qipan.journal.actions import recording
from qipan.journal.api import checksum, register_audit, seal, verify
from qipan.journal.models import Entry
from qipan.journal.queries import entry_digest
from qipan.journal.rules import FIRST_HASH, canonical, link, text_of
from qipan.kernel.actor import Actor

AT = datetime(2026, 8, 1, 8, 0, 0, 123456, tzinfo=UTC)
CLERK = Actor(label='clerk "一"\n', account_id=7, post_id=8)


def write(count: int = 5) -> None:
    with transaction.atomic():
        for number in range(count):
            data = {"n": number, "text": "成都", "share": 0.1, "list": [1, None, True]}
            recording.record("test.act", subject=f"thing:{number}", by=CLERK, at=AT, place=5101, data=data)


def differences() -> list[str]:
    return verify().differences


@pytest.fixture(autouse=True)
def only_the_chain(monkeypatch):
    monkeypatch.setattr("qipan.journal.queries._audits", {})


def test_an_entry_needs_a_transaction(transactional_db):
    with pytest.raises(RuntimeError):
        recording.record("test.act", subject="thing:1", by=CLERK, at=AT)
    assert Entry.objects.count() == 0


def test_sealing_chains_in_order_and_once(db):
    assert (checksum().seq, checksum().hash) == (0, FIRST_HASH)
    write(5)
    assert seal(at=AT, limit=3) == 3
    assert seal(at=AT) == 2
    assert seal(at=AT) == 0
    rows = list(Entry.objects.order_by("seq"))
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    previous = FIRST_HASH
    for row in rows:
        previous = link(previous, row.digest)
        assert row.hash == previous
    verdict = verify()
    assert (verdict.sealed, verdict.unsealed, verdict.differences) == (5, 0, [])
    assert str(verdict.checksum) == f"5 {previous}"


def test_unsealed_entries_are_checked_by_their_digest(db):
    write(2)
    assert (verify().unsealed, differences()) == (2, [])
    Entry.objects.filter(subject="thing:1").update(place=5102)
    assert len(differences()) == 1


@pytest.mark.row("ORG-15")
@pytest.mark.parametrize(
    ("_case", "change"),
    [
        ("data", {"data": {"n": 99}}),
        ("who", {"by_label": "somebody else"}),
        ("account", {"by_account": 9}),
        ("when", {"at": AT + timedelta(microseconds=1)}),
        ("act", {"act": "test.other"}),
        ("subject", {"subject": "thing:9"}),
        ("place", {"place": None}),
        ("drill", {"drill": True}),
        ("digest", {"digest": "0" * 64}),
        ("hash", {"hash": "0" * 64}),
    ],
)
def test_a_changed_entry_is_found(db, _case, change):
    write()
    seal(at=AT)
    assert differences() == []
    assert Entry.objects.filter(seq=3).update(**change) == 1
    found = differences()
    assert len(found) == 1
    assert "entry 3" in found[0]


def test_a_deleted_entry_is_found(db):
    write()
    seal(at=AT)
    Entry.objects.filter(seq=2).delete()
    assert differences() == ["the chain lacks entry 2: the next one is 3"]


def test_a_swapped_order_is_found(db):
    write()
    seal(at=AT)
    Entry.objects.filter(seq=2).update(seq=99)
    Entry.objects.filter(seq=3).update(seq=2)
    Entry.objects.filter(seq=99).update(seq=3)
    assert differences() == ["entry 2 does not follow from the one before it"]


def test_a_chain_that_was_written_anew_is_found_by_the_published_checksum(db):
    write()
    seal(at=AT)
    published = checksum()
    assert verify(expected=published).differences == []
    write(2)
    seal(at=AT)
    assert verify(expected=published).differences == []
    entry = Entry.objects.get(seq=2)
    entry.by_label = "somebody else"
    entry.digest = entry_digest(entry)
    entry.save()
    Entry.objects.update(seq=None, hash="")
    seal(at=AT)
    assert differences() == []
    assert verify(expected=published).differences == ["entry 5 has another hash than the published checksum"]


def test_a_cut_chain_is_found_by_the_published_checksum(db):
    write()
    seal(at=AT)
    published = checksum()
    Entry.objects.filter(seq__gte=4).delete()
    assert differences() == []
    assert verify(expected=published).differences == ["the chain ends before the published checksum"]


def test_the_commands_print_the_checksum_and_fail_with_the_first_difference(db):
    write()
    out = StringIO()
    call_command("seal", stdout=out)
    line = f"checksum: {checksum()}"
    assert line in out.getvalue()
    out = StringIO()
    call_command("verify", stdout=out)
    assert line in out.getvalue()
    call_command("verify", checksum=str(checksum()), stdout=StringIO())
    with pytest.raises(CommandError, match="64 hexadecimal"):
        call_command("verify", checksum="7 abc")
    Entry.objects.filter(seq=1).update(by_label="somebody else")
    with pytest.raises(CommandError, match="entry 1 ") as failure:
        call_command("verify", stdout=StringIO())
    assert failure.value.returncode == 1


def test_audits_of_rooms_are_part_of_it(db):
    register_audit("sums of a room", lambda: ["thing 1 is kept as 2, counted 3"])
    assert differences() == ["sums of a room: thing 1 is kept as 2, counted 3"]
    assert verify().audits == ["sums of a room"]


@given(
    st.lists(st.one_of(st.text(), st.none(), st.integers()), min_size=4, max_size=4),
    st.text(),
    st.datetimes(timezones=st.timezones()),
    st.one_of(st.none(), st.integers()),
    st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none())),
    st.booleans(),
)
def test_the_text_of_an_entry_is_its_canonical_json(by, text, at, place, data, drill):
    label, account, post, by_pass = by
    signed = (
        str(label),
        account if isinstance(account, int) else None,
        post if isinstance(post, int) else None,
        str(by_pass),
    )
    moment = int(at.timestamp()) * 1_000_000 + at.microsecond
    fields = {
        "act": text,
        "at": moment,
        "by": signed,
        "data": data,
        "drill": drill,
        "place": place,
        "subject": text[::-1],
    }
    told = text_of(signed, act=text, subject=text[::-1], at=at, place=place, data=canonical(data), drill=drill)
    assert told == canonical(fields)


def test_the_text_of_an_entry_is_the_same_on_both_ways_of_writing(db):
    values = recording.entry_values(
        act="test.act", subject="thing:1", by=CLERK, at=AT, place=None, data='{"a":2,"b":1}', drill=False
    )
    with transaction.atomic():
        recording.record("test.act", subject="thing:1", by=CLERK, at=AT, data={"a": 2, "b": 1})
    entry = Entry.objects.get()
    assert dict(zip(recording.ENTRY_COLUMNS, values, strict=True))["digest"] == entry.digest
