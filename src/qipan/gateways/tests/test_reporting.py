"""Open311, reporting: keys, places, attributes, photographs, limits, what is sent twice; refusals write nothing."""

import json
from io import BytesIO

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import place_of
from qipan.kernel.refusal import BadInput
from qipan.matters.api import Channel, Report, report_by_code
from qipan.territory.api import import_outlines

from ..actions.attributes import import_attributes
from ..actions.partners import add_partner, change_key, end_partner
from .conftest import COMPOUND, V2, Door, counts, matter_of, parsed, told


def report_of(answer):
    return Report.objects.get(matter=matter_of(answer))


def refused(door, status, **given):
    """Posts, and checks that it was refused in the standard's way and that nothing was written."""
    before = counts()
    answer = door.post(**given)
    assert answer.status_code == status, answer.content.decode()
    errors = told(answer)
    assert errors
    assert all(one["code"] == status and one["description"] for one in errors)
    assert counts() == before
    return errors


def test_a_report_opens_a_matter(door):
    answer = door.post(
        description="路灯不亮 <script>", email="a@example.org", first_name="王", last_name="小明", device_id="D-1"
    )
    assert answer.status_code == 200
    ((one),) = told(answer)
    assert list(one) == ["service_request_id", "token", "service_notice", "account_id"]
    matter, report = matter_of(answer), report_of(answer)
    assert (matter.place, matter.category.code, matter.state, matter.channel) == (
        place_of(COMPOUND), "01003", "REPORTED", Channel.PARTNER,
    )  # fmt: skip
    assert (report.text, report.by_label, report.private) == ("路灯不亮 <script>", "程序上报（无密钥）", False)
    assert matter.waiting.owner.code == "510104001:street-office"
    assert report_by_code(one["token"], at=now()).pk == report.pk
    assert f"http://testserver/track/{one['token']}" in one["service_notice"]
    contact = apps.get_model("matters", "Contact").objects.get()
    assert contact.reach == "a@example.org"
    held = [str(row) for model in apps.get_models() if model.__module__.startswith("qipan.") for row in _all(model)]
    assert not [row for row in held if "小明" in row or "D-1" in row]
    assert door.client.get(f"/track/{one['token']}").status_code == 200


def _all(model):
    rows = model.objects.everywhere("a test") if hasattr(model.objects.all(), "everywhere") else model.objects.all()
    return list(rows.values())


def test_in_xml(door):
    root = parsed(door.post("xml", email=None, phone="13800000000"))
    assert [one.tag for one in root[0]] == ["service_request_id", "token", "service_notice", "account_id"]
    assert root.findtext("request/account_id") == ""
    assert apps.get_model("matters", "Contact").objects.get().reach == "13800000000"


@pytest.mark.parametrize(
    ("given", "place", "spot"),
    [
        ({"address_id": COMPOUND}, "510104001001001", ""),
        ({"address_id": f"{COMPOUND}0003"}, "5101040010010010003", ""),
        ({"address_id": "510104001001"}, "510104001001", ""),
        ({"address_id": "510104000000"}, "510104", ""),
        ({"address_id": None, "address_string": "成都市锦江区锦江一街一社区2号院3栋"}, "510104001001002", "成都市锦江区锦江一街一社区2号院3栋"),
        ({"address_id": None, "address_string": "锦江一街二社区门口"}, "510104001002", "锦江一街二社区门口"),
        ({"address_id": None, "address_string": "锦江区红星路"}, "510104", "锦江区红星路"),
        ({"address_id": None, "address_string": "in front of Qingyang First Subdistrict office"}, "510105001", "in front of Qingyang First Subdistrict office"),
    ],
)  # fmt: skip
def test_where(door, given, place, spot):
    report = report_of(door.post(**given))
    assert report.matter.place == place_of(place)
    assert report.spot == spot


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"service_code": None}, 400),
        ({"service_code": "99999"}, 404),
        ({"service_code": "\x00"}, 400),
        ({"description": None}, 400),
        ({"description": "x"}, 400),
        ({"description": "长" * 2001}, 400),
        ({"description": "长" * 4001}, 400),
        ({"description": "a\x00b"}, 400),
        ({"address_id": None}, 400),
        ({"address_id": "5101"}, 400),
        ({"address_id": "110101001001"}, 400),
        ({"address_id": "510104009"}, 400),
        ({"address_id": f"{COMPOUND}9999"}, 400),
        ({"address_id": "51010400100"}, 400),
        ({"address_id": "²"}, 400),
        ({"address_id": "' OR 1=1"}, 400),
        ({"address_id": None, "address_string": "成都市"}, 400),
        ({"address_id": None, "address_string": "北京市长安街"}, 400),
        ({"address_id": None, "address_string": "1号院"}, 400),
        ({"address_id": None, "address_string": "长" * 201}, 400),
        ({"address_id": None, "lat": "30.6"}, 400),
        ({"address_id": None, "lat": "30.6", "long": "104.0"}, 400),
        ({"address_id": None, "lat": "nan", "long": "104.0"}, 400),
        ({"address_id": None, "lat": "1e400", "long": "104.0"}, 400),
        ({"address_id": None, "lat": "91", "long": "104.0"}, 400),
        ({"attribute[colour]": "red"}, 400),
        ({"attribute[private]": "perhaps"}, 400),
        ({"attribute[private]": ["yes", "no"]}, 400),
        ({"attribute[spot]": "长" * 201}, 400),
        ({"attribute[notice]": "x"}, 400),
        ({"jurisdiction_id": "sfgov.org"}, 404),
        ({"email": "x" * 121}, 400),
    ],
)
def test_what_cannot_be_taken_is_refused_and_nothing_written(door, given, status):
    refused(door, status, **given)


