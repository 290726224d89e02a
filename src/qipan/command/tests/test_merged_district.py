"""ORG-5, EMG-3, EMG-8: what a merged district ordered and opened is its heir's to change and to end."""

from datetime import timedelta

import pytest
from django.apps import apps

from qipan.access.api import actor_of_post, forget
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed
from qipan.laws.testing import make_articles
from qipan.posture.api import Measure, declare, end_declaration, impose_measure
from qipan.reserves.testing import taken
from qipan.territory.testing import merge

from ..actions.activations import activate_playbook
from ..actions.plans import run_plan
from ..actions.release import release
from ..api import get_playbook, issue_directive, recall_directive, revise_directive
from ..models import Directive
from .conftest import Entry, declare_epidemic, publish_all

pytestmark = [pytest.mark.django_db, pytest.mark.row("ORG-5", "EMG-3")]
OLD, HEIR = "510105", "510104"
COMMAND = f"{HEIR}:district-command"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def acting(cast, name):
    """Who a member of the cast is on the map of this moment."""
    forget()
    posts = apps.get_model("access", "Post").objects.everywhere("a test").select_related("account", "unit", "role")
    return actor_of_post(posts.get(pk=getattr(cast, name).post_id), at=cast.at)


def revised(directive, cast, name):
    new = {"title": "改", "body": directive.body, "basis": directive.basis, "due_at": directive.due_at}
    return revise_directive(directive, **new, decided_at=cast.at, by=acting(cast, name), at=cast.at)


@pytest.fixture
def ordered(city):
    """A directive of the district that was merged since."""
    directive = issue_directive(
        number="D-1",
        title="t",
        body="b",
        basis="law",
        organ_types=["street-office"],
        grounds=[range_of(OLD)],
        decided_at=city.at,
        due_at=city.at + DAY,
        issuer=city.unit(f"{OLD}:district-command"),
        by=city.neighbour_head,
        at=city.at,
    )
    merge(OLD, into=HEIR, at=city.at)
    return directive


def test_the_heir_revises_a_directive_in_its_own_name(city, ordered):
    with pytest.raises(NotAllowed):
        revised(ordered, city, "city_commander")
    assert Directive.objects.count() == 1
    newer = revised(ordered, city, "district_head")
    assert (newer.issuer.code, newer.version, newer.supersedes_id) == (COMMAND, 2, ordered.pk)
    assert sorted(newer.targets.values_list("organ_type", flat=True)) == ["street-office"]


def test_the_page_offers_the_heir_what_it_may_do(city, ordered):
    offered = {}
    for name in ("district_head", "city_commander", "worker"):
        forget()
        page = city.client(name).get(f"/directives/{ordered.pk}")
        offered[name] = page.status_code == 200 and [
            page.context[one] for one in ("may_revise", "may_recall", "overrules")
        ]
    assert offered == {
        "district_head": [True, True, False],
        "city_commander": [False, True, True],
        "worker": False,
    }


@pytest.mark.parametrize(
    ("name", "act"),
    [("district_head", "command.recall_directive"), ("city_commander", "command.overrule_directive")],
)
def test_the_heir_recalls_it_as_its_own(city, ordered, name, act):
    assert recall_directive(ordered, reason="有误", by=acting(city, name), at=city.at) == 2
    assert Entry.objects.filter(act__in=["command.recall_directive", "command.overrule_directive"]).values_list(
        "act", "data__receipts"
    ).get() == (act, 2)


@pytest.mark.row("EMG-8")
def test_what_the_heir_changed_is_released_with_the_rest(city):
    publish_all(city)
    declaration, book = declare_epidemic(city), get_playbook("epidemic-emergency")
    activation = activate_playbook(
        book, declaration=declaration, ground_codes=[OLD], by=acting(city, "neighbour_head"), at=city.at
    )
    merge(OLD, into=HEIR, at=city.at)
    items = {one.kind: one for one in activation.items.filter(kind="DIRECTIVE")}
    directive = revised(Directive.objects.get(pk=items["DIRECTIVE"].detail["directive"]), city, "district_head")
    release(activation, by=acting(city, "district_head"), at=city.at + timedelta(hours=1))
    directive.refresh_from_db()
    assert (directive.issuer.code, directive.recalled_at) == (COMMAND, city.at + timedelta(hours=1))
    assert Entry.objects.filter(act="command.recall_directive", data__version=2).count() == 1
    items["DIRECTIVE"].refresh_from_db()
    assert items["DIRECTIVE"].closed_at == city.at + timedelta(hours=1)


@pytest.fixture
def declaration(city):
    """An emergency of the district that is merged in the course of it."""
    return declare(
        number="青应急〔2026〕1号",
        matter="呼吸道传染病",
        hazard="epidemic",
        level=4,
        basis="《突发事件应对法》第七十二条",
        issuer=city.unit(f"{OLD}:district-command"),
        ground_codes=[OLD],
        starts_at=city.at,
        expected_until=city.at + 20 * DAY,
        measures=["入户排查"],
        by=city.neighbour_head,
        at=city.at,
    )


@pytest.mark.row("EMG-8")
def test_a_plan_ends_what_the_district_and_what_its_heir_ordered(city, declaration):
    make_articles()

    def imposed(by):
        return impose_measure(
            kind="gate-check",
            title="出入查验",
            article="erl-2024-73",
            issuer=apps.get_model("duties", "Unit").objects.get(pk=by.unit_id),
            grounds=[range_of("510105001001001")],
            starts_at=city.at,
            expires_at=city.at + 9 * DAY,
            review_at=city.at + DAY,
            declaration=declaration,
            by=by,
            at=city.at,
        )

    imposed(city.neighbour_head)
    merge(OLD, into=HEIR, at=city.at)
    heir = acting(city, "district_head")
    imposed(heir)
    end_declaration(declaration, reason="完毕", by=heir, at=city.at + HOUR)
    report = run_plan(declaration, seen=0, by=heir, at=city.at + 2 * HOUR)
    assert (report.closed, report.left) == (2, [])
    assert list(Measure.objects.order_by("pk").values_list("issuer__code", "lifted_at")) == [
        (f"{OLD}:district-command", city.at + 2 * HOUR),
        (COMMAND, city.at + 2 * HOUR),
    ]


@pytest.mark.row("EMG-8", "FRC-13")
def test_a_plan_ends_what_the_district_and_what_its_heir_called(city, declaration):
    make_articles()
    ground = range_of("510105001001")
    taken(city, declaration, ground=ground, by=city.neighbour_head)
    merge(OLD, into=HEIR, at=city.at)
    heir = acting(city, "district_head")
    taken(city, declaration, ground=ground, by=heir)
    end_declaration(declaration, reason="完毕", by=heir, at=city.at + HOUR)
    report = run_plan(declaration, seen=0, by=heir, at=city.at + 2 * HOUR)
    # Both are over; each caller gives back what it took.
    assert [(one.item.owner.code, one.item.still_open["code"]) for one in report.left] == [
        (COMMAND, "reserves.not_given_back"),
        (f"{OLD}:district-command", "reserves.not_given_back"),
    ]
    assert list(
        apps.get_model("reserves", "Call")
        .objects.everywhere("a test")
        .order_by("pk")
        .values_list("caller__code", "ended_at")
    ) == [
        (f"{OLD}:district-command", city.at + 2 * HOUR),
        (COMMAND, city.at + 2 * HOUR),
    ]
