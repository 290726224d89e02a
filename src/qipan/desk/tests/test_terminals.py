"""What communities must keep beside their own work: owner and last use of each, and its end (SVC-11)."""

import csv
from datetime import date, timedelta
from io import StringIO

import pytest
from django.apps import apps

from qipan.access.testing import Cast, make_city
from qipan.desk.actions.terminals import end_terminal, leave_terminal, note_terminal
from qipan.desk.models import Terminal, TerminalUse
from qipan.desk.queries.terminals import kept_on, terminal_lines, uses_of
from qipan.journal.api import entries_of
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound

CITY = range_of("5101")
ENGLISH = {"headers": {"Accept-Language": "en"}}


@pytest.fixture
def city(db: None) -> Cast:
    return make_city()


def note(city: Cast, n: int = 1, **changes) -> TerminalUse:
    said = {
        "name": f"System {n}", "kind": "SYSTEM", "owner": city.unit("5101:health"), "accounts": 2,
        "last_used": date(2026, 3, n), "by": city.worker, "at": city.at,
    }  # fmt: skip
    return note_terminal(**said | changes)


def uses() -> list[tuple]:
    rows = TerminalUse.objects.everywhere("a test").filter(ended_at=None).order_by("pk")
    return list(rows.values_list("terminal__name", "unit__code", "accounts", "last_used"))


@pytest.mark.row("SVC-11")
class TestTheList:
    def test_a_community_of_nine_systems_reads_owner_and_last_use_of_each(self, city: Cast):
        owners = ["5101:health", "5101:parks", "510104:district-command"]
        for n in range(1, 10):
            note(city, n, owner=city.unit(owners[n % 3]), last_used=date(2026, 3, n) if n != 9 else None)
        unit = city.unit("510104001001:community")
        assert sorted((one.terminal.name, one.terminal.owner.code, one.last_used) for one in uses_of(unit)) == [
            (f"System {n}", owners[n % 3], date(2026, 3, n) if n != 9 else None) for n in range(1, 10)
        ]
        page = city.client("worker").get("/terminals", **ENGLISH)
        text = page.content.decode()
        assert page.status_code == 200 and page.context["kept"].each == 9.0
        assert (page.context["kept"].listed, page.context["kept"].communities) == (1, 1)
        assert [line.terminal.name for line, _ending in page.context["lines"]] == sorted(
            (f"System {n}" for n in range(1, 10)), key=lambda name: (owners[int(name[-1]) % 3], name)
        )
        assert text.count("No basis is named.") == 18
        answer = city.client("worker").get("/terminals.csv", **ENGLISH)
        rows = list(csv.reader(StringIO(answer.content.decode().removeprefix("\ufeff"))))
        assert rows[0][-3:] == ["Basis", "Log-ins", "Last used on"]
        assert rows[1][1:] == [
            "System 1",
            "system in a browser",
            city.unit("5101:parks").name_en,
            "",
            "2",
            "2026-03-01",
        ]
        assert len(rows) == 10

    def test_the_level_above_counts_by_terminal_and_by_community(self, city: Cast):
        first = note(city)
        note(city, terminal=first.terminal, name="", owner=None, by=city.neighbour_worker, accounts=3,
             last_used=date(2026, 3, 9))  # fmt: skip
        note(city, 2, owner=city.unit("510104001:street-office"))
        lines = terminal_lines([CITY])
        assert [(line.terminal.name, line.units, line.accounts, line.last_used, line.allowed) for line in lines] == [
            ("System 1", 2, 5, date(2026, 3, 9), True),
            ("System 2", 1, 2, date(2026, 3, 2), False),
        ]
        kept = kept_on([CITY])
        assert (kept.communities, kept.listed, kept.uses, kept.each) == (8, 2, 3, 1.5)
        assert kept_on([range_of("510105")]).each == 0.0
        burden = city.client("lead").get("/burden", **ENGLISH).content.decode()
        assert 'id="burden-systems">1.5<' in burden

    def test_another_community_sees_nothing_of_it(self, city: Cast):
        note(city)
        page = city.client("neighbour_worker").get("/terminals", **ENGLISH)
        assert page.context["lines"] == [] and page.context["uses"] == []
        assert city.client("stranger").get("/terminals").status_code == 404


