"""PRI-3: after an upgrade the roles of a deployment get what a newer version gives them, when somebody says so."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError

from qipan.access.actions import seed_roles
from qipan.access.actions.roles import add_missing_acts, missing_acts
from qipan.access.models import Role
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed, NotFound

pytestmark = pytest.mark.row("PRI-3")
BY = Actor.system("roles", acts=["account.manage"])


def rights():
    return {role.code: list(role.acts) for role in Role.objects.order_by("code")}


def journal():
    entries = apps.get_model("journal", "Entry").objects.filter(act="access.add_acts").order_by("pk")
    return [(entry.data["role"], entry.data["added"]) for entry in entries]


@pytest.fixture
def older(db):
    """The roles of a deployment of an older version: two lack something, one has more, one is the city's own."""
    seed_roles()
    for code, gone in (("city-command", ["warning.issue"]), ("auditor", ["reserve.view", "matter.view"])):
        role = Role.objects.get(code=code)
        role.acts = [act for act in role.acts if act not in gone]
        role.save()
    guard = Role.objects.get(code="property-guard")
    guard.acts = [*guard.acts, "board.view"]
    guard.save()
    Role.objects.create(code="night-watch", name="夜间值守", name_en="Night watch", acts=["desk.view"])
    Role.objects.filter(code="lead-body").delete()
    return rights()


MISSING = {"auditor": ["matter.view", "reserve.view"], "city-command": ["warning.issue"]}


def test_what_is_missing_is_named_and_nothing_else(older):
    assert missing_acts() == MISSING


def test_it_is_added_once_nothing_is_taken_away_and_the_citys_own_roles_stay(older):
    assert add_missing_acts(by=BY, at=now()) == MISSING
    after = rights()
    assert {code: set(acts) for code, acts in after.items()} == {
        code: {*acts, *MISSING.get(code, [])} for code, acts in older.items()
    }
    assert after["night-watch"] == ["desk.view"] and "board.view" in after["property-guard"]
    assert journal() == sorted(MISSING.items())
    assert (add_missing_acts(by=BY, at=now()), len(journal())) == ({}, 2)


@pytest.mark.parametrize(
    ("codes", "by", "refusal"),
    [
        (None, Actor.system("x"), NotAllowed),
        (["night-watch"], BY, NotFound),
        (["auditor", "property-guard"], BY, NotFound),
    ],
)
def test_what_is_refused_writes_nothing(older, codes, by, refusal):
    with pytest.raises(refusal):
        add_missing_acts(codes, by=by, at=now())
    assert (rights(), journal()) == (older, [])


def test_the_command_shows_asks_and_adds(older, capsys, monkeypatch):
    call_command("roles", "--missing")
    assert capsys.readouterr().out.split() == [
        "auditor",
        "matter.view",
        "reserve.view",
        "city-command",
        "warning.issue",
    ]
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    call_command("roles", "--add")
    assert "Nothing was changed." in capsys.readouterr().out and rights() == older
    call_command("roles", "--add", "auditor", "--yes")
    assert "2 acts added to 1 roles" in capsys.readouterr().out
    assert missing_acts() == {"city-command": ["warning.issue"]}
    with pytest.raises(CommandError):
        call_command("roles", "--add", "auditor", "--yes")
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    call_command("roles", "--add")
    call_command("roles")
    assert capsys.readouterr().out.endswith("Nothing is missing.\n")
