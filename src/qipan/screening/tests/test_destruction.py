"""Visits end: proven, sealed, destroyed by two people in steps, and every figure is as it was (red line 3)."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from qipan.journal.api import seal, verify
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.kernel.retention import FiguresDiffer, holders
from qipan.posture.api import declare, end_declaration
from qipan.retention.api import (
    AlreadyDecided,
    CertificateBad,
    DestructionRun,
    DueLot,
    InAnotherRun,
    NeedsAPerson,
    NotDue,
    RunState,
    SamePerson,
    approve_run,
    carry_out,
    clock_actor,
    note_backup,
    place_hold,
    prepare_run,
    read,
    refresh_lots,
    refuse_run,
    signing_key,
)
from qipan.screening.api import close_campaign, close_round
from qipan.screening.models import Campaign, Coverage, CoverageSample, SealedCampaign, Visit
from qipan.screening.queries import audit_batches, audit_coverage, audit_late, audit_recounts, audit_samples
from qipan.screening.retention import Campaigns
from qipan.screening.rules import folding

from .conftest import AT, COMMUNITY, Field, rows_of

LATER = AT + timedelta(days=40)
DUE = AT + timedelta(days=40)


def audits() -> list[str]:
    return [*audit_coverage(), *audit_batches(), *audit_recounts(), *audit_samples(), *audit_late()]


@pytest.fixture
def over(ground: Field) -> Field:
    """A campaign that is over: 12 visits of our doors, one of them disputed and replaced."""
    ground.send(*(ground.visit(place) for place in ground.doors[:10]))
    ground.send(*(ground.visit(place, "NOT_HOME") for place in ground.doors[10:12]))
    close_round(ground.round, by=ground.cast.city_commander, at=AT + timedelta(days=2))
    close_campaign(ground.round.campaign, by=ground.cast.city_commander, at=AT + timedelta(days=2))
    refresh_lots(at=LATER)
    return ground


def lot() -> DueLot:
    return DueLot.objects.get(model="screening.Visit")


def prepared(ground: Field, **changes) -> DestructionRun:
    given = {"lots": [lot().pk], "reason": "the emergency is over", "backups_listed": True, **changes}
    return prepare_run(**{"by": ground.cast.city_commander, "at": LATER, **given})


def approved(ground: Field) -> DestructionRun:
    return approve_run(prepared(ground), by=ground.cast.lead, at=LATER)


def figures() -> list[tuple]:
    names = ("place", "doors", "answered", "not_home", "visits")
    return sorted(Coverage.objects.everywhere("a test").values_list(*names))


@pytest.mark.row("EMG-8")
def test_a_campaign_is_destroyed_and_every_figure_and_audit_is_as_before(over):
    before, held = figures(), rows_of("screening_visit")
    assert (held, lot().rows) == (12, 12)
    run = approved(over)
    note = carry_out(run, by=clock_actor(), at=LATER)
    assert note is True
    assert rows_of("screening_visit") == 0
    assert figures() == before
    assert audits() == []
    seal(at=LATER + timedelta(days=1))
    assert verify().differences == []
    run.refresh_from_db()
    said = read(run.certificate.text, trusted=signing_key().public_key().public_bytes_raw())
    assert said["totals"] == {"destroyed": 12, "held": 0}
    (told,) = said["lots"]
    assert told["kept"] == {
        "cells": 8,
        "folded": 0,
        "minimum_cell": 10,
        "digest": SealedCampaign.objects.get().digest,
    }
    assert said["prepared"]["person"] != said["approved"]["person"]
    assert (run.state, run.starts) == (RunState.DONE, 1)
    assert not DueLot.objects.filter(model="screening.Visit").exists()


def test_late_visits_go_with_their_campaign_and_are_not_collected_anew(over):
    late = [over.visit(place) for place in over.doors[13:15]]
    assert over.told(*late, at=AT + timedelta(days=4)) == ["late"] * 2
    refresh_lots(at=LATER)
    before = figures()
    assert lot().rows == 14
    assert carry_out(approved(over), by=clock_actor(), at=LATER, step_rows=1) is True
    assert (rows_of("screening_visit"), rows_of("screening_latevisit"), figures(), audits()) == (0, 0, before, [])
    assert SealedCampaign.objects.get().late == 2
    assert over.told(*late, at=LATER) == ["round_closed"] * 2
    assert (rows_of("screening_latevisit"), audits()) == (0, [])


def test_the_chain_is_that_of_the_rows(over):
    """Whoever kept the rows elsewhere can show which ones are gone; from the chain nobody gets them back."""
    rows = list(Visit.objects.everywhere("a test").order_by("place", "id").values_list("id", "content"))
    chain = "0" * 64
    for part in (rows[:5], rows[5:10], rows[10:]):
        lines = "\n".join(f"{key.hex}:{content}" for key, content in part)
        digest = hashlib.sha256(lines.encode()).hexdigest()
        chain = hashlib.sha256((chain + digest).encode()).hexdigest()
    run = approved(over)
    assert carry_out(run, by=clock_actor(), at=LATER, step_rows=5)
    assert (run.lots.get().chain, run.lots.get().steps) == (chain, 3)


def test_an_interrupted_destruction_goes_on_where_it_was(over, monkeypatch):
    """Each step is whole or not at all, and the figures agree after every one of them."""
    run = approved(over)
    assert carry_out(run, by=clock_actor(), at=LATER, most_steps=1, step_rows=4) is False
    assert (rows_of("screening_visit"), audits()) == (8, [])
    take = Campaigns.take

    def broken(*args, **kwargs):
        take(*args, **kwargs)
        raise RuntimeError("the machine stops")

    with monkeypatch.context() as patch:
        patch.setattr(Campaigns, "take", broken)
        with pytest.raises(RuntimeError):
            carry_out(run, by=clock_actor(), at=LATER, step_rows=4)
    assert (rows_of("screening_visit"), run.lots.get().destroyed, audits()) == (8, 4, [])
    assert carry_out(run, by=clock_actor(), at=LATER, step_rows=4)
    run.refresh_from_db()
    assert (rows_of("screening_visit"), run.certificate.destroyed, run.starts, audits()) == (0, 12, 3, [])
    assert carry_out(run, by=clock_actor(), at=LATER, step_rows=4)
    assert DestructionRun.objects.get().certificate.text == run.certificate.text


@pytest.mark.row("EMG-8")
def test_two_different_people_or_nothing(over):
    cast = over.cast
    run = prepared(over)
    for by, refusal in (
        (cast.city_commander, SamePerson),
        (cast.department, NotAllowed),
        (cast.admin, NotAllowed),
        (replace(cast.lead, account_id=None), NeedsAPerson),
        (replace(cast.lead, scope=cast.neighbour_head.scope), NotFound),
    ):
        with pytest.raises(refusal):
            approve_run(run, by=by, at=LATER)
    assert carry_out(run, by=clock_actor(), at=LATER) is False
    assert rows_of("screening_visit") == 12
    with pytest.raises(InAnotherRun):
        prepared(over)
    refuse_run(run, reason="a complaint is open", by=cast.lead, at=LATER)
    with pytest.raises(AlreadyDecided):
        approve_run(run, by=cast.lead, at=LATER)
    assert (rows_of("screening_visit"), DestructionRun.objects.count()) == (12, 1)
    assert approve_run(prepared(over), by=cast.lead, at=LATER).state == RunState.APPROVED


def test_what_is_not_due_is_not_prepared(over):
    early = AT + timedelta(days=31)
    with pytest.raises(NotDue):
        prepared(over, at=early)
    assert DestructionRun.objects.count() == 0
    assert lot().due == AT + timedelta(days=32)


@pytest.mark.row("EMG-8")
def test_the_emergency_s_end_starts_the_clock(over):
    """Closed or not: what was collected for an emergency is due 30 days after its end, and not before."""
    cast, campaign = over.cast, over.round.campaign
    declaration = declare(
        number="川府函〔2026〕9号",
        matter="Outbreak",
        hazard="epidemic",
        level=2,
        basis="Emergency Response Law, art. 72",
        issuer=cast.unit("5101:city-command"),
        ground_codes=["5101"],
        starts_at=AT,
        expected_until=AT + timedelta(days=60),
        measures=["screening"],
        by=cast.city_commander,
        at=AT,
    )
    Campaign.objects.filter(pk=campaign.pk).update(declaration=declaration)
    refresh_lots(at=LATER)
    assert (lot().began, lot().due, lot().emergency) == (None, None, declaration.number)
    with pytest.raises(NotDue):
        prepared(over)
    end_declaration(declaration, reason="no case for 28 days", by=cast.city_commander, at=LATER)
    refresh_lots(at=LATER)
    assert (lot().began, lot().due) == (LATER, LATER + timedelta(days=30))
    with pytest.raises(NotDue):
        prepared(over)
    run = prepared(over, at=LATER + timedelta(days=30))
    assert run.lots.get().rows == 12


@pytest.mark.row("EMG-8")
def test_what_is_held_stays_and_is_named(over):
    cast = over.cast
    with pytest.raises(NotAllowed):
        place_hold(lot(), area=COMMUNITY + "001", assessment="A-1", why="x", until=LATER, by=cast.city_commander, at=AT)
    place_hold(
        lot(),
        area=COMMUNITY,
        assessment="川评〔2026〕3号",
        why="a case before the court",
        until=LATER + timedelta(days=90),
        by=cast.lead,
        at=LATER,
    )
    before = figures()
    run = approved(over)
    assert carry_out(run, by=clock_actor(), at=LATER)
    assert (rows_of("screening_visit"), figures(), audits()) == (12, before, [])
    run.refresh_from_db()
    said = read(run.certificate.text)
    assert said["totals"] == {"destroyed": 0, "held": 12}
    assert said["lots"][0]["holds"] == [
        {
            "assessment": "川评〔2026〕3号",
            "area": COMMUNITY,
            "by": cast.lead.label,
            "until": (LATER + timedelta(days=90)).isoformat(),
        }
    ]
    # When the hold is over, what it held is due again.
    after = LATER + timedelta(days=91)
    refresh_lots(at=after)
    assert lot().rows == 12
    again = approve_run(prepared(over, at=after), by=cast.lead, at=after)
    assert carry_out(again, by=clock_actor(), at=after)
    assert (rows_of("screening_visit"), audits()) == (0, [])


def test_figures_that_differ_from_their_rows_stop_it(over):
    run = approved(over)
    Coverage.objects.everywhere("tampered with").filter(answered__gt=0).update(answered=9)
    assert carry_out(run, by=clock_actor(), at=LATER) is False
    run.refresh_from_db()
    assert "answered is kept as 9, counted 10" in run.trouble
    assert (rows_of("screening_visit"), run.state, SealedCampaign.objects.count()) == (12, RunState.APPROVED, 0)
    with pytest.raises(FiguresDiffer):
        holders()["screening.Visit"].prove(lot().key)


def test_small_groups_are_added_to_the_area_above(over):
    """k = 10: a compound of nine doors is not told apart any more, its community's figures are as they were."""
    rows = Coverage.objects.everywhere("a test")
    small = [row for row in figures() if row[0] // 10**7 == int(COMMUNITY)][1][0]
    rows.filter(place=small).update(doors=9)
    CoverageSample.objects.everywhere("a test").update(doors=79)
    others = [row for row in figures() if row[0] // 10**7 != int(COMMUNITY)]
    total = tuple(sum(row[n] for row in figures() if row not in others) for n in range(1, 5))
    run = approved(over)
    assert carry_out(run, by=clock_actor(), at=LATER)
    # Nine doors alone are too few to be told: the other compound goes with them.
    assert [row for row in figures() if row not in others] == [(int(COMMUNITY) * 10**7, *total)]
    assert [row for row in figures() if row in others] == others
    assert (SealedCampaign.objects.get().folded, audits()) == (2, [])


PLACES = st.builds(
    lambda street, community, compound: ((5101040 * 100 + street) * 1000 + community) * 10**7 + compound * 10**4,
    *(st.integers(1, 3) for _ in range(3)),
)


@given(st.dictionaries(PLACES, st.integers(1, 30), min_size=1))
def test_no_cell_is_left_that_speaks_of_fewer_than_ten_doors(cells):
    """Whatever the register: every cell has ten doors, or all of the district has fewer; nothing is lost."""
    now = dict(cells)
    for gone, up in folding(cells.items()):
        now[up] = sum([now.pop(place) for place in gone])
    assert sum(now.values()) == sum(cells.values())
    assert min(now.values()) >= 10 or len(now) == 1
    before, after = Counter(), Counter()
    for counted, rows in ((before, cells), (after, now)):
        for place, doors in rows.items():
            counted[place // 10**7] += doors
    if min(before.values()) >= 10:
        assert after == before


def test_sealed_figures_that_are_changed_are_found(over):
    run = approved(over)
    assert carry_out(run, by=clock_actor(), at=LATER)
    Coverage.objects.everywhere("tampered with").filter(answered__gt=0).update(answered=9)
    assert audit_coverage() == [
        f"campaign {over.round.campaign_id}: the figures that stay are not what was sealed",
    ]
    sealed = SealedCampaign.objects.get()
    SealedCampaign.objects.filter(pk=sealed.pk).update(digest="0" * 64)
    assert len(audit_coverage()) == 2


def test_a_visit_that_vanishes_beside_a_destruction_is_found(ground, over):
    run = approved(over)
    assert carry_out(run, by=clock_actor(), at=LATER)
    SealedCampaign.objects.update(visits=11)
    assert audit_batches()[-1] == "12 visits are missing, destructions took 11"


def test_backups_are_named_until_they_are_gone(over):
    note_backup(
        name="nightly",
        where="second hall",
        made_at=LATER,
        lives_until=LATER + timedelta(days=14),
        by=over.cast.city_commander,
        at=LATER,
    )
    run = approved(over)
    carry_out(run, by=clock_actor(), at=LATER)
    run.refresh_from_db()
    (backup,) = read(run.certificate.text)["backups"]
    assert (backup["name"], backup["lives_until"]) == ("nightly", (LATER + timedelta(days=14)).isoformat())


CHANGES = [
    (lambda one: one["certificate"]["totals"].update(destroyed=11), "was changed after it was signed"),
    (lambda one: one["certificate"].update(format="other"), "its format is not known"),
    (lambda one: one["signature"].update(value="AAAA"), "does not belong"),
    (lambda one: one["signature"].update(key_id="0" * 16), "names another key"),
    (lambda one: one["signature"].pop("value"), "cannot be read"),
    (lambda one: one.pop("signature"), "two parts"),
]


def test_the_page_of_a_certificate_says_what_it_was_for_in_the_readers_language(over, client):
    run = approved(over)
    with override("zh-hans"):
        carry_out(run, by=clock_actor(), at=LATER)
    run.refresh_from_db()
    signed = read(run.certificate.text)["lots"][0]["declared"][0]["purpose"]
    english = "to screen every door in an emergency"
    pages = {
        language: client.get(
            f"/certificates/{run.certificate.number}", headers={"accept-language": language}
        ).content.decode()
        for language in ("zh-hans", "en")
    }
    # What was signed stays as it was signed, in the file; the page speaks to its reader.
    assert signed != english
    assert signed in pages["zh-hans"] and english not in pages["zh-hans"]
    assert english in pages["en"] and signed not in pages["en"]


@override("en")
def test_a_certificate_that_was_tampered_with_is_refused_with_the_reason(over, tmp_path, capsys):
    run = approved(over)
    carry_out(run, by=clock_actor(), at=LATER)
    run.refresh_from_db()
    text = run.certificate.text
    good = tmp_path / "good.json"
    good.write_text(text, "utf-8")
    call_command("verify_certificate", str(good))
    assert "good, 12 destroyed, 0 held" in capsys.readouterr().out
    for change, why in CHANGES:
        whole = json.loads(text)
        change(whole)
        with pytest.raises(CertificateBad, match=why):
            read(json.dumps(whole))
    for bad, why in (("{", "no JSON"), ("[]", "two parts"), ('{"a":1,"a":2}', "stands twice"), ("[" * 9999, "no JSON")):
        with pytest.raises(CertificateBad, match=why):
            read(bad)
    with pytest.raises(CertificateBad, match="another key"):
        read(text, trusted=b"0" * 32)


@pytest.mark.row("EMG-8")
def test_afterwards_no_door_is_told_as_untouched(over):
    client = over.cast.client("city_commander")
    page = f"/campaigns/{over.round.campaign_id}?area={COMMUNITY}"
    addresses = [
        f"/rounds/{over.round.pk}/left.csv?area={COMMUNITY}",
        f"/api/rounds/{over.round.pk}/left?area={COMMUNITY}",
    ]
    assert client.get(page).context["left"]
    assert carry_out(approved(over), by=clock_actor(), at=LATER)
    shown = client.get(page)
    assert (shown.context["left"], shown.context["gone"], shown.context["total"].doors) == ([], True, 20)
    assert [client.get(address).status_code for address in addresses] == [410, 410]
