"""Red lines 8, 11, 15 and 16: what no room may begin to do, held against all of them (users.md, section 8)."""

import ast
import csv
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from qipan.command.actions.activations import activate_playbook
from qipan.command.api import get_playbook
from qipan.journal.actions import deliver_waiting
from qipan.matters.actions.filing import file_matter
from qipan.matters.testing import World, make_world
from qipan.pages.testing import make_emergency
from qipan.posture.api import declare
from qipan.webkit.middleware import POLICY

from .living import Living, addresses, make_living, rows

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "qipan"


@pytest.fixture
def living(db: None) -> Living:
    return make_living()


def columns() -> dict[str, str]:
    """This function will return every column of every model of ours by "room.Model.column"."""
    return {
        f"{model._meta.label}.{field.name}": type(field).__name__
        for model in apps.get_models()
        if model.__module__.startswith("qipan.")
        for field in model._meta.get_fields()
        if field.concrete
    }


def sources(*kinds: str) -> list[Path]:
    """This function will return the files of the program of some kinds, without its tests and what is built."""
    found = [path for kind in kinds for path in SOURCE.rglob(kind)]
    return [path for path in found if not {"tests", "built"} & set(path.parts)]


# 8: givers of clues and the accused


def test_a_report_has_no_place_for_an_accused_and_no_model_is_of_clues():
    """8: what is reported is a thing at a place; who does wrong has no column, no table and no address of its own."""
    free = {
        field.name
        for field in apps.get_model("matters", "Report")._meta.concrete_fields
        if isinstance(field, (models.CharField, models.TextField, models.JSONField)) and not field.choices
    }
    assert free == {"text", "spot", "code_hash", "nonce", "by_label"}
    word = re.compile(r"clue|tip_?off|accus|suspect|offender|culprit|denounc|informant|whistle_?blow", re.I)
    assert [name for name in columns() if word.search(name)] == []
    assert [model.__name__ for model in apps.get_models() if word.search(model.__name__)] == []
    assert [route for route in addresses() if word.search(route)] == []


def test_the_kinds_of_reports_are_a_closed_list_without_beliefs_or_speech(living):
    """8: hazard, hygiene, safety, need, fraud; nobody is denounced for what he believes, says, writes or asks for."""
    word = re.compile(
        r"信仰|宗教|传教|教会|言论|思想|政治|上访|信访|维权|游行|谣言|煽动|可疑人员|举报他人"
        r"|belie[fv]|religio|church|mosque|speech|opinion|rumou?r|petition|protest|suspicious|denounc",
        re.I,
    )
    with open(SOURCE / "matters" / "data" / "catalogue.csv", encoding="utf-8", newline="") as file:
        shipped = list(csv.DictReader(file))
    assert len(shipped) > 30
    assert [row["code"] for row in shipped if word.search(" ".join(row.values()))] == []
    # What is reported is of one of them: neither page, partner, hotline nor phone takes a kind of its own.
    category = apps.get_model("matters", "Matter")._meta.get_field("category")
    assert (category.is_relation, category.null) == (True, False)
    known = {row["code"] for row in shipped}
    assert set(rows("matters.Category").filter(valid_to=None).values_list("code", flat=True)) == known


def test_what_a_report_says_and_who_gave_it_is_read_by_nobody_without_a_post(living):
    """8: walks over every address that anybody can open, with the report's number and key, but without its code."""
    world = World(living.cast)
    secrets = {"text": "三楼的王某某夜里偷倒垃圾", "spot": "王某某门口的楼道", "reach": "13912345678"}
    told = world.reported("11001", nonce="a giver of a clue", **secrets)
    matter = file_matter(told.matter, by=living.cast.dispatcher, at=living.cast.at + timedelta(minutes=1))
    living.keys |= {"matters.pk": matter.pk, "open311.number": matter.number, "open311.code": matter.category.code}
    read = 0
    for member in ("anonymous", "stranger"):
        client = living.client(member)
        for route in addresses():
            answer = client.get(living.address(route))
            body = b"".join(answer) if answer.streaming else answer.content
            read += answer.status_code == 200
            shown = [name for name, said in secrets.items() if said in body.decode("utf-8", "replace")]
            assert shown == [], (member, route)
    assert read > 60
    # Whoever handles it reads its words; how to reach its giver only after saying why.
    page = living.client("dispatcher").get(f"/matters/{matter.pk}").content.decode()
    assert secrets["text"] in page and secrets["reach"] not in page


# 11: volunteering and giving


def test_no_money_is_taken_and_nothing_is_owed_by_who_helps():
    """11: fees are paid to firms by voucher and written down; nobody pays, gives or owes anything here."""
    money = re.compile(r"(^|_)(amount|price|fee|paid|pay(er|ment)?|money|fund|donat\w*|donor|budget|invoice|voucher"
                       r"|wallet|bonus|reward|quota|target_hours|owed|due_hours)(_|$)")  # fmt: skip
    found = {name for name in columns() if money.search(name.rpartition(".")[2])}
    assert found == {
        # What the state owes firms for what it called for, in fen, with the number of the transfer.
        "reserves.Agreement.payer",
        "reserves.Agreement.payer_signed_at",
        "reserves.Agreement.payment_days",
        "reserves.Call.payment_days",
        "reserves.CostLine.amount",
        "reserves.CostSheet.paid_at",
        "reserves.CostSheet.paid_on",
        "reserves.CostSheet.voucher",
        # How many of a thing there are.
        "reserves.Store.amount",
        "learning.ProvisionItem.amount",
    }
    paying = re.compile(r"pay|donat|fund|wallet|checkout|charit|honou?r|quota", re.I)
    assert [route for route in addresses() if paying.search(route)] == []
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert re.findall(r"(?im)^[\w-]*(?:alipay|wechatpay|unionpay|stripe|paypal|braintree|adyen|payment)[\w-]*==", locked) == []  # fmt: skip


