"""An emergency from warning to lessons on one page, read from the rooms that hold each part (EMG-16, EMG-17)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.command.api import (
    Activation,
    Directive,
    PlanView,
    activations_under,
    directives_under,
    left_open,
    plan_view,
    source_of,
)
from qipan.desk.api import Task, lead_times
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.posture.api import (
    Declaration,
    Measure,
    StepKind,
    contradictions_of,
    declared_areas,
    get_declaration,
    measures_to_review,
)
from qipan.reserves.api import Costs, costs_under
from qipan.retention.api import DueLot, RunLot, destroyed_of, due_lots
from qipan.screening.api import CoverageRow, Round, coverage_total
from qipan.territory.api import AreaView
from qipan.warnings.api import Warning, sent_between
from qipan.zones.api import ZoneLevel, zones_in_force

from .. import rules
from ..models import DayFigure, Lesson, Review
from .days import days_of, figures_at, ground_of, rounds_under
from .lessons import lessons_for
from .prevention import Prevention, prevention_of


@dataclass(frozen=True)
class Moment:
    """One thing that happened in an emergency."""

    at: datetime
    stage: str  # "warn", "respond", "recover", "learn"
    text: str
    href: str = ""


@dataclass(frozen=True)
class Receipts:
    """How far a directive or a card of an emergency came."""

    title: str
    href: str
    asked: int
    read: int
    done: int
    last_minutes: float | None


@dataclass(frozen=True)
class Course:
    """One figure of an emergency from day to day, with its line."""

    name: str
    label: str
    values: list[int | None]
    spark: rules.Spark


@dataclass
class Event:
    """An emergency as it stands at a moment; each part is read when the page asks for it."""

    declaration: Declaration
    actor: Actor
    at: datetime
    ground: list[Range] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether the response is in force."""
        return self.declaration.ended_at is None and self.declaration.expected_until > self.at

    @cached_property
    def areas(self) -> list[AreaView]:
        """The declared areas."""
        return declared_areas(self.declaration)

    @cached_property
    def warnings(self) -> list[Warning]:
        """What was warned of on this ground, from a week before the declaration to its end."""
        one = self.declaration
        until = min(self.at, one.ended_at or self.at)
        return sent_between(self.ground, since=one.starts_at - rules.SPAN_BEFORE, until=until, drill=one.drill)

    @cached_property
    def prevention(self) -> Prevention:
        """What was done before it on its ground."""
        return prevention_of(self.declaration, ground=self.ground, areas=self.areas, actor=self.actor, at=self.at)

    @cached_property
    def measures(self) -> list[Measure]:
        """Every measure under the declaration, those that hold first."""
        rows = list(self.declaration.measure_set.select_related("issuer").order_by("expires_at", "pk"))
        return sorted(rows, key=lambda one: one.over(self.at))

    @cached_property
    def in_force(self) -> list[Measure]:
        """The measures that hold now."""
        return [one for one in self.measures if one.starts_at <= self.at and not one.over(self.at)]

    @cached_property
    def overdue(self) -> int:
        """Measures in force whose review day is over."""
        return measures_to_review(self.ground, at=self.at).filter(declaration=self.declaration).count()

    @cached_property
    def levels(self) -> list[tuple[str, int]]:
        """How many areas have which risk level, the gravest first."""
        zones = zones_in_force(self.ground, hazard=self.declaration.hazard, at=self.at)
        counted = Counter({(one.code, one.area_level): one.level for one in zones}.values())
        return [(str(ZoneLevel(level).label), counted[level]) for level in sorted(ZoneLevel.values, reverse=True)]

    @cached_property
    def activations(self) -> list[Activation]:
        """The playbooks at work under it, in the order of activation."""
        return activations_under(self.declaration)

    @cached_property
    def left(self) -> list[tuple[Activation, int, int]]:
        """Each activation with how many of its opened items are open, and of how many."""
        return [
            (one, len(left_open(one)), sum(item.opened_at is not None for item in one.items.all()))
            for one in self.activations
        ]

    @cached_property
    def plan(self) -> PlanView:
        """Its release: everything that was opened for it in any room, and what of that is open."""
        return plan_view(self.declaration, at=self.at)

    @cached_property
    def directives(self) -> list[Directive]:
        """The directives that were admitted on it."""
        return directives_under(self.declaration)

    @cached_property
    def receipts(self) -> list[Receipts]:
        """Directives and task cards with their receipts."""
        found = [
            _receipts(one.source, f"{one.number} {one.title}", f"/directives/{one.pk}", since=one.decided_at)
            for one in self.directives
        ]
        sources = {one.source for one in self.directives}
        for activation in self.activations:
            for item in activation.items.all():
                source = source_of(item)
                if source and item.opened_at is not None and source not in sources:
                    found.append(_receipts(source, item.label, f"/cards/{item.pk}", since=activation.activated_at))
        return found

    @cached_property
    def rounds(self) -> list[tuple[Round, CoverageRow]]:
        """The screening rounds with their coverage of the declared ground."""
        return [(one, coverage_total(one.pk, self.ground)) for one in rounds_under(self.declaration)]

    @cached_property
    def destroyed(self) -> list[RunLot]:
        """Personal data of it that were destroyed, each with its certificate."""
        return destroyed_of(self.declaration.number)

    @cached_property
    def held(self) -> list[DueLot]:
        """Personal data of it that are still held, with the day on which they are due."""
        return due_lots(actor=self.actor, emergency=self.declaration.number)

    @cached_property
    def costs(self) -> Costs:
        """What firms lent and what it costs, in fen."""
        return costs_under(self.declaration.pk)

    @cached_property
    def conflicts(self) -> int:
        """How often another command said another level here."""
        return contradictions_of(self.declaration).count()

    @cached_property
    def review(self) -> Review | None:
        """The after-action review, once the response has ended."""
        return Review.objects.filter(declaration=self.declaration).select_related("unit").first()

    @cached_property
    def lessons(self) -> list[Lesson]:
        """What was learned in it, as far as the reader sees it."""
        return list(lessons_for(self.actor).filter(declaration=self.declaration).order_by("proposed_at", "pk"))

    @cached_property
    def days(self) -> list[DayFigure]:
        """The kept days, the first one first; today's as it is now while the event is followed."""
        kept = days_of(self.declaration)
        followed = self.running or (self.review is not None and self.review.closed_at is None)
        if followed and self.declaration.starts_at <= self.at:
            now = DayFigure(declaration=self.declaration, day=localdate(self.at), at=self.at, **self.now)
            kept = [*(one for one in kept if one.day != now.day), now]
        return kept

    @cached_property
    def now(self) -> dict[str, int | None]:
        """The figures of this moment."""
        return figures_at(self.declaration, at=self.at)

    @cached_property
    def courses(self) -> list[Course]:
        """The trend: each figure of which there is something, day by day."""
        labels = {
            "measures": _("Measures in force"),
            "high": _("Areas at high risk"),
            "medium": _("Areas at medium risk"),
            "reached": _("Doors reached"),
            "open_tasks": _("Open tasks on desks"),
            "late_tasks": _("Late tasks"),
        }
        found = []
        for name, label in labels.items():
            values = [getattr(day, name) for day in self.days]
            drawn = rules.spark(values)
            if drawn is not None:
                found.append(Course(name, label, values, drawn))
        return found

    @cached_property
    def timeline(self) -> list[Moment]:
        """What happened, in the order of time: acts that were done together are one line."""
        moments = [*_warned(self), *_declared(self), *_measures(self), *_commanded(self), *_learned(self)]
        return sorted((one for one in moments if one.at <= self.at), key=lambda one: one.at)


