"""Import of other systems' tables: every bad line with its reason, whole or not at all, once, and undone whole."""

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from qipan.desk.api import Task
from qipan.journal.api import verify
from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of, range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound

from ..actions.filing import file_matter, reopen_matter
from ..actions.importing import LinesRefused, check_lines, erase_drafts, import_lines, save_mapping
from ..actions.undoing import ImportInUse, UndoneAlready, undo_import
from ..input.mapping import read_file
from ..models import Import, ImportDraft, ImportLine, ImportMapping, Matter, MatterStep, Report, Standing, Tally
from ..rules.importing import Dates, Rules

HEADER = ["id", "type", "street", "community", "words", "at", "state", "how", "unit", "closed", "happy"]
COMMUNITY = place_of("510104001001")
RULES = Rules(
    columns={
        "number": ("id",),
        "category": ("type",),
        "place": ("street", "community"),
        "text": ("words",),
        "reported": ("at",),
        "state": ("state",),
        "closing": ("how",),
        "unit": ("unit",),
        "ended": ("closed",),
        "satisfied": ("happy",),
    },
    words={
        "category": {"灯": "01003"},
        "state": {"结案": "ENDED", "处理中": "OPEN"},
        "closing": {"办结": "SOLVED", "解释": "EXPLAINED", "不受理": "UNLAWFUL"},
        "satisfied": {"是": "SATISFIED", "否": "UNSATISFIED"},
        "unit": {"城管": "5101:urban-management"},
    },
)
GOOD = [
    ["1", "灯", "锦江一街道", "锦江一街一社区", "路灯不亮", "2025-03-01 08:00", "结案", "办结", "城管", "2025-03-04 10:00", "是"],
    ["2", "路灯", "锦江一街道", "锦江一街一社区", "又不亮", "2025/3/2", "结案", "解释", "-", "2025/3/2", "否"],
    ["3", "01003", "-", "510104001001", "", "2025-03-03T08:00:00Z", "结案", "不受理", "", "2025-03-03T09:00:00Z", ""],
    ["4", "Street light", "", "锦江一街一社区1号院", "灯坏", "2025年3月4日 7:05", "处理中", "", "城管", "", ""],
]  # fmt: skip


def as_csv(rows, encoding="utf-8", delimiter=","):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([HEADER, *rows])
    return out.getvalue().encode(encoding)


@pytest.fixture
def keeper(world):
    return replace(world.cast.lead, acts=world.cast.lead.acts | {"matter.import"})


@pytest.fixture
def bring(world, keeper):
    def go(rows, *, rules=RULES, by=keeper, leave_out=False, mapping="old", raw=None):
        table = read_file(raw or as_csv(rows))
        checked = check_lines(table.header, table.lines, mapping=mapping, rules=rules, by=by, at=world.at)
        how = {"name": "old.csv", "sha256": table.sha256, "mapping": mapping, "rules": rules, "leave_out": leave_out}
        return import_lines(checked, **how, by=by, at=world.at)

    return go


def faults(world, keeper, rows, rules=RULES):
    table = read_file(as_csv(rows))
    checked = check_lines(table.header, table.lines, mapping="old", rules=rules, by=keeper, at=world.at)
    return [(problem.line, str(problem.fault), str(problem.field)) for problem in checked.problems]


def held():
    return {
        model.__name__: model.objects.count()
        for model in (Import, ImportLine, MatterStep, Report)
    } | {
        model.__name__: [tuple(row) for row in model.objects.everywhere("a test").exclude(n=0).order_by("pk").values_list()]
        for model in (Tally, Standing)
    } | {"Matter": Matter.objects.everywhere("a test").count()}  # fmt: skip


