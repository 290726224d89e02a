"""The emergency's end starts the clock of what was answered for it, which two people destroy with a certificate; a legal
hold stops them and the nightly erasers (art. 85)."""

from datetime import timedelta
from hashlib import sha256

import pytest
from django.apps import apps

from qipan.forms.api import Form, Submission, erase_submissions, forget_points, take_submission
from qipan.forms.testing import CODE, Filled, opened, publish
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.retention import digest_of_lines, holders
from qipan.matters.api import erase_contacts
from qipan.matters.testing import make_world
from qipan.posture.api import end_declaration
from qipan.retention.api import (
    Certificate,
    DueLot,
    NotDue,
    approve_run,
    carry_out,
    clock_actor,
    lift_hold,
    place_hold,
    prepare_run,
    read,
    refresh_lots,
)

from ..actions.plans import run_plan
from .conftest import declare_epidemic, everywhere

Contact = apps.get_model("matters", "Contact")
CLOCK = Actor.system("forms clock", acts=["form.erase", "matter.dispatch"])
YEAR = timedelta(days=365)


def answered(cast, *, emergency: str) -> list[Submission]:
    """One answer to a form that was opened for an emergency, and the day on which the other is erased."""
    opened(cast, publish(cast), emergency=emergency)
    take_submission(Filled().xml(), by=cast.screener, at=cast.at)
    return list(everywhere(Submission))


@pytest.mark.row("EMG-8", "PRI-2")
def test_an_answer_waits_for_the_end_of_its_emergency_and_then_is_destroyed_with_a_certificate(cast):
    declared = declare_epidemic(cast)
    (row,) = answered(cast, emergency=declared.number)
    assert (row.emergency, row.erase_at) == (declared.number, None)
    late = cast.at + 3 * YEAR
    assert erase_submissions(by=CLOCK, at=late) == 0
    refresh_lots(at=cast.at)
    lot = DueLot.objects.get(model="forms.Submission")
    assert (lot.key, lot.rows, lot.began, lot.due) == (f"{CODE}:{declared.number}", 1, None, None)
    ended = cast.at + timedelta(days=4)
    end_declaration(declared, reason="结束", by=cast.city_commander, at=ended)
    assert everywhere(Submission).get().erase_at == ended + YEAR
    refresh_lots(at=ended)
    lot.refresh_from_db()
    assert (lot.began, lot.due) == (ended, ended + YEAR)
    # The plan names it with its day, until two people have destroyed it.
    report = run_plan(declared, seen=0, by=cast.city_commander, at=ended)
    assert [(one.item.kind, one.item.count) for one in report.left] == [("RECORDS", 1)]
    assert f"{ended + YEAR:%Y-%m-%d}" in report.left[0].reason
    given = {"lots": [lot.pk], "reason": "结束", "backups_listed": True, "by": cast.city_commander}
    late = ended + YEAR
    with pytest.raises(NotDue):
        prepare_run(**given, at=late - timedelta(seconds=1))
    assert erase_submissions(by=CLOCK, at=late) == 0
    run = approve_run(prepare_run(**given, at=late), by=cast.lead, at=late)
    report = run_plan(declared, seen=1, by=cast.city_commander, at=late)
    assert [one.item.kind for one in report.left] == ["RECORDS"] and str(run.pk) in report.left[0].reason
    assert everywhere(Submission).count() == 1
    assert carry_out(run, by=clock_actor(), at=late)
    assert not everywhere(Submission).exists() and not DueLot.objects.filter(model="forms.Submission").exists()
    # The certificate counts it, with the digest that the journal has of it, and says nothing that was answered.
    text = Certificate.objects.get().text
    said = read(text)
    (destroyed,) = said["lots"]
    assert (said["totals"], destroyed["lot"]) == ({"destroyed": 1, "held": 0}, f"{CODE}:{declared.number}")
    assert destroyed["chain"] == sha256(f"{'0' * 64}{digest_of_lines([row.digest])}".encode()).hexdigest()
    assert {one["model"] for one in destroyed["declared"]} == {"forms.Attachment", "forms.Submission"}
    assert row.instance_id not in text and str(row.place) not in text
    report = run_plan(declared, seen=2, by=cast.city_commander, at=late)
    assert report.plan.finished_at == late


@pytest.mark.row("EMG-8", "PRI-2")
def test_a_run_leaves_the_answers_that_a_hold_keeps_and_names_the_assessment(cast):
    declared = declare_epidemic(cast)
    (row,) = answered(cast, emergency=declared.number)
    anywhere = Actor.system("visitor", acts=["visit.submit"], ranges=[range_of("5101")])
    take_submission(Filled(place="5101040010020010001").xml(), by=anywhere, at=cast.at)
    end_declaration(declared, reason="结束", by=cast.city_commander, at=cast.at + timedelta(days=4))
    late = cast.at + 2 * YEAR
    refresh_lots(at=late)
    lot = DueLot.objects.get(model="forms.Submission")
    hold = place_hold(lot, area="510104001001", assessment="A-7", why="诉讼", until=late + YEAR, by=cast.lead, at=late)
    given = {"lots": [lot.pk], "reason": "x", "backups_listed": True, "by": cast.city_commander, "at": late}
    run = prepare_run(**given)
    assert carry_out(approve_run(run, by=cast.lead, at=late), by=clock_actor(), at=late, step_rows=1)
    assert everywhere(Submission).get().pk == row.pk
    (told,) = read(Certificate.objects.get().text)["lots"]
    assert (told["destroyed"], told["held"], told["holds"][0]["assessment"]) == (1, 1, "A-7")
    lift_hold(hold, by=cast.lead, at=late)
    run = prepare_run(**given)
    assert carry_out(approve_run(run, by=cast.lead, at=late), by=clock_actor(), at=late)
    assert not everywhere(Submission).exists()


