"""EMG-8, FRC-13: what offices store themselves, kept by each office, read by those above it; in whole numbers."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate

from qipan.access.testing import Cast, make_city
from qipan.kernel.ids import uuid7
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal
from qipan.kernel.testing import whole_or_nothing
from qipan.posture.api import end_declaration
from qipan.reserves.actions.refusals import (
    ChangedMeanwhile,
    DayOver,
    EmergencyOver,
    NotANumber,
    NotThatMany,
    ReasonMissing,
    StillOut,
    StoreTwice,
    WordsMissing,
)
from qipan.reserves.actions.storing import count_store, end_store, import_stores, take_back
from qipan.reserves.models import Handout, Store
from qipan.reserves.queries.stores import stores_of
from qipan.reserves.testing import declared, handed, stored

from .conftest import Entry

pytestmark = pytest.mark.row("EMG-8")
DAY = timedelta(days=1)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_city()


def state() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], int]:
    """What is on hand, what is out, and how many rows the journal has."""
    rows = Store.objects.everywhere("a test").order_by("pk")
    return (
        list(rows.values_list("name", "amount", "ended_at")),
        list(Handout.objects.order_by("pk").values_list("quantity", "came_back")),
        Entry.objects.count(),
    )


def of(one: Store) -> Store:
    return Store.objects.everywhere("a test").get(pk=one.pk)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("city_commander", "5101:city-command"), ("department", "5101:health"), ("district_head", "510104:district-command"),
     ("dispatcher", "510104001:street-office")],
)  # fmt: skip
def test_an_office_of_each_level_keeps_its_own(cast: Cast, name: str, unit: str) -> None:
    by = getattr(cast, name)
    held = stored(cast, by=by, name=" 帐篷  ", per_day=None, use_by=date(2030, 1, 2))
    assert (held.unit.code, held.place, held.name, held.measure, held.amount, held.days, held.kept_at, held.use_by) == (
        unit, cast.unit(unit).place, "帐篷", "顶", 120, None, "东郊仓库", date(2030, 1, 2),
    )  # fmt: skip
    assert (held.counted_at, held.counted_by) == (cast.at, by.label)
    assert Entry.objects.latest("pk").act == "reserves.add_store"
    counted = count_store(held, amount=90, per_day=40, use_by=None, seen=120, by=by, at=cast.at + DAY)
    assert (counted.amount, counted.days, counted.use_by, counted.counted_at) == (90, 2, None, cast.at + DAY)
    assert Entry.objects.latest("pk").data == {"amount": 90, "before": 120}


def test_handed_out_and_taken_back_to_the_last_one(cast: Cast) -> None:
    by, at = cast.district_head, cast.at
    held, emergency = stored(cast), declared(cast)
    out = handed(held, cast, quantity=50, declaration=emergency)
    assert (of(held).amount, out.to.code, out.is_out, out.declaration) == (
        70, "510104001:street-office", True, emergency,
    )  # fmt: skip
    used = handed(held, cast, quantity=20, back_by=None)  # used up: nothing of it comes back
    assert (of(held).amount, used.is_out) == (50, False)
    again = handed(held, cast, quantity=50, nonce=out.nonce)  # sent twice
    assert (again.pk, of(held).amount, Handout.objects.count()) == (out.pk, 50, 2)
    with pytest.raises(StillOut) as left:
        end_store(held, by=by, at=at)
    assert left.value.data == {"count": 1}
    done = take_back(out, came_back=48, missing_why="两顶破损", by=by, at=at + DAY)
    assert (of(held).amount, done.came_back, done.missing_why, done.is_out) == (98, 48, "两顶破损", False)
    for gone in (out, used):
        with pytest.raises(NotFound):
            take_back(gone, came_back=1, by=by, at=at + DAY)
    assert end_store(held, by=by, at=at + DAY).ended_at == at + DAY
    stored(cast)  # the same again, anew
    with pytest.raises(NotFound):
        count_store(held, amount=1, per_day=None, use_by=None, seen=98, by=by, at=at)


def test_what_is_wrong_is_refused_and_nothing_is_written(cast: Cast) -> None:
    by, at = cast.district_head, cast.at
    held = stored(cast)
    out = handed(held, cast, quantity=20)
    drill = declared(cast, number="DRILL", hazard="earthquake", drill=True)
    over = declared(cast, number="OVER", hazard="epidemic")
    end_declaration(over, reason="x", by=by, at=at + timedelta(minutes=1))
    over.refresh_from_db()
    before = state()
    yesterday = localdate(at) - DAY
    refused: list[tuple[type[Refusal], str, Any]] = [
        (WordsMissing, "name", lambda: stored(cast, name=" ")),
        (WordsMissing, "measure", lambda: stored(cast, name="x", measure="")),
        (WordsMissing, "kept_at", lambda: stored(cast, name="x", kept_at="")),
        (NotANumber, "amount", lambda: stored(cast, name="x", amount=None)),
        (NotANumber, "amount", lambda: stored(cast, name="x", amount=-1)),
        (NotANumber, "per_day", lambda: stored(cast, name="x", per_day=0)),
        (StoreTwice, "name", lambda: stored(cast)),
        (NotANumber, "amount", lambda: count_store(held, amount=None, per_day=None, use_by=None, seen=100, by=by, at=at)),
        (ChangedMeanwhile, "amount", lambda: count_store(held, amount=5, per_day=None, use_by=None, seen=120, by=by, at=at)),
        (NotANumber, "quantity", lambda: handed(held, cast, quantity=0)),
        (NotThatMany, "quantity", lambda: handed(held, cast, quantity=101)),
        (WordsMissing, "to", lambda: handed(held, cast, to=None)),
        (WordsMissing, "to", lambda: handed(held, cast, to=held.unit)),
        (WordsMissing, "purpose", lambda: handed(held, cast, purpose="")),
        (DayOver, "back_by", lambda: handed(held, cast, back_by=yesterday)),
        (EmergencyOver, "declaration", lambda: handed(held, cast, declaration=drill)),
        (EmergencyOver, "declaration", lambda: handed(held, cast, declaration=over, at=at + timedelta(minutes=2))),
        (NotANumber, "came_back", lambda: take_back(out, came_back=None, by=by, at=at)),
        (NotThatMany, "came_back", lambda: take_back(out, came_back=21, by=by, at=at)),
        (ReasonMissing, "missing_why", lambda: take_back(out, came_back=19, missing_why=" ", by=by, at=at)),
    ]  # fmt: skip
    for kind, field, act in refused:
        with pytest.raises(kind) as refusal:
            act()
        assert refusal.value.data["field"] == field, (kind, field)
        assert state() == before, (kind, field)


def test_only_the_office_itself_keeps_it_and_only_those_above_read_it(cast: Cast) -> None:
    held = stored(cast)
    out = handed(held, cast)
    before = state()
    for by, kind in (
        (cast.worker, NotAllowed), (cast.guard, NotAllowed), (cast.lead, NotAllowed), (cast.auditor, NotAllowed),
        (cast.neighbour_head, NotFound), (cast.dispatcher, NotFound), (cast.city_commander, NotFound),
    ):  # fmt: skip
        for act in (
            lambda by=by: count_store(held, amount=1, per_day=None, use_by=None, seen=100, by=by, at=cast.at),
            lambda by=by: handed(held, cast, by=by),
            lambda by=by: take_back(out, came_back=20, by=by, at=cast.at),
            lambda by=by: end_store(held, by=by, at=cast.at),
        ):
            with pytest.raises(kind):
                act()
    assert state() == before
    seen = {
        name: stores_of(getattr(cast, name)).count()
        for name in ("district_head", "city_commander", "dispatcher", "neighbour_head")
    }
    assert seen == {"district_head": 1, "city_commander": 1, "dispatcher": 0, "neighbour_head": 0}
    answers = {
        name: cast.client(name).get(f"/stores/{held.pk}").status_code
        for name in (
            "district_head",
            "city_commander",
            "auditor",
            "lead",
            "dispatcher",
            "neighbour_head",
            "worker",
            "guard",
        )
    }
    assert answers == {
        "district_head": 200, "city_commander": 200, "auditor": 200, "lead": 200, "dispatcher": 404, "neighbour_head": 404,
        "worker": 403, "guard": 403,
    }  # fmt: skip
    page = cast.client("city_commander").get(f"/stores/{held.pk}").content.decode()
    assert "重新清点" not in page and "东郊仓库" in page
    assert cast.client("city_commander").post(f"/stores/{held.pk}/end").status_code == 404
    assert cast.client("auditor").post(f"/stores/{held.pk}/end").status_code == 403
    assert state() == before


def posted(cast: Cast, path: str, data: dict[str, Any], status: int = 302) -> Any:
    answer = cast.client("district_head").post(path, data)
    assert answer.status_code == status, (path, answer.status_code)
    return answer


def test_the_whole_way_through_pages(cast: Cast) -> None:
    given = {
        "name": "帐篷",
        "measure": "顶",
        "amount": "120",
        "per_day": "",
        "kept_at": "东郊仓库",
        "use_by": "2020-01-01",
    }
    refused = posted(cast, "/stores", {**given, "amount": ""}, 400)
    assert list(refused.context["form"].errors) == ["amount"] and 'value="东郊仓库"' in refused.content.decode()
    posted(cast, "/stores", given)
    held = Store.objects.everywhere("a test").get()
    page = f"/stores/{held.pk}"
    assert "已过期" in cast.client("district_head").get("/stores").content.decode()
    posted(cast, f"{page}/count", {"amount": "110", "per_day": "10", "use_by": "", "seen": "120"})
    assert (of(held).amount, of(held).days, of(held).use_by) == (110, 11, None)
    emergency = declared(cast)
    out = {
        "quantity": "30", "to": "510104001:street-office", "purpose": "安置点", "declaration": str(emergency.pk),
        "back_by": f"{localdate(cast.at) + 5 * DAY}", "nonce": "018f0000-0000-7000-8000-000000000009",
    }  # fmt: skip
    refused = posted(cast, f"{page}/hand-out", {**out, "to": "nobody"}, 400)
    assert list(refused.context["give"].errors) == ["to"] and 'value="安置点"' in refused.content.decode()
    assert list(posted(cast, f"{page}/hand-out", {**out, "quantity": "111"}, 409).context["give"].errors) == [
        "quantity"
    ]
    for _twice in range(2):
        posted(cast, f"{page}/hand-out", out)
    handout = Handout.objects.get()
    assert (of(held).amount, handout.declaration, handout.purpose) == (80, emergency, "安置点")
    # Who counts by an old page is told, and sees what is there now.
    refused = posted(cast, f"{page}/count", {"amount": "110", "per_day": "10", "use_by": "", "seen": "110"}, 409)
    assert 'name="seen" value="80"' in refused.content.decode() and of(held).amount == 80
    refused = posted(cast, f"/stores/handouts/{handout.pk}/back", {"came_back": "29", "missing_why": ""}, 400)
    assert list(refused.context["back"][1].errors) == ["missing_why"]
    posted(cast, f"/stores/handouts/{handout.pk}/back", {"came_back": "30", "missing_why": ""})
    posted(cast, f"/stores/handouts/{handout.pk}/back", {"came_back": "30", "missing_why": ""}, 404)
    assert of(held).amount == 110
    posted(cast, f"{page}/burn", {}, 404)
    english = cast.client("district_head").get(page, headers={"Accept-Language": "en"}).content.decode()
    assert "Stores of offices" in english and "30 came back on" in english
    assert 'href="/stores"' in cast.client("district_head").get("/reserves").content.decode()  # the menu
    posted(cast, f"{page}/end", {})
    assert cast.client("district_head").get(page).status_code == 404


def test_a_file_is_read_whole_or_not_at_all_and_written_as_it_is_read(cast: Cast) -> None:
    stored(cast)
    head = "name,measure,amount,per_day,kept_at,use_by"
    good = f"{head}\n帐篷,顶,90,,东郊仓库,\n饮用水,升,9000,1000,东郊仓库,2030-05-01\n"
    before = state()
    for wrong, line in (
        (f"{good}棉被,床,x,,东郊仓库,\n", 4), (f"{good}棉被,床,5,,东郊仓库,明年\n", 4), (f"{good},床,5,,东郊仓库,\n", 4),
        (f"{head}\n帐篷,件,90,,东郊仓库,\n", 2), (f"{good}棉被,床,5,0,东郊仓库,\n", 4),
    ):  # fmt: skip
        answer = posted(cast, "/stores/import", {"file": SimpleUploadedFile("s.csv", wrong.encode())}, 400)
        assert f"第 {line} 行" in answer.content.decode()
        assert state() == before, wrong
    with pytest.raises(BadInput):
        import_stores([], by=cast.district_head, at=cast.at)
    posted(cast, "/stores/import", {"file": SimpleUploadedFile("s.csv", good.encode("gb18030"))})
    names = Store.objects.everywhere("a test").order_by("pk").values_list("name", "amount", "per_day")
    assert list(names) == [("帐篷", 90, None), ("饮用水", 9000, 1000)]
    sheet = cast.client("district_head").get("/stores.csv").content.decode("utf-8-sig").split("\r\n")
    assert sheet == [
        f"{head},unit", "帐篷,顶,90,,东郊仓库,,510104:district-command",
        "饮用水,升,9000,1000,东郊仓库,2030-05-01,510104:district-command", "",
    ]  # fmt: skip
    back = "\r\n".join(sheet).encode()
    posted(cast, "/stores/import", {"file": SimpleUploadedFile("s.csv", back)})  # as it was taken along
    assert list(names.all()) == [("帐篷", 90, None), ("饮用水", 9000, 1000)]
    assert (
        cast.client("city_commander").get("/stores?unit=510104:district-command").content.decode().count("/stores/")
        >= 2
    )
    assert "尚无单位登记" in cast.client("city_commander").get("/stores?unit=5101:health").content.decode()


def test_a_crash_at_any_statement_leaves_nothing_of_an_act(cast: Cast) -> None:
    by, at, emergency = cast.district_head, cast.at, declared(cast)
    whole_or_nothing(lambda: stored(cast))
    held = Store.objects.everywhere("a test").get()
    nonce = str(uuid7())
    whole_or_nothing(lambda: count_store(held, amount=99, per_day=3, use_by=None, seen=of(held).amount, by=by, at=at))
    whole_or_nothing(lambda: handed(held, cast, declaration=emergency, nonce=nonce))
    out = Handout.objects.get()
    whole_or_nothing(lambda: take_back(out, came_back=20, by=by, at=at))
    lines = [
        {"name": "棉被", "measure": "床", "amount": "5", "per_day": "", "kept_at": "西仓", "use_by": "", "line": "2"}
    ]
    whole_or_nothing(lambda: import_stores(lines, by=by, at=at))
    whole_or_nothing(lambda: end_store(held, by=by, at=at))
    assert (of(held).amount, Store.objects.everywhere("a test").count()) == (99, 2)
