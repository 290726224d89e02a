"""A crash at any statement of an act: nothing of it is there, and the same act goes through afterwards."""

import pytest

from qipan.journal.api import verify
from qipan.kernel.testing import whole_or_nothing

from ..actions.calls import accept_call, end_call, note_attendance
from ..actions.exclusions import decide_exclusion
from ..actions.filing import decline_matter, reopen_matter
from ..actions.handling import confirm_matter, doubt_matter, report_done, send_back, verify_matter
from ..actions.hazards import grade_hazard, inspect_hazard
from ..actions.intake import Words, join_matter, part_report
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.meetings import agree, record_meeting, take_back
from ..actions.rechecks import recheck_matter
from ..actions.refusing import decide_refusal, refuse_call
from ..actions.sessions import conclude, convene_session, end_session, prepare_session
from ..jobs import follow_hazards, look_again, tell_silences
from ..models import Agreed, Call, Called, ReviewSession
from ..queries.audits import audit_counts, audit_exclusions, audit_matters, audit_rechecks, audit_ways
from ..testing import PUBLIC
from .test_joint import bounced
from .test_rechecks import closed, everyone
from .test_whistle import FIRE, HEALTH, LIGHTS, part_of, whistle


@pytest.mark.row("MAT-2", "MAT-4", "ORG-17")
def test_a_call_from_its_opening_to_its_end(world):
    matter, dispatcher, lead = world.matter("DISPATCHED"), world.cast.dispatcher, world.cast.lead
    health, fire = world.handler(HEALTH), world.handler(FIRE)
    whole_or_nothing(lambda: whistle(world, matter, HEALTH, FIRE))
    call = Call.objects.everywhere("a test").get()

    def the_part(code):
        return part_of(call, code)

    acts = [
        lambda: refuse_call(call, reason="不属本单位职责", by=fire, at=world.later(minutes=9)),
        lambda: decide_refusal(the_part(FIRE), excused=False, reason="清单在列", by=lead, at=world.later(minutes=20)),
        lambda: tell_silences(at=world.later(minutes=36)),
        lambda: accept_call(call, post="值班医生", by=health, at=world.later(minutes=40)),
        lambda: note_attendance(the_part(HEALTH), came=True, by=dispatcher, at=world.later(hours=1)),
        lambda: note_attendance(the_part(FIRE), came=True, by=dispatcher, at=world.later(hours=1)),
        lambda: record_meeting(call, found="墙体外倾", by=dispatcher, at=world.later(hours=1)),
        lambda: agree(
            call, text="封控通道", owner=world.cast.unit(HEALTH), due_at=world.later(hours=9), by=dispatcher,
            at=world.later(hours=1),
        ),
        lambda: take_back(Agreed.objects.get(), reason="已无必要", by=dispatcher, at=world.later(hours=2)),
        lambda: end_call(call, result="已处置", by=dispatcher, at=world.later(hours=2)),
    ]  # fmt: skip
    assert min(whole_or_nothing(act) for act in acts) > 1
    assert audit_counts() == [] and audit_matters() == [] and verify().differences == []


@pytest.mark.row("MAT-11")
def test_a_hazard_from_its_grade_to_its_remedy(world):
    matter, by = world.matter("DISPATCHED"), world.cast.dispatcher
    acts = [
        lambda: grade_hazard(matter, grade="MAJOR", measure="已拉警戒线", by=by, at=world.later(minutes=2)),
        lambda: inspect_hazard(matter, remedied=False, note="仍倾斜", by=by, at=world.later(hours=20)),
        lambda: report_done(matter, kind="SOLVED", result="已拆除", by=world.handler(), at=world.later(hours=21)),
        lambda: inspect_hazard(matter, remedied=True, note="已不存在", by=by, at=world.later(hours=22)),
        lambda: send_back(matter, reason="又松动了", by=by, at=world.later(hours=23)),
        lambda: follow_hazards(at=world.later(hours=24)),
    ]
    assert min(whole_or_nothing(act) for act in acts) > 1
    assert audit_counts() == [] and audit_matters() == [] and verify().differences == []


@pytest.mark.row("MAT-1", "MAT-11")
def test_a_hazard_that_is_joined_and_parted(world):
    own, other, by = world.matter("FILED"), world.matter("DISPATCHED"), world.cast.dispatcher
    grade_hazard(own, grade="EXTREME", measure="已拉警戒线", by=by, at=world.later(minutes=2))
    acts = [
        lambda: merge_matter(own, into=other, by=by, at=world.later(minutes=5)),
        lambda: inspect_hazard(other, remedied=False, note="仍倾斜", by=by, at=world.later(hours=1)),
        lambda: report_done(other, kind="SOLVED", result="已拆除", by=world.handler(), at=world.later(hours=2)),
        lambda: inspect_hazard(other, remedied=True, note="已不存在", by=by, at=world.later(hours=3)),
        lambda: unmerge_matter(own, by=by, at=world.later(hours=4)),
    ]
    assert min(whole_or_nothing(act) for act in acts) > 1
    assert audit_counts() == [] and audit_matters() == [] and verify().differences == []


