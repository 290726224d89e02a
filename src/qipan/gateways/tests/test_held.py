"""What registers hold reaches ODK's own engine through the manifest: filled in, read-only, of the holder's ground."""

from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from django.apps import apps

from qipan.access.testing import Cast, make_city
from qipan.forms.api import Form, Submission, open_form, seed_forms
from qipan.forms.testing import DOOR
from qipan.kernel.place import range_of

from .test_collect import client, served

__all__ = ["served"]
XFORMS = "{http://openrosa.org/xforms/xformsManifest}"


def open_samples(cast: Cast) -> None:
    begin = cast.at - timedelta(days=1)
    seed_forms(cast.unit("5101:lead-body"), by=cast.lead, at=begin)
    for form in Form.objects.all():
        open_form(
            form, grounds=[range_of("510104")], closes_at=cast.at + timedelta(days=3), by=cast.city_commander, at=begin
        )


@pytest.mark.row("ORG-12")
def test_the_manifest_names_what_is_held_of_the_holders_ground(db: None) -> None:
    cast = make_city()
    open_samples(cast)
    header: dict[str, Any] = cast.bearer()
    listed = cast.client("anonymous").get("/openrosa/formList", **header).content.decode()
    assert listed.count("manifestUrl>") == 4
    manifest = cast.client("anonymous").get("/openrosa/forms/door-screening/manifest", **header)
    (entry,) = fromstring(manifest.content)
    assert entry.findtext(f"{XFORMS}filename") == "qipan_held.csv"
    held = cast.client("anonymous").get(entry.findtext(f"{XFORMS}downloadUrl") or "", **header).content.decode()
    lines = held.splitlines()
    assert lines[0] == "name,label,building,compound_name"
    doors = apps.get_model("territory", "Door").objects.filter(place__range=range_of("510104001001"))
    assert [line.split(",")[0] for line in lines[1:]] == [
        str(place) for place in doors.order_by("place").values_list("place", flat=True)
    ]
    assert cast.client("anonymous").get("/openrosa/forms/door-screening/media/other.csv", **header).status_code == 404


@pytest.mark.row("ORG-12", "SVC-10")
def test_the_engine_fills_in_what_is_held(served: tuple[Cast, str]) -> None:
    """ODK's own form engine, with the sample form as a city gets it: two answers are given, two are filled in."""
    cast, root = served
    open_samples(cast)
    told = client(
        root,
        form="door-screening",
        answers=[["/data/place", DOOR], ["/data/outcome", "ANSWERED"], ["/data/help", ["FOOD"]]],
    )
    assert told["violations"] == []
    assert told["choices"]["/data/place"] == 20
    assert [one["status"] for one in told["posts"]] == [201], told["posts"]
    (kept,) = Submission.objects.everywhere("a test")
    assert (str(kept.place), kept.answers["compound"], kept.answers["building"]) == (DOOR, "锦江一街一社区1号院", "1")
    assert kept.answers["outcome"] == "ANSWERED"
    with pytest.raises(AssertionError, match="setValue is not a function"):
        client(root, form="door-screening", answers=[["/data/place", DOOR], ["/data/compound", "elsewhere"]])