def test_every_problem_is_told_at_once(door):
    errors = refused(door, 400, **{"attribute[colour]": "red", "attribute[private]": "perhaps"})
    assert len(errors) == 2


def test_points_are_placed_through_the_outlines_and_made_finer_by_words(door, tmp_path):
    def feature(code, west, east):
        ring = [[west, 30.6], [east, 30.6], [east, 30.7], [west, 30.7], [west, 30.6]]
        return {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    path = tmp_path / "outlines.geojson"
    features = [
        feature("510104", 104.0, 104.1),
        feature("510104001001", 104.0, 104.02),
        feature("510105", 104.1, 104.2),
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    import_outlines(path, datum="WGS84", valid_from=now().date(), source="t", by=door.world.cast.admin, at=now())
    here = {"address_id": None, "lat": "30.65", "long": "104.01"}
    report = report_of(door.post(**here))
    assert (report.matter.place, report.spot) == (place_of("510104001001"), "")
    assert report.matter.point == (104.01, 30.65)
    report = report_of(door.post(**here, address_string="锦江一街一社区2号院"))
    assert (report.matter.place, report.spot) == (place_of("510104001001002"), "锦江一街一社区2号院")
    # Words that name a place elsewhere do not move the point.
    report = report_of(door.post(**here | {"address_string": "青羊一街一社区1号院"}))
    assert report.matter.place == place_of("510104001001")
    report = report_of(door.post(address_id=None, lat="30.65", long="104.05", address_string="锦江二街二社区"))
    assert report.matter.place == place_of("510104002002")
    report = report_of(door.post(address_id=None, lat="30.65", long="104.15", description="郊外路灯不亮"))
    assert report.matter.place == place_of("510105")
    refused(door, 400, address_id=None, lat="30.65", long="104.5")
    # Our own number and a point: the point is kept, to a metre, and given back to everyone to a hundred metres.
    answer = door.post(lat="30.6512349", long="104.0098765", description="三单元门口路灯不亮")
    report = report_of(answer)
    assert (report.matter.place, report.matter.point) == (place_of(COMPOUND), (104.00988, 30.65123))
    [shown] = told(door.get(f"requests/{told(answer)[0]['service_request_id']}.json"))
    assert (shown["lat"], shown["long"]) == (30.651, 104.01)
    # They must fit; within 300 m they do.
    refused(door, 400, lat="30.65", long="104.15")
    refused(door, 400, lat="30.65")
    assert report_of(door.post(lat="30.5980", long="104.01", description="围栏外路灯不亮")).matter.latitude == 30.598


def test_private_by_choice(door):
    answer = door.post(**{"attribute[private]": "yes", "attribute[spot]": "三单元门口"})
    report = report_of(answer)
    assert (report.matter.private, report.private, report.spot) == (True, True, "三单元门口")
    number = told(answer)[0]["service_request_id"]
    assert door.get(f"requests/{number}.json").status_code == 404
    assert told(door.get("requests.json")) == []


ROW = {
    "service_code": "01003", "code": "lamp", "datatype": "singlevaluelist", "required": "是", "description": "灯的编号在哪",
    "description_en": "Where is the lamp's number", "values": "pole=灯杆上=on the pole|none=没有编号=there is none",
}  # fmt: skip


def keeper():
    return Actor.system("keeper", acts=["partner.manage"])


def test_what_the_city_asks_is_asked_checked_and_kept_with_the_words(door):
    rows = [ROW, ROW | {"code": "since", "datatype": "datetime", "required": "", "values": "", "description": "何时起"}]
    rows.append(ROW | {"code": "also", "datatype": "multivaluelist", "required": "no", "description": "还有"})
    assert import_attributes(rows, by=keeper(), at=door.world.at) == 3
    definition = json.loads(door.get("services/01003.json").content)
    assert [(one["code"], one["required"], one["order"]) for one in definition["attributes"]] == [
        ("notice", False, 1), ("lamp", True, 2), ("since", False, 3), ("also", False, 4), ("spot", False, 5), ("private", False, 6),
    ]  # fmt: skip
    assert json.loads(door.get("services/01001.json").content)["attributes"][1]["code"] == "spot"
    errors = refused(door, 400)
    assert [one["description"] for one in errors] == ["须填写 attribute[lamp]"]
    refused(door, 400, **{"attribute[lamp]": "roof"})
    refused(door, 400, **{"attribute[lamp]": "pole", "attribute[since]": "昨天"})
    answer = door.post(
        **{
            "attribute[lamp]": "pole",
            "attribute[since]": "2026-11-20T20:00:00+08:00",
            "attribute[also][]": ["pole", "none"],
        }
    )
    assert (
        report_of(answer).text
        == "路灯不亮\n灯的编号在哪: 灯杆上\n何时起: 2026-11-20T20:00:00+08:00\n还有: 灯杆上, 没有编号"
    )
    english = door.client.get(f"{V2}services/01003.json", headers={"Accept-Language": "en"}).json()
    assert english["attributes"][1]["values"][1] == {"key": "none", "name": "there is none"}


@pytest.mark.parametrize(
    "change",
    [
        {"service_code": "99999"}, {"code": "spot"}, {"code": "a b"}, {"code": ""}, {"datatype": "colour"},
        {"required": "maybe"}, {"description": ""}, {"values": ""}, {"values": "a=b|a=c"}, {"values": "a"},
        {"datatype": "string"},
    ],
)  # fmt: skip
def test_a_bad_line_changes_nothing(door, change):
    import_attributes([ROW], by=keeper(), at=door.world.at)
    with pytest.raises(BadInput) as refusal:
        import_attributes([ROW | {"code": "first"}, ROW | change], by=keeper(), at=door.world.at)
    assert len(refusal.value.problems) == 1
    assert "3" in refusal.value.problems[0]
    assert [one["code"] for one in json.loads(door.get("services/01003.json").content)["attributes"]][1:2] == ["lamp"]


def picture(**how):
    out = BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "JPEG", **how)
    return out.getvalue()


def test_photographs_are_written_anew_and_never_published(door):
    exif = Image.Exif()
    exif[0x010F] = "Camera of somebody"
    answer = door.client.post(
        f"{V2}requests.json",
        {
            "service_code": "01003",
            "address_id": COMPOUND,
            "description": "路灯不亮",
            "media_url": "http://127.0.0.1/picture.jpg",
            "media": SimpleUploadedFile("a.jpg", picture(exif=exif), "image/jpeg"),
        },
    )
    (one,) = told(answer)
    assert "media_url" in one["service_notice"]
    photo = apps.get_model("matters", "Photo").objects.get()
    assert b"Camera" not in bytes(photo.jpeg)
    assert told(door.get(f"requests/{one['service_request_id']}.json"))[0]["media_url"] is None


@pytest.mark.parametrize("raw", [b"<svg/>", b"MZ\x90", b"", b"\xff\xd8\xff\xe0 broken"])
def test_what_is_no_photograph_is_refused(door, raw):
    refused(door, 400, media=SimpleUploadedFile("a.jpg", raw + b" ", "image/jpeg"))


def test_four_photographs_are_too_many(door):
    refused(door, 400, media=[SimpleUploadedFile(f"{n}.jpg", picture(), "image/jpeg") for n in range(4)])


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    "<service_requests><request><service_code>01003</service_code><description>&b;&c;</description>"
    "<address_id>510104001001001</address_id></request></service_requests>"
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/xml", BOMB),
        ("application/xml", BOMB),
        ("application/soap+xml", BOMB),
        ("application/json", json.dumps({"service_code": "01003"})),
        ("text/plain", "service_code=01003"),
    ],
)
def test_a_body_that_is_no_form_is_not_opened(door, kind, body):
    before = counts()
    answer = door.client.post(f"{V2}requests.xml", body, content_type=kind)
    assert answer.status_code == 415
    assert parsed(answer).findtext("error/code") == "415"
    assert counts() == before


