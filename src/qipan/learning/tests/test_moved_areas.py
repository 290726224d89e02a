"""EMG-16, EMG-17, ORG-5: an emergency keeps its page and its report whatever became of its areas."""

from datetime import timedelta

import pytest

from qipan.kernel import clock
from qipan.learning.queries.events import event_for
from qipan.posture.api import declare, end_declaration, end_lapsed, extend_declaration
from qipan.territory.api import Area
from qipan.territory.testing import close, merge

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-16", "EMG-17", "ORG-5")]
HERE, NEXT = "510104001001", "510104001002"
HERE_NAME = "锦江一街一社区"
DAY = timedelta(days=1)


def declared(city, at, *, number="E-1", ground_codes=(HERE,)):
    return declare(
        number=number,
        matter="呼吸道传染病",
        hazard="epidemic",
        level=1,
        basis="法",
        issuer=city.unit("5101:city-command"),
        ground_codes=ground_codes,
        starts_at=at,
        expected_until=at + 2 * DAY,
        measures=["入户排查"],
        by=city.city_commander,
        at=at,
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda at: merge(HERE, into=NEXT, at=at),
        lambda at: close(HERE, at=at),
        lambda at: Area.objects.update(valid_from=(at + DAY).date()),
    ],
    ids=["merged", "closed", "map began later"],
)
def test_the_page_and_the_report_name_the_declared_area(city, change):
    at = clock.now()
    one = declared(city, at)
    change(at=at)
    client = city.client("city_commander")
    for ended in (False, True):
        for address in (f"/events/{one.pk}", f"/events/{one.pk}/report"):
            page = client.get(address)
            assert (page.status_code, HERE_NAME in page.content.decode()) == (200, True), address
        if not ended:
            end_declaration(one, reason="完毕", by=city.city_commander, at=at + timedelta(minutes=1))
    assert client.get(f"/events/{one.pk}/review").status_code == 200


def test_a_merged_district_goes_on_showing_the_readiness_of_its_communities(city):
    at = clock.now()
    one = declared(city, at, ground_codes=["510104"])
    before = event_for(one.pk, actor=city.city_commander, at=at).prevention.ready
    merge("510104", into="510105", at=at)
    after = event_for(one.pk, actor=city.city_commander, at=at).prevention.ready
    assert [(ready.area.name, ready.communities) for ready in after] == [("锦江区", 4)]
    assert [ready.lights for ready in after] == [ready.lights for ready in before]


def test_a_response_that_lapsed_is_recovered_from_as_one_that_was_ended(city):
    at = clock.now() - 5 * DAY
    lapsed = declared(city, at)
    ended = declared(city, at, number="E-2")
    extend_declaration(ended, expected_until=at + 3 * DAY, reason="未止", by=city.city_commander, at=at + DAY)
    end_declaration(ended, reason="完毕", by=city.city_commander, at=at + 2 * DAY)
    assert end_lapsed(by=city.city_commander, at=at + 2 * DAY) == 1
    told = {
        one.number: [
            (moment.stage, moment.text.split(" · ")[0])
            for moment in event_for(one.pk, actor=city.city_commander, at=at + 3 * DAY).timeline
            if moment.href == f"/declarations/{one.pk}"
        ]
        for one in (lapsed, ended)
    }
    assert told == {
        "E-1": [("respond", "宣布"), ("recover", "到期自行终止")],
        "E-2": [("respond", "宣布"), ("respond", "延期"), ("recover", "已结束")],
    }
