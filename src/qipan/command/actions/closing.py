"""How each kind of item is closed: by the act of its own room. A closer answers "" or why it is still open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext

from qipan.deployment.api import Shift, close_shifts, release_teams
from qipan.desk.api import Admission, Task, end_admission, recall_tasks
from qipan.forms.api import FormOpening, close_forms
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.posture.api import Measure, Posture, end_posture, lift_measure
from qipan.screening.api import Campaign, Round, close_campaign, close_round, coverage_total

from ..models import Activation, ActivationItem, Directive
from ..terms import OnRelease, StepKind
from .directives import recall_directive
from .roster import tell_gaps_on


@dataclass(frozen=True)
class Closing:
    """What a closer works with."""

    activation: Activation
    item: ActivationItem
    step: dict[str, Any]
    grounds: list[Range]
    by: Actor
    at: datetime
    others_open: int  # items of the activation that are open besides this one

    @property
    def note(self) -> str:
        return gettext("Orderly release of %(playbook)s") % {"playbook": self.activation.playbook.label}


def close_posture(closing: Closing) -> str:
    """This function will end the posture, as the last thing: while anything is open it stays."""
    if closing.others_open:
        return ngettext(
            "The posture stays while %(count)s other item is open.",
            "The posture stays while %(count)s other items are open.",
            closing.others_open,
        ) % {"count": closing.others_open}
    declaration = closing.activation.declaration
    if declaration is not None:
        # By declaration: a changed level has replaced the rows that were opened.
        end_posture(declaration, grounds=closing.grounds, by=closing.by, at=closing.at)
    else:
        end_posture(Posture.objects.filter(pk__in=closing.item.detail["postures"]), by=closing.by, at=closing.at)
    # Only a response asks that a command be covered at every hour.
    tell_gaps_on(closing.by.scope.ranges, by=closing.by, at=closing.at)
    return ""


def close_admission(closing: Closing) -> str:
    """This function will end the emergency admission: nothing more is asked on its strength."""
    end_admission(
        Admission.objects.get(pk=closing.item.detail["admission"]), reason=closing.note, by=closing.by, at=closing.at
    )
    return ""


def close_measure(closing: Closing) -> str:
    """This function will lift the measures of the activating unit; another's stays and is named with its end."""
    measures = Measure.objects.filter(pk__in=closing.item.detail["measures"]).order_by("pk")
    held = [measure for measure in measures if not measure.over(closing.at)]
    for measure in held:
        if measure.issuer_id != closing.activation.unit_id:
            return gettext("In force until %(until)s; %(issuer)s imposed it and lifts it.") % {
                "until": _moment(measure.ends_at),
                "issuer": measure.issuer.label,
            }
        lift_measure(measure, by=closing.by, at=closing.at)
    return ""


def close_form(closing: Closing) -> str:
    """This function will close the form's openings."""
    close_forms(FormOpening.objects.filter(pk__in=closing.item.detail["openings"]), by=closing.by, at=closing.at)
    return ""


def close_teams(closing: Closing) -> str:
    """This function will release the teams; the passes of their members are revoked with them."""
    release_teams(source=closing.item.detail["source"], by=closing.by, at=closing.at)
    return ""


def close_duty(closing: Closing) -> str:
    """This function will close the shifts to come; those on duty now end at their time and are named."""
    source = closing.item.detail["source"]
    close_shifts(source=source, keep_running=True, by=closing.by, at=closing.at)
    on_duty = Shift.objects.within(closing.by.scope).filter(source=source, released_at=None, ends_at__gt=closing.at)
    count = on_duty.count()
    if not count:
        return ""
    last = on_duty.order_by("-ends_at").values_list("ends_at", flat=True)[0]
    return ngettext(
        "%(count)s shift is on duty now, until %(until)s.", "%(count)s shifts are on duty now, until %(until)s.", count
    ) % {"count": count, "until": _moment(last)}


def _finish(closing: Closing, source: str) -> str:
    """This function will say how many receipts are still open where the step asks that they be finished."""
    count = Task.objects.everywhere("the activation's own receipts").filter(source=source, closed_at=None).count()
    if not count:
        return ""
    return ngettext("%(count)s receipt is not finished.", "%(count)s receipts are not finished.", count) % {
        "count": count
    }


def close_card(closing: Closing) -> str:
    """This function will recall the task cards that are still open."""
    recall_tasks(closing.item.detail["source"], note=closing.note, by=closing.by, at=closing.at)
    return ""


def close_directive(closing: Closing) -> str:
    """This function will recall the directive, in its last version, or name what must be finished first."""
    directive = Directive.objects.get(pk=closing.item.detail["directive"])
    while newer := Directive.objects.filter(supersedes=directive).first():
        directive = newer
    if directive.recalled_at is not None:
        return ""
    if closing.step.get("on_release") == OnRelease.FINISH:
        return _finish(closing, directive.source)
    recall_directive(directive, reason=closing.note, by=closing.by, at=closing.at)
    return ""


def close_screening(closing: Closing) -> str:
    """This function will close the campaign once its rounds are closed."""
    campaign = Campaign.objects.get(pk=closing.item.detail["campaign"])
    if campaign.closed_at is not None:
        return ""
    running = campaign.rounds.filter(closed_at=None).count()
    if running:
        return ngettext("%(count)s round is not closed.", "%(count)s rounds are not closed.", running) % {
            "count": running
        }
    close_campaign(campaign, by=closing.by, at=closing.at)
    return ""


def close_a_round(closing: Closing) -> str:
    """This function will close a round whose doors are settled or whose time is over; else it names what is left."""
    found = Round.objects.get(pk=closing.item.detail["round"])
    if found.closed_at is not None:
        return ""
    total = coverage_total(found.pk, closing.grounds)
    left = total.doors - total.settled
    if left and found.closes_at > closing.at:
        return ngettext(
            "Round open until %(until)s, %(count)s door is left.",
            "Round open until %(until)s, %(count)s doors are left.",
            left,
        ) % {"until": _moment(found.closes_at), "count": left}
    close_round(found, by=closing.by, at=closing.at)
    return ""


def _moment(at: datetime) -> str:
    return f"{localtime(at):%Y-%m-%d %H:%M}"


CLOSERS: dict[str, Callable[[Closing], str]] = {
    StepKind.POSTURE: close_posture,
    StepKind.ADMISSION: close_admission,
    StepKind.MEASURE: close_measure,
    StepKind.FORM: close_form,
    StepKind.TEAMS: close_teams,
    StepKind.SHIFTS: close_duty,
    StepKind.CARD: close_card,
    StepKind.DIRECTIVE: close_directive,
    StepKind.CAMPAIGN: close_screening,
    StepKind.ROUND: close_a_round,
}
