"""Which matter a joined one follows: what it was joined to may be joined to another in turn. Pure."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal


class DrillApart(Refusal):
    """What was reported in a drill never counts among the real ones, nor the other way round (users.md, red line 15)."""

    code = "drill_apart"
    sentence = _("One of the two belongs to a drill, the other does not; they are not joined.")


def ends_of(links: Mapping[int, int]) -> dict[int, int]:
    """This function will return for each joined matter the one where its chain ends.

    ``links`` says what each was joined to itself. A ring, which no act makes, ends nowhere and is left out.
    """
    ends: dict[int, int] = {}
    lost: set[int] = set()
    for first in links:
        passed: dict[int, None] = {}
        one = first
        while one in links and one not in ends and one not in lost and one not in passed:
            passed[one] = None
            one = links[one]
        if one in lost or one in passed:
            lost |= passed.keys()
        else:
            ends |= dict.fromkeys(passed, ends.get(one, one))
    return ends
