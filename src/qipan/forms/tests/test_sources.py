"""Registers that are pulled, against real servers: whole or not at all, once, by who may, from where one may."""

import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import override_settings
from django.utils.timezone import localdate

from qipan.access.testing import Cast
from qipan.kernel.addresses import PrivateAddress, UrlNotAllowed
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.kernel.testing import at_once

from .. import adapter
from ..actions import NotHeldHere, bring_values
from ..actions.fields import FieldIsPulled
from ..actions.sources import (
    HOLD,
    NeverPulled,
    PartMissing,
    SecretForAnother,
    SecretUnfit,
    SourceThere,
    add_source,
    change_source,
    end_source,
    switch_source,
    take_source,
)
from ..adapter import pull_due, try_source
from ..models import DataSource, FieldEntry, FieldValues
from ..queries import held_file
from ..queries.sources import get_source, sources_for
from .conftest import Entry
from .pulling import BOTH, FIELD, GAS, ONE, TWO, held, reads, running
from .register import Register, body, status
from .sheets import sheet
from .test_designs import HERE, publish

Task = apps.get_model("desk", "Task")
pytestmark = [pytest.mark.row("ORG-12"), pytest.mark.usefixtures("network")]


def test_what_is_due_is_pulled_once_with_its_lineage_and_the_same_again_changes_nothing(
    town: Cast, register: Register, caplog: Any
) -> None:
    caplog.set_level("DEBUG")
    of = town.at - timedelta(days=2)
    register.answers["/heat.csv"] = body(GAS, Last_Modified=format_datetime(of, usegmt=True))
    source = running(town, register, secret="Bearer of-nobody")
    at = town.at + timedelta(minutes=1)
    assert pull_due(at=at) == 1
    assert held() == BOTH
    delivery = FieldValues.objects.get()
    assert (delivery.source, delivery.name, delivery.rows) == (source, "供暖台账", 2)
    assert delivery.as_of == localdate(of)  # the register's own day, in the city's time
    source.refresh_from_db()
    assert (source.read_at, source.due_at, source.failures) == (at, at + timedelta(days=1), 0)
    assert pull_due(at=at + timedelta(hours=23)) == 0
    assert [(path, headers["authorization"], headers["accept-encoding"]) for path, headers in register.asked] == [
        ("/heat.csv", "Bearer of-nobody", "identity")
    ]
    entries = Entry.objects.count()
    later = at + timedelta(days=1)
    assert pull_due(at=later) == 0  # read, and the same
    source.refresh_from_db()
    assert (source.read_at, FieldValues.objects.count(), Entry.objects.count()) == (later, 1, entries)
    register.answers["/heat.csv"] = body(GAS.replace(b"coal", b"sun"))
    assert pull_due(at=later + timedelta(days=1)) == 1
    assert held() == {**BOTH, int(TWO + "0000"): "sun"}
    journal = Entry.objects.filter(act="forms.bring_values").order_by("pk")
    assert [entry.data["source"] for entry in journal] == [source.pk, source.pk]
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, url FROM forms_datasource")
        (row,) = cursor.fetchall()
    assert "of-nobody" not in row[0] and "heat.csv" not in row[1]  # sealed
    assert "of-nobody" not in caplog.text and "/heat.csv" not in caplog.text
    assert "of-nobody" not in json.dumps(list(Entry.objects.values("data")), ensure_ascii=False)


def test_what_was_pulled_is_filled_in_and_not_asked(town: Cast, register: Register) -> None:
    register.answers["/heat.csv"] = body(GAS)
    running(town, register)
    assert pull_due(at=town.at) == 1
    form = publish(town, sheet(["text", "heat", "供暖方式", "Heating", "", FIELD]), reuse=True)
    assert form.questions.get().held is True
    made = held_file(form, [HERE], at=town.at)
    assert made is not None
    lines = made.content.decode().splitlines()
    assert len(lines) == 11 and all(line.endswith(",gas") for line in lines[1:])  # each door of the first compound


def test_json_is_read_by_its_members(town: Cast, register: Register) -> None:
    items = [{"id": int(ONE), "props": {"heat": "gas"}}, {"id": TWO + "0000", "props": {"heat": "coal"}}]
    register.answers["/heat.json"] = body(json.dumps({"data": {"items": items}}).encode())
    running(town, register, "/heat.json", kind="JSON", records="data.items", place_name="id", value_name="props.heat")
    assert pull_due(at=town.at) == 1
    assert held() == BOTH


