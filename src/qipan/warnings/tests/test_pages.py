"""Pages, feeds and files: issued in the office, read by everybody."""

from datetime import timedelta
from xml.etree.ElementTree import fromstring

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localtime

from ..actions import NoNewWarning, issue_warning, receive_alert
from ..models import ReceivedAlert, Warning
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


@pytest.mark.parametrize(("kind", "offered"), [("Cancel", False), ("Update", True)])
def test_the_page_of_a_later_message_names_the_warning_that_was_issued_from_the_earlier_one(cast, kind, offered):
    first = receive_alert(FROM_OUTSIDE, by=cast.city_commander, at=cast.at)
    ours = issue_warning(**storm(cast, relays=first))
    alert = receive_alert(later("Actual", kind), by=cast.city_commander, at=cast.at)
    client = cast.client("city_commander")
    page = client.get(f"/warnings/received/{alert.pk}", **EN).content.decode()
    assert f'<a href="/warnings/one/{ours.identifier}">Orange warning of a rainstorm</a>' in page
    assert (f"/warnings/new?from={alert.pk}" in page) is offered
    for raw in (
        later("Actual", kind, of="weather.example,WX-7,2026-07-01T08:00:01+08:00"),
        later("Actual", kind, of="other.example,WX-7,2026-07-01T08:00:00+08:00"),
        later("Actual", kind, of="weather.example,WX-7,yesterday"),
    ):
        ReceivedAlert.objects.filter(pk=alert.pk).delete()
        alert = receive_alert(raw, by=cast.city_commander, at=cast.at)
        page = client.get(f"/warnings/received/{alert.pk}", **EN)
        assert page.status_code == 200 and ours.identifier not in page.content.decode()


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
