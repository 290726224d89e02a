"""How each kind of item is closed: by the act of its own room. A closer answers None, or why it is still open."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from django.utils.timezone import localtime
from django.utils.translation import gettext

from qipan.access.api import Post, end_post, passes_since, revoke_passes
from qipan.deployment.api import Shift, close_shifts, release_teams, teams_of
from qipan.desk.api import Admission, Task, end_admission, recall_tasks
from qipan.duties.api import Unit, heir_of
from qipan.forms.api import FormOpening, close_forms
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.kernel.refusal import Refusal
from qipan.posture.api import (
    Declaration,
    Measure,
    Posture,
    carried_by_zone,
    emergency_of,
    end_posture,
    lift_measure,
)
from qipan.reserves.api import close_line, open_lines, why_stores_open
from qipan.retention.api import lot_state
from qipan.screening.api import Campaign, Round, close_campaign, close_round, coverage_total
from qipan.warnings.api import cancel_warning, last_of, still_holds
from qipan.zones.api import held_level

from ..models import ActivationItem, Directive, Watch
from ..queries.opened import Told, register_open
from ..terms import OnRelease, StepKind
from .directives import recall_directive
from .reasons import (
    ApplicantEnds,
    BeyondThisGround,
    CallerEnds,
    CarriedByZone,
    ClockNotBegun,
    DoorsLeft,
    DueLater,
    ImposerLifts,
    InDestruction,
    IsDue,
    IssuerRecalls,
    LevelByCounts,
    LevelToConfirm,
    OnDutyNow,
    PostureStays,
    ReceiptsOpen,
    RoundsOpen,
    TurnsStand,
    UnderHold,
    WarnerCancels,
)
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

    def signer(self, organ: Unit) -> Actor | None:
        """This method will return who ends what an organ ordered: the releasing unit its own and, once merged, its heir's;
        None where it is another's.
        """
        return replace(self.by, unit_id=organ.pk) if heir_of(organ) == heir_of(self.unit) else None


def close_posture(closing: Closing) -> Refusal | None:
    """This function will end the posture, as the last thing: while anything is open it stays."""
    if closing.others_open:
        return PostureStays(count=closing.others_open)
    if closing.declaration is not None:
        # By declaration: a changed level has replaced the rows that were opened.
        end_posture(closing.declaration, grounds=closing.grounds, by=closing.by, at=closing.at)
    else:
        end_posture(Posture.objects.filter(pk__in=closing.item.detail["postures"]), by=closing.by, at=closing.at)
    # Only a response asks that a command be covered at every hour.
    tell_gaps_on(closing.by.scope.ranges, by=closing.by, at=closing.at)
    return None


def close_admission(closing: Closing) -> Refusal | None:
    """This function will end the emergency admission: nothing more is asked on its strength."""
    admission = Admission.objects.select_related("demander").get(pk=closing.item.detail["admission"])
    by = closing.signer(admission.demander)
    if by is None and admission.valid_to > closing.at:
        return ApplicantEnds(unit=admission.demander)
    end_admission(admission, reason=closing.note, by=by or closing.by, at=closing.at)
    return None


def close_measure(closing: Closing) -> Refusal | None:
    """This function will lift the measures of the activating unit; another's stays and is named with its end.

    So is one without a declaration that reaches beyond the ground, or that a risk level carries by itself.
    """
    named = Measure.objects.filter(pk__in=closing.item.detail["measures"])
    measures = named.select_related("issuer").order_by("pk")
    held = [measure for measure in measures if not measure.over(closing.at)]
    for measure in held:
        by = closing.signer(measure.issuer)
        if by is None:
            return ImposerLifts(until=_moment(measure.ends_at), issuer=measure.issuer)
        if closing.item.detail.get("by_ground"):
            if Range(measure.first, measure.last).without(closing.grounds):
                return BeyondThisGround(until=_moment(measure.ends_at), issuer=measure.issuer)
            if carried_by_zone(measure, at=closing.at):
                return CarriedByZone(issuer=measure.issuer)
        lift_measure(measure, by=by, at=closing.at)
    return None


def close_form(closing: Closing) -> Refusal | None:
    """This function will close the form's openings."""
    close_forms(FormOpening.objects.filter(pk__in=closing.item.detail["openings"]), by=closing.by, at=closing.at)
    return None


