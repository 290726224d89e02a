"""What reporters said of how it ended: no word counts that no step told, and a recount names one that does."""

from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps

from qipan.journal.api import verify
from qipan.kernel.rate import Rate

from ..actions.filing import reopen_matter
from ..actions.handling import confirm_matter, doubt_matter
from ..actions.importing import check_lines, import_lines
from ..actions.intake import Words, join_matter
from ..input.mapping import read_file
from ..models import Matter, MatterStep, Report
from ..queries.audits import audit_counts, audit_words
from ..rules.limits import month_of
from ..testing import PUBLIC
from .test_figures import rates
from .test_imports import RULES, as_csv

MEND = import_module("qipan.matters.migrations.0037_words_of_declined").mend
CHECK = "words of satisfaction against what reporters said"


@pytest.fixture
def brought(world):
    """Two that another system had declined, as an import brought them before: with a word that no step told."""
    by = replace(world.cast.lead, acts=world.cast.lead.acts | {"matter.import"})
    day = f"{world.at:%Y-%m-%dT%H:%M:%SZ}"
    lines = [
        [number, "灯", "锦江一街道", "锦江一街一社区", "路灯不亮", day, "结案", "不受理", "", day, ""]
        for number in ("1", "2")
    ]
    table = read_file(as_csv(lines))
    checked = check_lines(table.header, table.lines, mapping="old", rules=RULES, by=by, at=world.at)
    how = {"name": "old.csv", "sha256": table.sha256, "mapping": "old", "rules": RULES}
    import_lines(checked, **how, by=by, at=world.at)
    Report.objects.update(confirmed=True, satisfied=True, said_at=world.at)
    return list(Matter.objects.everywhere("a test").order_by("pk"))


def migrate():
    def held(_room, name):
        model = apps.get_model("matters", name)
        scoped = hasattr(model.objects, "everywhere")
        return SimpleNamespace(objects=model.objects.everywhere("a migration")) if scoped else model

    MEND(SimpleNamespace(get_model=held), None)


def words():
    return list(Report.objects.order_by("pk").values_list("confirmed", "satisfied"))


@pytest.mark.row("MAT-5")
def test_a_word_that_no_step_told_is_named_and_mended(world, brought, clock_at):
    first, second = brought
    named = [
        f"words of matter {(one.pk, 0, f'SATISFIED:{month_of(world.at):%Y-%m}')}: 1 held, 0 told" for one in brought
    ]
    assert audit_words() == named
    assert verify().differences == [f"{CHECK}: {one}" for one in named]
    done = world.matter("VERIFIED")
    confirm_matter(done.reports.get(), satisfied=False, by=PUBLIC, at=world.later(minutes=9))
    reopen_matter(first, reason="又灭了", by=world.cast.dispatcher, at=world.later(hours=1))
    assert rates(world, world.later(hours=2)).satisfaction == Rate(-1, 0)  # taken back what was never counted
    assert audit_words() == [named[0].replace("1 held, 0 told", "0 held, -1 told"), named[1]]
    migrate()
    assert rates(world, world.later(hours=2)).satisfaction == Rate(0, 1)
    assert words() == [(None, None), (None, None), (True, False)]
    assert not MatterStep.objects.filter(kind="UNSAID").exists()
    assert audit_counts() == [] and verify().differences == []
    clock_at(world.later(hours=2))
    assert world.cast.client("dispatcher").get("/matters/figures").status_code == 200
    assert world.cast.client("anonymous").get("/public/matters").status_code == 200
    # What is reopened from now on takes nothing back that was not told.
    reopen_matter(second, reason="又灭了", by=world.cast.dispatcher, at=world.later(hours=3))
    reopen_matter(done, reason="又灭了", by=world.cast.dispatcher, at=world.later(hours=3))
    assert rates(world, world.later(hours=4)).satisfaction == Rate(0, 0)
    assert list(MatterStep.objects.filter(kind="UNSAID").values_list("matter", flat=True)) == [done.pk]
    before = words(), MatterStep.objects.count()
    migrate()
    assert (words(), MatterStep.objects.count()) == before
    assert verify().differences == []


@pytest.mark.row("MAT-5")
def test_a_recount_sees_a_word_of_another_unit_or_that_is_held_no_more(world):
    matter = world.matter("VERIFIED")
    report = matter.reports.get()
    confirm_matter(report, satisfied=True, by=PUBLIC, at=world.later(minutes=9))
    assert audit_words() == []
    key = (matter.pk, matter.handler_id, f"SATISFIED:{month_of(world.at):%Y-%m}")
    Report.objects.filter(pk=report.pk).update(satisfied=None)
    assert audit_words() == [f"words of matter {key}: 0 held, 1 told"]
    Report.objects.filter(pk=report.pk).update(satisfied=True)
    other = world.cast.unit("5101:health").pk
    Matter.objects.everywhere("a test").filter(pk=matter.pk).update(handler=other)
    assert audit_words() == sorted(
        [f"words of matter {key}: 0 held, 1 told", f"words of matter {(matter.pk, other, key[2])}: 1 held, 0 told"]
    )


@pytest.mark.row("MAT-5")
@pytest.mark.parametrize(
    ("lang", "told", "beside"),
    [
        ("zh-hans", ("核查之后又有1份反映并入", "核查之后又有2份反映并入"), "核查之后</span>"),
        ("en", ("1 report joined it after", "2 reports joined it after"), "after it was verified</span>"),
    ],
)
def test_whoever_verified_it_is_told_what_was_written_since(world, lang, told, beside):
    matter, client = world.matter("VERIFIED"), world.cast.client("dispatcher")

    def page():
        return client.get(f"/matters/{matter.pk}", headers={"Accept-Language": lang}).content.decode()

    assert not any(says in page() for says in (*told, beside))
    for n, says in enumerate(told, 1):
        words = Words(text=f"第{n}盏还是不亮")
        joined = join_matter(matter, words=words, nonce=f"since-{n}", by=PUBLIC, at=world.later(hours=n))
        assert says in page() and page().count(beside) == n and f"第{n}盏还是不亮" in page()
    # What he wrote is no doubt; what he says by the code is, and stands beside the report instead.
    assert Matter.objects.everywhere("a test").get(pk=matter.pk).state == "VERIFIED"
    doubt_matter(joined.report, reason="没有修好", by=PUBLIC, at=world.later(hours=3))
    assert told[0] in page() and page().count(beside) == 1
