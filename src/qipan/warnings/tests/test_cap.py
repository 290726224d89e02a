"""CAP 1.2: what leaves is valid by the published schemas and says the same when it is read; hostile messages are refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..rules import Alert, Info, NotCap, alert_xml, read_alert
from ..rules.cap import CATEGORIES, CERTAINTIES, MOST_BYTES, SEVERITIES, URGENCIES
from .conftest import FROM_OUTSIDE

DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "cap"
CHINA = timezone(timedelta(hours=8))
pytestmark = pytest.mark.row("EMG-13")


def schemas():
    xmlschema = pytest.importorskip("xmlschema")
    if not DATA.is_dir():
        pytest.skip("the published schemas are not on this machine")
    # Both stand offline; the extended one names the signature's schema, which is not needed to read ours.
    return [xmlschema.XMLSchema(str(DATA / name), allow="local") for name in ("cap12.xsd", "cap12_extended.xsd")]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=20)
WORD = st.text("abcdefgh0123456789.-", min_size=1, max_size=20)
MOMENT = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(CHINA)).map(  # noqa: DTZ001 - the zone is given
    lambda at: at.replace(microsecond=0)
)
REFERENCE = st.builds(lambda a, b, at: f"{a},{b},{at.isoformat()}", WORD, WORD, MOMENT)
INFO = st.builds(
    Info,
    event=TEXT,
    urgency=st.sampled_from(URGENCIES),
    severity=st.sampled_from(SEVERITIES),
    certainty=st.sampled_from(CERTAINTIES),
    categories=st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=3).map(tuple),
    language=st.sampled_from(["zh-CN", "en-US"]),
    headline=TEXT | st.just(""),
    description=TEXT | st.just(""),
    instruction=TEXT | st.just(""),
    sender_name=TEXT | st.just(""),
    onset=MOMENT | st.none(),
    expires=MOMENT | st.none(),
    areas=st.lists(st.tuples(TEXT, st.lists(st.tuples(WORD, WORD), max_size=2).map(tuple)), max_size=2).map(tuple),
    parameters=st.lists(st.tuples(WORD, TEXT), max_size=2).map(tuple),
)
ALERT = st.builds(
    Alert,
    identifier=WORD,
    sender=WORD,
    sent=MOMENT,
    status=st.sampled_from(["Actual", "Exercise"]),
    msg_type=st.sampled_from(["Alert", "Update", "Cancel"]),
    scope=st.just("Public"),
    infos=st.lists(INFO, min_size=1, max_size=2).map(tuple),
    references=st.lists(REFERENCE, min_size=1, max_size=2).map(tuple),
    note=TEXT | st.just(""),
)


@given(ALERT)
def test_what_is_written_is_read_as_the_same(alert):
    assert read_alert(alert_xml(alert)) == alert


def test_what_is_written_is_valid_by_the_plain_and_the_extended_schema():
    plain, extended = schemas()

    @given(ALERT, st.text(st.characters(codec="utf-8")))
    def holds(alert, anything):
        first = replace(alert.infos[0], headline=anything, description=anything, instruction=f"1.\x0b{anything}")
        raw = alert_xml(replace(alert, infos=(first, *alert.infos[1:]))).decode()
        read_alert(raw.encode())
        plain.validate(raw)
        extended.validate(raw)

    holds()


def test_the_published_samples_of_this_version_are_read():
    if not DATA.is_dir():
        pytest.skip("the published samples are not on this machine")
    read, refused = {}, {}
    for path in sorted((DATA / "samples").iterdir()):
        try:
            read[path.name] = read_alert(path.read_bytes())
        except NotCap as fault:
            refused[path.name] = fault.problems
    assert "43b080713727.cap" in read and read["43b080713727.cap"].infos[0].severity == "Severe"
    assert read["43b080713727.cap"].sent == datetime(2003, 4, 2, 19, 39, 1, tzinfo=UTC)
    # Feeds, a list of links and another standard's envelope are no messages.
    assert {"amber.rss", "earthquake.atom", "homeland_security.url", "bushfire.edxlde"} <= set(refused)
    assert all(problems for problems in refused.values())


def test_a_message_from_outside_is_read():
    alert = read_alert(FROM_OUTSIDE)
    assert (alert.identifier, alert.sender, alert.msg_type) == ("WX-7", "weather.example", "Alert")
    assert alert.sent == datetime(2026, 7, 1, 0, tzinfo=UTC)
    assert alert.infos[0].areas == (("锦江区", (("GB/T 2260", "510104"),)),)


ENTITY = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no XML"),
        (b"not xml", "no XML"),
        (FROM_OUTSIDE[:200], "no XML"),
        (ENTITY + FROM_OUTSIDE.partition(b"?>")[2], "a document type or an entity"),
        (BOMB + FROM_OUTSIDE.partition(b"?>")[2], "a document type or an entity"),
        (b" " * (MOST_BYTES + 1), f"more than {MOST_BYTES} bytes"),
        (FROM_OUTSIDE.replace(b"cap:1.2", b"cap:1.1"), "the root is"),
        (b"<html/>", "the root is html"),
        (FROM_OUTSIDE.replace(b"WX-7", b"WX 7"), "alert: identifier holds a space"),
        (FROM_OUTSIDE.replace(b"<sender>weather.example</sender>", b""), "alert: sender is missing"),
        (FROM_OUTSIDE.replace(b"+08:00</sent>", b"</sent>"), "alert: sent"),
        (FROM_OUTSIDE.replace(b"2026-07-01T08:00:00+08:00</sent>", b"0001-01-01T00:00:00+08:00</sent>"), "alert: sent"),
        (FROM_OUTSIDE.replace(b"+08:00</sent>", b"+08:00:30</sent>"), "alert: sent"),
        (FROM_OUTSIDE.replace(b"+08:00</sent>", b"Z</sent>"), "alert: sent"),
        (FROM_OUTSIDE.replace(b"</event>", b"</event><expires>9999-12-31T23:59:59-08:00</expires>"), "info 1: expires"),
        (FROM_OUTSIDE.replace(b"Severe", b"Terrible"), "info 1: severity 'Terrible'"),
        (FROM_OUTSIDE.replace(b">Met<", b">Weather<"), "info 1: category"),
        (FROM_OUTSIDE.replace(b">Alert<", b">Update<"), "alert: references is missing"),
        (FROM_OUTSIDE.replace(b"</scope>", b"</scope><references>WX-6</references>"), "alert: references 'WX-6'"),
        (FROM_OUTSIDE.partition(b"<info>")[0] + b"</alert>", "alert: info is missing"),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused_by_its_fault(raw, said):
    with pytest.raises(NotCap) as fault:
        read_alert(raw)
    assert said in "; ".join(fault.value.problems)


def test_a_text_of_control_characters_alone_is_no_text():
    """What XML may carry and nothing shows, as DEL, is taken off before a message is judged."""
    with pytest.raises(NotCap) as fault:
        read_alert(FROM_OUTSIDE.replace("锦江区".encode(), b"&#127;"))
    assert fault.value.problems == ["info 1 area: areaDesc is missing"]


@given(
    st.text(st.sampled_from("a \n\t\x7f\x85\u2028中"), max_size=6),
    st.sampled_from(["锦江区", "暴雨", "Severe", "WX-7", "Met"]),
)
def test_whatever_is_taken_is_read_again_from_what_is_kept(text, place):
    try:
        alert = read_alert(FROM_OUTSIDE.decode().replace(place, text).encode())
    except NotCap:
        return
    assert read_alert(alert_xml(alert)) == alert


@given(st.binary(max_size=200))
def test_nonsense_is_refused_and_nothing_else(raw):
    with pytest.raises(NotCap):
        read_alert(raw)
