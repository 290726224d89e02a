"""The dictionary of fields: read whole or not at all, and who may bring the values of which place."""

from datetime import timedelta

import pytest

from qipan.access.testing import Cast
from qipan.forms.actions import bring_values, import_fields
from qipan.forms.actions.fields import NotHeldHere, seed_rows
from qipan.forms.models import FieldEntry, FieldValue
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal

from .conftest import Entry


def test_the_dictionary_is_read_whole_or_not_at_all(cast: Cast) -> None:
    rows = seed_rows("5101", owner="5101:lead-body")
    assert import_fields(rows, by=cast.lead, at=cast.at).__dict__ == {"added": 39, "changed": 0, "same": 0, "ended": 0}
    again = import_fields([{**rows[0], "name": "门"}, *rows[2:]], by=cast.lead, at=cast.at + timedelta(days=1))
    assert again.__dict__ == {"added": 0, "changed": 1, "same": 37, "ended": 1}
    assert FieldEntry.objects.filter(code="place").count() == 2
    with pytest.raises(NotAllowed):
        import_fields(rows, by=cast.dispatcher, at=cast.at)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"code": "Bad Code"}, "code"),
        ({"owner": "5101:nobody"}, "owner"),
        ({"kind": "PICTURE"}, "kind"),
        ({"retention_days": "-1"}, "retention_days"),
        ({"held": "values", "about": "PERSON"}, "held"),
        ({"sensitivity": "RELIGION"}, "sensitivity"),
        ({"code": "ethnic_group"}, "ethnic"),
        ({"name": "宗教信仰"}, "宗教"),
        ({"name": "心理评估"}, "心理评估"),
        ({"code": "mental_state"}, "mental state"),
        ({"name": "身份证号"}, "身份证"),
        ({"code": "building"}, "building"),
    ],
)
def test_a_wrong_line_of_the_dictionary_is_named_and_nothing_changes(
    cast: Cast, change: dict[str, str], part: str
) -> None:
    rows = seed_rows("5101", owner="5101:lead-body")
    rows[18] = {**rows[18], **change}
    with pytest.raises(BadInput) as found:
        import_fields(rows, by=cast.lead, at=cast.at)
    assert len(found.value.problems) == 1
    assert part in found.value.problems[0] and "20" in found.value.problems[0]
    assert FieldEntry.objects.count() == 0
    assert not Entry.objects.filter(act="forms.import_fields").exists()


@pytest.mark.parametrize(
    ("code", "row", "member", "refusal"),
    [
        ("no_such", {"place": "510104", "value": "1"}, "lead", NotFound),
        ("person_phone", {"place": "510104", "value": "1"}, "lead", NotHeldHere),
        ("building", {"place": "510104", "value": "1"}, "lead", NotHeldHere),
        ("compound_office_phone", {"place": "510104", "value": "1"}, "dispatcher", NotAllowed),
        ("compound_office_phone", {"place": "51x", "value": "1"}, "lead", BadInput),
        ("compound_office_phone", {"place": "330104", "value": "1"}, "lead", BadInput),
        ("compound_office_phone", {"place": "510104", "value": ""}, "lead", BadInput),
        ("compound_office_phone", {"place": "510104", "value": "⟦masked:PERSON⟧"}, "lead", BadInput),
    ],
)
def test_values_are_brought_of_places_by_who_may(
    city: Cast, code: str, row: dict[str, str], member: str, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        bring_values(
            code, [row], name="v.csv", sha256="a" * 64, as_of=city.at.date(), by=getattr(city, member), at=city.at
        )
    assert FieldValue.objects.count() == 0
    assert not Entry.objects.filter(act="forms.bring_values").exists()


def test_the_owner_of_a_field_brings_its_values_and_a_delivery_is_the_whole(city: Cast) -> None:
    FieldEntry.objects.filter(code="compound_heating").update(owner=city.unit("5101:health"))
    for value in ("gas", "coal"):
        rows = [
            {"place": place, "value": value} for place in ("510104001001001", "510104001001002")[: 1 + (value == "gas")]
        ]
        bring_values(
            "compound_heating", rows, name="v", sha256="b" * 64, as_of=city.at.date(), by=city.department, at=city.at
        )
    assert list(FieldValue.objects.values_list("place", "value")) == [(5101040010010010000, "coal")]
