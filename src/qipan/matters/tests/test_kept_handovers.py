"""A legal hold on what was handed over: it ends for everybody and stays until the hold does (art. 85)."""

from datetime import timedelta

import pytest
from django.test import Client

from qipan.retention.api import DueLot, Hold, NotDue, lift_hold, place_hold, prepare_run, refresh_lots

from ..actions.owning import open_referral
from ..actions.privacy import KeptByHold
from ..actions.referring import erase_own_handover, look_at_handover, withdraw_own
from ..jobs import erase_handovers
from ..models import Handover, ReferralStep
from ..queries.referrals import audit_referrals
from ..rules.limits import COMMUNITY_SIZE, community_of
from ..rules.referral import KEEP, LookClosed
from ..testing import PUBLIC
from .test_referrals import DOOR, fresh, handed, refused


def held(world, purpose: str = "DISEASE", area: str = "510104001") -> Hold:
    refresh_lots(at=world.at)
    lot = DueLot.objects.get(model="matters.Handover", key=f"{purpose}:real")
    return place_hold(
        lot, area=area, assessment="A-9", why="before the court", until=world.later(days=60), by=world.cast.lead,
        at=world.at,
    )  # fmt: skip


@pytest.mark.row("EMG-8", "PRI-2")
def test_what_is_handed_over_is_told_by_purpose_and_names_no_door(world):
    handed(world)
    handed(world, nonce="slip-2", door=DOOR + 1)
    refresh_lots(at=world.at)
    lot = DueLot.objects.get(model="matters.Handover")
    first = community_of(DOOR)
    assert (lot.key, lot.rows, lot.grounds) == ("DISEASE:real", 2, [[first, first + COMMUNITY_SIZE - 1]])
    assert (lot.began, lot.due) == (world.at, world.at + KEEP)
    # Each ends on the day that the person was told: no run of two people takes it.
    late = world.at + 2 * KEEP
    with pytest.raises(NotDue):
        prepare_run(lots=[lot.pk], reason="x", backups_listed=True, by=world.cast.city_commander, at=late)


@pytest.mark.row("EMG-8", "PRI-2")
def test_a_hold_keeps_what_nobody_answered_until_it_is_lifted(world):
    made = handed(world)
    hold, due = held(world), world.later(days=30)
    assert erase_handovers(at=due) == 0
    assert (fresh(made.referral).state, fresh(made.referral).erased_at) == ("LAPSED", None)
    assert Handover.objects.count() == 1
    kinds = list(ReferralStep.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["HANDED", "LAPSED", "KEPT"]
    assert erase_handovers(at=due) == 0 and ReferralStep.objects.count() == 3  # the clock does not come back for it
    assert audit_referrals() == []
    with pytest.raises(LookClosed):  # kept for the assessment, and for nobody's eyes
        look_at_handover(fresh(made.referral), by=world.cast.worker, at=due)
    own = open_referral(made.code, due)
    assert {one.until for one in own.held} == {None} and "书面评估" in own.held[0].ends
    lift_hold(hold, by=world.cast.lead, at=due)
    assert erase_handovers(at=due) == 1
    assert (fresh(made.referral).erased_at, Handover.objects.count()) == (due, 0)
    assert ReferralStep.objects.order_by("pk").last().kind == "ERASED"
    assert audit_referrals() == []


def test_a_hold_ends_by_itself_and_what_it_kept_goes_then(world):
    made, hold = handed(world), held(world)
    erase_handovers(at=world.later(days=30))
    assert erase_handovers(at=hold.until - timedelta(seconds=1)) == 0
    assert erase_handovers(at=hold.until) == 1
    assert fresh(made.referral).erased_at == hold.until and not Handover.objects.exists()


@pytest.mark.parametrize(("purpose", "area"), [("MEDICAL", "510104001"), ("DISEASE", "510104002")])
def test_a_hold_on_another_purpose_or_elsewhere_keeps_nothing_of_it(world, purpose, area):
    made = handed(world)
    handed(
        world,
        nonce="slip-2",
        purpose="MEDICAL",
        need="MEDICINE",
        hours="MORNING",
        receiver=world.cast.unit("5101:health"),
    )
    refresh_lots(at=world.at)
    lot = DueLot.objects.get(key=f"{purpose}:real", model="matters.Handover")
    grounds = [[int(area.ljust(19, "0")), int(area.ljust(19, "9"))]]
    Hold.objects.create(
        model=lot.model, key=lot.key, title=lot.title, area=area, grounds=grounds, assessment="A-9", why="x",
        until=world.later(days=60), placed_at=world.at, by_label="x",
    )  # fmt: skip
    erase_handovers(at=world.later(days=30))
    assert fresh(made.referral).erased_at == world.later(days=30)


def test_who_takes_it_back_ends_it_and_the_hold_keeps_it(world):
    made = handed(world)
    held(world)
    withdraw_own(made.referral, by=PUBLIC, at=world.later(hours=1))
    ended = fresh(made.referral)
    assert (ended.state, ended.ended_at, ended.erased_at) == ("WITHDRAWN", world.later(hours=1), None)
    assert Handover.objects.count() == 1 and audit_referrals() == []
    page = Client().get(f"/my-data/{made.code}").content.decode()
    assert "13900000000" in page and "书面评估结束" in page


def test_a_wish_to_erase_is_refused_while_a_hold_keeps_it_and_nothing_is_written(world):
    made = handed(world)
    hold = held(world)
    with refused(KeptByHold):
        erase_own_handover(made.referral, by=world.cast.worker, at=world.later(hours=1))
    lift_hold(hold, by=world.cast.lead, at=world.later(hours=2))
    erase_own_handover(made.referral, by=world.cast.worker, at=world.later(hours=3))
    assert fresh(made.referral).erased_at == world.later(hours=3) and not Handover.objects.exists()