def test_the_owner_is_told_once_after_three_failures_and_no_more_when_it_is_read_again(
    town: Cast, register: Register
) -> None:
    register.answers["/heat.csv"] = status(503)
    source, at, tasks = running(town, register), town.at, []
    for _n in range(5):
        assert pull_due(at=at) == 0
        source.refresh_from_db()
        tasks.append(Task.objects.everywhere("a test").count())
        at = source.due_at
    assert tasks == [0, 0, 1, 1, 1]
    task = Task.objects.everywhere("a test").get()
    assert (task.owner.code, task.asker.code, task.state) == ("5101:health", "5101:health", "SENT")
    assert "供暖台账" in task.title and "503" in task.title
    page = town.client("department").get(f"/desk/tasks/{task.pk}")
    assert f"/forms/fields/sources/{source.pk}" in page.content.decode()
    assert Entry.objects.filter(act="forms.source_fails").count() == 1
    register.answers["/heat.csv"] = body(GAS)
    assert pull_due(at=at) == 1
    task.refresh_from_db()
    source.refresh_from_db()
    assert (task.state, source.failures, source.failing_since, source.refusal) == ("RECALLED", 0, None, None)
    register.answers["/heat.csv"] = status(503)
    for _n in range(3):  # another row of failures is another task
        assert pull_due(at=source.due_at) == 0
        source.refresh_from_db()
    assert Task.objects.everywhere("a test").filter(closed_at=None).count() == 1
    switch_source(source, on=False, by=town.department, at=source.due_at)
    assert Task.objects.everywhere("a test").filter(closed_at=None).count() == 0


@pytest.mark.parametrize(
    ("field", "change", "member", "refusal"),
    [
        ("no_such", {}, "lead", NotFound),
        ("person_phone", {}, "lead", NeverPulled),
        ("building", {}, "lead", NotHeldHere),
        (FIELD, {}, "department", NotAllowed),  # its owner sees it and switches it off
        (FIELD, {}, "admin", NotAllowed),
        (FIELD, {"title": " "}, "lead", PartMissing),
        (FIELD, {"place_name": ""}, "lead", PartMissing),
        (FIELD, {"value_name": "x" * 81}, "lead", PartMissing),
        (FIELD, {"records": "x" * 201}, "lead", PartMissing),
        (FIELD, {"kind": "XML"}, "lead", PartMissing),
        (FIELD, {"every": "MINUTE"}, "lead", PartMissing),
        (FIELD, {"secret": "a\r\nHost: b"}, "lead", SecretUnfit),
        (FIELD, {"secret": "口令"}, "lead", SecretUnfit),
        (FIELD, {"url": "ftp://register.example/"}, "lead", UrlNotAllowed),
        (FIELD, {"url": "http://10.0.0.1/heat.csv"}, "lead", PrivateAddress),
        (FIELD, {"url": "https://[::1]/heat.csv"}, "lead", PrivateAddress),
    ],
)
def test_what_cannot_be_set_up_is_refused_and_nothing_is_written(
    town: Cast, register: Register, field: str, change: dict[str, Any], member: str, refusal: type[Refusal]
) -> None:
    entries = Entry.objects.count()
    with pytest.raises(refusal) as found:
        add_source(field, reads(register, **change), by=getattr(town, member), at=town.at)
    assert (DataSource.objects.count(), Entry.objects.count()) == (0, entries)
    if refusal is NeverPulled:
        with override_settings(LANGUAGE_CODE="en"):
            assert "persons" in NeverPulled.sentence and found.value.data["label"].code == "person_phone"


def test_who_may_do_what(town: Cast, register: Register) -> None:
    source = running(town, register)
    entries = Entry.objects.count()
    assert [one for one, _field in sources_for(town.department)] == [source]
    for name in ("dispatcher", "admin", "auditor", "district_head"):
        by = getattr(town, name)
        with pytest.raises(NotAllowed):
            sources_for(by)
        with pytest.raises(NotFound):
            get_source(source.pk, actor=by)
        with pytest.raises(NotFound):
            switch_source(source, on=False, by=by, at=town.at)
    for act in (
        lambda: change_source(source, reads(register, title="x"), by=town.department, at=town.at),
        lambda: end_source(source, by=town.department, at=town.at),
    ):
        with pytest.raises(NotAllowed):
            act()
    source.refresh_from_db()
    assert (source.active, source.title, Entry.objects.count()) == (True, "供暖台账", entries)
    off = switch_source(source, on=False, by=town.department, at=town.at)
    assert (off.active, off.due_at) == (False, None)
    with pytest.raises(NotAllowed):
        switch_source(off, on=True, by=town.department, at=town.at)
    assert pull_due(at=town.at + timedelta(days=9)) == 0
    assert register.asked == []


def test_a_field_has_one_source_and_while_that_is_on_no_file_is_brought(town: Cast, register: Register) -> None:
    register.answers["/heat.csv"] = body(GAS)
    source = running(town, register)
    with pytest.raises(SourceThere):
        add_source(FIELD, reads(register), by=town.lead, at=town.at)
    assert pull_due(at=town.at) == 1
    by_hand = {"name": "v.csv", "sha256": "a" * 64, "as_of": town.at.date(), "by": town.department, "at": town.at}
    with pytest.raises(FieldIsPulled):
        bring_values(FIELD, [{"place": ONE, "value": "wood"}], **by_hand)
    assert held() == BOTH
    switch_source(source, on=False, by=town.department, at=town.at)
    bring_values(FIELD, [{"place": ONE, "value": "wood"}], **by_hand)
    assert held() == {int(ONE + "0000"): "wood"}
    switch_source(source, on=True, by=town.lead, at=town.at)
    assert pull_due(at=town.at) == 1  # the same as it brought last, but not what is held
    assert held() == BOTH


