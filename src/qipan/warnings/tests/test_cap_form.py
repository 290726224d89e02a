"""CAP 1.2: what leaves keeps the form of the standard, by our own reading of its text (OASIS, CAP 1.2, section 3.2).

The published schemas are not part of this program; where they are at hand, ours must say of every message what they say.
"""

from dataclasses import replace

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from ..rules import alert_xml
from .conftest import FROM_OUTSIDE
from .test_cap import ALERT, DATA

pytestmark = pytest.mark.row("EMG-13")
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CODES = {
    "status": "Actual Exercise System Test Draft",
    "msgType": "Alert Update Cancel Ack Error",
    "scope": "Public Restricted Private",
    "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
    "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
    "urgency": "Immediate Expected Future Past Unknown",
    "severity": "Extreme Severe Moderate Minor Unknown",
    "certainty": "Observed Likely Possible Unlikely Unknown",
}
MOMENTS = ("sent", "effective", "onset", "expires")
PAIRS = ("eventCode", "parameter", "geocode")
# The elements of each part in the order of the standard: "" once, "?" at most once, "*" any number, "+" at least one.
PARTS = {
    "alert": "identifier sender sent status msgType source? scope restriction? addresses? code* note? references? incidents?"
    " info*",
    "info": "language? category+ event responseType* urgency severity certainty audience? eventCode* effective? onset?"
    " expires? senderName? headline? description? instruction? web? contact? parameter* resource* area*",
    "resource": "resourceDesc mimeType size? uri? derefUri? digest?",
    "area": "areaDesc polygon* circle* geocode* altitude? ceiling?",
}
SIGNATURE = (  # section 3.3.2.1: a message may be signed; what a signature holds is another standard's
    '<any minOccurs="0" maxOccurs="unbounded" namespace="http://www.w3.org/2000/09/xmldsig#" processContents="lax"/>'
)
TIMES = {"": "", "?": ' minOccurs="0"', "*": ' minOccurs="0" maxOccurs="unbounded"', "+": ' maxOccurs="unbounded"'}


def _element(said: str) -> str:
    name, times = said.rstrip("?*+"), TIMES[said[len(said.rstrip("?*+")) :]]
    if name in PARTS:
        return f'<element name="{name}"{times}>{_part(name)}</element>'
    if name in CODES:
        values = "".join(f'<enumeration value="{value}"/>' for value in CODES[name].split())
        return f'<element name="{name}"{times}><simpleType><restriction base="string">{values}</restriction></simpleType></element>'
    if name in MOMENTS:
        pattern = r'<pattern value="\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d"/>'
        return f'<element name="{name}"{times}><simpleType><restriction base="dateTime">{pattern}</restriction></simpleType></element>'
    if name in PAIRS:
        pair = '<element name="valueName" type="string"/><element name="value" type="string"/>'
        return f'<element name="{name}"{times}><complexType><sequence>{pair}</sequence></complexType></element>'
    kind = {"altitude": "decimal", "ceiling": "decimal", "size": "integer", "language": "language"}.get(name, "string")
    kind = "anyURI" if name in ("web", "uri") else kind
    return f'<element name="{name}" type="{kind}"{times}/>'


def _part(name: str) -> str:
    signed = SIGNATURE if name == "alert" else ""
    inner = "".join(_element(said) for said in PARTS[name].split())
    return f"<complexType><sequence>{inner}{signed}</sequence></complexType>"


OURS = xmlschema.XMLSchema(
    f'<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}" elementFormDefault="qualified">'
    f'<element name="alert">{_part("alert")}</element></schema>'
)


def spoilt(raw: str) -> list[str]:
    """Messages that break the standard in one place each."""
    return [
        raw.replace("<sender>", "<source>x</source><sender>", 1),  # out of order
        raw.replace("Actual</status>", "Real</status>").replace("Exercise</status>", "Real</status>"),
        raw.replace("</sent>", "Z</sent>"),
        raw.replace("<event>", "<occasion>").replace("</event>", "</occasion>"),
        raw.replace("<urgency>", "<urgency>Soon "),
        raw.replace("</alert>", "<colour>red</colour></alert>"),
        raw.replace("<scope>Public</scope>", ""),
        raw.replace(NAMESPACE, NAMESPACE.replace("1.2", "1.1")),
    ]


@given(ALERT, st.text(st.characters(codec="utf-8")))
def test_what_leaves_has_the_form_of_the_standard(alert, anything):
    first = replace(alert.infos[0], headline=anything, description=anything, instruction=f"1.\x0b{anything}")
    raw = alert_xml(replace(alert, infos=(first, *alert.infos[1:]))).decode()
    OURS.validate(raw)


@given(ALERT)
def test_what_breaks_the_standard_in_one_place_is_found(alert):
    raw = alert_xml(alert).decode()
    assert [one for one in spoilt(raw) if one == raw or OURS.is_valid(one)] == []


def test_ours_says_of_each_message_what_the_published_schema_says():
    if not DATA.is_dir():
        pytest.skip("the published schemas are not on this machine")
    published = xmlschema.XMLSchema(str(DATA / "cap12.xsd"), allow="local")

    @given(ALERT)
    def holds(alert):
        raw = alert_xml(alert).decode()
        for one in (raw, *spoilt(raw)):
            assert published.is_valid(one) is OURS.is_valid(one), one

    holds()
    for raw in (FROM_OUTSIDE, *(path.read_bytes() for path in sorted((DATA / "samples").glob("*.cap")))):
        assert published.is_valid(raw) is OURS.is_valid(raw), raw[:300]
