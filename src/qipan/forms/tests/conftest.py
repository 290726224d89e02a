from collections.abc import Iterator

import pytest
from django.apps import apps

from qipan.access.testing import Cast, make_city
from qipan.forms.api import Form
from qipan.kernel import writer

from ..testing import opened, publish

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
