"""The commands of access, as they are typed."""

import csv
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from qipan.access.api import Account, Pass, actor_of_token


@pytest.fixture
def day() -> str:
    return (timezone.localdate() + timedelta(days=10)).isoformat()


@pytest.mark.row("SCR-3")
def test_a_list_is_enrolled_and_its_links_written(city, tmp_path, day, capsys):
    people, out = tmp_path / "workers.csv", tmp_path / "links.csv"
    people.write_text("label,area,team\n甲,510104001001,3\n乙,,\n", encoding="utf-8")
    call_command(
        "enrol_workers", people, unit="510104001:street-office", expires=day, out=out, host="https://q.example/"
    )
    with open(out, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["甲", "乙"]
    assert rows[0]["link"].startswith("https://q.example/p/")
    actor = actor_of_token(rows[0]["link"].rsplit("/", 1)[1], at=timezone.now())
    assert (actor.label, actor.team_id) == ("甲", 3)
    assert capsys.readouterr().out.startswith("2 passes until ")


@pytest.mark.parametrize(
    ("text", "given", "reason"),
    [
        ("label,area\n甲,510105001001\n", {}, "510105001001"),
        ("label\n甲\n", {"unit": "nowhere"}, "辖区"),
        ("label\n甲\n", {"expires": "soon"}, "date"),
        ("label\n甲\n", {"role": "auditor"}, "auditor"),
    ],
)
def test_a_bad_list_is_refused_whole(city, tmp_path, day, text, given, reason):
    people, out = tmp_path / "workers.csv", tmp_path / "links.csv"
    people.write_text(text, encoding="utf-8")
    before = Pass.objects.everywhere("a test").count()
    with pytest.raises(CommandError, match=reason):
        call_command(
            "enrol_workers", people, **{"unit": "510104001:street-office", "expires": day, "out": out, **given}
        )
    assert Pass.objects.everywhere("a test").count() == before
    assert not out.exists()


def test_demo_accounts_print_a_password_once(city, capsys):
    call_command("seed_demo_accounts")
    printed = capsys.readouterr().out
    password = printed.splitlines()[-1].split()[1]
    assert len(password) == 16
    assert Account.objects.get(username="street").check_password(password)
    call_command("seed_demo_accounts", password="given by the operator")
    assert Account.objects.get(username="street").check_password("given by the operator")


def test_demo_accounts_need_an_organisation(db):
    with pytest.raises(CommandError, match="seed-organisation"):
        call_command("seed_demo_accounts")
    assert Account.objects.count() == 0


def test_roles_are_seeded(db, capsys):
    call_command("seed_roles")
    assert capsys.readouterr().out == "15 roles\n"
