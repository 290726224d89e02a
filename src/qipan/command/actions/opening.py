"""How each kind of playbook step is opened: by the act of its own room, for the activation's ground only."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext_lazy as _

from qipan.deployment.api import form_teams, open_shifts
from qipan.desk.api import TaskKind, apply_admission, decide_admission, send_tasks
from qipan.duties.api import ground_of, lead_body, units_on
from qipan.forms.api import get_form, open_form
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.kernel.refusal import Refusal
from qipan.posture.api import impose_measure, review_days, take_posture
from qipan.screening.api import Campaign, assign_doors, open_campaign, open_round

from ..models import Activation, ActivationItem
from ..terms import StepKind
from .directives import issue_directive


class NeedsEarlierStep(Refusal):
    """A step rests on another one that is not open."""

    code = "needs_earlier_step"
    sentence = _("This step needs %(title)s first, which is not open.")


class NothingOpened(Refusal):
    """The ground holds nothing that the step could open."""

    code = "nothing_opened"
    sentence = _("Nothing on this ground could be opened by this step.")


@dataclass(frozen=True)
class Opening:
    """What an opener works with."""

    activation: Activation
    item: ActivationItem
    step: dict[str, Any]
    grounds: list[Range]
    by: Actor
    at: datetime

    def until(self, days: float) -> datetime:
        """This method will return the end of something that lasts ``days``, never later than the declaration's."""
        end = self.at + timedelta(days=days)
        declaration = self.activation.declaration
        return min(end, declaration.expected_until) if declaration else end

    def said(self, name: str) -> Any:
        """This method will return a text of the step in the language of the deployment's documents."""
        if settings.LANGUAGE_CODE.startswith("zh"):
            return self.step[name]
        return self.step.get(f"{name}_en") or self.step[name]

    @property
    def basis(self) -> str:
        declaration = self.activation.declaration
        return self.step.get("basis") or (declaration.basis if declaration else str(self.activation.playbook))


@dataclass(frozen=True)
class Opened:
    """What was opened: how to find it again, how many, and the ids that closing needs."""

    reference: str
    count: int
    detail: dict[str, Any] = field(default_factory=dict)


def open_posture(opening: Opening) -> Opened:
    """This function will put the ground into the playbook's posture."""
    activation = opening.activation
    postures = take_posture(
        activation.declaration,
        grounds=opening.grounds,
        kind=opening.step["posture"],
        until=opening.until(365) if activation.declaration is None else None,
        basis=activation.admission.basis if activation.admission else str(activation.playbook),
        by=opening.by,
        at=opening.at,
        drill=activation.drill,
    )
    return Opened(
        f"posture.Posture:{postures[0].pk}", len(postures), {"postures": [posture.pk for posture in postures]}
    )


def open_admission(opening: Opening) -> Opened:
    """This function will have the lead organisation admit the emergency work, on the declaration's basis (ORG-10)."""
    activation = opening.activation
    declaration = activation.declaration
    assert declaration is not None  # without one, an admission was given
    admission = apply_admission(
        demander=activation.unit,
        title=f"{activation.playbook.title} {declaration.number}"[:200],
        basis=declaration.basis,
        declaration=declaration.number,
        minutes_per_unit=60,
        valid_from=opening.at,
        valid_to=declaration.expected_until,
        by=opening.by,
        at=opening.at,
        drill=activation.drill,
    )
    lead = lead_body()
    deciding = Actor(
        label=f"{lead.name} ({declaration.number})"[:120],
        acts=frozenset({"admission.decide"}),
        scope=Scope(ground_of(lead)),
        unit_id=lead.pk,
    )
    admission = decide_admission(admission, admitted=True, reason=declaration.number, by=deciding, at=opening.at)
    Activation.objects.filter(pk=activation.pk).update(admission=admission)
    return Opened(f"desk.Admission:{admission.pk}", 1, {"admission": admission.pk})


def open_measure(opening: Opening) -> Opened:
    """This function will impose the measure for its days, never longer than the declaration."""
    step = opening.step
    expires_at = opening.until(step["days"])
    # A playbook may be older than the days that the city's list has now.
    looked_at = min(step["review_days"], review_days(step["measure"]) or step["review_days"])
    measures = impose_measure(
        kind=step["measure"],
        title=opening.said("title"),
        article=step["article"],
        issuer=opening.activation.unit,
        grounds=opening.grounds,
        starts_at=opening.at,
        expires_at=expires_at,
        review_at=min(opening.at + timedelta(days=looked_at), expires_at),
        declaration=opening.activation.declaration,
        by=opening.by,
        at=opening.at,
        drill=opening.activation.drill,
    )
    return Opened(
        f"posture.Measure:{measures[0].pk}", len(measures), {"measures": [measure.pk for measure in measures]}
    )


def open_forms(opening: Opening) -> Opened:
    """This function will open the published form on the ground."""
    form = get_form(opening.step["form"], at=opening.at)
    openings = open_form(
        form,
        grounds=opening.grounds,
        closes_at=min(opening.until(opening.step["days"]), form.valid_to),
        emergency=opening.activation.declaration.number if opening.activation.declaration else "",
        admission=opening.activation.admission,
        by=opening.by,
        at=opening.at,
        drill=opening.activation.drill,
    )
    return Opened(f"forms.Form:{form.pk}", len(openings), {"openings": [one.pk for one in openings]})