@pytest.mark.row("MAT-3", "ORG-15")
def test_a_file_brings_its_matters_with_the_history_that_it_tells(world, bring):
    batch = bring(GOOD)
    assert (batch.lines, batch.matters, batch.held, batch.left_out) == (4, 4, 0, 0)
    rows = Matter.objects.everywhere("a test").order_by("imported__line").select_related("handler")
    assert [
        (m.imported.line, m.imported.number, m.channel, m.state, m.closing, m.confirmation, m.place, m.hops)
        for m in rows
    ] == [
        (2, "1", "IMPORT", "CLOSED", "SOLVED", "CONFIRMED", COMMUNITY, 1),
        (3, "2", "IMPORT", "CLOSED", "EXPLAINED", "CONFIRMED", COMMUNITY, 0),
        (4, "3", "IMPORT", "DECLINED", "UNLAWFUL", "", COMMUNITY, 0),
        (5, "4", "IMPORT", "REPORTED", "", "", place_of("510104001001001"), 0),
    ]
    first = rows[0]
    assert first.reported_at == datetime(2025, 3, 1, 0, 0, tzinfo=UTC)
    assert first.ended_at == datetime(2025, 3, 4, 2, 0, tzinfo=UTC)
    assert first.handler.code == first.first_receiver.code == "5101:urban-management"
    assert list(first.steps.order_by("pk").values_list("kind", "detail", "note", "by_label")) == [
        ("REPORTED", "", "", "文件“old.csv”所述"),
        ("DISPATCHED", "", "文件未说明时间。", "文件“old.csv”所述"),
        ("CONFIRMED", "SATISFIED", "", "文件“old.csv”所述"),
        ("CLOSED", "SOLVED:CONFIRMED", "", "文件“old.csv”所述"),
        ("IMPORTED", "", "old.csv，第 2 行 (1): 结案 / 办结 / 城管", world.cast.lead.label),
    ]
    report = first.reports.get()
    assert (report.text, report.confirmed, report.satisfied) == ("路灯不亮", True, True)
    tasks = Task.objects.everywhere("a test").filter(source__startswith="matter:").values_list("owner__code", "state")
    assert list(tasks) == [("510104001:street-office", "SENT")]
    assert verify().differences == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": ""}, ("MISSING", "number")),
        ({"id": "2"}, ("TWICE", "number")),
        ({"type": "-"}, ("MISSING", "category")),
        ({"type": "飞碟"}, ("UNKNOWN", "category")),
        ({"community": "无名社区"}, ("UNKNOWN", "place")),
        ({"street": "锦江二街道"}, ("UNKNOWN", "place")),
        ({"street": "", "community": "510104001009"}, ("UNKNOWN", "place")),
        ({"street": "", "community": "440310001001"}, ("OUTSIDE", "place")),
        ({"street": "", "community": "5101040010010019999"}, ("UNKNOWN", "place")),
        ({"at": ""}, ("MISSING", "reported")),
        ({"at": "03/01/2025"}, ("NO_DATE", "reported")),
        ({"at": "2025-02-30"}, ("NO_DATE", "reported")),
        ({"at": "2025-03-01 25:00"}, ("NO_DATE", "reported")),
        ({"at": "1970-01-01 00:00"}, ("TOO_OLD", "reported")),
        ({"closed": "2025-02-28 08:00"}, ("BEFORE", "ended")),
        ({"closed": ""}, ("MISSING", "ended")),
        ({"state": "处理中", "how": ""}, ("OPEN_ENDED", "ended")),
        ({"state": "也许"}, ("UNKNOWN", "state")),
        ({"how": "-"}, ("MISSING", "closing")),
        ({"how": "完"}, ("UNKNOWN", "closing")),
        ({"happy": "一般"}, ("UNKNOWN", "satisfied")),
        ({"how": "不受理"}, ("DECLINED_SAID", "satisfied")),
        ({"how": "不受理", "happy": "否"}, ("DECLINED_SAID", "satisfied")),
        ({"unit": "天庭"}, ("UNKNOWN", "unit")),
        ({"words": "长" * 2001}, ("TOO_LONG", "text")),
        ({"words": "a\0b"}, ("NO_CHARACTER", "text")),
    ],
)
def test_a_bad_line_is_named_with_its_reason_and_nothing_goes_in(world, keeper, bring, change, fault):
    bad = [change.get(name, cell) for name, cell in zip(HEADER, GOOD[0], strict=True)]
    rows = [*GOOD[1:], bad]
    assert faults(world, keeper, rows) == [(5, *fault)]
    before = held()
    with pytest.raises(LinesRefused) as refused:
        bring(rows)
    assert refused.value.data == {"bad": 1, "lines": 4}
    assert held() == before
    batch = bring(rows, leave_out=True)
    assert (batch.matters, batch.left_out) == (3, 1)
    assert verify().differences == []


