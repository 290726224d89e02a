from dataclasses import dataclass

import pytest
from django.apps import apps

from qipan.access.testing import Cast, make_city
from qipan.kernel.actor import Actor
from qipan.laws.testing import make_articles
from qipan.posture.api import Declaration
from qipan.reserves.models import Agreement
from qipan.reserves.testing import add_manager, agreed, declared, offered

Entry = apps.get_model("journal", "Entry")
Task = apps.get_model("desk", "Task")


@dataclass
class World:
    """The tiny city with an agreement in force and a declaration."""

    cast: Cast
    manager: Actor
    agreement: Agreement
    declaration: Declaration


@pytest.fixture
def world(db: None) -> World:
    cast = make_city()
    make_articles()
    manager = add_manager(cast)
    return World(cast, manager, agreed(cast, manager, [offered(cast, manager)]), declared(cast))
