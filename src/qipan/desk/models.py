"""One inbox per unit: whatever is asked of a unit is a task on its desk."""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import get_language

from qipan.kernel.actor import Scope
from qipan.kernel.place import Range
from qipan.kernel.scoped import ScopedQuerySet

from .rules import hours_a_month, hours_of
from .terms import (
    Activity,
    AdmissionState,
    ClockKind,
    HowOften,
    SignState,
    StepKind,
    TaskKind,
    TaskState,
    TerminalKind,
)


class Admission(models.Model):
    """Work admission: the gate through which work for communities must pass (ORG-10, SVC-9).

    In a declared emergency the command's work is admitted with the declaration as its basis.
    """

    demander = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    title = models.CharField(max_length=200)
    basis = models.CharField(max_length=300, blank=True)  # none was named: then whoever admits it names one
    declaration = models.CharField(max_length=60, blank=True)  # number of the declaration, emergency only
    organ_types = models.JSONField(default=list)  # codes of the kinds of unit that would work
    activity = models.CharField(max_length=10, choices=Activity, default=Activity.OTHER)
    questions = models.PositiveSmallIntegerField(default=0)  # how many each unit would answer
    form_code = models.SlugField(max_length=40, blank=True)  # the form or draft that would be used, if any
    fields = models.JSONField(default=list)  # codes of the fields of the dictionary that may be asked; none: no form's
    grounds = models.JSONField(
        null=True
    )  # [first, last] of each part of where it is done; null: not held until 2026-11
    how_often = models.CharField(max_length=10, choices=HowOften, default=HowOften.ONCE)
    minutes_per_unit = models.PositiveIntegerField(default=0)  # each time
    units = models.PositiveIntegerField(default=0)  # counted when applied for
    state = models.CharField(max_length=10, choices=AdmissionState, default=AdmissionState.APPLIED)
    applied_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField()
    asked = models.JSONField(default=dict)  # what was applied for, where less was admitted
    drill = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_from__lte=models.F("valid_to")), name="desk_admission_order"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def hours(self) -> float:
        """The working hours it costs all units together, each time."""
        return hours_of(self.minutes_per_unit, self.units)

    @property
    def monthly_hours(self) -> float:
        """The working hours it costs all units together in a month (SVC-9)."""
        return hours_a_month(self.minutes_per_unit, self.units, self.how_often)

    def reaches(self, grounds: Iterable[tuple[int, int]]) -> bool:
        """This method will say whether it was admitted for all of these grounds; one that holds none was for any."""
        return self.grounds is None or all(Scope.of(self.grounds).covers(Range(*ground)) for ground in grounds)


