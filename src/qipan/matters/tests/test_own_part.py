"""The own part alone: what a property company's people, who see no matters, do with what is given to them (red line 6)."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.core import signing
from django.utils.timezone import localtime

from qipan.access.testing import add_member
from qipan.desk.api import Task
from qipan.journal.api import verify
from qipan.kernel.clock import now
from qipan.webkit.challenge import SALT, new_challenge

from ..actions.calls import call_units, end_call, note_attendance
from ..actions.dispatching import add_cooperating, arbitrate_matter, dispatch_matter
from ..actions.filing import file_matter
from ..actions.handling import verify_matter
from ..actions.joining import merge_matter
from ..actions.meetings import agree, record_meeting
from ..actions.privacy import erase_words
from ..actions.refusing import decide_refusal
from ..models import Called, Handling, Matter, MatterStep, Photo, Rating, Report
from ..testing import Picture

COMPANY, OTHER = "510104:property-company-1", "510105:property-company-1"
HYGIENE = "18004"
WORDS = "三号楼东侧垃圾三天未清"


@pytest.fixture
def lively(world):
    """The world at the present hour, with the managers of two companies, who answers the compound's desk, and an officer."""
    world.cast.at = now().replace(microsecond=0) - timedelta(minutes=30)
    add_member(world.cast, "manager", role="property-manager", unit=COMPANY)
    add_member(world.cast, "other", role="property-manager", unit=OTHER)
    add_member(world.cast, "house", role="property-manager", unit="510104001001001:compound")
    add_member(world.cast, "officer", role="department", unit="5101:fire-rescue")
    return world


def given_to(world, **how) -> Matter:
    """A matter whose list names the property company as primary, dispatched to it."""
    said = {"text": WORDS, "spot": "垃圾桶旁", **how}
    matter = world.reported(HYGIENE, **said).matter
    matter = file_matter(matter, by=world.cast.dispatcher, at=world.later(minutes=1))
    return dispatch_matter(matter, unit=world.cast.unit(COMPANY), by=world.cast.dispatcher, at=world.later(minutes=2))


def helped_by_company(world) -> tuple[Matter, Handling]:
    matter = world.matter("DISPATCHED", code="16001", unit="5101:fire-rescue")
    unit, by = world.cast.unit(COMPANY), world.cast.dispatcher
    return matter, add_cooperating(matter, unit=unit, by=by, at=world.later(minutes=6))


def called(world) -> Called:
    matter = world.matter("FILED", code="16001")
    call = call_units(
        matter, units=[world.cast.unit(COMPANY), world.cast.unit("5101:health")], what="看消防通道",
        meets_where="东门", meets_at=world.later(minutes=20), urgency="DANGER", by=world.cast.dispatcher,
        at=world.later(minutes=5),
    )  # fmt: skip
    return call.called.get(unit__code=COMPANY)


def task_of(source: str) -> Task:
    return Task.objects.everywhere("a test").get(source=source)


def fresh(matter: Matter) -> Matter:
    return Matter.objects.everywhere("a test").get(pk=matter.pk)


def text_of(answer) -> str:
    return answer.content.decode()


def written() -> dict[str, int]:
    """How many rows the rooms that an act writes to hold."""
    models = [one for room in ("matters", "desk", "journal") for one in apps.get_app_config(room).get_models()]
    return {one._meta.label: one._base_manager.count() for one in models}


def typed(moment):
    return localtime(moment).strftime("%Y-%m-%dT%H:%M")


def test_neither_role_of_a_property_company_sees_matters(lively):
    for who in ("guard", "manager"):
        assert not getattr(lively.cast, who).can("matter.view")
        assert lively.cast.client(who).get("/matters").status_code == 403


@pytest.mark.row("MAT-3", "MAT-5", "FRC-5")
@pytest.mark.parametrize("who", ["manager", "guard"])
def test_what_is_given_to_a_company_is_done_by_it_and_verified_by_another(lively, who):
    world, client = lively, lively.cast.client(who)
    matter = given_to(world)
    task = matter.handlings.get().task
    desk = text_of(client.get(f"/desk/tasks/{task.pk}"))
    assert f'href="/matters/{matter.pk}"' in desk
    page = text_of(client.get(f"/matters/{matter.pk}"))
    assert WORDS in page and "垃圾桶旁" in page and matter.category.closing_label in page
    assert [act for act in ("report_done", "object", "ask_time") if f"/matters/{matter.pk}/{act}" in page] == [
        "report_done", "object", "ask_time",
    ]  # fmt: skip
    wrong = client.post(f"/matters/{matter.pk}/report_done", {"kind": "SOLVED", "result": ""})
    assert wrong.status_code == 400 and "field-error" in text_of(wrong)
    done = client.post(f"/matters/{matter.pk}/report_done", {"kind": "SOLVED", "result": "已清理"})
    assert (done.status_code, done.headers["Location"]) == (302, f"/desk/tasks/{task.pk}")
    assert client.get(f"/desk/tasks/{task.pk}").status_code == 200
    part = matter.handlings.get()
    actor = getattr(world.cast, who)
    assert (fresh(matter).state, part.result, part.done_by) == ("DONE", "已清理", actor.account_id)
    assert client.get(f"/matters/{matter.pk}").status_code == 403  # the part has ended
    verified = verify_matter(fresh(matter), by=world.cast.dispatcher, at=now())
    assert verified.state == "VERIFIED" and not verify().differences


