import pytest
from django.apps import apps

from qipan.access.testing import Cast, make_city

Entry = apps.get_model("journal", "Entry")


@pytest.fixture
def cast(db: None) -> Cast:
    return make_city()
