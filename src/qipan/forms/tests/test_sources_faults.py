"""Registers that fail, hang, lie about their length or lead elsewhere: nothing that is held changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import override_settings

from qipan.access.testing import Cast

from .. import adapter
from ..actions.sources import add_source, switch_source
from ..adapter import pull_due
from ..models import DataSource, FieldValues
from .conftest import Entry
from .pulling import BOTH, FIELD, GAS, ONE, held, reads, running
from .register import Register, body, cut, endless, leads, self_made, status, unsaid

Task = apps.get_model("desk", "Task")
pytestmark = [pytest.mark.row("ORG-12"), pytest.mark.usefixtures("network")]


BROKEN: dict[str, tuple[Any, str]] = {
    "status": (status(500), "forms.answer_refused"),
    "missing": (status(404), "forms.answer_refused"),
    "cut": (cut(GAS[:-9], promised=len(GAS)), "forms.answer_cut"),
    "length": (unsaid(GAS), "forms.length_not_said"),
    "packed": (body(GAS, Content_Encoding="gzip"), "forms.answer_packed"),
    "encoding": (body("place,heat\n".encode("utf-16")), "forms.not_a_table"),
    "bytes": (body(b"place,heat\n" + ONE.encode() + b",\xff\xff\n"), "forms.not_a_table"),
    "said_large": (cut(b"place", promised=5_000_001), "forms.answer_too_large"),
    "large": (endless(b"x" * 100_000), "forms.answer_too_large"),
    "million": (body(b"p\n" * 1_000_000), "forms.not_a_table"),
    "column": (body(GAS.replace(b"heat", b"cold")), "forms.column_missing"),
    "empty": (body(b"place,heat\n"), "forms.lines_out_of_range"),
    "place": (body(GAS + b"510104,gas\n"), "forms.values_wrong"),
    "twice": (body(GAS + ONE.encode() + b",sun\n"), "forms.values_wrong"),
    "outside": (body(GAS + b"330104001001001,gas\n"), "forms.values_wrong"),
    "no_value": (body(GAS + b"510104001002001,\n"), "forms.values_wrong"),
    "masked": (body(GAS + "510104001002001,⟦masked:PERSON⟧\n".encode()), "forms.values_wrong"),
    "inner": (leads("http://169.254.169.254/latest"), "forms.leads_elsewhere"),
    "neighbour": (leads("https://127.0.0.3/"), "forms.leads_elsewhere"),
    "open": (leads("http://8.8.8.8/"), "forms.leads_elsewhere"),
    "file": (leads("file:///etc/passwd"), "forms.leads_elsewhere"),
    "circle": (leads("/circle"), "forms.too_many_redirects"),
}  # fmt: skip


def test_a_broken_or_half_answer_changes_nothing_and_says_why_and_when_it_is_tried_again(
    town: Cast, register: Register
) -> None:
    register.answers["/heat.csv"] = body(GAS)
    source = running(town, register)
    assert pull_due(at=town.at) == 1
    entries, at, why = Entry.objects.count(), town.at, {}
    for name, (answer, _code) in BROKEN.items():
        at = at + timedelta(days=1)
        register.answers[f"/{name}"] = answer
        DataSource.objects.update(
            url=f"{register.base}/{name}", due_at=at, failures=0, failing_since=None, refusal=None
        )
        assert pull_due(at=at) == 0, name
        source.refresh_from_db()
        why[name] = source.refusal["code"]
        assert (source.failures, source.tried_at, source.due_at) == (1, at, at + timedelta(minutes=5)), name
        assert source.read_at == town.at
    assert why == {name: code for name, (_answer, code) in BROKEN.items()}
    assert held() == BOTH
    assert (FieldValues.objects.count(), Entry.objects.count(), Task.objects.everywhere("a test").count()) == (
        1,
        entries,
        0,
    )
    assert len([path for path, _headers in register.asked if path == "/circle"]) == 4


def test_a_register_that_hangs_is_left_and_the_next_one_is_read(
    town: Cast, register: Register, monkeypatch: Any
) -> None:
    monkeypatch.setattr(adapter, "SECONDS", 0.3)
    register.answers["/hang"] = register.hang()
    slow = running(town, register, "/hang")
    register.answers["/phone.csv"] = body(GAS)
    quick = add_source("compound_office_phone", reads(register, "/phone.csv"), by=town.lead, at=town.at)
    switch_source(quick, on=True, by=town.lead, at=town.at)
    assert pull_due(at=town.at) == 1
    slow.refresh_from_db()
    with override_settings(LANGUAGE_CODE="en"):
        assert slow.refusal["code"] == "forms.no_answer" and slow.refusal["data"] == {"seconds": "0.3"}
    assert FieldValues.objects.get().source_id == quick.pk


def test_a_redirect_is_followed_and_the_header_stays_with_the_machine_that_it_was_meant_for(
    town: Cast, register: Register
) -> None:
    other = Register()  # another port is another machine
    try:
        register.answers["/heat.csv"] = leads("/moved.csv", 301)
        register.answers["/moved.csv"] = leads(f"{other.base}/kept.csv", 307)
        other.answers["/kept.csv"] = body(GAS)
        running(town, register, secret="Basic eDp5")
        assert pull_due(at=town.at) == 1
        assert held() == BOTH
        assert [headers.get("authorization") for _path, headers in register.asked] == ["Basic eDp5"] * 2
        assert [headers.get("authorization") for _path, headers in other.asked] == [None]
    finally:
        other.stop()


def test_no_other_machine_of_this_network_hears_anything(town: Cast, register: Register) -> None:
    """127.0.0.2 is as real as 127.0.0.1, and not named as one's own."""
    inner = Register("127.0.0.2")
    try:
        inner.answers["/secret"] = body(GAS)
        register.answers["/heat.csv"] = leads(f"{inner.base}/secret")
        source = running(town, register)
        assert pull_due(at=town.at) == 0
        source.refresh_from_db()
        assert source.refusal["code"] == "forms.leads_elsewhere"
        with override_settings(OWN_NETWORKS=()):  # what is allowed is asked at each reading
            DataSource.objects.update(due_at=town.at)
            assert pull_due(at=town.at) == 0
        source.refresh_from_db()
        assert source.refusal["code"] == "kernel.url_not_allowed"
        assert inner.asked == [] and len(register.asked) == 1
    finally:
        inner.stop()


def test_a_certificate_that_nobody_trusts_is_not_trusted(town: Cast, register: Register) -> None:
    safe = Register(certificate=self_made())
    try:
        safe.answers["/heat.csv"] = body(GAS)
        made = add_source(
            FIELD, reads(register, url=f"{safe.base}/heat.csv", secret="Bearer x"), by=town.lead, at=town.at
        )
        switch_source(made, on=True, by=town.lead, at=town.at)
        assert pull_due(at=town.at) == 0
        made.refresh_from_db()
        assert made.refusal["code"] == "forms.not_reached" and made.refusal["data"] == {"why": "ConnectError"}
        assert safe.asked == [] and held() == {}
    finally:
        safe.stop()