@pytest.mark.row("MAT-3")
def test_a_company_objects_once_and_reads_that_the_ruling_is_final(lively):
    world, client = lively, lively.cast.client("manager")
    matter = given_to(world)
    address = f"/matters/{matter.pk}"
    answer = client.post(f"{address}/object", {"reason": "属业主自管部位"})
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    assert (fresh(matter).state, matter.handlings.get().objection) == ("OBJECTED", "属业主自管部位")
    page = text_of(client.get(address))
    assert "属业主自管部位" in page and f"{address}/object" not in page and f"{address}/report_done" not in page
    again = client.post(f"{address}/object", {"reason": "再次"})
    assert again.status_code == 409 and matter.handlings.get().objection == "属业主自管部位"
    unit = world.cast.unit(COMPANY)
    arbitrate_matter(matter, unit=unit, reason="属物业服务范围", by=world.cast.lead, at=now())
    page = text_of(client.get(address))
    assert "依裁定（终局）" in page and f"{address}/object" not in page and f"{address}/report_done" in page


@pytest.mark.row("MAT-3")
def test_a_company_asks_for_time(lively):
    world, client = lively, lively.cast.client("manager")
    matter = given_to(world)
    until = (now() + timedelta(days=9)).replace(second=0, microsecond=0)
    sent = {"wish": "EXTEND", "until": typed(until), "reason": "等待清运车"}
    answer = client.post(f"/matters/{matter.pk}/ask_time", sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/matters/{matter.pk}")
    part = matter.handlings.get()
    assert (part.wish, part.wish_until, part.wish_reason) == ("EXTEND", until, "等待清运车")
    page = text_of(client.get(f"/matters/{matter.pk}"))
    assert "等待清运车" in page and "/ask_time" not in page
    decided = world.cast.client("dispatcher").post(
        f"/matters/{matter.pk}/decide_time", {"part": part.pk, "granted": "1", "reason": "同意"}
    )
    assert decided.status_code == 302 and matter.handlings.get().task.due_at == until


@pytest.mark.row("MAT-4", "ORG-8")
def test_a_company_reports_its_cooperating_part_as_done(lively):
    world, client = lively, lively.cast.client("guard")
    matter, part = helped_by_company(world)
    page = text_of(client.get(f"/matters/{matter.pk}"))
    assert world.cast.unit("5101:fire-rescue").label in page
    assert f"/matters/{matter.pk}/finish" in page and f"/matters/{matter.pk}/report_done" not in page
    refused = client.post(f"/matters/{matter.pk}/report_done", {"kind": "SOLVED", "result": "已清理"})
    assert refused.status_code == 403 and fresh(matter).state == "DISPATCHED"
    answer = client.post(f"/matters/{matter.pk}/finish", {"result": "通道已清"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/desk/tasks/{part.task_id}")
    held = Handling.objects.get(pk=part.pk)
    assert (held.outcome, held.result, held.task.state) == ("DONE", "通道已清", "DONE")
    lead = world.cast.client("officer").post(
        f"/matters/{matter.pk}/report_done", {"kind": "SOLVED", "result": "已检查"}
    )
    assert lead.status_code == 302 and fresh(matter).state == "DONE"


@pytest.mark.row("MAT-2", "ORG-8")
def test_a_company_answers_a_call_says_what_it_did_and_rates_it(lively):
    world, client = lively, lively.cast.client("manager")
    mine = called(world)
    address = f"/calls/{mine.call_id}"
    assert f'href="{address}"' in text_of(client.get(f"/desk/tasks/{mine.task_id}"))
    page = text_of(client.get(address))
    assert "看消防通道" in page and "东门" in page and f"{address}/accept" in page and f"{address}/refuse" in page
    assert world.cast.unit("5101:health").label not in page  # who else is called is theirs
    wrong = client.post(f"{address}/accept", {"post": "张三13900000000"})
    assert wrong.status_code == 400 and Called.objects.get(pk=mine.pk).accepted_at is None
    answer = client.post(f"{address}/accept", {"post": "项目经理"})
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    assert Called.objects.get(pk=mine.pk).post == "项目经理"
    assert client.post(f"{address}/tell", {"result": "已清通道"}).headers["Location"] == address
    assert Called.objects.get(pk=mine.pk).result == "已清通道"
    met = world.later(minutes=25)
    for one in Called.objects.filter(call=mine.call_id).select_related("call"):
        note_attendance(one, came=one.pk == mine.pk, by=world.cast.dispatcher, at=met)
    end_call(mine.call, result="通道已畅通", by=world.cast.dispatcher, at=met)
    page = text_of(client.get(address))
    assert f"{address}/rate" in page and "通道已畅通" not in page
    told = {"called": mine.pk, "first": 4, "second": 5, "words": "准备充分"}
    other = Called.objects.get(call=mine.call_id, unit__code="5101:health")
    assert client.post(f"{address}/rate", {**told, "called": other.pk}).status_code == 403
    assert not Rating.objects.exists()
    answer = client.post(f"{address}/rate", told)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/desk/tasks/{mine.task_id}")
    assert Rating.objects.values_list("called", "side", "first").get() == (mine.pk, "CALLED", 4)
    assert client.get(address).status_code == 403


@pytest.mark.row("MAT-2")
def test_a_company_refuses_a_call_and_comes_where_it_must(lively):
    world, client = lively, lively.cast.client("guard")
    mine = called(world)
    address = f"/calls/{mine.call_id}"
    assert client.post(f"{address}/refuse", {"reason": ""}).status_code == 400
    assert client.post(f"{address}/refuse", {"reason": "通道不属本小区"}).status_code == 302
    page = text_of(client.get(address))
    assert "通道不属本小区" in page and f"{address}/accept" not in page
    held = Called.objects.select_related("call").get(pk=mine.pk)
    decide_refusal(held, excused=False, reason="须核对产权图", by=world.cast.lead, at=now())
    page = text_of(client.get(address))
    assert "须到场" in page and "须核对产权图" in page and f"{address}/accept" in page
    assert client.post(f"{address}/accept", {"post": "值班保安"}).status_code == 302
    assert Called.objects.get(pk=mine.pk).accepted_at is not None


def test_who_is_excused_has_no_part_in_the_call_any_more(lively):
    world, client = lively, lively.cast.client("guard")
    mine = called(world)
    client.post(f"/calls/{mine.call_id}/refuse", {"reason": "通道不属本小区"})
    held = Called.objects.select_related("call").get(pk=mine.pk)
    decide_refusal(held, excused=True, reason="已核对", by=world.cast.lead, at=now())
    assert client.get(f"/calls/{mine.call_id}").status_code == 403


@pytest.mark.row("MAT-4")
def test_what_a_company_agreed_to_keeps_the_call_open_to_it_until_it_is_done(lively):
    world, client = lively, lively.cast.client("manager")
    mine, by, met = called(world), world.cast.dispatcher, world.later(minutes=25)
    address = f"/calls/{mine.call_id}"
    client.post(f"{address}/accept", {"post": "项目经理"})
    for one in Called.objects.filter(call=mine.call_id).select_related("call"):
        note_attendance(one, came=one.pk == mine.pk, by=by, at=met)
    record_meeting(mine.call, found="通道被占", by=by, at=met)
    own = agree(mine.call, text="清理通道", owner=mine.unit, due_at=now() + timedelta(days=1), by=by, at=met)
    agree(mine.call, text="划黄线", owner=mine.call.caller, due_at=now() + timedelta(days=1), by=by, at=met)
    end_call(mine.call, result="已约定", by=by, at=met)
    rated = {"called": mine.pk, "first": 4, "second": 5, "words": "准备充分"}
    assert client.post(f"{address}/rate", rated).headers["Location"] == address
    page = text_of(client.get(address))
    assert f'href="/desk/tasks/{own.task_id}"' in page and "清理通道" in page
    assert "划黄线" not in page and "通道被占" not in page and f"{address}/rate" not in page
    assert f'href="{address}"' in text_of(client.get(f"/desk/tasks/{own.task_id}"))
    assert client.post("/desk/answer", {"answer": f"{own.task_id}:DONE"}).status_code == 302
    assert client.get(address).status_code == 403


def sent_for(pk: int) -> dict[str, dict[str, object]]:
    """What each act of a matter's page would be sent, filled in."""
    later, reason = typed(now() + timedelta(days=9)), {"reason": "理由"}
    return {
        "report_done": {"kind": "SOLVED", "result": "已清理"}, "finish": {"result": "已清理"}, "object": reason,
        "ask_time": {"wish": "EXTEND", "until": later, **reason},
        "file": {}, "decline": {"kind": "ANSWERED", **reason}, "dispatch": {"unit": OTHER},
        "cooperate": {"unit": "5101:fire-rescue"}, "waive": {"part": 1, **reason}, "merge": {"into": str(pk)},
        "arbitrate": {"unit": OTHER, **reason}, "verify": {"way": "GOVERNMENT"}, "send_back": reason,
        "let_stand": reason, "shelve": {"plan": "计划", "review_at": later, **reason},
        "review": {"plan": "计划", "review_at": later, **reason}, "take_up": {}, "reopen": reason, "unmerge": {},
        "exclude": {"confirmed": "1", **reason}, "decide_time": {"part": 1, "granted": "1", **reason},
        "resume": {"part": 1}, "point": {"point": "", **reason}, "contact": {"report": 1, "why": "联系"},
        "part_report": {"report": 1},
    }  # fmt: skip


CALL_SENT = {
    "accept": {"post": "值班"}, "refuse": {"reason": "理由"}, "tell": {"result": "已到"},
    "rate": {"called": 1, "first": 3, "second": 3, "words": "好"}, "came": {"called": 1, "came": "1"},
    "decide": {"called": 1, "excused": "1", "reason": "理由"}, "record": {"found": "所见"},
    "agree": {"text": "清理", "owner": COMPANY, "due_at": "2030-01-01T10:00"},
    "take_back": {"agreed": 1, "reason": "理由"}, "end": {"result": "结果"},
}  # fmt: skip


@pytest.mark.row("FRC-5")
@pytest.mark.parametrize("who", ["other", "house", "screener", "stranger", "anonymous"])
def test_nobody_else_reaches_anything_of_it_and_nothing_is_written(lively, who):
    world = lively
    matter = given_to(world, photos=[Picture(b"\xff\xd8", 1, 1)])
    joint, _part = helped_by_company(world)
    mine, client = called(world), world.cast.client(who)
    before = written()
    asked = [client.get(f"/matters/{matter.pk}/photos/{Photo.objects.get().pk}")]
    for one in (matter, joint):
        asked += [client.get(f"/matters/{one.pk}"), client.get(f"/matters/{one.pk}/hazard")]
        asked += [client.post(f"/matters/{one.pk}/{act}", sent) for act, sent in sent_for(matter.pk).items()]
    asked.append(client.get(f"/calls/{mine.call_id}"))
    asked += [client.post(f"/calls/{mine.call_id}/{act}", sent) for act, sent in CALL_SENT.items()]
    assert {one.status_code for one in asked} == ({302, 401} if who == "anonymous" else {403})
    assert all(WORDS not in text_of(one) for one in asked)
    assert written() == before


@pytest.mark.parametrize("path", ["/matters/{}", "/matters/{}/photos/1", "/calls/{}"])
def test_a_number_that_no_row_has_reaches_nothing(lively, path):
    for number in (2**63 - 1, 2**63, 10**20):
        assert lively.cast.client("manager").get(path.format(number)).status_code == 403


@pytest.mark.row("FRC-5")
def test_the_company_itself_can_do_no_more_than_answer_for_its_part(lively):
    world, client = lively, lively.cast.client("manager")
    matter, _part = given_to(world), None
    mine = called(world)
    before = written()
    own = {"report_done", "finish", "object", "ask_time"}
    answers = {
        act: client.post(f"/matters/{matter.pk}/{act}", sent).status_code
        for act, sent in sent_for(matter.pk).items()
        if act not in own
    }
    assert set(answers.values()) == {403} and len(answers) == 21
    calls = {
        act: client.post(f"/calls/{mine.call_id}/{act}", sent).status_code
        for act, sent in CALL_SENT.items()
        if act not in ("accept", "refuse", "tell", "rate")
    }
    assert set(calls.values()) == {403} and len(calls) == 6
    assert client.post(f"/matters/{matter.pk}/nonsense").status_code == 404
    assert client.get(f"/matters/{mine.call.matter_id}").status_code == 403  # called to it, and no handler of it
    for address in ("/matters", "/matters/map", "/calls", "/hazards", "/matters/figures", f"/matters/{matter.pk}/call"):
        assert client.get(address).status_code == 403, address
    assert written() == before


@pytest.mark.row("FRC-5")
def test_a_company_reads_no_reporter_no_way_to_reach_one_no_history_and_nothing_private(lively):
    world, client = lively, lively.cast.client("manager")
    matter = given_to(world, reach="13900001111", photos=[Picture(b"\xff\xd8one", 1, 1)])
    private = world.reported(
        HYGIENE, text="保洁员张某骂人", spot="302门口", private=True, photos=[Picture(b"\xff\xd8two", 1, 1)],
        at=world.later(minutes=3),
    )  # fmt: skip
    merge_matter(private.matter, into=matter, by=world.cast.dispatcher, at=world.later(minutes=4))
    open_, hidden = Photo.objects.order_by("pk")
    page = text_of(client.get(f"/matters/{matter.pk}"))
    assert WORDS in page and f"/matters/{matter.pk}/photos/{open_.pk}" in page
    for never in ("张某", "302门口", "13900001111", "resident", world.cast.dispatcher.label, "经过"):
        assert never not in page, never
    assert f"/photos/{hidden.pk}" not in page and "/contact" not in page
    assert client.get(f"/matters/{matter.pk}/photos/{open_.pk}").content == b"\xff\xd8one"
    assert client.get(f"/matters/{matter.pk}/photos/{hidden.pk}").status_code == 404
    department = text_of(world.cast.client("dispatcher").get(f"/matters/{matter.pk}"))
    assert "张某" in department  # the office reads it as before


@pytest.mark.row("FRC-5")
def test_what_all_wished_private_is_asked_of_who_gave_it(lively):
    world, client = lively, lively.cast.client("manager")
    matter = given_to(world, private=True, photos=[Picture(b"\xff\xd8", 1, 1)])
    page = text_of(client.get(f"/matters/{matter.pk}"))
    assert "反映人要求不公开" in page and WORDS not in page and "/photos/" not in page
    assert client.get(f"/matters/{matter.pk}/photos/{Photo.objects.get().pk}").status_code == 404


def test_what_a_reporter_had_erased_leaves_no_empty_line(lively):
    matter = given_to(lively)
    erase_words([matter.reports.get().pk])
    page = text_of(lively.cast.client("manager").get(f"/matters/{matter.pk}"))
    assert WORDS not in page and 'class="said"' not in page and "请向交办单位了解" in page


def test_a_department_sees_and_answers_as_before(lively):
    world, client = lively, lively.cast.client("officer")
    matter, _part = helped_by_company(world)
    page = text_of(client.get(f"/matters/{matter.pk}"))
    assert world.cast.unit(COMPANY).label in page and "resident" in page
    assert MatterStep.objects.filter(matter=matter).latest("pk").note in page


# ---- reporting by who sees no matters


def answered(**sent):
    """What a person sends with the plain question answered."""
    challenge = new_challenge()
    return {**sent, "token": challenge.token, "answer": str(signing.loads(challenge.token, salt=SALT)["sum"])}


@pytest.mark.row("MAT-1")
@pytest.mark.parametrize(
    ("who", "reads", "channel"),
    [("guard", False, "PROPERTY"), ("screener", False, "WORKER"), ("worker", True, "HOTLINE")],
)
def test_who_sees_no_matters_is_told_no_words_of_others_and_reports_as_what_it_is(lively, who, reads, channel):
    world, client = lively, lively.cast.client(who)
    held = world.reported(HYGIENE, text="物业保洁员张某多次辱骂住户，垃圾三天不清").matter
    sent = {
        "category": HYGIENE, "place": "510104001001001", "text": "住户说保洁员张某垃圾不清", "channel": "HOTLINE",
    }  # fmt: skip
    assert ('name="channel"' in text_of(client.get("/matters/new"))) is reads
    hinted = client.post("/matters/new", answered(**sent))
    hint = text_of(hinted).partition("<legend>")[2]
    assert hinted.status_code == 200 and f'name="same" value="{held.pk}"' in hint
    assert ("相同的文字" in hint) is reads
    assert Report.objects.count() == 1
    joined = client.post("/matters/new", answered(**sent, same=str(held.pk)))
    assert joined.status_code == 200
    assert Report.objects.order_by("pk").values_list("matter", "channel").last() == (held.pk, channel)
    alone = {**sent, "category": "01003", "text": "路灯不亮"}
    assert client.post("/matters/new", answered(**alone)).status_code == 200
    report = Report.objects.latest("pk")
    assert (report.channel, report.matter.channel) == (channel, channel)
