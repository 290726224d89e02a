"""SCR-3: the training card of a role, read once, counted by team and never by person."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation

from qipan.access.api import card_counts, card_of, confirm_card, issue_pass, publish_card, revoke_passes, seed_roles
from qipan.access.models import CardReading, Pass, Role, TrainingCard
from qipan.access.queries import actor_of_token
from qipan.access.rules import card_problems
from qipan.access.testing import Cast, make_city
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound

pytestmark = [pytest.mark.django_db, pytest.mark.row("SCR-3")]
Entry = apps.get_model("journal", "Entry")


@pytest.fixture
def cast() -> Cast:
    return make_city()


@pytest.fixture
def role(cast) -> Role:
    return Role.objects.get(code="screening-worker")


def holder(cast, number, team=7) -> Actor:
    enrolled = issue_pass(
        label=f"排查员{number}",
        role_code="screening-worker",
        unit=cast.unit("510104001001:community"),
        team=team,
        expires_at=cast.at + timedelta(days=10),
        by=Actor.system("test", acts=["pass.issue"], ranges=[range_of("5101")]),
        at=cast.at,
    )
    return actor_of_token(enrolled.token, at=cast.at)


def text_of(role) -> dict:
    return dict(TrainingCard.objects.get(role=role).text)


def test_the_card_that_the_project_brings_is_whole_in_both_languages(cast, role):
    text = text_of(role)
    assert card_problems(text) == []
    with translation.override("zh-hans"):
        card = card_of(cast.screener)
        assert (card.title, card.steps[0], card.read) == ("入户走访培训卡", text["steps"][0], False)
    with translation.override("en"):
        card = card_of(cast.screener)
        assert (card.title, card.call) == ("Training card for visits", text["call_en"])
    assert card_of(cast.worker).title
    assert card_of(cast.guard) is None
    seed_roles()
    assert TrainingCard.objects.count() == 2  # what is there stays


def test_it_is_confirmed_once_and_nobody_can_be_read_off_it(cast, role):
    one = holder(cast, 1)
    card = card_of(one)
    assert confirm_card(card.id, by=one, at=cast.at) is True
    assert confirm_card(card.id, by=one, at=cast.at) is False
    assert card_of(one).read is True
    assert card_of(holder(cast, 2)).read is False
    reading = CardReading.objects.get()
    assert one.pass_id.replace("-", "") not in reading.key and len(reading.key) == 32
    entry = Entry.objects.get(act="access.confirm_card")
    assert (entry.by_account, entry.by_post, entry.by_pass) == (None, None, "")
    assert (entry.by_label, entry.data) == (f"{role} v1", {"version": 1})
    everything = json.dumps([entry.by_label, entry.subject, entry.data, reading.key])
    assert "排查员" not in everything and one.pass_id not in everything


def test_a_team_is_counted_and_a_small_one_is_not_shown(cast, role):
    members = [holder(cast, number) for number in range(4)]
    other = holder(cast, 9, team=8)
    for one in (*members[:2], other):
        confirm_card(card_of(one).id, by=one, at=cast.at)
    counts = card_counts([7, 8, 9], at=cast.at)
    assert {team: (count.holders, count.read, count.shown) for team, count in counts.items()} == {
        7: (4, 2, True),
        8: (1, 1, False),
    }
    # What is taken back or over counts no more, on either side.
    gone = Pass.objects.filter(serial=members[0].pass_id)
    revoke_passes(gone, by=Actor.system("test", acts=["pass.issue"], ranges=[range_of("5101")]), at=cast.at)
    assert (card_counts([7], at=cast.at)[7].holders, card_counts([7], at=cast.at)[7].read) == (3, 1)
    assert card_counts([7], at=cast.at + timedelta(days=11)) == {}


def test_a_newer_card_is_read_anew(cast, role):
    one = holder(cast, 1)
    old = card_of(one)
    confirm_card(old.id, by=one, at=cast.at)
    text = text_of(role) | {"title": "新卡"}
    assert publish_card(role, text, by=cast.city_commander, at=cast.at).version == 2
    with translation.override("zh-hans"):
        assert (card_of(one).title, card_of(one).read) == ("新卡", False)
    assert not CardReading.objects.exists()
    with pytest.raises(NotFound):
        confirm_card(old.id, by=one, at=cast.at)
    assert not CardReading.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"title": ""},
        {"title_en": "x" * 121},
        {"steps": [" "] * 5},
        {"say": "Hello"},
        {"call_en": ["one"]},
        {"score": 1},
    ],
)
def test_a_card_that_is_not_whole_is_refused(cast, role, changed):
    entries = Entry.objects.count()
    with pytest.raises(BadInput) as refusal:
        publish_card(role, text_of(role) | changed, by=cast.city_commander, at=cast.at)
    assert len(refusal.value.problems) == 1
    assert (TrainingCard.objects.filter(role=role).count(), Entry.objects.count()) == (1, entries)


def test_rights(cast, role):
    card = card_of(cast.screener)
    with pytest.raises(NotAllowed):
        publish_card(role, text_of(role), by=cast.worker, at=cast.at)
    with pytest.raises(NotAllowed):
        confirm_card(card.id, by=replace(cast.screener, acts=frozenset()), at=cast.at)
    for wrong in (card.id + 1000, card_of(cast.worker).id):
        with pytest.raises(NotFound):
            confirm_card(wrong, by=cast.screener, at=cast.at)
    assert not CardReading.objects.exists()


def test_the_command_publishes_from_a_file(cast, role, tmp_path):
    file = tmp_path / "card.json"
    file.write_text(json.dumps(text_of(role)), encoding="utf-8")
    with pytest.raises(CommandError):  # the same text
        call_command("publish_training_card", "screening-worker", str(file))
    with pytest.raises(CommandError):
        call_command("publish_training_card", "nobody", str(file))
    file.write_text("{", encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("publish_training_card", "screening-worker", str(file))
    file.write_text(json.dumps({"title": "x"}), encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("publish_training_card", "screening-worker", str(file))
    assert TrainingCard.objects.filter(role=role).count() == 1
    file.write_text(json.dumps(text_of(role) | {"title": "第二版"}, ensure_ascii=False), encoding="utf-8")
    call_command("publish_training_card", "screening-worker", str(file))
    assert TrainingCard.objects.filter(role=role).count() == 2