def _receipts(source: str, title: str, href: str, *, since: datetime) -> Receipts:
    tasks = Task.objects.everywhere("a count without names").filter(source=source)
    lead = lead_times(source, since=since)
    read, done = tasks.exclude(read_at=None).count(), tasks.filter(state="DONE").count()
    return Receipts(title, href, lead.asked, read, done, None if lead.last_s is None else round(lead.last_s / 60, 1))


def _said(word: str, what: str) -> str:
    return f"{word}: {what}"


def _warned(event: Event) -> list[Moment]:
    return [
        Moment(
            one.sent_at,
            "warn",
            f"{one.get_msg_type_display()}: {one.get_colour_display()} · {one.said['headline']}",
            f"/warnings/one/{one.identifier}",
        )
        for one in event.warnings
    ]


def _declared(event: Event) -> list[Moment]:
    href = f"/declarations/{event.declaration.pk}"
    return [
        Moment(
            step.at,
            "recover" if step.kind in (StepKind.ENDED, StepKind.LAPSED) else "respond",
            " · ".join(filter(None, (step.get_kind_display(), step.get_level_display(), step.reason))),
            href,
        )
        for step in event.declaration.steps.order_by("at", "pk")
    ]


def _measures(event: Event) -> list[Moment]:
    begun, ended = Counter[tuple[datetime, str]](), Counter[tuple[datetime, str]]()
    for one in event.measures:
        begun[one.starts_at, one.title] += 1
        ended[one.ends_at, one.title] += 1

    def line(counted: Counter[tuple[datetime, str]], stage: str, word: str) -> list[Moment]:
        return [
            Moment(at, stage, f"{word}: {title}" + (f" × {number}" if number > 1 else ""))
            for (at, title), number in counted.items()
        ]

    return [*line(begun, "respond", _("Measure begins")), *line(ended, "recover", _("Measure ends"))]


