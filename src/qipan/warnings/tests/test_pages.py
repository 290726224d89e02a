"""Pages, feeds and files: issued in the office, read by everybody."""

from datetime import timedelta
from xml.etree.ElementTree import fromstring

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils.timezone import localtime

from qipan.duties.api import ground_of
from qipan.territory.api import children, get_area

from ..actions import AlertOfAnother, NoNewWarning, cancel_warning, issue_warning, receive_alert, update_warning
from ..models import ReceivedAlert, Warning
from ..queries import areas_of_alert
from ..rules import read_alert
from .conftest import FROM_OUTSIDE, storm

pytestmark = pytest.mark.row("EMG-13")
EN = {"headers": {"Accept-Language": "en"}}


def filled(cast, **changes):
    terms = storm(cast, **changes)
    moments = {name: f"{localtime(terms[name]):%Y-%m-%dT%H:%M}" for name in ("starts_at", "expires_at")}
    typed = {name: value for name, value in terms.items() if name not in ("issuer", "by", "at", "ground_codes")}
    return {
        **typed,
        **moments,
        "areas": ["510104"],
        "more_areas": "510105001",
        "urgency": "Immediate",
        "certainty": "Observed",
    }


def later(status, kind, *, of="weather.example,WX-7,2026-07-01T08:00:00+08:00"):
    """A later message of the weather service about the first one."""
    raw = FROM_OUTSIDE.replace(b">WX-7<", b">WX-8<").replace(b">Actual<", f">{status}<".encode())
    raw = raw.replace(b"<msgType>Alert<", f"<msgType>{kind}<".encode())
    return raw.replace(b"<info>", f"<references>{of}</references><info>".encode())


def test_what_a_word_processor_puts_between_the_letters_breaks_no_feed_and_no_file(cast):
    client = cast.client("city_commander")
    assert client.post("/warnings/new", filled(cast, description="大雨\x0b山洪\x07")).status_code == 302
    warning = Warning.objects.get()
    assert warning.description == "大雨\n山洪"
    for kind in ("atom", "rss"):
        assert client.get(f"/public/warnings.{kind}").status_code == 200
    assert (
        read_alert(client.get(f"/public/warnings/{warning.identifier}.xml").content).infos[0].description
        == "大雨\n山洪"
    )


def test_a_year_out_of_this_world_is_refused_beside_its_field(cast):
    client = cast.client("city_commander")
    for moment in ("0001-01-01T00:00", "9999-12-31T23:59"):
        page = client.post("/warnings/new", {**filled(cast), "expires_at": moment}, **EN)
        assert page.context["form"].errors["expires_at"] == ["Enter a year between 1900 and 2199."]
    assert not Warning.objects.exists()


def test_it_is_issued_updated_and_cancelled_on_the_pages(cast):
    client = cast.client("city_commander")
    page = client.post("/warnings/new", filled(cast), follow=True, **EN)
    warning = Warning.objects.get()
    assert page.redirect_chain == [(f"/warnings/one/{warning.identifier}", 302)]
    assert "Orange warning of a rainstorm" in page.content.decode()
    assert sorted(warning.grounds.values_list("code", flat=True)) == ["510104", "510105001"]
    form = client.get(f"/warnings/one/{warning.identifier}/update", **EN).context["form"]
    assert (form.initial["areas"], form.initial["more_areas"]) == (["510104", "510105001"], "510105001")
    changed = {**filled(cast, colour=1), "reason": "heavier"}
    assert client.post(f"/warnings/one/{warning.identifier}/update", changed).status_code == 302
    second = Warning.objects.get(replaces=warning)
    refused = client.post(f"/warnings/one/{second.identifier}/cancel", {"reason": ""}, **EN)
    assert refused.status_code == 400 and "Say why" in refused.content.decode()
    assert client.post(f"/warnings/one/{second.identifier}/cancel", {"reason": "over"}).status_code == 302
    assert [one.msg_type for one in Warning.objects.order_by("pk")] == ["Alert", "Update", "Cancel"]
    shown = client.get("/warnings", **EN).content.decode()
    assert "No warning holds on your ground." in shown and "cancellation" in shown
    old = client.get(f"/warnings/one/{warning.identifier}", **EN).content.decode()
    assert "This warning was cancelled." in old and "heavier" in old


def test_what_is_missing_is_said_and_kept(cast):
    answer = cast.client("city_commander").post("/warnings/new", filled(cast, headline=" ", instruction=""), **EN)
    page = answer.content.decode()
    assert answer.status_code == 400 and "headline is missing" in page and "what people should do is missing" in page
    assert "More than fifty millimetres" in page
    assert Warning.objects.count() == 0


