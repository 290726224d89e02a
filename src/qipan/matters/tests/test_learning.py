"""What is learned from the city's own closed matters, what is kept out of it, and what is forgotten."""

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils import translation

from qipan.kernel.actor import Actor

from .. import jobs
from ..actions.suggesting import train_suggestions
from ..models import Learned, Matter, Report
from ..queries.learned import standing
from ..queries.suggesting import closed_cases
from ..rules.suggestions import Advisor
from ..terms import Advice, State
from ..testing import CLOSED, World, close_many

pytest.importorskip("sklearn", reason="the extra “suggestions” is not installed")
Entry = apps.get_model("journal", "Entry")
KEEPER = Actor.system("a test", acts=["matter.catalogue"])


def said(world: World) -> str:
    client = world.cast.client("lead")
    client.cookies["django_language"] = "en"
    return client.get("/matters/suggestions").content.decode()


@pytest.mark.row("FOR-7")
def test_it_learns_from_the_citys_own_closed_matters(world):
    made = close_many(world)
    category, unit, pairs = train_suggestions(by=KEEPER, at=world.at)
    for one, majority, first in ((category, 16, 32), (unit, 16, 32)):
        assert (one.cases, one.kept_out, one.asked) == (160, 0, 32)
        assert (one.majority, one.first, one.among_three, one.better) == (majority, first, 32, True)
        assert (one.since, one.until, one.at) == (made[0].reported_at, made[-1].reported_at, world.at)
        assert Advisor.unpack(bytes(one.weights), digest=one.digest).cases == 160
    assert (category.target, unit.target, pairs.target) == ("CATEGORY", "UNIT", "DUPLICATE")
    assert (pairs.cases, pairs.digest) == (2108, "")  # all were left apart: nothing is learned of what is the same
    rows = Entry.objects.filter(act="matters.train_suggestions")
    assert [(row.data["target"], row.data["cases"], row.data["first"]) for row in rows.order_by("pk")] == [
        ("CATEGORY", 160, 32),
        ("UNIT", 160, 32),
        ("DUPLICATE", 2108, 0),
    ]
    again = train_suggestions(by=KEEPER, at=world.later(days=1))
    assert [bytes(one.weights) for one in Learned.objects.order_by("pk")][:3] == [
        b"",
        b"",
        b"",
    ]  # only the newest is kept
    assert [one.digest for one in again] == [category.digest, unit.digest, ""]


@pytest.mark.row("FOR-7")
def test_what_may_lead_to_a_person_is_not_learned(world):
    close_many(world, 40)
    close_many(world, 4, text="请打13900000000，我叫王某")
    close_many(world, 4, private=True)
    close_many(world, 4, drill=True)
    close_many(world, 4, state=State.VERIFIED)
    [*_rest, last] = close_many(world, 4)
    last.reports.update(private=True)
    cases, kept_out = closed_cases()
    assert (len(cases), kept_out) == (48, 4)
    assert sorted({case.text for case in cases}) == ["", *sorted(CLOSED.values())]
    assert sum(not case.text for case in cases) == 5
    close_many(world, 40)
    category, _unit, _pairs = train_suggestions(by=KEEPER, at=world.at)
    advisor = Advisor.unpack(bytes(category.weights), digest=category.digest)
    assert "路灯" in advisor.words and not {"王", "139", "000", "我叫"} & set(advisor.words)


@pytest.mark.row("FOR-7")
def test_what_is_gone_is_forgotten_with_the_next_training(world):
    made = close_many(world, 60)
    train_suggestions(by=KEEPER, at=world.at)
    Report.objects.filter(matter__in=made[20:]).delete()
    Matter.objects.everywhere("a test").filter(pk__in=[one.pk for one in made[20:]]).delete()
    category, unit, _pairs = train_suggestions(by=KEEPER, at=world.later(days=1))
    for one in (category, unit):
        assert (one.cases, one.digest, bytes(one.weights), one.asked) == (20, "", b"", 0)
        assert standing(one, on=True) == Advice.TOO_FEW
    assert not Learned.objects.exclude(weights=b"").exists()


def test_before_the_first_training_and_with_too_few_matters(world):
    assert said(world).count("off: nothing was learned yet") == 3
    assert "Nothing was proposed yet." in said(world)
    close_many(world, 49)
    out = StringIO()
    call_command("train_suggestions", stdout=out)
    assert out.getvalue() == (
        "category: 49 closed matters are too few to learn from\nunit: 49 closed matters are too few to learn from\n"
        "duplicate: 276 pairs joined or left apart are too few to learn from\n"
    )
    assert said(world).count("off: too few closed matters to learn from") == 2


def test_the_job_and_the_command_learn(world):
    close_many(world)
    with translation.override("en"):
        assert jobs.learn(at=world.at) == 3
        out = StringIO()
        call_command("train_suggestions", stdout=out)
    assert (
        out.getvalue()
        .splitlines()[1]
        .endswith("0 texts left out; of the latest 32 right: 32, majority 16, among three 32; proposed")
    )
    assert Learned.objects.count() == 6
