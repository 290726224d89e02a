"""Somebody answers on a household's behalf: kept as an outcome without a name, below what the household says itself."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connection

from qipan.journal.api import record
from qipan.kernel.retention import digest_of_lines
from qipan.screening.api import DoorState, Outcome, close_round, coverage_of, coverage_total, left
from qipan.screening.models import Coverage, LateVisit, RecountDoor, SealedCampaign, Visit, VisitConflict
from qipan.screening.queries import audit_batches, audit_coverage, audit_late, audit_recounts, audit_samples
from qipan.screening.queries.audits import figures_of
from qipan.territory.api import get_area

from .conftest import COMMUNITY, DISTRICT
from .test_recounts import draw
from .test_visits import states


def audits():
    return [*audit_coverage(), *audit_batches(), *audit_recounts(), *audit_samples(), *audit_late()]


@pytest.mark.row("SCR-2")
def test_an_answer_on_a_households_behalf_settles_the_door_below_what_the_household_says(ground):
    first, second, third, *_rest = ground.doors
    assert ground.told(*(ground.visit(place, "BY_PROXY") for place in (first, second, third))) == ["stored"] * 3
    assert states(ground) == {"UNTOUCHED": 17, "BY_PROXY": 3}
    ground.told(ground.visit(first, "REFUSED"), ground.visit(second, "BY_PHONE"), ground.visit(third, "ANSWERED"))
    assert states(ground) == {"UNTOUCHED": 17, "BY_PROXY": 1, "BY_PHONE": 1, "ANSWERED": 1}
    ground.told(*(ground.visit(second, "BY_PROXY") for _twice in range(2)))
    assert states(ground) == {"UNTOUCHED": 17, "BY_PROXY": 1, "BY_PHONE": 1, "ANSWERED": 1}
    row = coverage_total(ground.round.pk, [DISTRICT])
    assert (row.settled, row.contacted, row.visits) == (3, 2, 8)  # nobody of the household was spoken to
    assert first not in [door.place for door in left(ground.round.pk, scope=ground.ours.scope)]
    assert audits() == []


@pytest.mark.row("SCR-2")
def test_the_counters_of_every_level_show_it_and_a_wrong_one_is_found(ground):
    ground.told(*(ground.visit(place, "BY_PROXY") for place in ground.doors[8:12]))
    areas = [get_area(code) for code in ("5101", "510104", "510104001", COMMUNITY)]
    assert [row.by_state[DoorState.BY_PROXY] for row in coverage_of(ground.round.pk, areas)] == [4] * 4
    kept = Coverage.objects.everywhere("a test").filter(by_proxy__gt=0).order_by("place")
    assert [(one.place, one.by_proxy, one.visits) for one in kept] == [
        (ground.doors[0] - 1, 2, 2),
        (ground.doors[10] - 1, 2, 2),
    ]
    kept.filter(place=ground.doors[0] - 1).update(by_proxy=1)
    assert audit_coverage() == [
        f"coverage of round {ground.round.pk}, compound {ground.doors[0] - 1}: by_proxy is kept as 1, counted 2"
    ]


@pytest.mark.row("SCR-2")
def test_the_campaigns_page_names_it_in_both_languages(ground):
    ground.told(*(ground.visit(place, "BY_PROXY") for place in ground.doors[:4]))
    client = ground.cast.client("city_commander")
    path = f"/campaigns/{ground.round.campaign_id}?area=510104"
    assert "代为回答" in client.get(path).content.decode()
    assert "answered on their behalf" in client.get(path, headers={"Accept-Language": "en"}).content.decode()


def test_no_column_holds_who_answered():
    """Red line 1: a visit says what was found at a door, never who said it."""
    assert {field.name for model in (Visit, LateVisit) for field in model._meta.fields} == {
        "id", "visit_id", "round", "place", "team", "outcome", "happened_at", "received_at", "batch", "content",
    }  # fmt: skip


def test_seals_from_before_there_was_this_state_hold_and_later_ones_speak_of_it(ground):
    """The journal and the certificate hold the digest of a seal, so the lines of old figures stay as they were."""
    ground.told(ground.visit(ground.doors[0]), ground.visit(ground.doors[1], "REFUSED"))
    names = (
        *("round_id", "place", "doors", "not_home", "vacant_unknown", "vacant_known", "appointment", "language_help"),
        *("refused", "by_phone", "answered", "demolished", "presumed_vacant", "visits"),
    )
    rows = Coverage.objects.everywhere("a test").order_by("round", "place").values_list(*names)
    before = digest_of_lines(["coverage " + " ".join(map(str, row)) for row in rows])
    campaign = ground.round.campaign_id
    assert figures_of(campaign) == (before, 8)
    ground.told(ground.visit(ground.doors[2], "BY_PROXY"))
    sealed, cells = figures_of(campaign)
    assert (sealed != before, cells) == (True, 8)
    SealedCampaign.objects.create(
        campaign_id=campaign, digest=sealed, cells=cells, folded=0, sealed_at=ground.at, visits=0
    )
    record(
        "screening.seal_campaign",
        subject=f"screening.Campaign:{campaign}",
        by=ground.cast.city_commander,
        at=ground.at,
        data={"digest": sealed},
    )
    assert audit_coverage() == []
    Coverage.objects.everywhere("a test").filter(by_proxy=1).update(by_proxy=2)
    assert audit_coverage() == [f"campaign {campaign}: the figures that stay are not what was sealed"]


def test_the_migration_moves_what_was_kept_and_every_audit_holds(ground):
    """What a database of before holds: the ranks of then in its rows, and the hashes and digests that were taken then."""
    disputed = ground.visit(ground.doors[4])
    sent = [
        ground.visit(ground.doors[0], "REFUSED"),
        ground.visit(ground.doors[1], "BY_PHONE"),
        ground.visit(ground.doors[2]),
        ground.visit(ground.doors[3], "DEMOLISHED"),
        disputed,
        *(ground.visit(ground.doors[5], "NOT_HOME") for _thrice in range(3)),
    ]
    ground.told(*sent)
    assert ground.told({**disputed, "outcome": "DEMOLISHED"}, {**disputed, "outcome": "NOT_HOME"}) == ["conflict"] * 2
    VisitConflict.objects.everywhere("a test").filter(payload__outcome=1).update(
        replaced={"batch": "0198f000-0000-7000-8000-000000000000", "outcome": Outcome.BY_PHONE.value}
    )
    close_round(ground.round, by=ground.cast.city_commander, at=ground.at)
    assert ground.told(ground.visit(ground.doors[6], "BY_PHONE"), ground.visit(ground.doors[7])) == ["late"] * 2
    draw(ground, permille=200)
    RecountDoor.objects.everywhere("a test").update(claimed=DoorState.PRESUMED_VACANT, found=Outcome.REFUSED)
    first = RecountDoor.objects.everywhere("a test").order_by("pk").first()
    RecountDoor.objects.everywhere("a test").filter(pk=first.pk).update(claimed=DoorState.REFUSED, found=None)

    def kept():
        conflicts = VisitConflict.objects.everywhere("a test").order_by("pk")
        return {
            "visits": list(Visit.objects.everywhere("a test").order_by("pk").values_list("outcome", "content")),
            "late": list(LateVisit.objects.everywhere("a test").order_by("pk").values_list("outcome", "content")),
            "doors": list(RecountDoor.objects.everywhere("a test").order_by("pk").values_list("claimed", "found")),
            "conflicts": [(one.payload["outcome"], one.replaced and one.replaced["outcome"]) for one in conflicts],
            "counters": list(Coverage.objects.everywhere("a test").order_by("pk").values()),
        }

    now = kept()
    move_up = import_module("qipan.screening.migrations.0008_ranks").move_up
    for model, column in (("visit", "outcome"), ("latevisit", "outcome"), ("recountdoor", "claimed")):
        with connection.cursor() as cursor:  # one down, as it was
            cursor.execute(f"UPDATE screening_{model} SET {column} = {column} - 1 WHERE {column} > 7")
    for one in VisitConflict.objects.everywhere("a test"):
        for said in (one.payload, one.replaced):
            if said and said["outcome"] > 7:
                said["outcome"] -= 1
        one.save()
    then = kept()
    assert sorted(outcome for outcome, _content in then["visits"]) == [1, 1, 1, 6, 7, 8, 8, 9]
    assert [outcome for outcome, _content in then["late"]] == [7, 8]
    assert sorted({claimed for claimed, _found in then["doors"]}) == [6, 10]
    assert then["conflicts"] == [(9, None), (1, 7)]
    assert len(audit_coverage()) > 0
    models = {
        model.__name__: model.objects.everywhere("a test") for model in (Visit, LateVisit, RecountDoor, VisitConflict)
    }
    move_up(SimpleNamespace(get_model=lambda _room, name: SimpleNamespace(objects=models[name])), None)
    assert kept() == now
    VisitConflict.objects.everywhere("a test").update(replaced=None)
    assert audit_coverage() == audit_batches() == audit_late() == []
    assert set(ground.told(*sent)) == {"duplicate"}  # what a phone sends again is known
