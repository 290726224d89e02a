"""A warning is a chain of messages, by whoever is competent, complete, and over by itself (EMG-13)."""

from datetime import timedelta

import pytest

from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.territory.api import get_area

from ..actions import (
    AlertDecided,
    AlertUnread,
    NotForThePublic,
    UpdateReasonMissing,
    WarnerNotCompetent,
    WarningIncomplete,
    WarningOfAnother,
    WarningOver,
    WarningTimesDisordered,
    cancel_warning,
    issue_warning,
    receive_alert,
    set_aside,
    update_warning,
)
from ..models import ReceivedAlert, Warning
from ..queries import alert_of, chain_of, ended_on, public_warning, sent_lately, warnings_on
from ..rules import REQUIRED, alert_xml, read_alert
from .conftest import FROM_OUTSIDE, Entry, storm

pytestmark = pytest.mark.row("EMG-13")
HERE = "510104001"


def told(cast, code=HERE, **more):
    return warnings_on(get_area(code).ranges, at=more.pop("at", cast.at), **more)


def written() -> tuple[int, int]:
    return Warning.objects.count(), Entry.objects.filter(act__startswith="warnings.").count()


def test_it_says_the_same_as_cap_in_both_languages(cast):
    warning = issue_warning(**storm(cast))
    read = read_alert(alert_xml(alert_of(public_warning(warning.identifier))))
    assert (read.identifier, read.sender, read.status, read.msg_type) == (
        warning.identifier, "5101.city-command.qipan", "Actual", "Alert",
    )  # fmt: skip
    assert read.sent == cast.at
    chinese, english = read.infos
    assert (chinese.event, english.event) == ("暴雨", "Rainstorm")
    assert (chinese.headline, english.headline) == ("暴雨橙色预警", "Orange warning of a rainstorm")
    assert (chinese.severity, chinese.urgency, chinese.certainty) == ("Severe", "Expected", "Likely")
    assert (chinese.onset, chinese.expires) == (warning.starts_at, warning.expires_at)
    assert chinese.parameters == (("colour", "ORANGE"),)
    assert chinese.areas == (("锦江一街道", (("GB/T 2260", HERE),)),)
    assert english.instruction == "Stay indoors and away from low ground."


@pytest.mark.parametrize(
    ("colour", "name", "severity", "said"),
    [
        (1, "RED", "Extreme", "红色预警"),
        (2, "ORANGE", "Severe", "橙色预警"),
        (3, "YELLOW", "Moderate", "黄色预警"),
        (4, "BLUE", "Minor", "蓝色预警"),
    ],
)
def test_each_colour_leaves_as_its_severity_and_by_name(cast, colour, name, severity, said):
    warning = issue_warning(**storm(cast, colour=colour))
    read = read_alert(alert_xml(alert_of(public_warning(warning.identifier))))
    assert {(info.severity, info.parameters) for info in read.infos} == {(severity, (("colour", name),))}
    assert warning.get_colour_display() == said


def test_it_holds_until_it_ends_and_no_further(cast):
    warning = issue_warning(**storm(cast))
    assert told(cast) == [warning]
    assert told(cast, "510104001001") == [warning]
    assert told(cast, "510105") == []
    assert told(cast, at=warning.expires_at - timedelta(seconds=1)) == [warning]
    assert told(cast, at=warning.expires_at) == []


def test_an_update_and_a_cancellation_name_what_they_replace(cast):
    first = issue_warning(**storm(cast))
    later = cast.at + timedelta(minutes=5)
    second = update_warning(
        first, colour=1, ground_codes=[HERE, "510104002"], reason="雨势加强", by=cast.city_commander, at=later
    )
    assert told(cast, at=later) == [second]
    assert (second.colour, second.headline, second.msg_type) == (1, first.headline, "Update")
    read = read_alert(alert_xml(alert_of(public_warning(second.identifier))))
    assert read.references == (first.reference,) and read.note == "雨势加强"
    assert [area[1][0][1] for area in read.infos[0].areas] == [HERE, "510104002"]
    third = cancel_warning(second, reason="雨停", by=cast.city_commander, at=later)
    assert told(cast, at=later) == []
    assert chain_of(first) == chain_of(third) == [first, second, third]
    assert ended_on(get_area(HERE).ranges, at=later) == [third]
    assert sent_lately(get_area(HERE).ranges, since=cast.at) == [third, second, first]
    for over in (first, second, third):
        with pytest.raises(WarningOver):
            cancel_warning(over, reason="again", by=cast.city_commander, at=later)
    assert written() == (3, 3)


