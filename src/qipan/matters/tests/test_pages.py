"""The pages: what everyone sees, what a post sees, and what neither does."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook
from PIL import Image

from qipan.kernel.clock import now
from qipan.webkit.sheets import read_table

from ..actions.dispatching import dispatch_matter
from ..actions.filing import decline_matter, reopen_matter, shelve_matter, take_up
from ..actions.handling import report_done, verify_matter
from ..input.forms import photos_field
from ..models import Category, Matter, Photo, Report
from ..queries.public import last_told
from ..rules.photos import MOST_BYTES
from ..testing import SPOT, seed_rows


@pytest.fixture(autouse=True)
def _forget_tries():
    cache.clear()


# No such street, compound and door in this city; the city itself and the province are nowhere that anybody could go.
NOWHERE = ("510104999", "510104001001777", "5101040010010019999", "5101", "510100000000", "51")


def fresh(pk: int) -> Matter:
    return Matter.objects.everywhere("a test").get(pk=pk)


def jpeg(size=(60, 40)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, (9, 90, 200)).save(file, "JPEG")
    return file.getvalue()


def filled(client: Client, **how):
    """A filled form with the question answered, as a person does it."""
    page = client.get("/report").content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    first, second = re.search(r"(\d) 加 (\d)", page).groups()
    given = {
        "category": "01003", "place": "510104001001001", "text": "小区门口路灯不亮了", "token": token,
        "answer": str(int(first) + int(second)),
    }  # fmt: skip
    return {**given, **how}


def send(client: Client, **how):
    return client.post("/report", filled(client, **how))


@pytest.mark.row("MAT-1")
@pytest.mark.parametrize(
    ("who", "address"), [("", "/report"), ("worker", "/matters/new"), ("dispatcher", "/calls/new")]
)
def test_looking_a_place_up_keeps_what_was_typed_and_puts_none_of_it_into_the_address(world, who, address):
    client = world.cast.client(who) if who else Client()
    words = "what" if address == "/calls/new" else "text"
    assert 'formmethod="get"' not in client.get(address).content.decode()
    before = Matter.objects.everywhere("a test").count()
    given = {"look": "1", "q": "锦江一街一社区1", words: "路灯不亮", "reach": "13900000000", "private": "on"}
    answer = client.post(address, given)
    page = answer.content.decode()
    assert (answer.status_code, Matter.objects.everywhere("a test").count()) == (200, before)
    assert "510104001001001" in page
    assert "路灯不亮" in page
    assert "field-error" not in page
    if words == "text":
        assert 'value="13900000000"' in page
        assert re.search(r'name="private"[^>]* checked', page)


@pytest.mark.row("MAT-1", "PAR-10")
def test_anyone_reports_without_log_in_and_follows_by_code(world):
    client = Client()
    answer = send(
        client, reach="13900000000", photos=[SimpleUploadedFile("x.jpg", jpeg()), SimpleUploadedFile("y", jpeg())]
    )
    assert answer.status_code == 302
    code = answer.headers["Location"].rpartition("/")[2]
    [report] = Report.objects.all()
    assert (report.matter.place, report.channel, report.text) == (SPOT, "WEB", "小区门口路灯不亮了")
    assert code not in str(Report.objects.values())  # only its keyed hash is kept
    assert Photo.objects.count() == 2
    page = client.get(f"/track/{code[:4].lower()}-{code[4:8]} {code[8:]}".replace(" ", "%20")).content.decode()
    assert "路灯" in page and "已上报" in page and code in page
    assert "13900000000" not in page
    started = client.post("/track", {"code": code.lower()})
    assert (started.status_code, started.headers["Location"]) == (302, f"/track/{code}")
    for wrong in ("", "x", "AAAAAAAAAAAA", "🀄" * 12, code[:-1]):
        assert client.get(f"/track/{wrong or 'x'}").status_code == 404
        assert "此处没有内容" in client.post("/track", {"code": wrong}).content.decode()


def test_a_form_with_faults_says_so_and_saves_nothing(world):
    client = Client()
    fake = SimpleUploadedFile("a.jpg", b"<svg/>", content_type="image/jpeg")
    many = [SimpleUploadedFile(f"{n}.jpg", jpeg()) for n in range(4)]
    for how, says in (
        ({"place": "510199"}, "请选择本市内的地点"), ({"place": ""}, "请选择本市内的地点"), ({"text": ""}, "field-error"),
        *(({"place": code}, "请选择本市内的地点") for code in NOWHERE),
        ({"category": "99999"}, "field-error"), ({"answer": "0"}, "答案不对"), ({"answer": ""}, "答案不对"),
        ({"token": "x"}, "答案不对"), ({"photos": fake}, "不是照片"), ({"photos": many}, "最多附 3 张"),
        ({"reach": "x" * 121}, "field-error"),
    ):  # fmt: skip
        answer = send(client, **how)
        assert answer.status_code in (200, 400), how
        assert says in answer.content.decode(), how
    assert Report.objects.count() == Matter.objects.everywhere("a test").count() == Photo.objects.count() == 0


def test_a_file_too_large_is_not_even_read(world):
    from django.forms import ValidationError

    file = SimpleUploadedFile("a.jpg", b"")
    file.size = MOST_BYTES + 1
    file.file = None  # reading it would fail
    with pytest.raises(ValidationError):
        photos_field().clean([file])


def test_the_same_form_twice_is_one_matter_and_shows_no_code(world):
    client = Client()
    form = filled(client)
    first, second = client.post("/report", form), client.post("/report", {**form, "same": "another"})
    assert (first.status_code, second.status_code) == (302, 200)
    assert "此表单此前已提交" in second.content.decode()
    assert Report.objects.count() == 1


@pytest.mark.row("MAT-1")
def test_who_reports_the_same_is_asked_and_can_join_only_what_was_hinted(world):
    first = world.reported().matter
    other = world.reported("02001", place=SPOT + 10_000).matter
    client = Client()
    hint = send(client, text="门口的路灯不亮")
    assert hint.status_code == 200
    page = hint.content.decode()
    assert f'value="{first.pk}"' in page and first.number in page
    assert "小区门口路灯不亮了" not in page  # nobody's words
    assert Report.objects.count() == 2
    assert send(client, text="门口的路灯不亮", same=str(first.pk)).status_code == 302
    assert first.reports.count() == 2
    assert (
        send(client, text="门口的路灯不亮", same=str(other.pk)).status_code == 302
    )  # not hinted at: a matter of its own
    assert (other.reports.count(), Matter.objects.everywhere("a test").count()) == (1, 3)
    part = client.post("/report/similar", {"category": "01003", "place": "510104001001001", "text": "路灯不亮"})
    assert first.number in part.content.decode()
    assert "input" not in client.post("/report/similar", {"category": "01003", "place": "510104001001002", "text": "路灯不亮"}).content.decode()  # fmt: skip


def test_places_are_found_by_name_and_code(world):
    client = Client()
    assert "510104001001001" in client.get("/report/places", {"q": "锦江一街一社区1"}).content.decode()
    assert client.get("/report/places", {"q": "锦江一街"}).content.decode().count("radio") == 6
    assert client.get("/report/places", {"q": "510104001001"}).content.decode().count("radio") == 2
    for text in ("", "x", "没有这里", "5101", "9" * 15, "٥١٠١٠٤"):
        assert "radio" not in client.get("/report/places", {"q": text}).content.decode()
    assert "checked" in client.get("/report?place=510104001001001").content.decode()


def test_machines_and_bursts_are_held_back(world):
    client = Client()
    for n in range(10):
        assert (
            send(
                client, text=f"{n}{n}{n} 号灯 {chr(0x4E00 + n * 37)}{chr(0x5E00 + n * 91)}", same="another"
            ).status_code
            == 302
        )
    late = send(client, text="再一次", same="another")
    assert (late.status_code, Report.objects.count()) == (429, 10)
    cache.clear()
    for _n in range(40):
        client.post("/report", {})
    assert client.post("/report", {}).status_code == 429
    assert Client(REMOTE_ADDR="192.0.2.7").post("/report", {}).status_code == 200


@pytest.mark.row("MAT-5")
def test_the_reporter_has_the_last_word(world):
    reported = world.reported()
    matter, code, client = reported.matter, reported.code, Client()
    from ..actions.filing import file_matter

    file_matter(matter, by=world.cast.dispatcher, at=world.at)
    dispatch_matter(matter, unit=world.cast.unit("5101:urban-management"), by=world.cast.dispatcher, at=world.at)
    assert "情况属实吗" not in client.get(f"/track/{code}").content.decode()
    assert client.post(f"/track/{code}/satisfied").status_code == 409
    report_done(matter, kind="SOLVED", result="已换灯", by=world.handler(), at=world.at)
    verify_matter(matter, by=world.cast.dispatcher, at=world.at)
    page = client.get(f"/track/{code}").content.decode()
    assert "情况属实吗" in page and "已换灯" in page
    assert client.post(f"/track/{code}/doubt", {"reason": ""}).status_code == 400
    assert client.post(f"/track/{code}/nonsense").status_code == 404
    assert client.post(f"/track/{code}/doubt", {"reason": "还是不亮"}).status_code == 302
    assert fresh(matter.pk).state == "DISPUTED"
    dispatcher = world.cast.client("dispatcher")
    assert dispatcher.post(f"/matters/{matter.pk}/let_stand", {"reason": "已达标"}).status_code == 302
    assert "重新办理" in client.get(f"/track/{code}").content.decode()
    assert client.post(f"/track/{code}/reopen", {"reason": "又坏了"}).status_code == 302
    assert fresh(matter.pk).state == "FILED"


def listed(page):
    """How many matters stand on the list, beside the table of areas."""
    return max(0, page.partition("card-table stack")[2].count("<tr>") - 1)


@pytest.mark.row("PAR-10", "MAT-12", "PAR-9")
def test_the_public_list_shows_matters_and_nobody(world):
    text, private = "我叫张三，电话13900000000", "这是私密的"
    shelved, declined = world.reported(text=text, reach="13900000000").matter, world.reported(text=text).matter
    world.reported(text=private, private=True)
    from ..actions.filing import file_matter

    file_matter(shelved, by=world.cast.dispatcher, at=world.at)
    shelve_matter(
        shelved,
        reason="管线未移交。",
        plan="明年改造",
        review_at=world.later(days=9),
        by=world.cast.dispatcher,
        at=world.at,
    )
    decline_matter(declined, kind="REDIRECTED", reason="请向法院起诉", by=world.cast.dispatcher, at=world.at)
    page = Client().get("/public/matters").content.decode()
    assert "管线未移交" in page and "请向法院起诉" in page and "锦江一街一社区" in page
    assert listed(page) == 2
    for hidden in (text, "13900000000", private, "1号院", world.cast.dispatcher.label):
        assert hidden not in page
    assert listed(Client().get("/public/matters?show=shelved").content.decode()) == 1
    assert listed(Client().get("/public/matters?area=510105").content.decode()) == 0
    assert Client().get("/public/matters?area=%00&show=x&before=²").status_code == 200


@pytest.mark.row("PAR-10", "MAT-12")
def test_the_public_list_says_no_reason_that_holds_no_more(world):
    by = world.cast.dispatcher
    shelved, declined = world.matter("FILED"), world.matter("REPORTED")
    shelve_matter(shelved, reason="管线未移交。", plan="明年", review_at=world.later(days=9), by=by, at=world.at)
    decline_matter(declined, kind="NOT_FOUND", reason="查无此事", by=by, at=world.at)

    def said():
        page = Client().get("/public/matters").content.decode()
        return "管线未移交" in page, "查无此事" in page

    assert said() == (True, True)
    take_up(shelved, by=by, at=world.at)
    reopen_matter(declined, reason="还在", by=by, at=world.at)
    assert said() == (False, False)
    assert last_told([fresh(shelved.pk), fresh(declined.pk)]) == {}
    review = world.later(days=8)
    shelve_matter(declined, reason="另有安排。", plan="明年", review_at=review, by=by, at=world.at)
    assert last_told([fresh(shelved.pk), fresh(declined.pk)]) == {declined.pk: "另有安排。 计划：明年"}


def test_the_inbox_shows_counts_and_only_ones_own_ground(world):
    new, given = world.matter("REPORTED"), world.matter("DISPATCHED")
    page = world.cast.client("dispatcher").get("/matters").content.decode()
    assert new.number in page and given.number not in page
    assert given.number in world.cast.client("dispatcher").get("/matters?show=handled").content.decode()
    assert "row-matter" not in world.cast.client("dispatcher").get("/matters?show=new&category=02001").content.decode()
    neighbour = world.cast.client("neighbour_dispatcher")
    assert new.number not in neighbour.get("/matters").content.decode()
    assert neighbour.get(f"/matters/{new.pk}").status_code == 404
    assert (
        world.cast.client("dispatcher").get(f"/matters?number={new.number}").headers["Location"] == f"/matters/{new.pk}"
    )
    assert world.cast.client("dispatcher").get("/matters?number=2026-999999").status_code == 404
    assert world.cast.client("dispatcher").get("/matters?show=x").status_code == 404
    assert world.cast.client("guard").get("/matters").status_code == 403


@pytest.mark.row("MAT-3", "ORG-3")
def test_the_dispatcher_works_through_the_page(world):
    matter, client = world.matter("REPORTED"), world.cast.client("dispatcher")
    address = f"/matters/{matter.pk}"
    assert client.post(f"{address}/file", {"category": "01003"}).status_code == 302
    page = client.get(address).content.decode()
    assert "5101:urban-management" in page and "主责" in page and "510104:district-command" in page
    refused = client.post(f"{address}/dispatch", {"unit": "510104001001:community"})
    assert refused.status_code == 409 and "城市照明" in refused.content.decode()
    assert client.post(f"{address}/dispatch", {"unit": "no:such"}).status_code == 404
    assert client.post(f"{address}/dispatch", {"unit": "5101:urban-management"}).status_code == 302
    told = client.post(f"{address}/dispatch", {"unit": "5101:urban-management"})
    assert told.status_code == 409 and "已派单" in told.content.decode()
    assert client.post(f"{address}/nonsense").status_code == 404
    assert fresh(matter.pk).handler.code == "5101:urban-management"


def test_a_photograph_is_seen_on_its_own_ground_only(world):
    send(Client(), photos=[SimpleUploadedFile("x.jpg", jpeg())])
    [picture] = Photo.objects.all()
    answer = world.cast.client("dispatcher").get(f"/matters/{picture.matter_id}/photos/{picture.pk}")
    assert (answer.status_code, answer["Content-Type"], answer.content[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert (
        world.cast.client("neighbour_dispatcher").get(f"/matters/{picture.matter_id}/photos/{picture.pk}").status_code
        == 404
    )
    other = world.matter("REPORTED")
    assert world.cast.client("dispatcher").get(f"/matters/{other.pk}/photos/{picture.pk}").status_code == 404


@pytest.mark.row("MAT-5")
def test_a_code_opens_its_matter_for_ninety_days_after_the_end(world):
    reported, client = world.reported(), Client()
    held = Matter.objects.everywhere("a test").filter(pk=reported.matter.pk)
    decline_matter(reported.matter, kind="ANSWERED", reason="r", by=world.cast.dispatcher, at=world.at)
    address, long_ago = f"/track/{reported.code}", now() - timedelta(days=90)
    held.update(ended_at=long_ago + timedelta(hours=1))
    assert client.get(address).status_code == 200
    held.update(ended_at=long_ago - timedelta(seconds=1))
    for answer in (client.get(address), client.post(f"{address}/reopen", {"reason": "again"})):
        assert answer.status_code == 410
        assert "90" in answer.content.decode()
    assert "路灯" not in client.post("/track", {"code": reported.code}, follow=True).content.decode()
    assert held.get().state == "DECLINED"


def test_a_contact_is_shown_once_with_its_reason(world):
    reported = world.reported(reach="13900000000")
    client, address = world.cast.client("dispatcher"), f"/matters/{reported.matter.pk}"
    assert "13900000000" not in client.get(address).content.decode()
    assert client.post(f"{address}/contact", {"report": reported.report.pk, "why": ""}).status_code == 400
    shown = client.post(f"{address}/contact", {"report": reported.report.pk, "why": "约时间"})
    assert "13900000000" in shown.content.decode()
    assert "约时间" in Client().get(f"/track/{reported.code}").content.decode()


def test_a_post_takes_down_a_report_for_a_caller(world):
    for who, usual in (("dispatcher", "HOTLINE"), ("worker", "WORKER")):
        client = world.cast.client(who)
        assert client.get("/matters/new").context["form"]["channel"].value() == usual
    page = client.get("/matters/new").content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    first, second = re.search(r"(\d) 加 (\d)", page).groups()
    given = {
        "category": "01003", "place": "510104001001001", "text": "来电反映路灯不亮", "channel": "HOTLINE", "token": token,
        "answer": str(int(first) + int(second)),
    }  # fmt: skip
    wrong = [client.post("/matters/new", {**given, "place": code}) for code in ("510105001001001", *NOWHERE)]
    assert ([one.status_code for one in wrong], Matter.objects.everywhere("a test").count()) == ([400] * 7, 0)
    answer = client.post("/matters/new", given)
    assert answer.status_code == 200 and 'class="code"' in answer.content.decode()
    [report] = Report.objects.all()
    assert (report.channel, report.by_label) == ("HOTLINE", world.cast.worker.label)
    # Somebody else calls about the same: it is hinted at before a second matter is opened, and joined.
    page = client.get("/matters/new").content.decode()
    given["token"] = re.search(r'name="token" value="([^"]+)"', page)[1]
    given["answer"] = str(sum(map(int, re.search(r"(\d) 加 (\d)", page).groups())))
    hinted = client.post("/matters/new", given)
    assert hinted.status_code == 200
    assert f'name="same" value="{report.matter_id}"' in hinted.content.decode()
    assert Report.objects.count() == 1
    joined = client.post("/matters/new", {**given, "same": str(report.matter_id)})
    assert 'class="code"' in joined.content.decode()
    assert list(Report.objects.values_list("matter", "channel")) == [(report.matter_id, "HOTLINE")] * 2
    # No, another one.
    page = client.get("/matters/new").content.decode()
    given["token"] = re.search(r'name="token" value="([^"]+)"', page)[1]
    given["answer"] = str(sum(map(int, re.search(r"(\d) 加 (\d)", page).groups())))
    assert client.post("/matters/new", {**given, "same": "another"}).status_code == 200
    assert Report.objects.exclude(matter=report.matter_id).count() == 1


def test_the_catalogue_goes_out_and_comes_back_the_same(world):
    lead = world.cast.client("lead")
    text = lead.get("/matters/catalogue.csv").content
    book = lead.get("/matters/catalogue.xlsx").content
    rows = [row | {"line": str(line)} for line, row in enumerate(seed_rows(), 2)]
    assert read_table(text) == read_table(book) == rows
    assert load_workbook(BytesIO(book)).active["A2"].value == "01001"
    before = Category.objects.count()
    again = lead.post("/matters/catalogue", {"file": SimpleUploadedFile("c.csv", text)})
    assert again.status_code == 200
    assert Category.objects.filter(valid_to=None).count() == 41 and Category.objects.filter(example=True, valid_to=None).count() == 0  # fmt: skip
    changed = text.decode("utf-8-sig").replace("路灯,", "路灯（含庭院灯）,").encode("gb18030")
    assert (
        "变更 1 项，不变 40 项"
        in lead.post("/matters/catalogue", {"file": SimpleUploadedFile("c", changed)}).content.decode()
    )
    assert Category.objects.count() == before + 42
    for raw in (b"", b"PK\x03\x04 no", b"\x00\xff\xfe", b"code,kind\n1,2\n"):
        assert lead.post("/matters/catalogue", {"file": SimpleUploadedFile("c", raw)}).status_code == 400
    assert lead.post("/matters/catalogue").status_code == 400
    assert world.cast.client("dispatcher").post("/matters/catalogue").status_code == 403


def test_the_figures_page_says_what_it_divides(world):
    world.matter("VERIFIED")
    page = world.cast.client("dispatcher").get("/matters/figures").content.decode()
    assert "按时响应率" in page and "1 / 1" in page
    assert world.cast.client("guard").get("/matters/figures").status_code == 403


@pytest.mark.row("MAT-5")
def test_the_desk_leads_to_the_matter(world):
    matter = world.matter("DISPATCHED")
    page = world.cast.client("dispatcher").get("/desk").content.decode()
    assert "路灯" not in page  # what is dispatched is off the street's desk
    report_done(matter, kind="SOLVED", result="已换灯", by=world.handler(), at=world.later(hours=1))
    task = fresh(matter.pk).waiting
    shown = world.cast.client("dispatcher").get(f"/desk/tasks/{task.pk}").content.decode()
    assert (
        f'href="/matters/{matter.pk}"' in shown
        and "DONE" not in shown.partition("task-acts")[2].partition("task-steps")[0]
    )
