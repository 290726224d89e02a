"""Bare statements made of querysets."""

import pytest
from django.apps import apps
from django.db.models import Count

from qipan.kernel.actor import Scope
from qipan.kernel.sql import fetch_rows

Pass = apps.get_model("access", "Pass")  # any scoped model will do; the kernel imports no room


@pytest.mark.django_db
def test_a_scope_without_ground_gives_no_rows() -> None:
    for scope in (Scope(()), Scope.of([(0, 9)])):
        rows = Pass.objects.within(scope).order_by().values_list("unit").annotate(n=Count("pk"))
        assert fetch_rows(rows) == []
    assert fetch_rows(Pass.objects.everywhere("a test").filter(pk__in=[]).values_list("pk")) == []