def close_teams(closing: Closing) -> Refusal | None:
    """This function will release the teams; the passes of their members are revoked with them."""
    detail = closing.item.detail
    if "source" in detail:
        release_teams(source=detail["source"], by=closing.by, at=closing.at)
    else:
        release_teams(teams_of(detail["teams_of"], scope=Scope(tuple(closing.grounds))), by=closing.by, at=closing.at)
    return None


def close_posts(closing: Closing) -> Refusal | None:
    """This function will end posts that were given for the emergency."""
    for post in Post.objects.within(closing.by.scope).filter(pk__in=closing.item.detail["posts"]):
        if post.valid_to is None or post.valid_to > closing.at:
            end_post(post, by=closing.by, at=closing.at)
    return None


def close_passes(closing: Closing) -> Refusal | None:
    """This function will revoke the passes of one list that were given out on the ground since the emergency began."""
    assert closing.declaration is not None
    given = passes_since(emergency_of(closing.declaration), at=closing.at)
    chosen = given.filter(batch=closing.item.detail["batch"], unit=closing.item.detail["unit"])
    revoke_passes(chosen, by=closing.by, at=closing.at)
    return None


def close_call(closing: Closing) -> Refusal | None:
    """This function will end a call of the releasing unit; giving back and paying are named until they are done."""
    assert closing.declaration is not None

    def line() -> Any:
        found = open_lines(closing.grounds, [closing.declaration.pk if closing.declaration else 0], at=closing.at)
        return next((one for one in found if one.reference == closing.item.reference), None)

    told = line()
    if told is not None and told.close == "end_call":
        by = closing.signer(told.owner)
        if by is None:
            return CallerEnds(unit=told.owner)
        close_line(told.reference, reason=closing.note, by=by, at=closing.at)
        told = line()
    if told is None:
        return None
    closing.item.owner = told.owner  # whose turn it is now: the caller's, or the firm's that enters its costs
    return cast(Refusal, told.why)


def close_stores(closing: Closing) -> Refusal | None:
    """This function will name what the stores of an office wait for; its own acts close the line."""
    assert closing.declaration is not None
    unit, declared = closing.item.detail["stores_of"], closing.declaration
    return why_stores_open(unit, closing.grounds, declared.pk, ended=declared.ended_at, at=closing.at)


def close_warning(closing: Closing) -> Refusal | None:
    """This function will cancel a warning of the releasing unit that speaks of this ground only; else name who does."""
    last = last_of(closing.item.detail["warning"])
    if not still_holds(last, at=closing.at):
        return None
    until = _moment(last.expires_at)
    by = closing.signer(last.issuer)
    if by is None:
        return WarnerCancels(until=until, issuer=last.issuer)
    if any(Range(one.first, one.last).without(closing.grounds) for one in last.grounds.all()):
        return BeyondThisGround(until=until, issuer=last.issuer)
    cancel_warning(last, reason=closing.note, by=by, at=closing.at)
    return None


def close_zone(closing: Closing) -> Refusal | None:
    """This function will say why an area is above the lowest level yet: it follows from counts and is confirmed, not lifted."""
    held = held_level(closing.item.detail["code"], hazard=closing.item.detail["hazard"], at=closing.at)
    if held is None:
        return None
    if held.given is None:
        return LevelByCounts(level=held.level)
    return LevelToConfirm(given=held.given, level=held.level, unit=closing.item.owner)


def close_roster(closing: Closing) -> Refusal | None:
    """This function will name the turns of a command's roster that are to come: it keeps or cancels them itself."""
    turns = Watch.objects.everywhere("a roster that the plan names").filter(
        unit=closing.item.detail["turns_of"], cancelled_at=None, ends_at__gt=closing.at
    )
    count = turns.count()
    if not count:
        return None
    last = turns.order_by("-ends_at").values_list("ends_at", flat=True)[0]
    return TurnsStand(count=count, until=_moment(last))