def _commanded(event: Event) -> list[Moment]:
    found = [
        Moment(one.issued_at, "respond", _said(_("Directive"), f"{one.number} {one.title}"), f"/directives/{one.pk}")
        for one in event.directives
    ]
    for one in event.activations:
        href, name = f"/activations/{one.pk}", f"{one.playbook.label} v{one.playbook.version}"
        found.append(Moment(one.activated_at, "respond", _said(_("Playbook activated"), name), href))
        if one.release_started_at:
            found.append(Moment(one.release_started_at, "recover", _said(_("Release begins"), name), href))
        if one.released_at:
            found.append(Moment(one.released_at, "recover", _said(_("Released"), name), href))
    certificates = {lot.run.certificate.pk: lot.run.certificate for lot in event.destroyed}
    for certificate in certificates.values():
        text = ngettext("%(n)s record destroyed", "%(n)s records destroyed", certificate.destroyed)
        found.append(
            Moment(
                certificate.issued_at,
                "recover",
                f"{certificate.number}: " + text % {"n": certificate.destroyed},
                f"/certificates/{certificate.number}",
            )
        )
    return found


def _learned(event: Event) -> list[Moment]:
    found = []
    review = event.review
    href = f"/events/{event.declaration.pk}/review"
    if review is not None:
        found.append(Moment(review.opened_at, "learn", _("After-action review opened"), href))
        if review.closed_at:
            found.append(Moment(review.closed_at, "learn", _("After-action review closed"), href))
    for lesson in event.lessons:
        where = f"/lessons/{lesson.pk}"
        found.append(Moment(lesson.proposed_at, "learn", _said(_("Lesson proposed"), lesson.title), where))
        if lesson.decided_at:
            word = _("Lesson declined") if lesson.state == "DECLINED" else _("Lesson accepted")
            found.append(Moment(lesson.decided_at, "learn", f"{word}: {lesson.title}", where))
        if lesson.published_at and lesson.version is not None:
            text = _said(_("In the playbook"), f"{lesson.version.label} v{lesson.version.version}")
            found.append(Moment(lesson.published_at, "learn", text, where))
    return found


def event_for(pk: int, *, actor: Actor, at: datetime) -> Event:
    """This function will return an emergency by its declaration, on the actor's ground; raises ``NotFound``."""
    declaration = get_declaration(pk, actor=actor)
    return Event(declaration, actor, at, ground_of(declaration))
