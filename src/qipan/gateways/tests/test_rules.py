"""Pure decisions: windows, states, answers, addresses, signatures, XML."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from qipan.matters.api import ENDED, State, StepKind

from ..queries.standing import TOLD, status_of
from ..rules.answers import read_answer
from ..rules.signing import hash_of, new_key, secret_of, secret_text, signature
from ..rules.window import Window, WindowBackwards, WindowTooLong, window
from ..rules.wire import as_json, as_xml

AT = datetime(2026, 11, 25, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_range_is_completed_to_ninety_days():
    assert window(None, None, at=AT) == Window(AT - 90 * DAY, AT)
    assert window(AT - 3 * DAY, None, at=AT) == Window(AT - 3 * DAY, AT + 87 * DAY)
    assert window(None, AT - 3 * DAY, at=AT) == Window(AT - 93 * DAY, AT - 3 * DAY)
    assert window(AT - 90 * DAY, AT, at=AT) == Window(AT - 90 * DAY, AT)
    with pytest.raises(WindowTooLong):
        window(AT - 90 * DAY - timedelta(seconds=1), AT, at=AT)
    with pytest.raises(WindowBackwards):
        window(AT, AT - DAY, at=AT)


@given(
    st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
    st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
)
def test_whatever_is_asked_a_window_is_at_most_ninety_days(first, last):
    try:
        found = window(first, last, at=AT)
    except (WindowTooLong, WindowBackwards):
        return
    assert timedelta() <= found.last - found.first <= 90 * DAY


def test_what_is_shelved_is_open_and_only_the_ended_are_closed():
    assert {state for state in State if status_of(state) == "closed"} == set(ENDED)
    assert status_of(State.SHELVED) == "open"


def test_what_happens_among_reporters_and_about_time_is_not_told():
    inside = {StepKind.JOINED, StepKind.PARTED, StepKind.OBJECTED, StepKind.TIME_ASKED, StepKind.CONFIRMED}
    assert not inside & set(TOLD)
    assert {TOLD[step] for step in (StepKind.CLOSED, StepKind.DECLINED, StepKind.MERGED)} == {"request.closed"}
    assert TOLD[StepKind.SHELVED] == "request.changed"


@pytest.mark.parametrize(
    ("datatype", "said", "read"),
    [
        ("string", ["a"], ["a"]),
        ("string", ["a\nb"], None),
        ("string", ["a", "b"], None),
        ("string", ["x" * 201], None),
        ("text", ["a\nb"], ["a\nb"]),
        ("number", ["-1.5"], ["-1.5"]),
        ("number", ["nan"], None),
        ("number", ["1e999"], None),
        ("number", ["٣"], None),
        ("datetime", ["2026-01-31T08:00:00Z"], ["2026-01-31T08:00:00Z"]),
        ("datetime", ["2026-01-31T08:00:00"], None),
        ("datetime", ["2026-02-31T08:00:00Z"], None),
        ("singlevaluelist", ["k"], ["k"]),
        ("singlevaluelist", ["k", "m"], None),
        ("singlevaluelist", ["other"], None),
        ("multivaluelist", ["k", "m", "k"], ["k", "m"]),
        ("multivaluelist", ["k", "other"], None),
    ],
)
def test_answers_fit_their_datatype(datatype, said, read):
    from django.utils.dateparse import parse_datetime

    assert read_answer(datatype, said, keys={"k", "m"}, moment=parse_datetime) == read


def test_a_signature_is_what_standard_webhooks_verify():
    secret, body, at = secret_of(7, 1, site_key="k"), '{"a":"路"}'.encode(), datetime.now(UTC)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature(secret, message_id="evt_1", seconds=int(at.timestamp()), body=body),
    }
    assert Webhook(secret_text(secret)).verify(body, headers) == {"a": "路"}
    for changed in ({"webhook-id": "evt_2"}, {"webhook-timestamp": str(int(at.timestamp()) + 1)}):
        with pytest.raises(Exception, match="signature"):
            Webhook(secret_text(secret)).verify(body, headers | changed)
    assert secret_of(7, 2, site_key="k") != secret_of(7, 1, site_key="k") != secret_of(8, 1, site_key="k")


def test_keys_are_long_and_only_their_hash_is_kept():
    keys = {new_key() for _n in range(100)}
    assert len(keys) == 100
    assert all(len(key) >= 32 for key in keys)
    key = keys.pop()
    assert key not in hash_of(key, site_key="k")
    assert hash_of(key, site_key="k") != hash_of(key, site_key="other")


HOSTILE = "<!ENTITY x SYSTEM 'file:///etc/passwd'>&x;]]><script>\"'\x00\x0b\ud800\ufffe🀄"


def test_xml_escapes_everything_and_leaves_out_what_it_cannot_carry():
    raw = as_xml("errors", [{"code": 400, "description": HOSTILE}])
    assert raw.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<errors><error><code>400</code>')
    assert b"<!ENTITY" not in raw
    assert b"<script>" not in raw
    assert ElementTree.fromstring(raw).findtext("error/description") == (
        "<!ENTITY x SYSTEM 'file:///etc/passwd'>&x;]]><script>\"'🀄"
    )


@given(st.text())
def test_any_text_comes_back_from_xml_as_far_as_xml_can_carry_it(text):
    back = ElementTree.fromstring(as_xml("service_requests", [{"address": text}])).findtext("request/address")
    assert "\x00" not in back
    assert set(back) <= set(text) | {"\n"}


def test_lists_values_and_nothing():
    value = {"service_code": "01", "attributes": [{"required": True, "values": [{"key": "a", "name": None}]}]}
    assert as_xml("service_definition", value).partition(b"\n")[2] == (
        b"<service_definition><service_code>01</service_code><attributes><attribute><required>true</required>"
        b"<values><value><key>a</key><name /></value></values></attribute></attributes></service_definition>"
    )
    assert as_json("service_requests", []) == b"[]"
    assert as_xml("service_requests", []).endswith(b"<service_requests />")