def open_teams(opening: Opening) -> Opened:
    """This function will form the teams of the units on the ground."""
    source = f"activation:{opening.item.pk}"
    teams = form_teams(
        units=units_on(opening.grounds, [opening.step["organ_type"]]),
        grounds=opening.grounds,
        per_doors=opening.step["per_doors"],
        stands_down_at=opening.until(opening.step["days"]),
        source=source,
        by=opening.by,
        at=opening.at,
        drill=opening.activation.drill,
    )
    if not teams:
        raise NothingOpened
    return Opened(source, teams, {"source": source})


def open_duty(opening: Opening) -> Opened:
    """This function will open the duty shifts, day after day, at the places of the units."""
    step, source = opening.step, f"activation:{opening.item.pk}"
    first = opening.at.astimezone(get_default_timezone()).replace(
        hour=step["from_hour"], minute=0, second=0, microsecond=0
    )
    if first < opening.at:  # today's first hour has passed
        first += timedelta(days=1)
    starts = [first + timedelta(days=day) for day in range(step["days"])]
    shifts = open_shifts(
        organ_type=step["organ_type"],
        grounds=opening.grounds,
        periods=[(start, start + timedelta(hours=step["hours"])) for start in starts],
        title=opening.said("title"),
        asker=opening.activation.unit,
        basis=opening.basis,
        source=source,
        admission=opening.activation.admission,
        by=opening.by,
        at=opening.at,
        drill=opening.activation.drill,
    )
    if not shifts:
        raise NothingOpened
    return Opened(source, shifts, {"source": source})


def open_card(opening: Opening) -> Opened:
    """This function will put the task card of a level on the desks of its units (EMG-1)."""
    source = f"card:{opening.item.pk}"
    sent = send_tasks(
        kind=TaskKind.CARD,
        source=source,
        title=opening.said("title"),
        asker=opening.activation.unit,
        organ_types=opening.step["organ_types"],
        grounds=opening.grounds,
        basis=opening.basis,
        admission=opening.activation.admission,
        due_at=opening.at + timedelta(hours=opening.step["due_hours"]),
        by=opening.by,
        at=opening.at,
        drill=opening.activation.drill,
    )
    if not sent:
        raise NothingOpened
    return Opened(source, sent, {"source": source})


def open_directive(opening: Opening) -> Opened:
    """This function will issue the directive of the step; its lead time counts from the activation."""
    activation = opening.activation
    prefix = activation.declaration.number if activation.declaration else activation.playbook.code
    directive = issue_directive(
        number=f"{prefix}-{activation.pk}-{opening.item.order}"[-60:],
        title=opening.said("title"),
        body=opening.said("body"),
        basis=opening.basis,
        organ_types=opening.step["organ_types"],
        grounds=opening.grounds,
        decided_at=activation.activated_at,
        due_at=opening.at + timedelta(hours=opening.step["due_hours"]),
        admission=activation.admission,
        issuer=activation.unit,
        by=opening.by,
        at=opening.at,
        drill=activation.drill,
    )
    return Opened(f"command.Directive:{directive.pk}", directive.recipients, {"directive": directive.pk})


def open_screening(opening: Opening) -> Opened:
    """This function will open the screening campaign; its rounds are steps of their own."""
    code = opening.step.get("form")
    campaign = open_campaign(
        title=opening.said("title"),
        basis=opening.basis,
        unit=opening.activation.unit,
        form=get_form(code, at=opening.at) if code else None,
        declaration=opening.activation.declaration,
        admission=opening.activation.admission,
        by=opening.by,
        at=opening.at,
        drill=opening.activation.drill,
    )
    return Opened(f"screening.Campaign:{campaign.pk}", 1, {"campaign": campaign.pk})


def open_a_round(opening: Opening) -> Opened:
    """This function will open a round of the campaign over the ground and assign its doors to the teams."""
    campaign_item = opening.activation.items.get(key=opening.step["campaign"])
    if "campaign" not in campaign_item.detail:
        raise NeedsEarlierStep(title=campaign_item)
    campaign = Campaign.objects.get(pk=campaign_item.detail["campaign"])
    opened = open_round(
        campaign,
        grounds=opening.grounds,
        closes_at=opening.until(opening.step["days"]),
        by=opening.by,
        at=opening.at,
    )
    assigned = assign_doors(opened, by=opening.by, at=opening.at)
    return Opened(f"screening.Round:{opened.pk}", assigned, {"round": opened.pk})


OPENERS: dict[str, Callable[[Opening], Opened]] = {
    StepKind.POSTURE: open_posture,
    StepKind.ADMISSION: open_admission,
    StepKind.MEASURE: open_measure,
    StepKind.FORM: open_forms,
    StepKind.TEAMS: open_teams,
    StepKind.SHIFTS: open_duty,
    StepKind.CARD: open_card,
    StepKind.DIRECTIVE: open_directive,
    StepKind.CAMPAIGN: open_screening,
    StepKind.ROUND: open_a_round,
}