def close_records(closing: Closing) -> Refusal | None:
    """This function will say how far the destruction of records has come; the certificate's number closes the line."""
    detail = closing.item.detail
    state = lot_state(detail["model"], detail["key"])
    if state.certificate:
        detail["certificate"] = state.certificate  # kept with the item by who called
    if state.lot is None:
        return None
    if state.run is not None:
        return InDestruction(run=state.run)
    if state.held and state.lot.rows <= state.held:
        return UnderHold(count=state.lot.rows)
    if state.lot.due is None:
        return ClockNotBegun()
    if state.lot.due > closing.at:
        return DueLater(day=f"{localtime(state.lot.due):%F}")
    return IsDue()


def close_duty(closing: Closing) -> Refusal | None:
    """This function will close the shifts to come; those on duty now end at their time and are named."""
    source = closing.item.detail["source"]
    close_shifts(source=source, keep_running=True, by=closing.by, at=closing.at)
    on_duty = Shift.objects.within(closing.by.scope).filter(source=source, released_at=None, ends_at__gt=closing.at)
    count = on_duty.count()
    if not count:
        return None
    last = on_duty.order_by("-ends_at").values_list("ends_at", flat=True)[0]
    return OnDutyNow(count=count, until=_moment(last))


def _finish(closing: Closing, source: str) -> Refusal | None:
    """This function will say how many receipts are still open where the step asks that they be finished."""
    count = Task.objects.everywhere("the activation's own receipts").filter(source=source, closed_at=None).count()
    return ReceiptsOpen(count=count) if count else None


def close_card(closing: Closing) -> Refusal | None:
    """This function will recall the task cards that are still open."""
    recall_tasks(closing.item.detail["source"], note=closing.note, by=closing.by, at=closing.at)
    return None


def close_directive(closing: Closing) -> Refusal | None:
    """This function will recall the directive, in its last version, or name what must be finished first."""
    directive = Directive.objects.get(pk=closing.item.detail["directive"])
    while newer := Directive.objects.filter(supersedes=directive).first():
        directive = newer
    if directive.recalled_at is not None:
        return None
    by = closing.signer(directive.issuer)
    if by is None:
        return IssuerRecalls(issuer=directive.issuer)
    if closing.step.get("on_release") == OnRelease.FINISH:
        return _finish(closing, directive.source)
    recall_directive(directive, reason=closing.note, by=by, at=closing.at)
    return None


def close_screening(closing: Closing) -> Refusal | None:
    """This function will close the campaign once its rounds are closed."""
    campaign = Campaign.objects.get(pk=closing.item.detail["campaign"])
    if campaign.closed_at is not None:
        return None
    running = campaign.rounds.filter(closed_at=None).count()
    if running:
        return RoundsOpen(count=running)
    close_campaign(campaign, by=closing.by, at=closing.at)
    return None


def close_a_round(closing: Closing) -> Refusal | None:
    """This function will close a round whose doors are settled or whose time is over; else it names what is left."""
    found = Round.objects.get(pk=closing.item.detail["round"])
    if found.closed_at is not None:
        return None
    total = coverage_total(found.pk, closing.grounds)
    left = total.doors - total.settled
    if left and found.closes_at > closing.at:
        return DoorsLeft(until=_moment(found.closes_at), count=left)
    close_round(found, by=closing.by, at=closing.at)
    return None


def _moment(at: datetime) -> str:
    return f"{localtime(at):%Y-%m-%d %H:%M}"


CLOSERS: dict[str, Callable[[Closing], Refusal | None]] = {
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
    StepKind.STORE: close_stores,
    StepKind.ROSTER: close_roster,
    StepKind.WARNING: close_warning,
    StepKind.ZONE: close_zone,
    StepKind.RECORDS: close_records,
}


def register_room(*, told: Told, kind: str, closer: Callable[[Closing], Refusal | None]) -> None:
    """This function will let a room above this one tell what it has open, and why a line of its kind is open."""
    register_open(told)
    CLOSERS[kind] = closer