def test_of_two_who_set_one_up_at_the_same_moment_one_does_and_the_other_is_told_whose_it_is(
    transactional_db: None, town: Cast, register: Register
) -> None:
    entries, titles = Entry.objects.count(), ("供暖台账甲", "供暖台账乙")
    works = [
        lambda title=title: add_source(FIELD, reads(register, title=title), by=town.lead, at=town.at)
        for title in titles
    ]
    raised = at_once(*works)
    (made,) = DataSource.objects.all()
    won = titles.index(made.title)
    assert raised[won] is None
    refused = raised[1 - won]
    assert isinstance(refused, SourceThere) and refused.data == {"field": "field", "title": made.title}
    assert Entry.objects.count() == entries + 1


def test_a_change_switches_off_and_reads_the_same_content_in_the_new_way(town: Cast, register: Register) -> None:
    register.answers["/heat.csv"] = body(f"place,heat,fuel\n{ONE},gas,methane\n".encode())
    source = running(town, register, secret="Bearer x")
    assert pull_due(at=town.at) == 1
    later = town.at + timedelta(days=2)
    with pytest.raises(SecretForAnother):
        change_source(source, reads(register, url="https://other.example/heat.csv"), by=town.lead, at=later)
    source.refresh_from_db()
    assert (source.active, source.host, source.secret) == (True, "127.0.0.1", "Bearer x")
    changed = change_source(source, reads(register, value_name="fuel"), by=town.lead, at=later)
    assert (changed.active, changed.due_at, changed.secret) == (False, None, "Bearer x")
    switch_source(changed, on=True, by=town.lead, at=later)
    assert pull_due(at=later) == 1
    assert held() == {int(ONE + "0000"): "methane"}
    acts = Entry.objects.filter(act__contains="source").order_by("pk").values_list("act", "data")
    said = {"field": FIELD, "title": "供暖台账", "host": "127.0.0.1", "kind": "CSV", "every": "DAILY", "header": True}
    assert list(acts) == [
        ("forms.add_source", said),
        ("forms.switch_source", {"field": FIELD, "on": True}),
        ("forms.change_source", said),
        ("forms.switch_source", {"field": FIELD, "on": True}),
    ]
    ended = end_source(changed, by=town.lead, at=later)
    assert (ended.active, ended.url, ended.secret, held()) == (False, "", "", {int(ONE + "0000"): "methane"})
    with pytest.raises(NotFound):
        switch_source(ended, on=True, by=town.lead, at=later)
    assert running(town, register).pk != ended.pk  # the field is free again


def test_one_job_reads_it_at_a_time_and_a_job_that_ends_gives_it_up(town: Cast, register: Register) -> None:
    source = running(town, register)
    first = take_source(source.pk, at=town.at)
    assert first is not None and first.due_at == town.at + HOLD
    assert take_source(source.pk, at=town.at) is None
    assert take_source(source.pk, at=town.at + HOLD) is not None


def test_what_was_changed_or_stopped_while_it_was_read_is_not_taken(town: Cast, register: Register) -> None:
    source = running(town, register)

    def stopping(handler: Any) -> None:
        body(GAS)(handler)

    register.answers["/heat.csv"] = stopping
    taken = take_source(source.pk, at=town.at)
    assert taken is not None
    switch_source(source, on=False, by=town.department, at=town.at)
    lines = adapter.lines_of(taken, GAS)
    assert adapter.take_delivery(taken, lines, sha256="0" * 64, as_of=town.at.date(), at=town.at) is None
    adapter.note_failure(taken, adapter.AnswerCut(), at=town.at)
    source.refresh_from_db()
    assert (held(), source.active, source.failures) == ({}, False, 0)


def test_a_dry_run_shows_lines_and_faults_and_writes_nothing(town: Cast, register: Register) -> None:
    register.answers["/heat.csv"] = body(GAS + b"51x,gas\n330104001001001,gas\n")
    source = add_source(FIELD, reads(register), by=town.lead, at=town.at)
    entries = Entry.objects.count()
    trial = try_source(source, at=town.at)
    assert (trial.good, trial.count, trial.why, len(trial.problems)) == (False, 4, "", 2)
    assert [(line["line"], line["place"], line["value"]) for line in trial.lines[:2]] == [
        ("2", ONE, "gas"),
        ("3", TWO, "coal"),
    ]
    assert "51x" in trial.problems[0] and "4" in trial.problems[0]
    register.answers["/heat.csv"] = body(GAS)
    good = try_source(source, at=town.at)
    assert (good.good, good.count, good.same, good.as_of is not None) == (True, 2, False, True)
    register.answers["/heat.csv"] = status(500)
    assert "500" in try_source(source, at=town.at).why
    FieldEntry.objects.filter(code=FIELD).update(held="")
    assert try_source(source, at=town.at).good is False
    source.refresh_from_db()
    assert (source.tried_at, source.active, Entry.objects.count(), FieldValues.objects.count()) == (
        None,
        False,
        entries,
        0,
    )
