"""The pages of the lists: the map of a day with its faults, one item, files in and out."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate
from openpyxl import load_workbook

from qipan.duties.actions.lists import get_item, get_organ, set_duty
from qipan.duties.api import Responsibility
from qipan.duties.queries.lists import lines_on

HEADER = "item,kind,name,name_en,organ,role,basis,basis_en"


@pytest.fixture
def today(city):
    return localdate(city.at)


def english(client):
    client.cookies["django_language"] = "en"
    return client


def sent(client, text: str, name: str = "list.csv", *, version: str = "2026", begins: object) -> object:
    file = SimpleUploadedFile(name, text.encode())
    return client.post("/duties/import", {"file": file, "version": version, "begins": str(begins)})


@pytest.mark.row("ORG-4")
def test_the_map_marks_gaps_and_overlaps_with_words(city, today):
    how = {"basis": "法", "version": "v", "begins": today, "by": city.lead, "at": city.at}
    set_duty(get_item("noise", on=today), get_organ("5101:public-security"), role="PRIMARY", **how)
    set_duty(get_item("food-safety", on=today), get_organ("5101:market"), role="", **how)
    page = english(city.client("lead")).get("/duties").content.decode()
    assert "several are primary on the same ground: 1" in page
    assert "nobody is primary: 1" in page
    assert "Ecology and Environment Bureau of Chengdu / Public Security Bureau of Chengdu" in page
    assert "39 of 39 items" in page
    assert "contains an example list" in page
    only = english(city.client("lead")).get("/duties", {"fault": "OVERLAP"}).content.decode()
    assert "1 of 39 items" in only and "Food safety" not in only
    before = english(city.client("lead")).get("/duties", {"on": str(today - timedelta(days=1))}).content.decode()
    assert "several are primary on the same ground: 0" in before
    never = english(city.client("lead")).get("/duties", {"on": "2001-01-01"}).content.decode()
    assert "No list was in force on this day." in never


@pytest.mark.row("ORG-3")
@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"kind": "SELF_RUN"}, 3),
        ({"organ": "community", "role": "WITHDRAWN"}, 7),
        ({"q": "违法"}, 1),
        ({"q": "ILLEGAL"}, 2),
        ({"on": "nonsense", "kind": "nonsense"}, 39),
    ],
)
def test_the_map_is_narrowed(city, asked, shown):
    response = city.client("dispatcher").get("/duties", asked)
    assert response.status_code == 200
    assert len(response.context["rows"]) == shown


@pytest.mark.row("ORG-3")
def test_withdrawn_items_are_shown_with_their_basis(city):
    page = english(city.client("worker")).get("/duties").content.decode()
    assert "Withdrawn: they may not be made responsible for this" in page
    assert "taken back by the departments above" in page
    assert "Put a whole list in force" not in page


@pytest.mark.row("ORG-3")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_taken_along_is_read_again_unchanged(city, today, kind):
    response = city.client("lead").get(f"/duties/lists.{kind}")
    assert response.headers["Content-Disposition"] == f'attachment; filename="duties-{today}.{kind}"'
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    else:
        sheet = load_workbook(io.BytesIO(response.content), read_only=True).worksheets[0]
        rows = [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == [*HEADER.split(","), "article", "version", "valid_from", "organ_name"]
    assert len(rows) == 99
    before = set(lines_on(today).values_list("item_code", "organ_type", "unit", "role", "basis"))
    file = SimpleUploadedFile(f"again.{kind}", response.content)
    client = city.client("lead")
    answer = client.post("/duties/import", {"file": file, "version": "2026", "begins": str(today)})
    assert (answer.status_code, answer.url) == (302, f"/duties?on={today}")
    assert set(lines_on(today).values_list("item_code", "organ_type", "unit", "role", "basis")) == before
    assert not lines_on(today).filter(example=True).exists()  # now it is the city's own


def test_a_bad_file_changes_nothing_and_names_its_lines(city, today):
    client, held = english(city.client("lead")), Responsibility.objects.count()
    text = f"{HEADER}\nnoise,ENFORCEMENT,噪声,,community,PRIMARY,法,\n\nx,UPKEEP,名,,nobody,PRIMARY,法,\n"
    answer = sent(client, text, begins=today)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "2 faults; nothing was changed." in page
    assert "line 2: Community only carries out" in page
    assert "line 4: organ is missing or wrong: nobody" in page
    for raw in (b"PK\x03\x04nonsense", b"\xff\xfe\x00\x00", b"", b"a,a\n1,2\n", b"\0\0"):
        file = SimpleUploadedFile("list.xlsx", raw)
        assert client.post("/duties/import", {"file": file, "version": "v", "begins": str(today)}).status_code == 400
    late = sent(client, f"{HEADER}\nx,UPKEEP,名,,street-office,PRIMARY,法,\n", begins=today - timedelta(days=9))
    assert late.status_code == 400 and "What was in force stays as it was" in late.content.decode()
    assert sent(client, HEADER, begins="soon").status_code == 400
    assert Responsibility.objects.count() == held


@pytest.mark.row("ORG-3")
def test_the_lead_organisation_changes_a_line_and_nobody_else_does(city, today):
    address, given = "/duties/items/noise", {"organ": "street-office", "role": "COOPERATING", "begins": str(today)}
    assert city.client("dispatcher").post(address, {**given, "basis": "法"}).status_code == 403
    assert city.client("dispatcher").get(address).status_code == 200
    assert city.client("guard").get("/duties").status_code == 200
    assert city.client("screener").get("/duties").status_code == 403
    client = english(city.client("lead"))
    for change, sentence in (
        ({}, "Each line of a list needs its legal basis."),
        ({"basis": "法", "organ": "nobody"}, "There is no organ with this code."),
        ({"basis": "法", "organ": "community", "role": "PRIMARY"}, "has no power to enforce the law"),
        ({"basis": "法", "begins": str(today - timedelta(days=1))}, "What was in force stays as it was"),
    ):
        refused = client.post(address, {**given, **change})
        assert refused.status_code >= 400
        assert sentence in refused.content.decode()
    assert not lines_on(today).filter(item_code="noise", organ_type__code="street-office").exists()
    done = client.post(address, {**given, "basis": "法"})
    assert (done.status_code, done.url) == (302, f"{address}?on={today}")
    page = client.get(done.url).content.decode()
    assert "○ Subdistrict office" in page and "changed on its page" in page
    assert client.get("/duties/items/nothing").status_code == 404
    assert client.get("/duties/lists.pdf").status_code == 404
