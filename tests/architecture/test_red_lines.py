"""The red lines (users.md, section 8), as far as this version can cross them."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.urls import get_resolver

from qipan.kernel.place import range_of
from qipan.kernel.retention import Destroy, PersonalData, Starts, declare, declared, personal_data
from qipan.matters.rules.referral import CARRIED
from qipan.matters.terms import Purpose

from .living import MEMBERS, Living, addresses, make_living, rows

SOURCE = Path(__file__).resolve().parents[2] / "src" / "qipan"


@pytest.fixture
def living(db: None) -> Living:
    return make_living()


def held() -> dict[str, set[str]]:
    """This function will return every column of every model, of ours and of the libraries that keep tables here."""
    return {
        model._meta.label: {field.name for field in model._meta.get_fields() if field.concrete}
        for model in apps.get_models()
    }


def test_no_column_is_held_that_nobody_has_looked_at():
    """1, 3, 4: denied by default; each room's ``retention.py`` says of every column what it may hold of a person."""
    said = {model: set(one.columns) for model, one in declared().items()}
    other = {model: sorted(columns ^ said.get(model, set())) for model, columns in held().items()}
    assert {model: columns for model, columns in other.items() if columns} == {}
    assert set(said) == set(held())


FREE = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField, models.FloatField)
PERSONAL = re.compile(
    r"(by_label|_by|_account|account|holder|reach|contact|_line|email|named_person|username|display_name|xml|answers|jpeg|spot)$"
)


def test_a_column_that_could_hold_personal_data_is_never_a_mere_key():
    """3: free text, lists, files and points are declared as personal, or as plain by somebody who looked."""
    wrong, named_so = [], []
    for model in apps.get_models():
        said = declared().get(model._meta.label)
        if said is None:
            continue
        personal = {name for one in said.personal for name in one.names}
        for column in (field for field in model._meta.get_fields() if field.concrete):
            if isinstance(column, FREE) and not column.choices and column.name in said.keys:
                wrong.append(f"{said.model}.{column.name}")
            dated = isinstance(column, models.DateField)  # accept_by, remedy_by: until when
            if PERSONAL.search(column.name) and column.name not in personal and not (column.is_relation or dated):
                named_so.append(f"{said.model}.{column.name}")
    assert wrong == []
    assert named_so == []


def test_what_is_personal_has_a_purpose_and_an_end():
    """3: a period that the law or the purpose gives, or it stays with an act of an office and says so."""
    for one in personal_data():
        assert str(one.purpose) and one.names, one.model
        assert one.period is None or timedelta(0) < one.period <= timedelta(days=2 * 365), one.model
    gone = {one.model for one in personal_data() if one.destroy != Destroy.KEPT}
    assert {"screening.Visit", "matters.Contact", "matters.Handover", "forms.Submission", "matters.Photo"} <= gone


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"plain": "title", "keys": "id title"}, "declared twice"),
        ({"personal": {"period": None}}, "no period"),
    ],
)
def test_a_declaration_that_cannot_be_true_is_refused(given, why):
    """3: said while the program starts, before anything is held."""
    parts = []
    if "personal" in given:
        parts.append(PersonalData("reach", "to call back", None, Starts.ENDED, Destroy.ROWS))
    with pytest.raises(ValueError, match=why):
        declare("matters.Nothing", *parts, **{name: given[name] for name in ("plain", "keys") if name in given})
    assert "matters.Nothing" not in declared()


def test_no_field_describes_a_person():
    """1, 9: no score, tag, rank or track of anybody; a visit says which team was where, and not who."""
    fields = {f"{model}.{name}" for model, names in held().items() for name in names}
    person = re.compile(
        r"(resident|person|household|phone|mobile|id_?card|identity|birth|age|gender|sex|ethnic|relig|health|illness"
        r"|score|credit|points?|tags?|face|photo|portrait|latitude|longitude|lat|lng|gps|track|position|whereabouts)$"
        r"|^(score|credit|face|gps|track|latitude|longitude)"
    )
    found = {field for field in fields if person.search(field.rpartition(".")[2])}
    # The leader who answers for a directive, by office; how many doors of a compound were answered by telephone;
    # where a thing is that should be otherwise, which is nobody's whereabouts; and the number under which the state
    # registers a firm (GB 32100), which rates nobody.
    assert found == {
        "command.Directive.named_person",
        "screening.Coverage.by_phone",
        "duties.Unit.credit_code",
        "matters.Matter.longitude",
        "matters.Matter.latitude",
    }
    assert not {"account", "post", "worker", "visitor", "by", "by_label"} & held()["screening.Visit"]


