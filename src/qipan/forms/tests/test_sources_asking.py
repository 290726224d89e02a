"""ORG-12: a register is asked for changes only, and one that shows a certificate of the city's own authority is trusted."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from qipan.access.testing import Cast

from ..actions.sources import change_source, end_source, switch_source
from ..adapter import pull_due, try_source
from ..models import DataSource, FieldValues
from .conftest import Entry
from .pulling import BOTH, GAS, held, reads, running
from .register import Register, body, city_ca, known_by, leads, self_made, status

pytestmark = [pytest.mark.row("ORG-12"), pytest.mark.usefixtures("network")]
DAY = timedelta(days=1)
MODIFIED = "Fri, 27 Nov 2026 00:00:00 GMT"
COAL = GAS.replace(b"gas", b"sun")


def asked(register: Register) -> list[tuple[str | None, str | None]]:
    return [(said.get("if-none-match"), said.get("if-modified-since")) for _path, said in register.asked]


def test_what_has_not_changed_is_not_sent_again_and_the_page_says_so(town: Cast, register: Register) -> None:
    register.answers["/heat.csv"] = known_by(GAS, '"v1"', Last_Modified=MODIFIED)
    source = running(town, register)
    assert pull_due(at=town.at) == 1
    entries, later = Entry.objects.count(), town.at + DAY
    assert pull_due(at=later) == 0
    source.refresh_from_db()
    assert (source.read_at, source.tried_at, source.due_at, source.failures) == (later, later, later + DAY, 0)
    assert (source.not_modified, FieldValues.objects.count(), Entry.objects.count()) == (True, 1, entries)
    page = town.client("lead").get(f"/forms/fields/sources/{source.pk}").content.decode()
    assert "内容无变化" in page
    register.answers["/heat.csv"] = known_by(COAL, '"v2"')
    assert pull_due(at=later + DAY) == 1
    source.refresh_from_db()
    assert (source.not_modified, list(held().values())) == (False, ["sun", "coal"])
    assert pull_due(at=later + 2 * DAY) == 0
    assert asked(register) == [(None, None), ('"v1"', MODIFIED), ('"v1"', MODIFIED), ('"v2"', None)]
    try_source(source, at=later + 2 * DAY)
    assert asked(register)[-1] == (None, None)  # a dry run shows all of it


def test_where_something_else_is_held_or_it_is_read_in_another_way_all_of_it_is_asked_for(
    town: Cast, register: Register
) -> None:
    register.answers["/heat.csv"] = known_by(GAS, '"v1"')
    source = running(town, register)
    assert pull_due(at=town.at) == 1
    FieldValues.objects.update(sha256="0" * 64)  # as if a file had been brought by hand in between
    assert pull_due(at=town.at + DAY) == 1
    changed = change_source(source, reads(register, title="另一台账"), by=town.lead, at=town.at + DAY * 1.5)
    assert changed.validators is None
    switch_source(changed, on=True, by=town.lead, at=town.at + 2 * DAY)
    assert pull_due(at=town.at + 2 * DAY) == 1
    assert asked(register) == [(None, None)] * 3
    assert end_source(changed, by=town.lead, at=town.at + 3 * DAY).validators is None


def test_marks_belong_to_one_address_and_a_304_that_nobody_asked_for_is_refused(town: Cast, register: Register) -> None:
    """The portal leads on to the file of each month, and each file has the same mark."""
    register.answers["/heat.csv"] = leads("/10.csv")
    register.answers["/10.csv"] = known_by(GAS, '"1"')
    register.answers["/11.csv"] = known_by(COAL, '"1"')
    source = running(town, register)
    assert (pull_due(at=town.at), pull_due(at=town.at + DAY)) == (1, 0)
    register.answers["/heat.csv"] = leads("/11.csv")
    assert pull_due(at=town.at + 2 * DAY) == 1
    marks = [(path, said.get("if-none-match")) for path, said in register.asked]
    assert marks == [
        ("/heat.csv", None), ("/10.csv", None),
        ("/heat.csv", None), ("/10.csv", '"1"'),
        ("/heat.csv", None), ("/11.csv", None),
    ]  # fmt: skip
    assert list(held().values()) == ["sun", "coal"]
    register.answers["/heat.csv"] = status(304)
    assert pull_due(at=town.at + 3 * DAY) == 0
    source.refresh_from_db()
    assert (source.refusal["code"], source.failures) == ("forms.answer_refused", 1)


@pytest.mark.parametrize("mark", ["x" * 201, "", "\u00e9"])
def test_a_mark_that_cannot_be_said_back_is_none(town: Cast, register: Register, mark: str) -> None:
    register.answers["/heat.csv"] = body(GAS, ETag=mark)
    source = running(town, register)
    assert (pull_due(at=town.at), pull_due(at=town.at + DAY)) == (1, 0)
    source.refresh_from_db()
    assert (source.validators, asked(register)) == (None, [(None, None)] * 2)


@pytest.fixture(scope="module")
def office(tmp_path_factory: Any) -> Iterator[tuple[Register, Path]]:
    """A register of the office network with a certificate of the city's own authority, and the file of that authority."""
    authority, shown = city_ca()
    file = tmp_path_factory.mktemp("ca") / "city.pem"
    file.write_bytes(authority)
    made = Register(certificate=shown)
    made.answers["/heat.csv"] = body(GAS)
    yield made, file
    made.stop()


def test_a_register_of_the_own_authority_is_read_and_only_with_its_file(
    town: Cast, office: tuple[Register, Path]
) -> None:
    register, file = office
    source = running(town, register)
    assert pull_due(at=town.at) == 0
    source.refresh_from_db()
    assert (source.refusal["code"], register.asked) == ("forms.not_reached", [])
    with override_settings(OWN_CA=str(file)):
        assert pull_due(at=source.due_at) == 1
        assert held() == BOTH
        stranger = Register(certificate=self_made())  # a certificate that the authority did not sign
        try:
            stranger.answers["/heat.csv"] = body(COAL)
            DataSource.objects.update(url=f"{stranger.base}/heat.csv")
            assert pull_due(at=town.at + 3 * DAY) == 0
            assert (stranger.asked, held()) == ([], BOTH)
        finally:
            stranger.stop()


def test_a_file_of_authorities_that_cannot_be_used_is_said_by_check(
    office: tuple[Register, Path], tmp_path: Path
) -> None:
    _register, file = office
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    with override_settings(OWN_CA=str(file)):
        call_command("check", verbosity=0)
    for path in (wrong, tmp_path / "missing.pem"):
        with override_settings(OWN_CA=str(path)), pytest.raises(SystemCheckError, match="QIPAN_OWN_CA"):
            call_command("check", verbosity=0)
