from datetime import datetime, timedelta

import pytest
from django.apps import apps
from django.utils.timezone import get_default_timezone

from qipan.access.testing import Cast, make_city
from qipan.command.actions.activations import activate_playbook
from qipan.command.api import get_playbook, seed_playbooks
from qipan.desk.api import admit_emergency
from qipan.forms.api import seed_forms
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.laws.testing import make_articles
from qipan.posture.api import declare

Entry, Message = apps.get_model("journal", "Entry"), apps.get_model("journal", "Message")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=get_default_timezone())


@pytest.fixture
def cast(db) -> Cast:
    return make_city(at=NOON)


@pytest.fixture
def live_cast(db) -> Cast:
    """The cast at the present hour, for browsers."""
    return make_city()


@pytest.fixture
def admitted(cast):
    """The city command's work is admitted for ten days."""
    return admit_emergency(
        title="应急",
        declaration="D-0",
        basis="法",
        valid_to=cast.at + timedelta(days=10),
        by=cast.city_commander,
        at=cast.at,
    )


def declare_epidemic(cast: Cast, *, codes=("510104", "510105"), drill=False, level=1, number="成应急〔2026〕1号"):
    return declare(
        number=number,
        matter="呼吸道传染病",
        hazard="epidemic",
        level=level,
        basis="《突发事件应对法》第七十二条",
        issuer=cast.unit("5101:city-command"),
        ground_codes=list(codes),
        starts_at=cast.at,
        expected_until=cast.at + timedelta(days=20),
        measures=["入户排查"],
        by=cast.city_commander,
        at=cast.at,
        drill=drill,
    )


def publish_all(cast: Cast) -> None:
    planner = Actor.system("plan", acts=["playbook.edit", "admission.decide"], ranges=[range_of("5101")])
    seed_forms(cast.unit("5101:lead-body"), by=planner, at=cast.at - timedelta(days=1))
    make_articles()
    seed_playbooks(by=planner, at=cast.at - timedelta(days=1))


@pytest.fixture
def declared(cast):
    return declare_epidemic(cast)


@pytest.fixture
def playbooks(cast):
    publish_all(cast)


def activate(cast, declaration, code="epidemic-emergency", codes=("510104",), **changed):
    return activate_playbook(
        get_playbook(code),
        ground_codes=list(codes),
        declaration=declaration,
        by=cast.city_commander,
        at=cast.at,
        **changed,
    )


def everywhere(model):
    return model.objects.everywhere("a test")