def test_what_comes_after_the_end_has_the_clock_of_the_end(cast):
    declared = declare_epidemic(cast)
    form = publish(cast)
    opened(cast, form, emergency=declared.number)
    ended = cast.at + timedelta(days=1)
    end_declaration(declared, reason="结束", by=cast.city_commander, at=ended)
    take_submission(Filled().xml(), by=cast.screener, at=ended + timedelta(hours=2))
    assert everywhere(Submission).get().erase_at == ended + YEAR


def test_what_no_emergency_asked_keeps_its_own_day(cast):
    declare_epidemic(cast)
    (row,) = answered(cast, emergency="")
    assert (row.emergency, row.erase_at) == ("", cast.at + YEAR)


def test_a_run_takes_no_answers_of_an_emergency_whose_number_only_begins_alike(cast):
    (row,) = answered(cast, emergency="")
    take_submission(Filled().xml(), by=cast.screener, at=cast.at)
    everywhere(Submission).filter(pk=row.pk).update(emergency="E-1")
    everywhere(Submission).exclude(pk=row.pk).update(emergency="E-10")
    taken = holders()["forms.Submission"].take(f"{CODE}:E-1", after="", most=100, held=[])
    assert (taken.after, taken.destroyed, taken.skipped) == (None, 1, 0)
    assert everywhere(Submission).get().emergency == "E-10"


def test_a_run_takes_the_answers_of_an_emergency_whose_number_is_too_long_for_the_key_of_its_lot(cast):
    (row,) = answered(cast, emergency="")
    everywhere(Submission).update(emergency="E" * 60)
    Form.objects.update(code="f" * 40)
    refresh_lots(at=cast.at)
    lot = DueLot.objects.get(model="forms.Submission")
    assert lot.key == f"{'f' * 40}:{'E' * 39}"
    holder, here = holders()["forms.Submission"], range_of("510104001001")
    assert row.place in here
    assert holder.take(lot.key, after="", most=100, held=[here]).skipped == 1
    assert holder.take(lot.key, after="", most=100, held=[]).destroyed == 1
    assert not everywhere(Submission).exists()


@pytest.mark.row("EMG-8", "PRI-2")
def test_a_hold_keeps_where_an_answer_was_given(cast):
    opened(cast, publish(cast))
    anywhere = Actor.system("visitor", acts=["visit.submit"], ranges=[range_of("5101")])
    spot = "<spot><photo/><point>30.65731 104.06631 490 4.5</point><width/></spot>"
    for place in ("5101040010010010001", "5101040010020010001"):
        take_submission(Filled(place=place, more=spot).xml(), by=anywhere, at=cast.at)
    refresh_lots(at=cast.at)
    lot, over = DueLot.objects.get(model="forms.Submission"), cast.at + timedelta(days=60)
    place_hold(lot, area="510104001001", assessment="A-7", why="诉讼", until=over, by=cast.lead, at=cast.at)
    assert forget_points(by=CLOCK, at=over - timedelta(days=1)) == 1
    assert ["point" in row.answers["spot"] for row in everywhere(Submission).order_by("pk")] == [True, False]
    assert forget_points(by=CLOCK, at=over) == 1
    assert not any("point" in row.answers["spot"] for row in everywhere(Submission))


@pytest.mark.row("EMG-8", "PRI-2")
def test_a_hold_stops_the_nightly_erasure_of_answers_where_it_holds(cast):
    (row,) = answered(cast, emergency="")
    anywhere = Actor.system("visitor", acts=["visit.submit"], ranges=[range_of("5101")])
    take_submission(Filled(place="5101040010020010001").xml(), by=anywhere, at=cast.at)
    due = cast.at + 2 * YEAR
    refresh_lots(at=cast.at)
    lot = DueLot.objects.get(model="forms.Submission")
    assert lot.rows == 2
    hold = place_hold(
        lot, area="510104001001", assessment="A-7", why="诉讼", until=due + YEAR, by=cast.lead, at=cast.at
    )
    assert erase_submissions(by=CLOCK, at=due) == 1
    assert everywhere(Submission).get().pk == row.pk
    assert erase_submissions(by=CLOCK, at=due) == 0
    shown = cast.client("lead").get("/retention").content.decode()
    assert CODE in shown and "A-7" in shown and 'name="lots"' not in shown
    # No run of two people takes what the clock erases.
    refresh_lots(at=due)
    lot.refresh_from_db()
    with pytest.raises(NotDue):
        prepare_run(lots=[lot.pk], reason="x", backups_listed=True, by=cast.city_commander, at=due)
    lift_hold(hold, by=cast.lead, at=due)
    assert erase_submissions(by=CLOCK, at=due) == 1
    assert not everywhere(Submission).exists()


@pytest.mark.row("EMG-8", "PRI-2")
def test_a_hold_on_reports_keeps_how_to_reach_who_reported_them(cast):
    world = make_world(cast)
    world.reported(reach="13900000000")
    late = cast.at + 3 * YEAR
    refresh_lots(at=cast.at)
    lot = DueLot.objects.get(model="matters.Report")
    assert lot.key == "open:real"
    hold = place_hold(lot, area="510104", assessment="A-8", why="诉讼", until=late + YEAR, by=cast.lead, at=cast.at)
    assert erase_contacts(by=CLOCK, at=late) == 0
    assert Contact.objects.count() == 1
    lift_hold(hold, by=cast.lead, at=late)
    assert erase_contacts(by=CLOCK, at=late) == 1
    assert not Contact.objects.exists()