def test_a_line_has_all_its_faults_named_and_ends_that_come_too_late_are_refused(world, keeper):
    future = (world.at + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    rows = [["9", "飞碟", "", "-", "x", future, "?", "", "", "", "", "", "one too many"]]
    assert faults(world, keeper, rows) == [
        (2, "CELLS", ""), (2, "UNKNOWN", "category"), (2, "MISSING", "place"), (2, "FUTURE", "reported"),
        (2, "UNKNOWN", "state"),
    ]  # fmt: skip


def test_dates_are_read_in_the_chosen_order_and_zone_only(world, keeper):
    rules = replace(RULES, dates=Dates.MDY, zone="America/New_York", columns={**RULES.columns, "dispatched": ("how",)})
    rules = replace(
        rules, constants={"closing": "SOLVED"}, columns={k: v for k, v in rules.columns.items() if k != "closing"}
    )
    line = ["1", "灯", "", "510104001001", "x", "03/08/2025 11:59:58 PM", "结案", "", "", "03/09/2025 03:00 AM", ""]
    table = read_file(as_csv([line]))
    (good,) = check_lines(table.header, table.lines, mapping="o", rules=rules, by=keeper, at=world.at).good
    assert (good.reported, good.ended) == (
        datetime(2025, 3, 9, 4, 59, 58, tzinfo=UTC), datetime(2025, 3, 9, 7, 0, tzinfo=UTC),
    )  # fmt: skip
    line[5] = "03/09/2025 02:30 AM"  # the clocks went forward over it
    assert faults(world, keeper, [line], rules) == [(2, "NO_SUCH_TIME", "reported")]
    line[5], line[7] = "03/08/2025", "03/10/2025"
    assert faults(world, keeper, [line], rules) == [(2, "AFTER_END", "dispatched")]


def test_the_same_file_adds_nothing_and_a_later_one_only_what_is_new(world, bring):
    batch = bring(GOOD[:3])
    before = held()
    assert bring(GOOD[:3]).pk == batch.pk
    assert held() == before
    later = bring(GOOD)
    assert (later.matters, later.held) == (1, 3)
    assert Matter.objects.everywhere("a test").count() == 4
    rules = replace(RULES, columns={k: v for k, v in RULES.columns.items() if k != "number"})
    twice = bring([GOOD[0], GOOD[0]], rules=rules, mapping="no numbers")
    assert (twice.matters, twice.held) == (2, 0)  # without numbers, two lines that are the same are two matters
    again = bring([GOOD[0], GOOD[0], GOOD[1]], rules=rules, mapping="no numbers")
    assert (again.matters, again.held) == (1, 2)
    assert verify().differences == []


def test_an_import_is_undone_whole_and_can_be_brought_again(world, keeper, bring):
    empty = held()
    batch = bring(GOOD)
    done = undo_import(batch, by=keeper, at=world.later(hours=1))
    assert (done.undone_at, done.undone_by) == (world.later(hours=1), keeper.label)
    assert {**held(), "Import": 0} == empty
    assert Task.objects.everywhere("a test").get(source__startswith="matter:").state == "RECALLED"
    with pytest.raises(UndoneAlready):
        undo_import(batch, by=keeper, at=world.later(hours=2))
    assert bring(GOOD).matters == 4
    assert verify().differences == []


def test_what_was_worked_on_since_is_not_undone(world, keeper, bring):
    batch = bring(GOOD)
    matter = Matter.objects.everywhere("a test").get(state="REPORTED")
    file_matter(matter, by=world.cast.dispatcher, at=world.later(hours=1))
    before = held()
    with pytest.raises(ImportInUse) as refused:
        undo_import(batch, by=keeper, at=world.later(hours=2))
    assert refused.value.data == {"matters": 1}
    assert held() == before
    assert verify().differences == []


def test_only_who_may_and_on_the_own_ground(world, keeper, bring):
    before = held()
    for actor in (world.cast.dispatcher, world.cast.admin, world.cast.auditor):
        with pytest.raises(NotAllowed):
            bring(GOOD, by=actor)
        with pytest.raises(NotAllowed):
            save_mapping("x", RULES, by=actor, at=world.at)
    assert held() == before
    batch = bring(GOOD)
    away = Actor.system("elsewhere", acts=["matter.import"], ranges=[range_of("510105")])
    with pytest.raises(NotFound):
        undo_import(batch, by=away, at=world.at)
    with pytest.raises(LinesRefused):
        bring([GOOD[2]], by=away, mapping="away")
    assert faults(world, away, [GOOD[2]]) == [(2, "OUTSIDE", "place")]


def test_tables_are_read_by_their_content(world, bring):
    gbk = read_file(as_csv(GOOD, "gbk"))
    assert (gbk.encoding, gbk.lines[0][1][1]) == ("gb18030", "灯")
    tabs = read_file(as_csv(GOOD, "utf-8-sig", "\t"))
    assert (tabs.encoding, tabs.header) == ("utf-8-sig", HEADER)
    assert [number for number, _cells in read_file(b"a,b\n1,2\n\n,\n3,4\n").lines] == [2, 5]
    for raw in (b"", b"a,a\n1,2\n", b",b\n1,2\n", b"PK\x03\x04 no archive", b'a,b\n"1,2\n', bytes(range(128, 256))):
        with pytest.raises(BadInput):
            read_file(raw)


def test_long_texts_are_cut_only_on_purpose_and_no_text_breaks_the_bulk_path(bring):
    rules = replace(RULES, cut=True, private=True)
    odd = 'quote " comma , \\. back\\slash\n\\.\nend; <script>'
    rows = [[*GOOD[0][:4], "长" * 3000, *GOOD[0][5:]], [*GOOD[1][:4], odd, *GOOD[1][5:]]]
    bring(rows, rules=rules)
    texts = list(Report.objects.order_by("pk").values_list("text", flat=True))
    assert texts == ["长" * 1998 + " …", odd]
    assert Counter(Matter.objects.everywhere("a test").values_list("private", flat=True)) == {True: 2}


def form_of(rules=RULES, **more):
    data = {"name": "旧系统", "missing": "-", "dates": "YMD", "zone": "Asia/Shanghai", "do": "check"}
    for name, columns in rules.columns.items():
        data[f"column-{name}"] = list(columns)
    for name, words in rules.words.items():
        data[f"words-{name}"] = "\n".join(f"{theirs} = {ours}" for theirs, ours in words.items())
    return {**data, **more}


def upload(client, rows):
    file = SimpleUploadedFile("旧.csv", as_csv(rows, "gbk"))
    answer = client.post("/matters/imports", {"file": file})
    assert answer.status_code == 302
    return answer["Location"]


@pytest.mark.row("MAT-3")
def test_the_page_maps_tries_imports_and_undoes(world):
    client = world.cast.client("lead")
    rows = [*GOOD, ["5", "飞碟", "", "510104001001", "x", "2025-03-01", "结案", "办结", "", "2025-02-01", ""]]
    page = upload(client, rows)
    shown = client.get(page).content.decode()
    assert "路灯不亮" in shown
    assert "gb18030" in shown
    tried = client.post(page, form_of())
    assert tried.status_code == 200
    checked = tried.context["checked"]
    assert (len(checked.good), checked.held, checked.bad, checked.lines) == (4, 0, 1, 5)
    assert [str(problem.line) for problem in checked.problems] == ["6", "6"]
    assert "飞碟 = " in tried.content.decode()
    assert Matter.objects.everywhere("a test").count() == 0
    listed = client.post(page, form_of(do="list"))
    assert listed.content.decode("utf-8-sig").count("\r\n") == 3
    refused = client.post(page, form_of(do="import"))
    assert refused.status_code == 400
    assert Matter.objects.everywhere("a test").count() == 0
    assert client.post(page, form_of(do="import", leave_out="1")).status_code == 302
    batch = Import.objects.get()
    assert (batch.name, batch.mapping, batch.matters, batch.left_out) == ("旧.csv", "旧系统", 4, 1)
    assert ImportDraft.objects.count() == 0
    again = upload(client, rows)
    shown = client.get(again, {"mapping": "旧系统"})
    assert shown.context["form"]["column-place"].value() == ["street", "community"]
    assert shown.context["form"]["words-state"].value() == "结案 = ENDED\n处理中 = OPEN"
    assert client.post(again, form_of(do="import", leave_out="1")).status_code == 302
    assert Import.objects.count() == 1
    assert client.post(f"/matters/imports/{batch.pk}/undo").status_code == 302
    assert Matter.objects.everywhere("a test").count() == 0
    assert client.post(f"/matters/imports/{batch.pk}/undo").status_code == 409
    assert verify().differences == []


def test_a_file_is_seen_by_who_brought_it_and_for_a_day(world):
    client = world.cast.client("lead")
    page = upload(client, GOOD)
    for name in ("dispatcher", "admin", "auditor", "city_commander"):
        other = world.cast.client(name)
        assert [other.get(url).status_code for url in (page, "/matters/imports")] == [403, 403]
        assert other.post("/matters/imports/1/undo").status_code == 403
    ImportDraft.objects.update(account=-1)
    assert client.get(page).status_code == 404
    ImportDraft.objects.update(account=world.cast.lead.account_id)
    assert client.get(page).status_code == 200
    end = ImportDraft.objects.get().erase_at
    assert erase_drafts(at=end - timedelta(seconds=1)) == 0
    assert erase_drafts(at=end) == 1
    assert client.get(page).status_code == 404
    page = upload(client, GOOD)
    assert client.post(page, {"do": "drop"}).status_code == 302
    assert ImportDraft.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"dates": "YDM"}, "dates"),
        ({"column-category": []}, "column-category"),
        ({"column-place": ["nowhere"]}, "column-place"),
        ({"words-state": "结案 = DONE"}, "words-state"),
        ({"words-category": "灯 = 01003\n灯 = 01002"}, "words-category"),
        ({"words-unit": "no sign between"}, "words-unit"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_beside_its_field(world, change, field):
    client = world.cast.client("lead")
    page = upload(client, GOOD)
    answer = client.post(page, form_of(**{"do": "save", **change}))
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert ImportMapping.objects.count() == 0


def test_no_file_or_no_table_is_refused(world):
    client = world.cast.client("lead")
    assert client.post("/matters/imports").status_code == 400
    file = SimpleUploadedFile("x.csv", b"PK\x03\x04 not an archive")
    assert client.post("/matters/imports", {"file": file}).status_code == 400
    assert ImportDraft.objects.count() == 0


def test_the_command_does_the_same(world, keeper, tmp_path, capsys):
    save_mapping("旧系统", RULES, by=keeper, at=world.at)
    file = tmp_path / "old.csv"
    bad = ["5", "飞碟", "", "510104001001", "x", "2025-03-01", "处理中", "", "", "", ""]
    file.write_bytes(as_csv([*GOOD, bad]))
    call_command("import_matters", file, mapping="旧系统", dry_run=True)
    out, err = capsys.readouterr()
    assert "6" in err
    assert "飞碟" in err
    assert "4" in out
    with pytest.raises(CommandError):
        call_command("import_matters", file, mapping="旧系统")
    with pytest.raises(CommandError):
        call_command("import_matters", file, mapping="no such")
    with pytest.raises(CommandError):
        call_command("import_matters", tmp_path / "nowhere.csv", mapping="旧系统")
    assert Matter.objects.everywhere("a test").count() == 0
    for _time in range(2):
        call_command("import_matters", file, mapping="旧系统", leave_out=True)
        assert Matter.objects.everywhere("a test").count() == 4
    call_command("import_matters", file, mapping="旧系统", undo=True)
    assert Matter.objects.everywhere("a test").count() == 0
    with pytest.raises(CommandError):
        call_command("import_matters", file, mapping="旧系统", undo=True)


@pytest.mark.row("MAT-3")
def test_what_another_system_had_ended_is_filed_here_when_it_is_reopened(world, bring, keeper):
    bring(GOOD)
    steps = MatterStep.objects.order_by("pk")
    assert not steps.filter(kind="FILED").exists()
    ended = Matter.objects.everywhere("a test").exclude(ended_at=None).order_by("pk")
    at = datetime(2025, 3, 20, tzinfo=UTC)
    for matter in ended:
        reopen_matter(matter, reason="又灭了", by=world.cast.dispatcher, at=at)
        last = [(one.kind, one.at) for one in steps.filter(matter=matter, kind__in=("REOPENED", "FILED"))]
        assert last == [("REOPENED", at), ("FILED", at)]
    assert steps.filter(kind="FILED").count() == 3
    assert verify().differences == []
