from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils.timezone import get_default_timezone

from qipan.access.testing import make_city
from qipan.learning.testing import Story, end_event, make_event, publish_all, read_some

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=get_default_timezone())
ENDED = NOON + timedelta(days=3)


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[Story]:
    """One emergency for the module: declared, activated, read by some, released, ended."""
    with django_db_blocker.unblock(), transaction.atomic():
        at = getattr(request.module, "AT", NOON)
        cast = make_city(at=at)
        publish_all(cast)
        story = make_event(cast)
        read_some(story, 3, at=at + timedelta(hours=1))
        end_event(story, at=at + (ENDED - NOON))
        yield story
        transaction.set_rollback(True)


@pytest.fixture
def story(world: Story, db: None) -> Iterator[Story]:
    """The emergency of the module; what a test does to it is taken back."""
    mark = transaction.savepoint()
    yield world
    transaction.savepoint_rollback(mark)