@pytest.mark.parametrize("part", REQUIRED)
def test_what_the_law_asks_for_is_asked_for(cast, part):
    nothing = [] if part == "ground_codes" else None if part in ("colour", "starts_at", "expires_at") else " "
    with pytest.raises(WarningIncomplete) as refusal:
        issue_warning(**storm(cast, **{part: nothing}))
    assert len(refusal.value.problems) == 1
    assert written() == (0, 0)


def test_who_is_not_competent_warns_nobody(cast):
    earthquake = {"kind": "earthquake", "issuer": cast.unit("510104:district-command"), "by": cast.district_head}
    for changes, refusal in (
        (earthquake, WarnerNotCompetent),  # an earthquake is the city's to tell
        ({"by": cast.worker}, NotAllowed),
        ({"issuer": cast.unit("510104:district-command")}, WarningOfAnother),
        ({**earthquake, "kind": "rainstorm", "ground_codes": ["510105"]}, NotFound),
        ({"ground_codes": ["999999"]}, NotFound),
        ({"expires_at": cast.at}, WarningTimesDisordered),
        ({"starts_at": cast.at + timedelta(days=1)}, WarningTimesDisordered),
        ({"kind": "plague"}, WarningIncomplete),
    ):
        with pytest.raises(refusal):
            issue_warning(**storm(cast, **changes))
    assert written() == (0, 0)


def test_only_the_issuer_changes_it_and_says_why(cast):
    warning = issue_warning(**storm(cast))
    with pytest.raises((WarningOfAnother, NotFound)):
        cancel_warning(warning, reason="no", by=cast.district_head, at=cast.at)
    with pytest.raises(UpdateReasonMissing):
        cancel_warning(warning, reason=" ", by=cast.city_commander, at=cast.at)
    with pytest.raises(WarningOver):
        cancel_warning(warning, reason="late", by=cast.city_commander, at=warning.expires_at)
    assert written() == (1, 1)


def test_an_exercise_is_told_to_nobody_outside(cast):
    warning = issue_warning(**storm(cast, drill=True))
    assert told(cast) == [] and told(cast, drills=True) == [warning]
    with pytest.raises(NotFound):
        public_warning(warning.identifier)
    assert alert_of(warning).status == "Exercise"


class TestFromOutside:
    def test_it_is_kept_once_and_issued_by_an_official(self, cast):
        alert = receive_alert(FROM_OUTSIDE, by=cast.city_commander, at=cast.at)
        assert receive_alert(FROM_OUTSIDE, by=cast.city_commander, at=cast.at) == alert
        assert (alert.headline, alert.severity, alert.areas, alert.state) == (
            "暴雨橙色预警",
            "Severe",
            "锦江区",
            "WAITING",
        )
        assert told(cast, "5101") == []  # it warns nobody by itself
        warning = issue_warning(**storm(cast, relays=alert))
        alert.refresh_from_db()
        assert (alert.state, alert.warning) == ("RELAYED", warning)
        with pytest.raises(AlertDecided):
            issue_warning(**storm(cast, relays=alert))
        with pytest.raises(AlertDecided):
            set_aside(alert, reason="x", by=cast.city_commander, at=cast.at)
        assert Warning.objects.count() == 1

    def test_it_is_set_aside_with_a_reason(self, cast):
        alert = receive_alert(FROM_OUTSIDE, by=cast.city_commander, at=cast.at)
        set_aside(alert, reason="不在本市", by=cast.city_commander, at=cast.at)
        alert.refresh_from_db()
        assert (alert.state, alert.reason) == ("SET_ASIDE", "不在本市")

    @pytest.mark.parametrize(
        ("raw", "refusal"),
        [
            (b"<a/>", AlertUnread),
            (FROM_OUTSIDE.replace(b">Public<", b">Restricted<"), NotForThePublic),
        ],
    )
    def test_what_cannot_be_kept_is_not(self, cast, raw, refusal):
        with pytest.raises(refusal):
            receive_alert(raw, by=cast.city_commander, at=cast.at)
        with pytest.raises(NotAllowed):
            receive_alert(FROM_OUTSIDE, by=cast.worker, at=cast.at)
        assert ReceivedAlert.objects.count() == 0
