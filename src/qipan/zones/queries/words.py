"""Reasons in words: with their figures for those who count or confirm, with the threshold alone for everybody.

How few had an illness in a small area says something of persons (users.md, red lines 3 and 12), and differences of
figures from day to day would too. So in public a reason says which threshold of the rule was reached, never how many.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from ..rules.sets import inputs

LEAST = 10  # the smallest count that is shown to who neither counts nor confirms


def input_label(code: str) -> str:
    """This function will return what is counted in the reader's language."""
    known = inputs().get(code)
    if known is None:
        return code
    return known.name_en if (get_language() or "").startswith("en") else known.name


def shown(n: int, *, exact: bool) -> str:
    """This function will write a count: as it is, or "fewer than 10" where it is small and not the reader's work."""
    if exact or n == 0 or n >= LEAST:
        return number_format(n, force_grouping=True)
    return _("fewer than %(least)s") % {"least": LEAST}


def criterion_text(one: Mapping[str, Any]) -> str:
    """This function will say a criterion: "new confirmed cases: at least 1 in 14 days"."""
    said = {"input": input_label(one["input"]), "least": number_format(one["at_least"], force_grouping=True)}
    if one.get("days") is None:
        return _("%(input)s: at least %(least)s in all") % said
    told = ngettext(
        "%(input)s: at least %(least)s in %(days)s day", "%(input)s: at least %(least)s in %(days)s days", one["days"]
    )
    return told % {**said, "days": one["days"]}


def reason_text(reason: Mapping[str, Any], *, figures: str = "") -> str:
    """This function will say a stored reason: which threshold was or was not reached, until which day.

    ``figures`` is "exact" or "masked"; without it no count is told, as in public.
    """
    met = reason["found"] >= reason["at_least"]
    last = date_format(date.fromisoformat(reason["last"]), "DATE_FORMAT")
    text = criterion_text(reason)
    said = (_("%(what)s: reached by %(day)s") if met else _("%(what)s: not reached by %(day)s")) % {
        "what": text,
        "day": last,
    }
    if not figures:
        return said
    return _("%(said)s, counted %(n)s") % {"said": said, "n": shown(reason["found"], exact=figures == "exact")}
