"""The lists as dated data: put in force whole, changed line by line, and what they leave open."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils.timezone import localdate
from django.utils.translation import override

from qipan.duties.actions.lists import (
    BasisNeeded,
    CannotEnforce,
    ListsAreHistory,
    get_item,
    get_organ,
    import_lists,
    seed_lists,
    set_duty,
)
from qipan.duties.api import Responsibility, ResponsibilityItem, duty_map
from qipan.duties.queries.lists import lines_on, organs_of
from qipan.duties.rules import Fault, Holder, faults_of, may_enforce
from qipan.duties.terms import FaultKind
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound

COLUMNS = ("item", "kind", "name", "name_en", "organ", "role", "basis", "basis_en")
CITY = (range_of("5101"),)


@pytest.fixture
def today(city):
    return localdate(city.at)


def row(*cells: str) -> dict[str, str]:
    return dict(zip(COLUMNS, (*cells, *[""] * 8), strict=False))


GOOD = [
    row("noise", "ENFORCEMENT", "噪声", "Noise", "5101:ecology", "PRIMARY", "法一"),
    row("noise", "ENFORCEMENT", "噪声", "Noise", "community", "WITHDRAWN", "法二"),
    row("lamps", "UPKEEP", "路灯", "", "street-office", "PRIMARY", "法三"),
]


def snapshot(on) -> set[tuple[str, str, str, str]]:
    return {(one.item_code, one.organ_key, one.role, one.basis) for one in lines_on(on)}


def entries(act: str) -> list:
    return list(apps.get_model("journal", "Entry").objects.filter(act=act).order_by("pk"))


@pytest.mark.row("ORG-3")
def test_the_example_is_in_force_from_the_seeding_and_says_that_it_is_one(city, today):
    assert Responsibility.objects.count() == 98 == Responsibility.objects.filter(example=True).count()
    assert ResponsibilityItem.objects.count() == 39
    assert ("illegal-building", "5101:urban-management", "PRIMARY", "城乡规划法第六十四条") in snapshot(today)
    assert snapshot(today - timedelta(days=31)) == set()
    assert all(entry.faults == [] for entry in duty_map(today))
    (entry,) = entries("duties.import_lists")
    assert entry.data["added"] == 98
    assert seed_lists("5101", by=Actor.system("seed", acts=["register.edit"], ranges=CITY), at=city.at) == 0


@pytest.mark.row("ORG-3")
def test_a_new_list_takes_the_place_of_the_old_one_and_the_past_stays(city, today):
    before, tomorrow = snapshot(today), today + timedelta(days=1)
    done = import_lists(GOOD, version="2026", begins=tomorrow, by=city.lead, at=city.at)
    assert (done.added, done.changed, done.same, done.ended) == (1, 2, 0, 96)
    assert snapshot(today) == before
    assert snapshot(tomorrow) == {(one["item"], one["organ"], one["role"], one["basis"]) for one in GOOD}
    assert get_item("noise", on=today).name == "噪声扰民"
    assert get_item("noise", on=tomorrow).name == "噪声"
    entry = entries("duties.import_lists")[-1]
    assert entry.data == {
        "version": "2026", "begins": tomorrow.isoformat(), "added": 1, "changed": 2, "same": 0, "ended": 96,
    }  # fmt: skip
    again = import_lists(GOOD, version="2026", begins=tomorrow, by=city.lead, at=city.at)
    assert (again.added, again.changed, again.same, again.ended) == (0, 0, 3, 0)
    assert len(entries("duties.import_lists")) == 2


@pytest.mark.row("ORG-3")
def test_every_bad_line_is_named_with_its_reason_and_nothing_is_written(city, today):
    bad = [
        *GOOD,
        row("noise", "ENFORCEMENT", "别名", "Noise", "5101:health", "PRIMARY", "法"),
        row("lamps", "UPKEEP", "路灯", "", "street-office", "COOPERATING", "法"),
        row("a b", "MAGIC", "", "", "nobody", "BOSS", ""),
        row("trees", "ENFORCEMENT", "树", "", "community", "PRIMARY", "法"),
        row("trees", "ENFORCEMENT", "树", "", "", "PRIMARY", "法"),
    ]
    before = snapshot(today)
    with override("en"), pytest.raises(BadInput) as refused:
        import_lists(bad, version="2026", begins=today, by=city.lead, at=city.at)
    assert refused.value.problems == [
        "line 5: item noise has another kind or name further up",
        "line 6: street-office stands at item lamps further up already",
        "line 7: name is missing or wrong: ",
        "line 7: basis is missing or wrong: ",
        "line 7: item is missing or wrong: a b",
        "line 7: kind is missing or wrong: MAGIC",
        "line 7: role is missing or wrong: BOSS",
        "line 7: organ is missing or wrong: nobody",
        "line 8: 社区（村） only carries out".replace("社区（村）", "Community")
        + " and has no power to enforce the law; it cannot be primary for “树”.",
        "line 9: organ is missing or wrong: ",
    ]
    assert snapshot(today) == before
    assert len(entries("duties.import_lists")) == 1


def test_lists_are_refused_whole(city, today):
    before = snapshot(today)
    how = {"version": "v", "begins": today, "by": city.lead, "at": city.at}
    for by in (city.dispatcher, city.admin, city.city_commander):
        with pytest.raises(NotAllowed):
            import_lists(GOOD, **{**how, "by": by})
    with pytest.raises(ListsAreHistory):
        import_lists(GOOD, **{**how, "begins": today - timedelta(days=1)})
    for rows, version in (([], "v"), (GOOD, " "), (GOOD, "v" * 81), ([{"item": "x"}], "v")):
        with pytest.raises(BadInput):
            import_lists(rows, **{**how, "version": version})
    assert snapshot(today) == before


@pytest.mark.row("ORG-3")
def test_one_line_changes_from_a_day_on(city, today):
    item, office = get_item("noise", on=today), get_organ("street-office")
    how = {"version": "2026-2", "by": city.lead, "at": city.at}
    line = set_duty(item, office, role="COOPERATING", basis="法", basis_en="Law", begins=today, **how)
    assert (line.role, line.valid_from, line.valid_to) == ("COOPERATING", today, None)
    assert set_duty(item, office, role="COOPERATING", basis="法", basis_en="Law", begins=today, **how) == line
    later = today + timedelta(days=10)
    assert set_duty(item, office, role="", basis="", begins=later, **how) is None
    assert ("noise", "street-office", "COOPERATING", "法") in snapshot(later - timedelta(days=1))
    assert not any(one[:2] == ("noise", "street-office") for one in snapshot(later))
    assert [entry.data["role"] for entry in entries("duties.set_duty")] == ["COOPERATING", ""]


def test_what_a_line_may_not_say(city, today):
    item, before = get_item("noise", on=today), snapshot(today)
    how = {"basis": "法", "version": "v", "begins": today, "by": city.lead, "at": city.at}
    community, office = get_organ("community"), get_organ("street-office")
    for organ, change, refusal in (
        (office, {"role": "PRIMARY", "by": city.worker}, NotAllowed),
        (office, {"role": "BOSS"}, NotFound),
        (office, {"role": "PRIMARY", "basis": " "}, BasisNeeded),
        (community, {"role": "PRIMARY"}, CannotEnforce),
        (office, {"role": "PRIMARY", "begins": today - timedelta(days=1)}, ListsAreHistory),
    ):
        with pytest.raises(refusal):
            set_duty(item, organ, **{**how, **change})
    with pytest.raises(NotFound):
        get_organ("nobody")
    with pytest.raises(NotFound):
        get_item("nothing", on=today)
    assert snapshot(today) == before
    set_duty(item, office, role="PRIMARY", **{**how, "begins": today + timedelta(days=5)})
    with pytest.raises(ListsAreHistory):
        set_duty(item, office, role="COOPERATING", **how)


@pytest.mark.row("ORG-4", "ORG-9")
def test_gaps_and_overlaps_are_found(city, today):
    how = {"basis": "法", "version": "v", "begins": today, "by": city.lead, "at": city.at}
    set_duty(get_item("noise", on=today), get_organ("5101:public-security"), role="PRIMARY", **how)
    set_duty(get_item("food-safety", on=today), get_organ("5101:market"), role="", **how)
    set_duty(get_item("pest-control", on=today), get_organ("5101:health"), role="", **how)
    set_duty(get_item("pest-control", on=today), get_organ("510104:district-command"), role="PRIMARY", **how)
    with override("en"):
        found = {entry.item.code: entry.faults for entry in duty_map(today) if entry.faults}
    assert found == {
        "noise": [
            Fault(FaultKind.OVERLAP, ("Ecology and Environment Bureau of Chengdu", "Public Security Bureau of Chengdu"))
        ],
        "food-safety": [Fault(FaultKind.GAP)],
        "pest-control": [Fault(FaultKind.PART_GAP, ("Jinjiang Incident Command",))],
    }
    assert all(not entry.faults for entry in duty_map(today - timedelta(days=1)))


def test_the_map_costs_few_queries(city, today, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        entries = duty_map(today)
    assert [one.code for one in organs_of(entries)][-3:] == ["street-office", "community", "property-company"]


J, Q = (range_of("510104"),), (range_of("510105"),)


@pytest.mark.parametrize(
    ("holders", "faults"),
    [
        ([], [Fault(FaultKind.GAP)]),
        ([Holder("kind", "k")], []),
        ([Holder("kind", "k"), Holder("own", "k", J)], []),
        ([Holder("kind", "k"), Holder("own", "other", J)], [Fault(FaultKind.OVERLAP, ("kind", "own"))]),
        ([Holder("a", "k"), Holder("b", "l")], [Fault(FaultKind.OVERLAP, ("a", "b"))]),
        ([Holder("j", "k", J), Holder("q", "k", Q)], [Fault(FaultKind.PART_GAP, ("j", "q"))]),
        ([Holder("city", "k", CITY), Holder("q", "l", Q)], [Fault(FaultKind.OVERLAP, ("city", "q"))]),
        ([Holder("steward", "p", ())], [Fault(FaultKind.PART_GAP, ("steward",))]),
    ],
    ids=["nobody", "a kind", "own line", "unit under a kind", "two kinds", "part", "nested", "steward"],
)
def test_faults_of_an_item(holders, faults):
    assert faults_of(holders, CITY) == faults


def test_who_only_carries_out_never_enforces():
    assert not may_enforce("ENFORCEMENT", "PRIMARY", executes_only=True)
    assert may_enforce("ENFORCEMENT", "COOPERATING", executes_only=True)
    assert may_enforce("SELF_RUN", "PRIMARY", executes_only=True)
    assert may_enforce("ENFORCEMENT", "PRIMARY", executes_only=False)
