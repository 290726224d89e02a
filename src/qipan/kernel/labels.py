"""Words of choices, for lists that say them in every row."""

from functools import lru_cache
from typing import Any

from django.db.models import Field


@lru_cache(maxsize=256)
def _words(field: "Field[Any, Any]") -> dict[Any, Any]:
    return dict(field.flatchoices)  # lazy words: each reader's language is asked for when they are written


class QuickLabels:
    """Stands before ``models.Model``: ``get_<field>_display`` looks one word up.

    Django makes all choices of the field anew for each call, a tenth of a millisecond in each row.
    """

    def _get_FIELD_display(self, field: "Field[Any, Any]") -> str:
        value = getattr(self, field.attname)
        return str(_words(field).get(value, "" if value is None else value))