@pytest.mark.row("MAT-5", "PAR-9")
def test_a_verification_and_a_filing_that_hold_no_more(world):
    matter, by = world.matter("VERIFIED"), world.cast.dispatcher
    first, filed = matter.reports.get(), world.matter("FILED")
    acts = [
        lambda: doubt_matter(first, reason="还是不亮", by=PUBLIC, at=world.later(hours=1)),
        lambda: send_back(matter, reason="确未修好", by=by, at=world.later(hours=2)),
        lambda: report_done(matter, kind="SOLVED", result="已修", by=world.handler(), at=world.later(hours=3)),
        lambda: verify_matter(matter, by=by, at=world.later(hours=4)),
        lambda: confirm_matter(first, satisfied=True, by=PUBLIC, at=world.later(hours=5)),
        lambda: reopen_matter(matter, reason="又灭了", by=by, at=world.later(hours=6)),
        lambda: merge_matter(filed, into=matter, by=by, at=world.later(hours=7)),
        lambda: unmerge_matter(filed, by=by, at=world.later(hours=8)),
    ]
    assert min(whole_or_nothing(act) for act in acts) > 1
    assert audit_counts() == [] and audit_matters() == [] and audit_ways() == [] and verify().differences == []


@pytest.mark.row("MAT-1")
def test_a_report_that_is_joined_and_parted(world):
    matter, at = world.matter("REPORTED"), world.later(minutes=5)
    whole_or_nothing(lambda: join_matter(matter, words=Words("same here"), nonce="j", by=PUBLIC, at=at))
    second = matter.reports.latest("pk")
    assert whole_or_nothing(lambda: part_report(second, by=world.cast.dispatcher, at=world.later(minutes=6))) > 1
    assert audit_counts() == [] and audit_matters() == [] and verify().differences == []


@pytest.mark.row("ORG-13")
def test_a_review_session_from_its_agenda_to_its_minutes(world):
    lead, at = world.cast.lead, world.later(hours=1)
    for _n in range(3):
        bounced(world)
    whole_or_nothing(lambda: prepare_session(by=lead, at=at))
    session = ReviewSession.objects.get()
    acts = [
        lambda: convene_session(
            session, units=[world.cast.unit(LIGHTS)], meets_where="三楼", meets_at=world.later(days=2), by=lead, at=at
        ),
        lambda: note_attendance(Called.objects.get(), came=True, by=lead, at=world.later(days=2)),
        lambda: end_call(Call.objects.everywhere("a test").get(), result="已议", by=lead, at=world.later(days=2)),
        lambda: conclude(
            session, text="修订清单", owner=world.cast.unit(LIGHTS), due_at=world.later(days=9),
            item=session.items.last(), by=lead, at=world.later(days=2),
        ),
        lambda: end_session(session, minutes="会议决定修订清单。", by=lead, at=world.later(days=2)),
    ]  # fmt: skip
    assert min(whole_or_nothing(act) for act in acts) > 1
    assert audit_counts() == [] and verify().differences == []


@pytest.mark.parametrize("solved", [True, False])
def test_a_look_again_after_the_close(world, solved):
    everyone(world)
    matter = closed(world)
    acts = [
        lambda: look_again(at=world.later(days=11)),
        lambda: recheck_matter(
            matter, solved=solved, note="看过", by=world.cast.district_head, at=world.later(days=12)
        ),
    ]
    assert min(whole_or_nothing(act) for act in acts) > 1
    assert audit_counts() == [] and audit_rechecks() == [] and verify().differences == []


@pytest.mark.row("MAT-5")
@pytest.mark.parametrize("confirmed", [True, False])
def test_what_is_declined_from_the_proposal_to_leave_the_rates_to_its_reopening(world, confirmed):
    matter, by = world.matter("REPORTED"), world.cast.dispatcher
    acts = [
        lambda: decline_matter(matter, kind="UNLAWFUL", reason="违法", by=by, at=world.later(minutes=5)),
        lambda: decide_exclusion(
            matter, confirmed=confirmed, reason="看过", by=world.cast.district_head, at=world.later(days=1)
        ),
        lambda: reopen_matter(matter, reason="有理", by=by, at=world.later(days=2)),
    ]
    assert min(whole_or_nothing(act) for act in acts) > 1
    assert audit_counts() == [] and audit_exclusions() == [] and verify().differences == []