def test_everybody_reads_what_holds_but_no_exercise(cast):
    warning = issue_warning(**storm(cast))
    issue_warning(**storm(cast, headline_en="Only an exercise", drill=True))
    anyone = cast.client("anonymous")
    page = anyone.get("/public/warnings", **EN).content.decode()
    assert "Stay indoors" in page and "Only an exercise" not in page
    assert "Stay indoors" not in anyone.get("/public/warnings?area=510105", **EN).content.decode()
    assert anyone.get("/public/warnings?area=999999").status_code == 404
    answer = anyone.get(f"/public/warnings/{warning.identifier}.xml")
    assert answer.headers["Content-Type"] == "application/cap+xml; charset=utf-8"
    assert read_alert(answer.content).identifier == warning.identifier
    assert anyone.get("/public/warnings/qipan-none.xml").status_code == 404


@pytest.mark.parametrize("kind", ["atom", "rss"])
def test_a_feed_names_each_message_with_its_file(cast, kind):
    warning = issue_warning(**storm(cast))
    issue_warning(**storm(cast, headline="演练", drill=True))
    old = issue_warning(**storm(cast, headline="旧"))
    Warning.objects.filter(pk=old.pk).update(sent_at=cast.at - timedelta(days=31))
    answer = cast.client("anonymous").get(f"/public/warnings.{kind}?area=510104")
    text = answer.content.decode()
    assert fromstring(text) is not None
    assert f"http://testserver/public/warnings/{warning.identifier}.xml" in text
    assert "橙色预警 · 暴雨 · 暴雨橙色预警" in text and "演练" not in text and "旧" not in text
    assert cast.client("anonymous").get("/public/warnings.csv").status_code == 404


def test_an_alert_from_outside_fills_the_form_and_is_decided(cast):
    client = cast.client("city_commander")
    sent = {"file": SimpleUploadedFile("a.cap", FROM_OUTSIDE, "application/xml")}
    assert client.post("/warnings/received", sent).status_code == 302
    alert = ReceivedAlert.objects.get()
    page = client.get(f"/warnings/new?from={alert.pk}", **EN)
    initial = page.context["form"].initial
    assert (initial["headline"], initial["colour"], initial["basis"]) == ("暴雨橙色预警", 2, "weather.example WX-7")
    assert (initial["areas"], initial["more_areas"], page.context["left"]) == (["510104"], "", [])
    assert client.post(f"/warnings/new?from={alert.pk}", filled(cast)).status_code == 302
    again = client.post(f"/warnings/new?from={alert.pk}", filled(cast), **EN)
    assert again.status_code == 409 and Warning.objects.count() == 1
    assert client.post(f"/warnings/received/{alert.pk}", {"reason": "late"}).status_code == 409
    broken = {"file": SimpleUploadedFile("a.cap", b"<a", "application/xml")}
    answer = client.post("/warnings/received", broken, **EN)
    assert answer.status_code == 400 and "no XML" in answer.content.decode()
    assert ReceivedAlert.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [("Actual", "Cancel"), ("Actual", "Ack"), ("Test", "Alert"), ("Exercise", "Alert"), ("System", "Update")],
)
def test_what_cancels_tests_or_exercises_is_never_issued_as_a_warning(cast, status, kind):
    alert = receive_alert(later(status, kind), by=cast.city_commander, at=cast.at)
    client = cast.client("city_commander")
    page = client.get(f"/warnings/received/{alert.pk}", **EN).content.decode()
    assert f"/warnings/new?from={alert.pk}" not in page and "It is not issued here as a warning." in page
    for answer in (
        client.get(f"/warnings/new?from={alert.pk}", **EN),
        client.post(f"/warnings/new?from={alert.pk}", filled(cast), **EN),
    ):
        assert answer.status_code == 409 and "it cancels, answers, tests or exercises" in answer.content.decode()
    with pytest.raises(NoNewWarning):
        issue_warning(**storm(cast, relays=alert))
    alert.refresh_from_db()
    assert (alert.state, Warning.objects.count()) == ("WAITING", 0)
    assert client.post(f"/warnings/received/{alert.pk}", {"reason": "over"}).status_code == 302


