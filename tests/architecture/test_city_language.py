"""What lies on a desk is a document of the city: the same words, whatever language whoever acted reads."""

import re
from collections import Counter

import pytest
from django.apps import apps
from django.db import transaction
from django.utils.translation import override

from qipan.access.api import forget

from .living import make_living

DIGITS = re.compile(r"\d+")  # keys go on where a transaction was undone


def on_desks(language: str) -> Counter[str]:
    """This function will make one of everything in a language and return what then lies on the desks of all units."""
    task, step = apps.get_model("desk", "Task"), apps.get_model("desk", "TaskStep")
    with override(language), transaction.atomic():
        make_living()
        said = [text for row in task.objects.everywhere("a test").values_list("title", "basis") for text in row]
        said += step.objects.values_list("note", flat=True)
        transaction.set_rollback(True)
    forget()
    return Counter(DIGITS.sub("0", text) for text in said if text)


@pytest.mark.django_db
def test_tasks_and_notes_stand_in_the_language_of_the_city():
    chinese = on_desks("zh-hans")
    assert len(chinese) > 30
    assert on_desks("en") == chinese
