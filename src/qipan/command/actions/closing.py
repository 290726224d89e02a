"""How each kind of item is closed: by the act of its own room. A closer answers "" or why it is still open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext

from qipan.access.api import Post, end_post, passes_since, revoke_passes
from qipan.deployment.api import Shift, close_shifts, release_teams, teams_of
from qipan.desk.api import Admission, Task, end_admission, recall_tasks
from qipan.duties.api import Unit
from qipan.forms.api import FormOpening, close_forms
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.posture.api import Declaration, Measure, Posture, emergency_of, end_posture, lift_measure
from qipan.reserves.api import close_line, open_lines
from qipan.retention.api import lot_state
from qipan.screening.api import Campaign, Round, close_campaign, close_round, coverage_total

from ..models import ActivationItem, Directive, Watch
from ..terms import OnRelease, StepKind
from .directives import recall_directive
from .roster import tell_gaps_on


@dataclass(frozen=True)
class Closing:
    """What a closer works with: ``unit`` releases, for a declaration or (a standing posture) without one."""

    item: ActivationItem
    step: dict[str, Any]
    unit: Unit
    declaration: Declaration | None
    grounds: list[Range]
    by: Actor
    at: datetime
    others_open: int  # what the release has open besides this one, and what does not outlast the posture
    what: str  # the playbook, or the number of the declaration

    @property
    def note(self) -> str:
        return gettext("Orderly release of %(playbook)s") % {"playbook": self.what}


def close_posture(closing: Closing) -> str:
    """This function will end the posture, as the last thing: while anything is open it stays."""
    if closing.others_open:
        return ngettext(
            "The posture stays while %(count)s other item is open.",
            "The posture stays while %(count)s other items are open.",
            closing.others_open,
        ) % {"count": closing.others_open}
    if closing.declaration is not None:
        # By declaration: a changed level has replaced the rows that were opened.
        end_posture(closing.declaration, grounds=closing.grounds, by=closing.by, at=closing.at)
    else:
        end_posture(Posture.objects.filter(pk__in=closing.item.detail["postures"]), by=closing.by, at=closing.at)
    # Only a response asks that a command be covered at every hour.
    tell_gaps_on(closing.by.scope.ranges, by=closing.by, at=closing.at)
    return ""


def close_admission(closing: Closing) -> str:
    """This function will end the emergency admission: nothing more is asked on its strength."""
    admission = Admission.objects.select_related("demander").get(pk=closing.item.detail["admission"])
    if admission.valid_to > closing.at and admission.demander_id != closing.unit.pk:
        return gettext("%(unit)s applied for it and ends it.") % {"unit": admission.demander.label}
    end_admission(admission, reason=closing.note, by=closing.by, at=closing.at)
    return ""


def close_measure(closing: Closing) -> str:
    """This function will lift the measures of the activating unit; another's stays and is named with its end."""
    measures = Measure.objects.filter(pk__in=closing.item.detail["measures"]).order_by("pk")
    held = [measure for measure in measures if not measure.over(closing.at)]
    for measure in held:
        if measure.issuer_id != closing.unit.pk:
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
    detail = closing.item.detail
    if "source" in detail:
        release_teams(source=detail["source"], by=closing.by, at=closing.at)
    else:
        release_teams(teams_of(detail["teams_of"], scope=Scope(tuple(closing.grounds))), by=closing.by, at=closing.at)
    return ""


def close_posts(closing: Closing) -> str:
    """This function will end posts that were given for the emergency."""
    for post in Post.objects.within(closing.by.scope).filter(pk__in=closing.item.detail["posts"]):
        if post.valid_to is None or post.valid_to > closing.at:
            end_post(post, by=closing.by, at=closing.at)
    return ""


def close_passes(closing: Closing) -> str:
    """This function will revoke the passes of one list that were given out on the ground since the emergency began."""
    assert closing.declaration is not None
    given = passes_since(emergency_of(closing.declaration), at=closing.at)
    chosen = given.filter(batch=closing.item.detail["batch"], unit=closing.item.detail["unit"])
    revoke_passes(chosen, by=closing.by, at=closing.at)
    return ""


def close_call(closing: Closing) -> str:
    """This function will end a call of the releasing unit; giving back and paying are named until they are done."""
    assert closing.declaration is not None

    def line() -> Any:
        found = open_lines(closing.grounds, [closing.declaration.pk if closing.declaration else 0], at=closing.at)
        return next((one for one in found if one.reference == closing.item.reference), None)

    told = line()
    if told is not None and told.close == "end_call":
        if told.owner.pk != closing.unit.pk:
            return gettext("%(unit)s ordered it and ends it.") % {"unit": told.owner.label}
        close_line(told.reference, reason=closing.note, by=closing.by, at=closing.at)
        told = line()
    if told is None:
        return ""
    closing.item.owner = told.owner  # whose turn it is now: the caller's, or the firm's that enters its costs
    return str(told.state)


def close_roster(closing: Closing) -> str:
    """This function will name the turns of a command's roster that are to come: it keeps or cancels them itself."""
    turns = Watch.objects.everywhere("a roster that the plan names").filter(
        unit=closing.item.detail["turns_of"], cancelled_at=None, ends_at__gt=closing.at
    )
    count = turns.count()
    if not count:
        return ""
    last = turns.order_by("-ends_at").values_list("ends_at", flat=True)[0]
    return ngettext(
        "%(count)s turn stands on its roster, until %(until)s.",
        "%(count)s turns stand on its roster, until %(until)s.",
        count,
    ) % {"count": count, "until": _moment(last)}


def close_records(closing: Closing) -> str:
    """This function will say how far the destruction of records has come; the certificate's number closes the line."""
    detail = closing.item.detail
    state = lot_state(detail["model"], detail["key"])
    if state.certificate:
        detail["certificate"] = state.certificate  # kept with the item by who called
    if state.lot is None:
        return ""
    if state.run is not None:
        return gettext("In destruction %(run)s.") % {"run": state.run}
    if state.held and state.lot.rows <= state.held:
        return ngettext(
            "%(count)s row is under a legal hold.", "%(count)s rows are under a legal hold.", state.lot.rows
        ) % {"count": state.lot.rows}
    if state.lot.due is None:
        return gettext("Its clock has not begun: what it was collected for is not closed.")
    if state.by_clock:
        return gettext("It is erased by itself, the last of it on %(day)s.") % {"day": f"{localtime(state.lot.due):%F}"}
    if state.lot.due > closing.at:
        return gettext("Due on %(day)s: then two people destroy it.") % {"day": f"{localtime(state.lot.due):%F}"}
    return gettext("Is due: one person prepares the destruction, another approves.")


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
    if directive.issuer_id != closing.unit.pk:
        return gettext("%(issuer)s issued it and recalls it.") % {"issuer": directive.issuer.label}
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
    StepKind.POST: close_posts,
    StepKind.PASSES: close_passes,
    StepKind.CALL: close_call,
    StepKind.REQUISITION: close_call,
    StepKind.ROSTER: close_roster,
    StepKind.RECORDS: close_records,
}