@pytest.mark.parametrize("kind", ["Cancel", "Update"])
def test_the_page_of_a_later_message_names_the_warning_that_was_issued_from_the_earlier_one(cast, kind):
    first = receive_alert(FROM_OUTSIDE, by=cast.city_commander, at=cast.at)
    ours = issue_warning(**storm(cast, relays=first))
    alert = receive_alert(later("Actual", kind), by=cast.city_commander, at=cast.at)
    client = cast.client("city_commander")
    page = client.get(f"/warnings/received/{alert.pk}", **EN).content.decode()
    assert f'<a href="/warnings/one/{ours.identifier}">Orange warning of a rainstorm</a>' in page
    act = "#cancel" if kind == "Cancel" else f"/update?from={alert.pk}"
    assert f'href="/warnings/one/{ours.identifier}{act}"' in page
    # It is the warning that is there that changes: no second one is offered.
    assert f"/warnings/new?from={alert.pk}" not in page
    for raw in (
        later("Actual", kind, of="weather.example,WX-7,2026-07-01T08:00:01+08:00"),
        later("Actual", kind, of="other.example,WX-7,2026-07-01T08:00:00+08:00"),
        later("Actual", kind, of="weather.example,WX-7,yesterday"),
    ):
        ReceivedAlert.objects.filter(pk=alert.pk).delete()
        alert = receive_alert(raw, by=cast.city_commander, at=cast.at)
        page = client.get(f"/warnings/received/{alert.pk}", **EN)
        assert page.status_code == 200 and ours.identifier not in page.content.decode()


def issued_from_outside(cast):
    first = receive_alert(FROM_OUTSIDE, by=cast.city_commander, at=cast.at)
    return issue_warning(**storm(cast, relays=first))


def test_an_update_that_comes_in_is_offered_on_the_warning_and_fills_its_update(cast):
    ours = issued_from_outside(cast)
    raw = later("Actual", "Update").replace(b">Severe<", b">Extreme<").replace("暴雨橙色".encode(), "暴雨红色".encode())
    raw = raw.replace(
        b"</area>",
        "</area><area><areaDesc>成华二街道</areaDesc></area><area><areaDesc>远方</areaDesc></area>".encode(),
        1,
    )
    alert = receive_alert(raw, by=cast.city_commander, at=cast.at)
    unrelated = receive_alert(
        later("Actual", "Update", of="weather.example,WX-6,2026-07-01T08:00:00+08:00").replace(b">WX-8<", b">WX-9<"),
        by=cast.city_commander, at=cast.at,
    )  # fmt: skip
    client = cast.client("city_commander")
    page = client.get(f"/warnings/one/{ours.identifier}", **EN).content.decode()
    update = f"/warnings/one/{ours.identifier}/update?from={alert.pk}"
    assert f'href="{update}"' in page and f"?from={unrelated.pk}" not in page
    assert "weather.example has updated what this warning was issued from:" in page
    shown = client.get(update, **EN)
    initial = shown.context["form"].initial
    assert (initial["headline"], initial["colour"], initial["kind"]) == ("暴雨红色预警", 1, "rainstorm")
    assert (initial["areas"], initial["more_areas"], initial["reason"]) == (["510104"], "", "暴雨红色预警")
    assert shown.context["left"] == ["成华二街道", "远方"] and "Not taken over" in shown.content.decode()
    assert client.get(f"/warnings/one/{ours.identifier}/update?from={unrelated.pk}").status_code == 409
    sent = {**filled(cast, colour=1), "reason": "heavier"}
    assert client.post(f"/warnings/one/{ours.identifier}/update?from={unrelated.pk}", sent).status_code == 409
    assert Warning.objects.count() == 1
    assert client.post(update, sent).status_code == 302
    second = Warning.objects.get(replaces=ours)
    alert.refresh_from_db()
    assert (alert.state, alert.warning, second.colour) == ("RELAYED", second, 1)
    # It was taken in: nothing is offered any more, and the chain goes on with what refers to the update.
    page = client.get(f"/warnings/one/{second.identifier}", **EN).content.decode()
    assert "has updated what this warning" not in page
    third = later("Actual", "Cancel", of="weather.example,WX-8,2026-07-01T08:00:00+08:00").replace(
        b">WX-8<", b">WX-10<"
    )
    receive_alert(third, by=cast.city_commander, at=cast.at)
    page = client.get(f"/warnings/one/{second.identifier}", **EN).content.decode()
    assert "weather.example has cancelled what this warning was issued from:" in page


def test_a_cancellation_that_comes_in_cancels_the_warning_by_one_press_of_its_issuer(cast):
    ours = issued_from_outside(cast)
    alert = receive_alert(later("Actual", "Cancel"), by=cast.city_commander, at=cast.at)
    client = cast.client("city_commander")
    page = client.get(f"/warnings/one/{ours.identifier}", **EN)
    assert page.context["form"].initial == {"reason": "weather.example WX-8 暴雨橙色预警"}
    assert f'<input type="hidden" name="from" value="{alert.pk}">' in page.content.decode()
    # Whoever is not its issuer is offered nothing.
    other = cast.client("district_head").get(f"/warnings/one/{ours.identifier}", **EN).content.decode()
    assert "has cancelled what this warning" not in other
    assert Warning.objects.count() == 1  # nothing happens by itself
    cancel = f"/warnings/one/{ours.identifier}/cancel"
    assert client.post(cancel, {"reason": "over", "from": "999999"}).status_code == 404
    assert client.post(cancel, {"reason": "over", "from": str(alert.pk)}).status_code == 302
    last = Warning.objects.get(replaces=ours)
    alert.refresh_from_db()
    assert (last.msg_type, last.reason, alert.state, alert.warning) == ("Cancel", "over", "RELAYED", last)