def test_no_page_asks_for_gifts_sets_a_quota_or_ranks_who_helps():
    """11: not in the code, not on a page, not in the data that rooms bring."""
    word = re.compile(
        r"\b(quotas?|donat(e|es|ion|ions|ing)|donors?|fund_?rais\w*|mandatory_volunteer\w*|must_volunteer|volunteer_?(rank|score|target)\w*"
        r"|credits_earned|honou?r_?roll)\b|捐款|捐赠|募捐|劝募|摊派|派捐|硬性指标|志愿时长排|积分兑换|光荣榜",
        re.I,
    )
    files = sources("*.py", "*.html", "*.po", "*.json", "*.csv")
    assert len(files) > 400
    assert [(path.name, found[0]) for path in files if (found := word.search(path.read_text("utf-8")))] == []


# 16: nothing goes abroad by itself

CALLS_OUT = {
    "httpx", "requests", "urllib3", "urllib.request", "http.client", "socket", "aiohttp", "ftplib", "smtplib", "imaplib",
    "apprise", "websockets", "paramiko", "grpc", "django.core.mail", "boto3", "sentry_sdk",
}  # fmt: skip
# What may call another machine, and why it goes nowhere that no official has named.
CALLERS = {
    "kernel/calling.py": {"httpx", "socket"},  # the one way out: each address is checked before it is called
    "forms/adapter.py": {"httpx"},  # registers that the lead body entered; by ``calling``
    "gateways/adapter/webhooks.py": {"httpx"},  # partners that the administrator entered; by ``calling``
    "gateways/adapter/child.py": {"apprise", "socket"},  # channels that the administrator entered
    "gateways/adapter/robots.py": {"apprise", "requests"},  # what their answers say
    "replay/driver/client.py": {"http.client"},  # the demo's own server
    "replay/driver/server.py": {"socket"},  # a free port of this machine
}


def callers() -> dict[str, set[str]]:
    """This function will return which modules of the program can call another machine, and with what."""
    found: dict[str, set[str]] = {}
    for path in sources("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            used = {known for known in CALLS_OUT for name in names if name == known or name.startswith(f"{known}.")}
            if used:
                found.setdefault(str(path.relative_to(SOURCE)), set()).update(used)
    return found


def test_only_what_is_named_here_can_call_another_machine():
    """16: telemetry, a map, a font or a model abroad would stand here first."""
    assert callers() == CALLERS
    for path in ("forms/adapter.py", "gateways/adapter/webhooks.py"):
        text = (SOURCE / path).read_text(encoding="utf-8")
        assert "from qipan.kernel.calling import calling" in text, path
        assert not re.search(r"httpx\.(AsyncClient|Client|get|post|put|request|stream)\b", text), path


def test_no_page_may_load_from_or_send_to_another_host():
    """16: the policy that every answer carries names no host at all; that they carry it is shown in test_gates."""
    ours = {"'self'", "'none'", "'unsafe-inline'", "'wasm-unsafe-eval'", "data:", "blob:"}
    parts = [part.split() for part in POLICY.split(";")]
    assert {name for name, *_values in parts} >= {"default-src", "connect-src", "form-action", "base-uri"}
    assert {value for _name, *values in parts for value in values} <= ours


def test_nothing_leaves_a_city_that_has_named_no_address(db, monkeypatch):
    """16: an emergency with a directive, visits and matters is handed out to no channel, and nobody is called."""
    called: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _socket, address: called.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **_more: called.append(given))
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    scene = make_emergency(at=at)
    world = make_world(scene.cast)
    for state in ("REPORTED", "FILED", "DISPATCHED", "DONE", "CLOSED"):
        world.matter(state)
    assert rows("desk.Task").exists() and rows("matters.Matter").count() == 5
    for _twice in range(2):  # handed out to channels, then sent
        deliver_waiting(at=at + timedelta(days=1))
    messages = rows("journal.Message")
    assert set(messages.values_list("channel", flat=True)) == {"notice"}  # to the channels that a unit has: none
    assert not messages.filter(sent_at=None).exists()
    assert called == []


# 15: drills and made data never mix with what is real


def test_what_a_drill_opens_changes_no_real_figure(living):
    """15: another exercise over the whole city, with all that its playbook opens; every real board stays as it was."""
    cast, client = living.cast, living.client("city_commander")

    def boards(drill: str) -> list[dict[str, object]]:
        codes = ("5101", "510104", "510105", "510104001")
        read = [client.get(f"/api/board/{code}", {"drill": drill}).json() for code in codes]
        return [{name: value for name, value in board.items() if name not in ("as_of", "at")} for board in read]

    real, exercise = boards("false"), boards("true")
    held = rows("desk.Task").filter(drill=True).count()
    again = declare(
        number="DRILL-3", matter="Exercise", hazard="epidemic", level=1, basis="annual exercise plan",
        issuer=cast.unit("5101:city-command"), ground_codes=["510105"], starts_at=cast.at,
        expected_until=cast.at + timedelta(days=20), measures=["screening"], by=cast.city_commander, at=cast.at, drill=True,
    )  # fmt: skip
    activate_playbook(
        get_playbook("epidemic-emergency"),
        ground_codes=["510105"],
        declaration=again,
        by=cast.city_commander,
        at=cast.at,
    )
    assert rows("desk.Task").filter(drill=True).count() > held
    assert boards("false") == real
    assert boards("true") != exercise
