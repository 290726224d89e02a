from collections.abc import Iterator

import pytest
from django.apps import apps
from django.test import override_settings

from qipan.access.testing import Cast, make_city
from qipan.forms.actions import seed_fields
from qipan.forms.api import Form
from qipan.forms.models import FieldEntry
from qipan.kernel import writer

from ..testing import opened, publish
from .pulling import FIELD
from .register import Register

Entry = apps.get_model("journal", "Entry")


@pytest.fixture
def cast(db: None) -> Cast:
    return make_city()


@pytest.fixture
def needs(cast: Cast) -> Form:
    """A form that clients can fill, open in Jinjiang."""
    return opened(cast, publish(cast))


@pytest.fixture
def shared(transactional_db: None) -> Iterator[Cast]:
    """The same, committed, for tests with threads."""
    cast = make_city()
    opened(cast, publish(cast))
    yield cast
    writer.stop()


@pytest.fixture(scope="module")
def register() -> Iterator[Register]:
    """The server of another register."""
    made = Register()
    yield made
    made.stop()


@pytest.fixture
def network(register: Register) -> Iterator[None]:
    """That server stands in a network of one's own; nothing else on this machine does."""
    register.asked.clear()
    with override_settings(OWN_NETWORKS=("127.0.0.1/32",)):
        yield


@pytest.fixture
def town(cast: Cast) -> Cast:
    """The city with its dictionary; heating belongs to the health department, of which the cast has somebody."""
    seed_fields(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    FieldEntry.objects.filter(code=FIELD).update(owner=cast.unit("5101:health"))
    return cast


@pytest.fixture
def city(cast: Cast) -> Cast:
    seed_fields(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    return cast
