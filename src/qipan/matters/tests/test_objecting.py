"""An objection comes in the catalogue's time since the unit was named the handler; afterwards the matter is its own."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import get_default_timezone
from django.utils.translation import override

from qipan.access.testing import make_city
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput

from ..actions.catalogue import import_catalogue, seed_rows
from ..actions.dispatching import add_cooperating, dispatch_matter, object_to_matter
from ..actions.filing import decline_matter, reopen_matter, shelve_matter, take_up
from ..actions.handling import report_done, send_back
from ..models import Category, Handling, Matter
from ..rules.limits import Limit
from ..rules.loop import NotNow, ObjectedAlready, ObjectionLate
from ..testing import World, make_world
from .test_refusals import refused, rows

pytestmark = [pytest.mark.django_db, pytest.mark.row("MAT-3"), pytest.mark.row("ORG-6")]
LIGHTS = "5101:urban-management"
WEDNESDAY = datetime(2026, 8, 5, 10, tzinfo=get_default_timezone()).astimezone(UTC)
OVER = datetime(2026, 8, 12, 17, tzinfo=get_default_timezone()).astimezone(
    UTC
)  # five working days later at the end of the day
SECOND = timedelta(seconds=1)


@pytest.fixture
def summer() -> World:
    return make_world(make_city(at=WEDNESDAY))


def part_of(matter: Matter) -> Handling:
    return Handling.objects.select_related("matter__category").filter(matter=matter, part="PRIMARY").latest("pk")


def objected(world, matter, at, **how):
    return object_to_matter(matter, reason="非我单位管护", by=world.handler(**how), at=at)


def test_in_time_it_is_taken_and_a_moment_later_refused_with_nothing_written(summer):
    early, late = (summer.matter("DISPATCHED") for _n in range(2))
    assert part_of(late).object_by == OVER == part_of(early).objects_until
    assert objected(summer, early, OVER).state == "OBJECTED"
    before = rows()
    with pytest.raises(ObjectionLate) as caught:
        objected(summer, late, OVER + SECOND)
    assert rows() == before
    refusal = caught.value
    assert (refusal.code, refusal.status) == ("objection_late", 409)
    with override("zh-hans"):
        assert str(refusal) == "异议时限（5 个工作日）已于 2026-08-12 17:00 届满，由本单位办理。未作任何更改。"
    with override("en"):
        assert str(refusal) == (
            "The time to object, 5 working days, was over on 2026-08-12 17:00: this unit handles the matter. "
            "Nothing was changed."
        )
    # No wrong state, no second objection hides behind the clock.
    Matter.objects.everywhere("a test").filter(pk=early.pk).update(state="DISPATCHED")
    with refused(ObjectedAlready):
        objected(summer, early, OVER + SECOND)
    done = summer.matter("DONE")
    with refused(NotNow):
        objected(summer, done, OVER + SECOND)


def test_the_limit_is_data_and_a_matter_keeps_that_of_its_category(summer):
    lamp = summer.matter("DISPATCHED")
    changed = [{**row, "limit_object": "2h"} if row["code"] == "01003" else row for row in seed_rows()]
    assert import_catalogue(changed, example=True, by=summer.cast.lead, at=summer.later(minutes=5)).changed == 1
    short = summer.matter("DISPATCHED")
    assert (part_of(lamp).objects_until, part_of(short).objects_until) == (OVER, summer.later(minutes=1, hours=2))
    with pytest.raises(ObjectionLate) as caught:
        objected(summer, short, summer.later(hours=3))
    assert caught.value.data["limit"] == Limit("2h") and "2 hours" in said(caught.value, "en")
    assert objected(summer, lamp, summer.later(hours=3)).state == "OBJECTED"


def said(refusal, language):
    with override(language):
        return str(refusal)


def test_a_table_without_the_column_takes_five_working_days_and_a_bad_limit_is_named(summer):
    plain = [{name: value for name, value in row.items() if name != "limit_object"} for row in seed_rows()]
    done = import_catalogue(plain, example=True, by=summer.cast.lead, at=summer.at)
    assert (done.added, done.changed, done.same) == (0, 0, 41)
    assert set(Category.objects.values_list("limit_object", flat=True)) == {"5wd"}
    with pytest.raises(BadInput):
        import_catalogue([{**plain[0], "limit_object": "soon"}], by=summer.cast.lead, at=summer.at)
    assert Category.objects.filter(valid_to=None).count() == 41


def test_sent_back_the_time_does_not_begin_anew_but_named_anew_it_does(summer):
    cast, at = summer.cast, OVER - timedelta(hours=1)
    matter = summer.matter("DONE")
    send_back(matter, reason="仍不亮", by=cast.dispatcher, at=at)
    assert (part_of(matter).asked_at, part_of(matter).object_by) == (at, OVER)
    with refused(ObjectionLate):
        objected(summer, matter, OVER + SECOND)
    until = OVER + timedelta(days=30)
    shelve_matter(matter, reason="待改造", plan="列入计划", review_at=until, by=cast.dispatcher, at=OVER)
    take_up(matter, by=cast.dispatcher, at=OVER)
    dispatch_matter(matter, unit=cast.unit(LIGHTS), by=cast.dispatcher, at=OVER)
    assert part_of(matter).object_by > OVER + timedelta(days=5)
    assert objected(summer, matter, OVER + SECOND).state == "OBJECTED"


def test_a_part_from_before_the_limit_was_kept_has_it_from_its_beginning(summer):
    matter = summer.matter("DISPATCHED")
    Handling.objects.update(object_by=None)
    assert part_of(matter).objects_until == OVER
    with refused(ObjectionLate):
        objected(summer, matter, OVER + SECOND)
    report_done(matter, kind="SOLVED", result="已更换", by=summer.handler(), at=OVER + SECOND)
    send_back(matter, reason="仍不亮", by=summer.cast.dispatcher, at=OVER + 2 * SECOND)
    assert part_of(matter).object_by == OVER


def test_the_page_says_until_when_and_offers_it_no_longer(world):
    reported = world.reported("20001", at=now() - timedelta(minutes=1))
    matter, cast, at = reported.matter, world.cast, now()
    Matter.objects.everywhere("a test").filter(pk=matter.pk).update(state="FILED")
    dispatch_matter(matter, unit=cast.unit("5101:health"), by=cast.dispatcher, at=at)
    add_cooperating(matter, unit=cast.unit("510104001001:community"), by=cast.dispatcher, at=at)
    assert set(Handling.objects.filter(part="COOPERATING").values_list("object_by", flat=True)) == {None}
    client, address = cast.client("department"), f"/matters/{matter.pk}"
    page = client.get(address).content.decode()
    assert page.count("异议截止") == 1 and 'id="do-object"' in page
    Handling.objects.filter(part="PRIMARY").update(object_by=at - SECOND)
    assert 'id="do-object"' not in client.get(address).content.decode()
    before = rows()
    answer = client.post(f"{address}/object", {"reason": "不是我们的"})
    assert (answer.status_code, rows()) == (409, before)
    assert "异议时限（5 个工作日）已于" in answer.content.decode()


@pytest.mark.parametrize(
    ("limit", "zh", "en"),
    [("30m", "30 分钟", "30 minutes"), ("1h", "1 小时", "1 hour"), ("4wh", "4 个工作小时", "4 working hours"),
     ("1wd", "1 个工作日", "1 working day")],
)  # fmt: skip
def test_a_limit_is_said_in_words(limit, zh, en):
    for language, words in (("zh-hans", zh), ("en", en)):
        with override(language):
            assert Limit(limit).label == words
    with pytest.raises(ValueError):
        _ = Limit("soon").label


def test_reopened_and_dispatched_again_it_has_its_time_again(summer):
    cast = summer.cast
    other = summer.reported().matter
    decline_matter(other, kind="NOT_FOUND", reason="现场未见", by=cast.dispatcher, at=summer.at)
    reopen_matter(other, reason="仍在", by=cast.dispatcher, at=OVER)
    dispatch_matter(other, unit=cast.unit(LIGHTS), by=cast.dispatcher, at=OVER)
    assert part_of(other).object_by > OVER
    with refused(ObjectionLate):
        objected(summer, other, part_of(other).object_by + SECOND)
    assert objected(summer, other, part_of(other).object_by, account=9002).state == "OBJECTED"
