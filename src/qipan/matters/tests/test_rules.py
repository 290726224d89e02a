"""The state machine's invariants, walked at random, and the small rules beside it."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from PIL import Image

from qipan.kernel.refusal import Refusal

from ..rules import limits, loop, photos
from ..rules.loop import ENDED, HELD, MOVES, Loop
from ..terms import Closing, Confirmation, State

AT = datetime(2026, 11, 2, 2, tzinfo=UTC)
UNITS = st.integers(1, 4)
PEOPLE = st.integers(10, 13)
IN_TIME = {"limit": "5wd", "until": AT, "at": AT}
REASONS = st.sampled_from(["", "  ", "because"])


class Walk(RuleBasedStateMachine):
    """Acts in any order by anybody; a refused act changes nothing, whatever is tried."""

    def __init__(self):
        super().__init__()
        self.loop, self.at = Loop(), AT
        self.objections, self.rulings, self.trail = [], 0, [State.REPORTED]
        self.verified_by, self.reporter_spoke = None, False
        self.until = AT  # when the handler's time to object is over

    def act(self, name, *args, **how):
        before = self.loop
        try:
            self.loop = getattr(loop, name)(before, *args, **how)
        except Refusal:
            assert self.loop is before
            return False
        self.trail.append(self.loop.state)
        return True

    @rule(hours=st.integers(1, 24 * 20))
    def time_passes(self, hours):
        self.at += timedelta(hours=hours)

    @rule()
    def file(self):
        self.act("file")

    @rule(kind=st.sampled_from(Closing.values), reason=REASONS)
    def decline(self, kind, reason):
        self.act("decline", kind=kind, reason=reason, at=self.at)

    @rule()
    def merge(self):
        self.act("merge", at=self.at)

    @rule()
    def unmerge(self):
        self.act("unmerge")

    @rule(unit=UNITS)
    def dispatch(self, unit):
        hops = self.loop.hops
        if self.act("dispatch", unit=unit):
            self.until = self.at + timedelta(days=5)
            assert self.loop.hops == hops + 1

    @rule(unit=UNITS, reason=REASONS)
    def object_to(self, unit, reason):
        handler = self.loop.handler
        if self.act("object_to", unit=unit, reason=reason, limit="5wd", until=self.until, at=self.at):
            assert (
                self.at <= self.until and reason.strip() and unit == handler == self.loop.handler
            )  # keeps the duty meanwhile
            self.objections.append((unit, self.rulings))

    @rule(unit=UNITS, reason=REASONS)
    def arbitrate(self, unit, reason):
        if self.act("arbitrate", unit=unit, reason=reason):
            self.rulings += 1
            assert self.loop.handler == unit

    @rule(
        unit=UNITS,
        person=PEOPLE,
        kind=st.sampled_from(Closing.values),
        result=REASONS,
        left=st.sampled_from([[], ["x"]]),
    )
    def report_done(self, unit, person, kind, result, left):
        if self.act("report_done", unit=unit, account=person, kind=kind, result=result, open_parts=left):
            assert not left and kind in ("SOLVED", "EXPLAINED")

    @rule(unit=UNITS | st.integers(5, 6) | st.none(), person=PEOPLE)
    def verify(self, unit, person):
        if self.act("verify", unit=unit, account=person):
            assert unit not in self.loop.handlers and person not in self.loop.workers
            self.reporter_spoke = False

    @rule(unit=UNITS | st.integers(5, 6), person=PEOPLE, reason=REASONS)
    def send_back(self, unit, person, reason):
        hops, handler = self.loop.hops, self.loop.handler
        if self.act("send_back", unit=unit, account=person, reason=reason):
            assert (self.loop.hops, self.loop.handler) == (hops, handler)

    @rule(reason=REASONS)
    def doubt(self, reason):
        self.act("doubt", reason=reason)

    @rule(confirmed=st.booleans())
    def close(self, confirmed):
        if self.act("close", confirmed=confirmed, at=self.at):
            self.reporter_spoke = confirmed

    @rule(unit=st.integers(5, 6), person=PEOPLE, reason=REASONS)
    def let_stand(self, unit, person, reason):
        if self.act("let_stand", unit=unit, account=person, reason=reason, at=self.at):
            assert not loop.solved(self.loop)

    @rule(reason=REASONS, plan=REASONS, days=st.integers(-2, 120))
    def shelve(self, reason, plan, days):
        if self.act("shelve", reason=reason, plan=plan, review_at=self.at + timedelta(days=days), at=self.at):
            assert 0 < days <= 92

    @rule(reason=REASONS, plan=REASONS, days=st.integers(-2, 120))
    def review(self, reason, plan, days):
        self.act("review", reason=reason, plan=plan, review_at=self.at + timedelta(days=days), at=self.at)

    @rule()
    def take_up(self):
        self.act("take_up")

    @precondition(lambda self: self.loop.state in ENDED)
    @rule(reason=REASONS)
    def reopen(self, reason):
        ended = self.loop.ended_at
        if self.act("reopen", reason=reason, at=self.at):
            assert self.at - ended <= timedelta(days=30)

    @invariant()
    def one_objection_a_handler_and_none_after_a_ruling(self):
        units = [unit for unit, _rulings in self.objections]
        assert len(units) == len(set(units))
        assert all(rulings == 0 for _unit, rulings in self.objections)

    @invariant()
    def the_first_receiver_stays_and_somebody_holds_the_duty(self):
        assert (self.loop.first_receiver is None) == (self.loop.hops == 0)
        if self.loop.state in HELD:
            assert self.loop.handler is not None
        assert self.loop.alarm == (self.loop.hops >= 3)

    @invariant()
    def solved_is_verified_and_shelved_is_not(self):
        if loop.solved(self.loop):
            assert self.trail[-2] == State.VERIFIED and self.loop.state == State.CLOSED
        if self.loop.state in (State.SHELVED, State.DECLINED, State.DUPLICATE):
            assert not loop.solved(self.loop)

    @invariant()
    def silence_is_never_satisfied(self):
        if self.loop.confirmation == Confirmation.UNCONFIRMED:
            assert not any(loop.satisfied(self.loop, word) for word in (True, False, None))
        if self.loop.state == State.CLOSED and self.loop.confirmation == Confirmation.CONFIRMED:
            assert self.reporter_spoke

    @invariant()
    def a_closing_kind_is_said_only_by_its_own_way(self):
        if self.loop.state == State.DECLINED:
            assert self.loop.closing in ("ANSWERED", "REDIRECTED", "UNLAWFUL", "NOT_FOUND")
        elif self.loop.state in (State.VERIFIED, State.CLOSED, State.DONE, State.DISPUTED):
            assert self.loop.closing in ("SOLVED", "EXPLAINED")
        else:
            assert self.loop.closing == ""


Walk.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_no_walk_breaks_the_loop = pytest.mark.row("MAT-3", "MAT-5")(Walk.TestCase)


def test_every_state_is_reached_and_left():
    reached = {to for _sources, to in MOVES.values()} | {State.REPORTED}
    left = frozenset().union(*(sources for sources, _to in MOVES.values()))
    assert reached == set(State)
    assert set(State) - left == set()


@pytest.mark.row("MAT-3")
def test_a_matter_that_was_returned_and_arbitrated_is_not_returned_again():
    one = loop.dispatch(loop.file(Loop()), unit=1)
    one = loop.arbitrate(loop.object_to(one, unit=1, reason="not ours", **IN_TIME), unit=2, reason="list, item 7")
    with pytest.raises(loop.RulingIsFinal):
        loop.object_to(one, unit=2, reason="not ours either", **IN_TIME)
    assert (one.handler, one.first_receiver, one.hops) == (2, 1, 2)


def test_the_ruled_unit_gets_it_back_after_a_reopening():
    one = loop.object_to(loop.dispatch(loop.file(Loop()), unit=1), unit=1, reason="no", **IN_TIME)
    one = loop.arbitrate(one, unit=1, reason="yours")
    done = loop.report_done(one, unit=1, account=10, kind="SOLVED", result="mended", open_parts=[])
    again = loop.reopen(
        loop.close(loop.verify(done, unit=5, account=11), confirmed=False, at=AT), reason="broken again", at=AT
    )
    assert loop.dispatch(again, unit=1).handler == 1


@pytest.mark.parametrize(("limit", "due"), [("2h", "2026-11-02T04:00"), ("4wh", "2026-11-02T07:00"), ("3wd", "2026-11-05T09:00")])  # fmt: skip
def test_limits_are_counted_in_their_own_clock(limit, due):
    assert limits.due(limit, AT).isoformat()[:16] == due


@pytest.mark.parametrize("limit", ["", "h", "0h", "3", "3d", "99999h", "-1h", " 3h"])
def test_what_is_no_limit_is_refused(limit):
    with pytest.raises(ValueError):
        limits.clock_of(limit)


def test_codes_are_read_as_people_type_them():
    code = limits.new_code()
    assert len(code) == 12 and not set(code) & set("01OILU")
    assert limits.tidy_code(f" {code[:4].lower()}-{code[4:8]} {code[8:]}") == code


def test_texts_about_the_same_are_alike_and_others_are_not():
    assert limits.likeness("小区门口路灯不亮了", "门口的路灯不亮") > 0.6
    assert limits.likeness("小区门口路灯不亮了", "楼道里有人养鸡") == 0.0
    assert limits.likeness("", "x") == 0.0


def picture(kind="JPEG", size=(2000, 1000), **how):
    file = BytesIO()
    Image.new("RGB", size, (120, 30, 30)).save(file, kind, **how)
    return file.getvalue()


@pytest.mark.row("MAT-1")
def test_a_photograph_leaves_its_place_and_camera_at_the_door():
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera maker", 6  # who made the camera; turned by a quarter
    exif.get_ifd(0x8825)[1] = "N"
    raw = picture(exif=exif.tobytes(), comment=b"secret") + b"PK\x03\x04 a second file"
    clean = photos.clean(raw)
    assert (clean.width, clean.height) == (800, 1600)
    with Image.open(BytesIO(clean.image)) as image:
        assert image.format == "JPEG" and not image.getexif() and "comment" not in image.info
    assert all(word not in clean.image for word in (b"Camera", b"secret", b"PK\x03\x04", b"Exif"))


@pytest.mark.parametrize("raw", [b"", b"<svg onload=alert(1)>", b"GIF89a\x01\x00\x01\x00;", b"\xff\xd8\xff\xe0 not", b"%PDF-1.7", picture()[:400]])  # fmt: skip
def test_what_only_says_it_is_a_photograph_is_refused(raw):
    with pytest.raises(photos.NotAPhoto):
        photos.clean(raw)


def test_a_photograph_has_limits():
    with pytest.raises(photos.PhotoTooLarge):
        photos.clean(b"\xff" * (photos.MOST_BYTES + 1))
    with pytest.raises(photos.PhotoTooLarge):
        photos.clean(picture("PNG", (8000, 5001)))
