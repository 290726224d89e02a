"""What the hatched band of every page says about data and drills."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils.translation import gettext as _

from qipan.kernel.clock import now
from qipan.posture.api import prevailing_posture

from . import parts
from .tick import ticker


def data_band(request: HttpRequest) -> Iterable[str]:
    """This function will say that the territory or the register is made up, wherever it shows."""
    marks = ticker.current(now).part(parts.marks)
    if marks.synthetic_territory and marks.synthetic_register:
        yield _("Synthetic data: neither these areas nor these doors are real")
    elif marks.synthetic_territory:
        yield _("Synthetic territory: these areas are not real")
    elif marks.synthetic_register:
        yield _("Synthetic register: the areas are real, the compounds and doors are not")


def drill_band(request: HttpRequest) -> Iterable[str]:
    """This function will say that a drill is running on the reader's ground."""
    actor = getattr(request, "actor", None)
    if actor is None or not actor.scope.ranges:
        return
    tick = ticker.current(now)
    if not tick.part(parts.drilling):
        return
    posture = prevailing_posture(tick.part(parts.postures), actor.scope.ranges, at=tick.at)
    if posture and posture.drill:
        yield _("Drill: %(matter)s. Nothing leaves to residents") % {"matter": posture.matter}
