"""A masked value comes back by no way: page, upload, import, endpoint, phone, OpenRosa, COPY (red lines 5 and 6)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from qipan.access.testing import Cast
from qipan.desk.models import Admission
from qipan.desk.testing import admitted
from qipan.forms.testing import CHOICES, DOOR, SURVEY, Filled, opened, publish, workbook
from qipan.kernel import bulk, sql
from qipan.kernel.ids import uuid7
from qipan.kernel.masking import MaskedValue, holds_token, is_token, token
from qipan.kernel.place import range_of
from qipan.matters.testing import make_world
from qipan.territory.models import Compound

HIDDEN = token("IDENTITY")
EN = {"headers": {"Accept-Language": "en"}}


def held() -> dict[str, int]:
    """How many rows each table has."""
    tables = [name for name in connection.introspection.table_names() if not name.startswith("django_")]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in tables))
        return dict(cursor.fetchall())


@pytest.fixture
def cast(city: Cast) -> Cast:
    opened(make_world(city).cast, publish(city))
    admitted(city.unit("5101:city-command"), ground=range_of("5101"), at=city.at)
    return city


def csv_of(*lines: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("list.csv", "\n".join(lines).encode(), "text/csv")


def by_json(cast: Cast, who: str, path: str, body: dict[str, Any], *, escaped: bool) -> HttpResponse:
    raw = json.dumps(body, ensure_ascii=escaped)
    return cast.client(who).post(path, raw, content_type="application/json", **EN)  # type: ignore[return-value]


def admission(cast: Cast) -> dict[str, str]:
    return {
        "title": f"Count {HIDDEN}", "basis": "plan", "activity": "FORM", "questions": "1", "how_often": "ONCE",
        "minutes_per_unit": "9", "organ_types": "community", "valid_from": f"{cast.at:%F}", "valid_to": "2099-01-01",
    }  # fmt: skip


def campaign() -> dict[str, Any]:
    return {"title": HIDDEN, "basis": "plan", "admission": Admission.objects.get().pk}


WAYS: dict[str, Callable[[Cast], Any]] = {
    "page": lambda cast: cast.client("department").post("/admissions", admission(cast), **EN),
    "column order": lambda cast: cast.client("worker").post(
        "/forms/door-needs/answers", {"name": "x", "lines": f'a = "{HIDDEN}"'}, **EN
    ),
    "upload of workers": lambda cast: cast.client("dispatcher").post(
        "/access/passes/enrol",
        {"file": csv_of("label", HIDDEN), "role": "screening-worker", "last_day": f"{cast.at + timedelta(days=9):%F}"},
        **EN,
    ),
    "endpoint": lambda cast: by_json(cast, "city_commander", "/api/campaigns", campaign(), escaped=False),
    "endpoint, escaped": lambda cast: by_json(cast, "city_commander", "/api/campaigns", campaign(), escaped=True),
    "phone": lambda cast: by_json(
        cast,
        "screener",
        "/api/field/matters",
        {"id": str(uuid7()), "category": "01003", "place": DOOR, "text": f"lamp {HIDDEN}"},
        escaped=False,
    ),
    "OpenRosa": lambda cast: cast.client("anonymous").post(
        f"/openrosa/key/{cast.screener_pass.token}/submission",
        {"xml_submission_file": SimpleUploadedFile("x.xml", Filled(more=f"<why>{HIDDEN}</why>").xml(), "text/xml")},
        **EN,
    ),
    "XLSForm": lambda cast: cast.client("lead").post(
        "/forms/new",
        {
            "code": "again",
            "file": SimpleUploadedFile(
                "f.xlsx", workbook([*SURVEY, ["text", "more", HIDDEN, "x", "", "", ""]], CHOICES)
            ),
        },
        **EN,
    ),
}


@pytest.mark.row("SCR-7")
@pytest.mark.parametrize("way", WAYS)
def test_a_masked_value_is_refused_and_nothing_is_written(cast: Cast, way: str) -> None:
    before = held()
    answer = WAYS[way](cast)
    assert answer.status_code == 400, answer.content.decode()[:2000]
    assert "masked" in answer.content.decode().replace(HIDDEN, "")
    assert held() == before


@pytest.mark.row("SCR-7")
def test_a_file_of_matters_is_refused_before_it_is_kept(cast: Cast) -> None:
    before = held()
    file = SimpleUploadedFile("m.csv", f"no,what\n1,{HIDDEN}\n".encode("gb18030"), "text/csv")
    answer = cast.client("lead").post("/matters/imports", {"file": file}, **EN)
    assert (answer.status_code, held()) == (400, before)


class TestStatements:
    """The one place that all of them pass."""

    @pytest.mark.parametrize("written", [HIDDEN, "?masked:PERSON?", {"a": [HIDDEN]}, f"name {HIDDEN} street"])
    def test_neither_django_nor_the_driver_nor_copy_writes_one(self, cast: Cast, written: Any) -> None:
        before = held()
        text = json.dumps(written) if isinstance(written, dict) else written
        compound = Compound.objects.first()
        assert compound is not None
        mine = (compound.place + 10_000, text, 1, 1, True)
        for way in (
            lambda: Compound.objects.filter(pk=compound.pk).update(name=text),
            lambda: Compound.objects.bulk_create([Compound(place=mine[0], name=text, doors=1)]),
            lambda: sql.fetch("UPDATE territory_compound SET name = %s", [text]),
            lambda: bulk.write("territory_compound", ("place", "name"), [mine[:2]]),
            lambda: apps.get_model("forms", "Form").objects.filter(title=text).exists(),
        ):
            with pytest.raises(MaskedValue), transaction.atomic():
                way()
        assert held() == before
        compound.refresh_from_db()
        assert not is_token(compound.name)

    def test_json_is_looked_through(self, cast: Cast) -> None:
        entry = apps.get_model("journal", "Entry").objects.first()
        with pytest.raises(MaskedValue), transaction.atomic():
            type(entry).objects.filter(pk=entry.pk).update(data={"a": ["b", {"c": HIDDEN}]})


def test_what_is_a_token() -> None:
    assert token("IDENTITY") == "⟦masked:IDENTITY⟧"
    texts = (token("PERSON"), f"a {token('HEALTH')} b", "masked:PERSON", "masked: nobody", "unmasked", "", None, 3)
    assert [is_token(one) for one in texts] == [True, True, True, False, False, False, False, False]


KINDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12)


@given(KINDS, st.text(max_size=20), st.text(max_size=20))
def test_a_token_is_known_wherever_it_stands_and_however_it_is_wrapped(kind: str, before: str, after: str) -> None:
    text = before + token(kind) + after
    assert is_token(text)
    for wrapped in ([text], ((1, text),), {"x": text}, {text: 1}, [[{"y": [text]}]], text.encode(), json.dumps(text)):
        assert holds_token(wrapped)


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=30) | st.binary(max_size=30), lambda one: st.lists(one))
)
def test_what_holds_none_passes(value: Any) -> None:
    assert holds_token(value) is ("masked:" in str(value) and holds_token(str(value)))