class Task(models.Model):
    """One thing asked of one unit: asker, basis, place, clock, due time and state.

    ``source`` names what it belongs to ("directive:12", "shift:7", "release:3"); the receipts of a
    directive are the tasks with its source. Rows come tens of thousands at a time, so it has the
    indexes that a question needs and no others: foreign keys that nobody searches have none.
    """

    kind = models.CharField(max_length=10, choices=TaskKind)
    source = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    # A directive puts 34,000 rows in at once, selected from the units themselves in the same statement;
    # PostgreSQL's row-by-row check of three foreign keys took longer than the insert (0.6 s of 1.0 s).
    # Units and admissions are never deleted (PROTECT), and ``qipan verify`` looks for what would dangle.
    asker = models.ForeignKey(
        "duties.Unit", on_delete=models.PROTECT, related_name="asked", db_index=False, db_constraint=False
    )
    owner = models.ForeignKey(
        "duties.Unit", on_delete=models.PROTECT, related_name="desk", db_index=False, db_constraint=False
    )
    first_owner = models.ForeignKey(  # on whose desk it was put, where that unit was merged since
        "duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    place = models.BigIntegerField()
    admission = models.ForeignKey(Admission, null=True, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    basis = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.SENT)
    clock = models.CharField(max_length=13, choices=ClockKind, default=ClockKind.CLOCK_HOURS)
    created_at = models.DateTimeField()
    sent_by = models.CharField(max_length=120)  # the first step of the history, held once
    due_at = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)  # done, objected and upheld, or recalled
    suspended_at = models.DateTimeField(null=True)  # its clock stands since
    reminded_at = models.DateTimeField(null=True)
    escalation = models.PositiveSmallIntegerField(default=0)  # 0 none, 1 level above, 2 area's named leader
    escalated_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)
    on_paper = models.BooleanField(default=False)  # reached by a printed sheet
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            # Sent twice is sent once; an heir holds beside its own what was asked of a merged unit, for that one's place.
            # Also: what was ever asked of this unit?
            models.UniqueConstraint(fields=["owner", "source", "place"], name="desk_task_once")
        ]
        indexes = [
            # Receipts of a source by area.
            models.Index(fields=["source", "place"], name="desk_source"),
            # Who has not received or read? Exact, for any subtree.
            models.Index(
                fields=["source", "place", "id"], name="desk_unread", condition=models.Q(read_at=None, closed_at=None)
            ),
            # A unit's open desk.
            models.Index(fields=["owner", "due_at"], name="desk_open", condition=models.Q(closed_at=None)),
            # What is late, where?
            models.Index(fields=["due_at", "place"], name="desk_late", condition=models.Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return self.title


class TaskStep(models.Model):
    """One step of a task with its actor and time: the history has no gap without an actor (ORG-15).

    The first step, sending, is held by the task itself (``created_at``, ``sent_by``).
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="steps")
    state = models.CharField(max_length=10, choices=StepKind)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    note = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.task_id} {self.state}"


class BurdenIndex(models.Model):
    """What one unit asked of one community in one week: kept when the tasks are sent, never counted live (SVC-13).

    Only what was admitted passes the gate, so each task's minutes are those of its admission; ``WorkAsked`` has its own.
    Drills are left out.
    """

    week = models.DateField()  # its Monday
    demander = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)
    owner = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.BigIntegerField()
    activity = models.CharField(max_length=10, choices=Activity)
    tasks = models.PositiveIntegerField()
    minutes = models.PositiveBigIntegerField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["week", "owner", "demander", "activity"], name="desk_burden_once")
        ]
        indexes = [models.Index(fields=["week", "place"], name="desk_burden_week")]

    def __str__(self) -> str:
        return f"{self.week} {self.demander_id} {self.owner_id}"


class WorkAsked(models.Model):
    """Work that was asked of a community without a task on its desk, as visits to the doors of a round: on the meter too."""

    source = models.CharField(max_length=40)
    week = models.DateField()  # its Monday
    demander = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)
    owner = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.BigIntegerField()
    activity = models.CharField(max_length=10, choices=Activity)
    minutes = models.PositiveBigIntegerField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            # Asked twice is asked once.
            models.UniqueConstraint(fields=["source", "owner"], name="desk_asked_once")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.owner_id}"


class Nuisance(models.Model):
    """A unit says in a week that a form or a kind of work is a nuisance (SVC-13): the unit, never who of it said so.

    However many of it say so, and however often it is sent, it counts once.
    """

    week = models.DateField()  # its Monday
    owner = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)  # who says it
    place = models.BigIntegerField()
    demander = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)
    activity = models.CharField(max_length=10, choices=Activity)
    form_code = models.SlugField(max_length=40, blank=True, db_index=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["week", "owner", "demander", "activity", "form_code"], name="desk_nuisance_once"
            )
        ]
        indexes = [models.Index(fields=["week", "place"], name="desk_nuisance_week")]

    def __str__(self) -> str:
        return f"{self.week} {self.owner_id} {self.form_code or self.activity}"


class Terminal(models.Model):
    """An app, system, account, chat group or terminal that somebody wants communities to keep (SVC-11).

    One registry for all, so that its owner stands once. ``instead`` says how its data are had without it: an export in
    its columns, an import of what it holds.
    """

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=TerminalKind)
    owner = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=300, blank=True)
    instead = models.CharField(max_length=300, blank=True)
    listed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], name="desk_terminal_once", condition=models.Q(ended_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.name


class TerminalUse(models.Model):
    """A community keeps a terminal: how many log-ins, used last on which day, as the community itself says.

    Nothing is measured: no time on line and no person (red line 9).
    """

    terminal = models.ForeignKey(Terminal, on_delete=models.PROTECT, related_name="uses")
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    place = models.BigIntegerField()
    accounts = models.PositiveSmallIntegerField(default=1)
    last_used = models.DateField(null=True)
    noted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["terminal", "unit"], name="desk_terminal_use_once", condition=models.Q(ended_at=None)
            )
        ]
        indexes = [
            # What does this ground keep?
            models.Index(fields=["place"], name="desk_terminal_place", condition=models.Q(ended_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.terminal_id}"


class Sign(models.Model):
    """A line of the list of what may hang at a community's door, by date (SVC-12)."""

    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    basis = models.CharField(max_length=300)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="desk_sign_current", condition=models.Q(valid_to=None))
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name in the active language."""
        return self.name_en if (get_language() or "").startswith("en") and self.name_en else self.name


class SignReport(models.Model):
    """A plaque that somebody wants at a community's door and that is not on the list: a complaint to the lead body."""

    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    place = models.BigIntegerField()
    words = models.CharField(max_length=80)  # what stands on it
    demander = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=SignState, default=SignState.REPORTED)
    task = models.ForeignKey(Task, null=True, on_delete=models.PROTECT, related_name="+")  # on the lead body's desk
    reported_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "words"], name="desk_sign_report_once", condition=models.Q(state="REPORTED")
            )
        ]
        indexes = [models.Index(fields=["place", "reported_at"], name="desk_sign_report_place")]

    def __str__(self) -> str:
        return self.words
