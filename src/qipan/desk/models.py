"""One inbox per unit: whatever is asked of a unit is a task on its desk."""

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet

from .terms import AdmissionState, ClockKind, TaskKind, TaskState


class Admission(models.Model):
    """Work admission: the gate through which work for communities must pass (ORG-10, SVC-9)."""

    demander = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    title = models.CharField(max_length=200)
    basis = models.CharField(max_length=300)
    minutes_per_unit = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=AdmissionState, default=AdmissionState.APPLIED)
    applied_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class Task(models.Model):
    """One thing asked of one unit: asker, basis, place, clock, due time and state.

    ``source`` names what it belongs to ("directive:12", "shift:7", "release:3"); the receipts of a
    directive are the tasks with its source.
    """

    kind = models.CharField(max_length=10, choices=TaskKind)
    source = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    asker = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="asked")
    owner = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="desk")
    place = models.BigIntegerField()
    admission = models.ForeignKey(Admission, null=True, on_delete=models.PROTECT)
    basis = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.SENT)
    clock = models.CharField(max_length=13, choices=ClockKind, default=ClockKind.CLOCK_HOURS)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)  # done, objected and upheld, or recalled
    suspended_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    escalation = models.PositiveSmallIntegerField(default=0)  # 0 none, 1 level above, 2 area's named leader
    note = models.CharField(max_length=300, blank=True)
    on_paper = models.BooleanField(default=False)  # reached by a printed sheet
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "owner"], name="desk_task_once")]
        indexes = [
            # A unit's open desk.
            models.Index(fields=["owner", "due_at"], name="desk_open", condition=models.Q(closed_at=None)),
            # Who has not received or read? Exact, for any subtree.
            models.Index(fields=["source", "place"], name="desk_unread", condition=models.Q(read_at=None)),
            # What is late, where?
            models.Index(fields=["due_at", "place"], name="desk_late", condition=models.Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return self.title


class TaskStep(models.Model):
    """One step of a task with its actor and time: the history has no gap without an actor (ORG-15)."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="steps")
    state = models.CharField(max_length=10)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    note = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.task_id} {self.state}"