@pytest.mark.row("SVC-11")
class TestNoting:
    def test_the_same_again_corrects_and_one_name_of_one_owner_is_one_terminal(self, city: Cast):
        note(city)
        note(city, accounts=5, last_used=None)
        note(city, by=city.neighbour_worker)
        assert uses() == [
            ("System 1", "510104001001:community", 5, None),
            ("System 1", "510104001002:community", 2, date(2026, 3, 1)),
        ]
        assert Terminal.objects.count() == 1
        assert len(list(entries_of("desk.note_terminal"))) == 3

    @pytest.mark.parametrize(
        "wrong",
        [{"name": " "}, {"owner": None}, {"kind": "GATE"}, {"accounts": -1}, {"accounts": 501}, {"last_used": date(2999, 1, 1)}],
    )  # fmt: skip
    def test_what_is_wrong_is_refused_and_nothing_written(self, city: Cast, wrong: dict):
        with pytest.raises(BadInput):
            note(city, **wrong)
        assert (uses(), Terminal.objects.count()) == ([], 0)

    def test_only_who_executes_lists(self, city: Cast):
        for by in (city.department, city.lead, city.dispatcher, city.auditor):
            with pytest.raises(NotAllowed):
                note(city, by=by)
        assert uses() == []

    def test_a_community_leaves_its_own_and_no_other(self, city: Cast):
        use = note(city)
        with pytest.raises(NotFound):
            leave_terminal(use, by=city.neighbour_worker, at=city.at)
        assert len(uses()) == 1
        leave_terminal(use, by=city.worker, at=city.at)
        assert uses() == []
        note(city)
        assert len(uses()) == 1


@pytest.mark.row("SVC-11")
class TestTheEnd:
    def test_the_lead_organisation_ends_it_for_all_and_says_what_stands_in_its_place(self, city: Cast):
        terminal = note(city).terminal
        note(city, by=city.neighbour_worker)
        with pytest.raises(NotAllowed):
            end_terminal(terminal, instead="an export", by=city.department, at=city.at)
        with pytest.raises(BadInput):
            end_terminal(terminal, instead=" ", by=city.lead, at=city.at)
        assert len(uses()) == 2
        assert end_terminal(terminal, instead="CSV in its columns", by=city.lead, at=city.at) == 2
        assert uses() == []
        with pytest.raises(NotFound):
            end_terminal(terminal, instead="again", by=city.lead, at=city.at)
        with pytest.raises(NotFound):
            note(city, terminal=terminal)
        page = city.client("worker").get("/terminals", **ENGLISH).content.decode()
        assert "CSV in its columns" in page

    def test_through_the_pages(self, city: Cast):
        worker, lead = city.client("worker"), city.client("lead")
        given = {"name": "Grid app", "kind": "APP", "owner": city.unit("5101:health").pk, "accounts": "1"}
        assert worker.post("/terminals/note", given | {"owner": ""}, **ENGLISH).status_code == 400
        late = given | {"last_used": f"{city.at + timedelta(days=9):%Y-%m-%d}"}
        refused = worker.post("/terminals/note", late, **ENGLISH)
        assert (refused.status_code, "the last use lies ahead" in refused.content.decode()) == (400, True)
        assert uses() == []
        assert worker.post("/terminals/note", given | {"basis": "list 7"}).status_code == 302
        assert Terminal.objects.get().basis == "list 7"
        [use] = TerminalUse.objects.everywhere("a test")
        assert worker.post("/terminals/used", {"pk": use.pk}).status_code == 302
        use.refresh_from_db()
        assert use.last_used is not None
        assert city.client("neighbour_worker").post("/terminals/left", {"pk": use.pk}).status_code == 404
        assert worker.post("/terminals/end", {"pk": use.terminal_id, "instead": "x"}).status_code == 403
        assert lead.post("/terminals/end", {"pk": use.terminal_id, "instead": ""}).status_code == 400
        assert lead.post("/terminals/end", {"pk": use.terminal_id, "instead": "CSV"}).status_code == 302
        assert lead.post("/terminals/lost", {}).status_code == 404
        assert city.client("auditor").post("/terminals/note", given).status_code == 403
        assert uses() == []


def test_no_field_of_a_use_is_about_a_person():
    names = {field.name for field in apps.get_model("desk", "TerminalUse")._meta.get_fields()}
    assert names == {"id", "terminal", "unit", "place", "accounts", "last_used", "noted_at", "ended_at"}