def test_no_name_in_the_source_is_of_scores_faces_or_rankings():
    """1, 9, 10: neither in the code nor on a page."""
    word = re.compile(
        r"\b(face_?(id|recognition|match)|facial|social_?credit|credit_?score|person_?score|reputation|leaderboard"
        r"|top_?workers?|worker_?(rank|score|count|stat)\w*|red_?code|health_?code|key_?person)\b",
        re.I,
    )
    files = [
        path
        for kind in ("*.py", "*.html", "*.po", "*.json")
        for path in SOURCE.rglob(kind)
        if "built" not in path.parts
    ]
    assert len(files) > 200
    assert [(path.name, found[0]) for path in files if (found := word.search(path.read_text("utf-8")))] == []


def test_no_psychological_note_is_held():
    """7: no column is for one; who wishes to talk is led to a listener, and the way there has no words for it."""
    said = re.compile(r"psych|counsel|mental(?!ly)|mood|therap|confided", re.I)
    assert [f"{model}.{name}" for model, names in held().items() for name in names if said.search(name)] == []
    carried = CARRIED[Purpose.COMFORT]
    assert (carried.fields, carried.needs) == ({"door", "reach", "hours"}, ())
    free = {
        field.name
        for field in apps.get_model("matters", "Referral")._meta.concrete_fields
        if isinstance(field, FREE) and not field.choices
    }
    assert free == {"code_hash", "nonce"}


def test_no_count_is_by_account_or_pass():
    """9: nothing groups, counts or orders by who did it, in no query and on no page."""
    by = re.compile(
        r"(group by|order by|partition by)[^;\"']*\b(by_account|by_post|by_pass|account_id|post_id|pass_id)\b"
        r"|\.values\([^)]*\b(by_account|by_post|by_pass|account|pass_id)\b[^)]*\)\s*\.\s*annotate",
        re.I | re.S,
    )
    files = [path for kind in ("*.py", "*.sql") for path in SOURCE.rglob(kind) if "tests" not in path.parts]
    assert [str(path) for path in files if by.search(path.read_text("utf-8"))] == []


def test_no_search_finds_a_person(living):
    """5: the search knows places; names of accounts, posts and passes are not found by anybody."""
    searches = {route for route in addresses() if "search" in route}
    assert searches == {"api/search"}
    for member in MEMBERS:
        client = living.client(member)
        for q in ("排查一组01", "dispatcher", "city commander", "admin", living.cast.screener.pass_id):
            answer = client.get("/api/search", {"q": q})
            assert answer.status_code in (401, 403) or answer.json() == [], (member, q, answer.content)
    found = living.client("city_commander").get("/api/search", {"q": "锦江"}).json()
    assert found and {key for row in found for key in row} == {"code", "label", "within", "href"}


def test_where_a_worker_stands_is_not_kept(living):
    """9: what a device sends beyond the visit is dropped; no column could hold it."""
    door = rows("territory.Door").filter(place__range=range_of("510104001001001")).earliest("place").place
    visit = {
        "id": "018f0000-0000-7000-8000-000000000001",
        "round": living.keys["rounds.pk"],
        "place": f"{door:019d}",
        "outcome": "ANSWERED",
        "at": living.scene.at.isoformat(),
        "latitude": 30.657,
        "longitude": 104.066,
        "battery": 71,
    }
    answer = living.client("worker").post(
        "/api/visits", json.dumps({"visits": [visit]}), content_type="application/json"
    )
    assert answer.status_code == 200
    for name in ("screening.Visit", "screening.VisitConflict", "journal.Entry"):
        assert "104.066" not in str(list(rows(name).values()))


def test_the_administrator_sees_no_board(living):
    """Acts are divided: who manages accounts decides and watches nothing."""
    client = living.client("admin")
    for path in ("/board", "/board/5101", "/wall/5101", "/api/board/5101", "/desk", "/declarations", "/activations"):
        assert client.get(path).status_code == 403, path
    assert client.get(f"/directives/{living.keys['directives.pk']}").status_code == 404


def test_a_drill_is_not_counted_as_real(living):
    """15: what a drill opened stands beside the real figures, marked, never in them."""
    client = living.client("city_commander")
    real, drill = (client.get("/api/board/510104", {"drill": flag}).json() for flag in ("false", "true"))
    assert real != drill
    assert rows("desk.Task").filter(drill=True).exists()
    page = client.get(f"/activations/{living.keys['activations.pk']}").content.decode()
    assert "演练" in page


def test_no_route_takes_the_name_of_a_person():
    """5: nobody is looked up by name, number or account."""
    routes = " ".join(addresses())
    assert not re.search(r"<[^>]*(name|person|account|user|worker|resident)", routes)
    assert get_resolver()
