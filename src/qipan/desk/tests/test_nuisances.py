"""A form or a task is a nuisance: said by units, counted by form and demander, never by person (SVC-13)."""

from datetime import timedelta

import pytest

from qipan.access.testing import Cast
from qipan.desk.actions.nuisances import say_nuisance, say_task_nuisance
from qipan.desk.models import Nuisance, Task
from qipan.desk.queries.nuisances import nuisances_of_forms, nuisances_on
from qipan.desk.rules import week_of
from qipan.journal.api import entries_of
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound

from .test_burden import admit, apply, ask

CITY = [range_of("5101")]


def asked_of(city: Cast, unit: str) -> Task:
    """A weekly ledger of the health department on the desk of a community."""
    ask(city, admit(city, apply(city)))
    return Task.objects.everywhere("a test").select_related("admission__demander", "asker").get(owner=city.unit(unit))


def said() -> list[Nuisance]:
    return list(Nuisance.objects.everywhere("a test").order_by("pk"))


@pytest.mark.row("SVC-13")
def test_a_unit_counts_once_a_week_and_nobody_of_it_is_named(city: Cast) -> None:
    task = asked_of(city, "510104001001:community")
    assert [say_task_nuisance(task, by=city.worker, at=city.at) for _again in range(3)] == [True, False, False]
    (row,) = said()
    assert (row.owner.code, row.demander.code, row.activity, row.form_code) == (
        "510104001001:community", "5101:health", "FORM", "",
    )  # fmt: skip
    (entry,) = entries_of("desk.say_nuisance")
    assert (entry.by_label, entry.by_account, entry.by_post, entry.by_pass) == (row.owner.label, None, None, "")
    assert say_task_nuisance(task, by=city.worker, at=city.at + timedelta(days=7))
    assert [line.units for line in nuisances_on(CITY, week_of(city.at))] == [1]


def test_what_is_counted_is_seen_by_form_and_demander_and_ground(city: Cast) -> None:
    health, week = city.unit("5101:health"), week_of(city.at)
    for who in (city.worker, city.neighbour_worker):
        say_nuisance(demander=health, form_code="door-needs", by=who, at=city.at)
    say_nuisance(demander=city.unit("5101:lead-body"), form_code="door-needs", by=city.worker, at=city.at)
    lines = [(line.what, line.demander, line.units) for line in nuisances_on(CITY, week)]
    assert lines == [
        ("door-needs", health.label, 2),
        ("door-needs", city.unit("5101:lead-body").label, 1),
    ]
    assert [line.units for line in nuisances_on([range_of("510104001001")], week)] == [1, 1]
    assert nuisances_on(CITY, week - timedelta(days=7)) == []
    assert nuisances_of_forms(["door-needs", "other"], at=city.at + timedelta(weeks=7)) == {"door-needs": 2}
    assert nuisances_of_forms(["door-needs"], at=city.at + timedelta(weeks=8)) == {}


def test_only_the_unit_on_whose_desk_it_lies_says_it_and_not_of_its_own_work(city: Cast) -> None:
    task = asked_of(city, "510104001001:community")
    with pytest.raises(NotFound):
        say_task_nuisance(task, by=city.neighbour_worker, at=city.at)
    with pytest.raises(NotAllowed):
        say_nuisance(demander=city.unit("5101:health"), by=city.stranger, at=city.at)
    task.drill = True
    with pytest.raises(NotFound):
        say_task_nuisance(task, by=city.worker, at=city.at)
    assert said() == []


@pytest.mark.row("SVC-13")
def test_the_task_page_has_the_button_and_the_meter_shows_what_was_said(city: Cast) -> None:
    task = asked_of(city, "510104001001:community")
    client = city.client("worker")
    page = f"/desk/tasks/{task.pk}"
    assert f"{page}/nuisance" in client.get(page).content.decode()
    assert client.post(f"{page}/nuisance").status_code == 302
    again = client.get(page).content.decode()
    assert f"{page}/nuisance" not in again
    assert "本单位本周已反映此事添麻烦" in again
    meter = client.get("/burden").content.decode()
    assert 'id="burden-nuisances"' in meter
    assert city.unit("5101:health").label in meter.partition('id="burden-nuisances"')[2].partition("</table>")[0]
    assert city.client("neighbour_worker").post(f"{page}/nuisance").status_code == 404
    assert len(said()) == 1