def test_entities_in_a_description_are_words_and_stay_so(door):
    report = report_of(door.post(description=BOMB))
    assert report.text == BOMB
    page = door.world.cast.client("dispatcher").get(f"/matters/{report.matter_id}").content.decode()
    assert "<!DOCTYPE lolz" not in page


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"%ff%fe=%00",
        b"&" * 3000,
        b"service_code=" + b"x" * 3_000_000,
        b"\xff\xfe\x00",
        b"attribute[" * 500 + b"=1",
    ],
)
def test_nonsense_is_refused(door, raw):
    before = counts()
    answer = door.client.post(f"{V2}requests.json", raw, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (400, 413, 415), answer.content
    assert told(answer)[0]["code"] == answer.status_code
    broken = door.client.post(f"{V2}requests.json", raw, content_type="multipart/form-data; boundary=x")
    assert broken.status_code in (400, 413, 415), broken.content
    assert counts() == before


TEXTS = st.one_of(
    st.sampled_from(["", "\x00", "²", "-1", "9" * 50, "1e999", "<a>", "🀄", "01003", "成都"]), st.text(max_size=9)
)
NAMES = ["service_code", "description", "lat", "long", "address_id", "address_string", "email", "attribute[spot]", "attribute[]", "api_key", "media", "jurisdiction_id"]  # fmt: skip


def test_whatever_is_sent_the_answer_is_a_list(door):
    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(
        st.dictionaries(
            st.sampled_from(NAMES),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | TEXTS.filter(lambda t: t.isprintable()),
        )
    )
    def check(given):
        answer = door.client.post(f"{V2}requests.json", given)
        assert answer.status_code in (400, 403, 404, 429)
        assert told(answer)[0]["code"] == answer.status_code

    before = counts()
    check()
    assert counts() == before


def test_without_a_key_nothing_is_taken_where_keys_are_needed(keyed):
    assert keyed.post().status_code == 200
    for key in ("", "qp_wrong"):
        (error,) = refused(Door(keyed.client, keyed.world, key), 403)
        assert "api_key" in error["description"]
    assert keyed.get("services.json").status_code == 200


def test_a_key_that_was_changed_or_ended_opens_nothing(keyed):
    cast = keyed.world.cast
    partner, key = add_partner(name="Second", by=cast.admin, at=keyed.world.at)
    door = Door(Client(), keyed.world, key)
    assert door.post(description="第二家报的").status_code == 200
    fresh = change_key(partner, by=cast.admin, at=keyed.world.at)
    refused(door, 403)
    door.key = fresh
    assert door.post(description="换了钥匙").status_code == 200
    end_partner(partner, by=cast.admin, at=keyed.world.at)
    refused(door, 403)


def test_a_key_may_come_in_a_header_or_the_address_and_is_kept_nowhere(keyed):
    key, keyed.key = keyed.key, ""
    body = {"service_code": "01003", "address_id": COMPOUND, "description": "一"}
    assert (
        keyed.client.post(f"{V2}requests.json", body | {"description": "一号"}, headers={"X-Api-Key": key}).status_code
        == 200
    )
    assert keyed.client.post(f"{V2}requests.json?api_key={key}", body | {"description": "二号"}).status_code == 200
    rows = [str(row) for model in apps.get_models() if model.__module__.startswith("qipan.") for row in _all(model)]
    assert not [row for row in rows if key in row]
    assert {report.by_label for report in Report.objects.all()} == {"程序上报：随手拍"}
