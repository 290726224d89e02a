"""The score of a drill, from what was recorded; it names organs, never a person (EMG-12)."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.deployment.api import Shift
from qipan.desk.api import Task, lead_times
from qipan.kernel.refusal import Refusal
from qipan.screening.api import coverage_total

from .. import rules
from ..models import Activation
from ..terms import StepKind
from .activations import grounds_of, source_of


class NoDrill(Refusal):
    """A real emergency is reviewed by people, not scored."""

    code = "no_drill"
    sentence = _("Only a drill is scored; this is no drill.")


class DrillNotReleased(Refusal):
    code = "drill_not_released"
    sentence = _("A drill is scored once its release has begun.")


@dataclass(frozen=True)
class Score:
    """The score sheet of a drill."""

    activation: Activation
    lines: list[rules.ScoreLine]
    last_owner: str  # the unit that was reached last
    within: float | None  # minutes after which the unread are counted

    @property
    def met(self) -> int:
        """How many targets were met."""
        return sum(line.met is True for line in self.lines)

    @property
    def judged(self) -> int:
        """How many lines had a target and something to measure."""
        return sum(line.met is not None for line in self.lines)


def score_of(activation: Activation) -> Score:
    """This function will score a drill whose release has begun against the targets of its playbook's version.

    Raises ``NoDrill``, ``DrillNotReleased``.
    """
    if not activation.drill:
        raise NoDrill
    if activation.release_started_at is None:
        raise DrillNotReleased
    items = list(activation.items.exclude(opened_at=None).order_by("order"))
    targets = activation.playbook.targets
    within = targets.get("read_within_minutes")
    nodes, undelivered, unread, last_s, last_owner = 0, 0, 0, None, ""
    for item in items:
        source = source_of(item)
        if not source or item.opened_at is None:
            continue
        since = activation.activated_at
        lead = lead_times(source, since=since)
        nodes += lead.asked
        undelivered += lead.asked - lead.delivered
        if lead.last_s is not None and (last_s is None or lead.last_s > last_s):
            last_s, last_owner = lead.last_s, lead.last_owner
        if within is not None:
            late = Q(read_at=None) | Q(read_at__gt=since + timedelta(minutes=within))
            unread += Task.objects.everywhere("a count without names").filter(late, source=source).count()
    rounds = [item.detail["round"] for item in items if item.kind == StepKind.ROUND and "round" in item.detail]
    grounds = grounds_of(activation)
    covered = [coverage_total(pk, grounds) for pk in rounds]
    shifts = Shift.objects.everywhere("a count without names").filter(
        source__in=[
            item.detail["source"] for item in items if item.kind == StepKind.SHIFTS and "source" in item.detail
        ],
        starts_at__lt=activation.release_started_at,
    )
    begun = shifts.count()
    measured = rules.Measured(
        nodes=nodes,
        undelivered=undelivered,
        last_minutes=None if last_s is None else last_s / 60,
        unread=unread if within is not None else None,
        doors=sum(row.doors for row in covered) if covered else None,
        settled=sum(row.settled for row in covered) if covered else None,
        shifts=begun or None,
        unfilled=shifts.filter(filled_at=None).count() if begun else None,
        opened=len(items),
        still_open=sum(item.closed_at is None or item.handed_over_id is not None for item in items),
    )
    return Score(activation, rules.score(targets, measured), last_owner, within)