@pytest.mark.parametrize(
    ("status", "kind"), [("Test", "Update"), ("Exercise", "Cancel"), ("Actual", "Ack"), ("Actual", "Error")]
)
def test_no_test_exercise_or_answer_is_offered_for_a_warning(cast, status, kind):
    ours = issued_from_outside(cast)
    alert = receive_alert(later(status, kind), by=cast.city_commander, at=cast.at)
    client = cast.client("city_commander")
    page = client.get(f"/warnings/one/{ours.identifier}", **EN)
    assert page.context["asked"] == [] and page.context["cancelled"] is None
    for relay in (
        lambda: update_warning(
            ours, ground_codes=["510104"], reason="r", relays=alert, by=cast.city_commander, at=cast.at
        ),
        lambda: cancel_warning(ours, reason="r", relays=alert, by=cast.city_commander, at=cast.at),
    ):
        with pytest.raises(AlertOfAnother), transaction.atomic():
            relay()
    alert.refresh_from_db()
    assert (alert.state, Warning.objects.count()) == ("WAITING", 1)


@pytest.mark.parametrize(
    ("areas", "codes", "left"),
    [
        ([("x", [("GB/T 2260", "510104000000")])], ["510104"], []),
        ([("x", [("SAME", "006109"), ("code", "510105001")])], ["510105001"], []),
        ([("锦江区", [])], ["510104"], []),
        ([("Jinjiang", [("FIPS6", "abc")]), ("Elsewhere", [])], ["510104"], ["Elsewhere"]),
        ([("成都市", [("GB/T 2260", "510100")]), ("x", [("c", "510104")])], ["5101", "510104"], []),
        ([("北京市", [("GB/T 2260", "110000")])], [], ["北京市"]),
    ],
)
def test_areas_of_a_message_are_proposed_by_code_or_name(cast, areas, codes, left):
    unit = cast.unit("5101:city-command")
    offered = [get_area("5101"), *children("5101")]
    found = areas_of_alert(areas, own=ground_of(unit), offered=offered)
    assert (found.codes, found.left) == (codes, left)


def test_of_an_area_that_holds_all_of_the_units_ground_its_own_is_proposed(cast):
    own = ground_of(cast.unit("510104:district-command"))
    offered = [get_area("510104"), *children("510104")]
    areas = [("成都市", [("GB/T 2260", "510100")]), ("青羊区", [("GB/T 2260", "510105")]), ("锦江一街道", [])]
    found = areas_of_alert(areas, own=own, offered=offered)
    assert (found.codes, found.left) == (["510104", "510104001"], ["青羊区"])


@pytest.mark.parametrize(
    ("severity", "colour"), [("Extreme", 1), ("Severe", 2), ("Moderate", 3), ("Minor", 4), ("Unknown", None)]
)
def test_the_severity_of_a_message_is_proposed_as_its_colour(cast, severity, colour):
    raw = FROM_OUTSIDE.replace(b">Severe<", f">{severity}<".encode())
    alert = receive_alert(raw, by=cast.city_commander, at=cast.at)
    form = cast.client("city_commander").get(f"/warnings/new?from={alert.pk}").context["form"]
    assert form.initial["colour"] == colour
    if colour is None:  # whoever issues it says which
        sent = {**filled(cast), "colour": ""}
        assert cast.client("city_commander").post(f"/warnings/new?from={alert.pk}", sent).status_code == 400
        assert Warning.objects.count() == 0


def test_who_may_not_warn_sees_and_does_nothing_more(cast):
    warning = issue_warning(**storm(cast))
    receive_alert(FROM_OUTSIDE, by=cast.city_commander, at=cast.at)
    worker = cast.client("worker")
    assert "Alerts from outside" not in worker.get("/warnings", **EN).content.decode()
    assert worker.get(f"/warnings/one/{warning.identifier}").status_code == 200
    assert cast.client("neighbour_worker").get("/warnings").status_code == 200
    for path in ("/warnings/new", "/warnings/received", f"/warnings/one/{warning.identifier}/update"):
        assert worker.get(path).status_code == 403
    assert cast.client("neighbour_head").get(f"/warnings/one/{warning.identifier}").status_code == 404
    assert Warning.objects.count() == 1
