"""What is due, runs of two people, legal holds, backups, certificates, and what persons ask about their own data."""

from django.db import models

from qipan.kernel.place import Range
from qipan.kernel.scoped import ScopedQuerySet

from .terms import RunState, WishKind, WishState


class DueLot(models.Model):
    """A lot as its room last told it: the list of what is due is read from here and never counted live."""

    model = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    rows = models.BigIntegerField()
    grounds = models.JSONField()  # [[first, last]]
    began = models.DateTimeField(null=True)  # null: the purpose lasts, the clock does not run
    due = models.DateTimeField(null=True)
    emergency = models.CharField(max_length=60, blank=True)
    drill = models.BooleanField(default=False)
    by_clock = models.BooleanField(default=False)  # erased by itself: no run takes it
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "key"], name="retention_lot_once")]
        indexes = [models.Index(fields=["due"], name="retention_lot_due")]

    def __str__(self) -> str:
        return f"{self.model} {self.key}"

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The ground."""
        return tuple(Range(*pair) for pair in self.grounds)


class DestructionRun(models.Model):
    """A destruction: prepared by one person, approved by another, carried out step by step."""

    state = models.CharField(max_length=8, choices=RunState, default=RunState.PREPARED)
    reason = models.CharField(max_length=300)
    backups = models.JSONField(default=list)  # as they were named: [name, where, made, lives until]
    prepared_at = models.DateTimeField()
    prepared_by = models.CharField(max_length=120)
    prepared_account = models.BigIntegerField()  # only so that somebody else approves
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_account = models.BigIntegerField(null=True)
    refusal = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(null=True)
    starts = models.PositiveIntegerField(default=0)  # more than one: it was interrupted and went on
    finished_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)  # why it stands still
    drill = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="retention_running", condition=models.Q(state=RunState.APPROVED)),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class RunLot(models.Model):
    """One lot of a run: what was expected, how far it has come, and the chain of digests of what is gone."""

    run = models.ForeignKey(DestructionRun, on_delete=models.PROTECT, related_name="lots")
    order = models.PositiveSmallIntegerField()
    model = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    rows = models.BigIntegerField()  # as the preview said
    grounds = models.JSONField()
    began = models.DateTimeField()
    due = models.DateTimeField()
    reached = models.CharField(max_length=120, blank=True)
    steps = models.PositiveIntegerField(default=0)
    destroyed = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    holds = models.JSONField(default=list)  # under which holds rows were left
    chain = models.CharField(max_length=64)
    cells = models.BigIntegerField(null=True)  # figures that stay
    folded = models.BigIntegerField(null=True)
    figures = models.CharField(max_length=64, blank=True)  # digest of the figures that stay
    proven_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    open = models.BooleanField(default=True)
    emergency = models.CharField(max_length=60, blank=True)  # number of the declaration for which it was collected

    class Meta:
        constraints = [
            # A lot is in one run at a time.
            models.UniqueConstraint(
                fields=["model", "key"], name="retention_run_lot_once", condition=models.Q(open=True)
            ),
            models.UniqueConstraint(fields=["run", "order"], name="retention_run_lot_order"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.model} {self.key}"

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The ground."""
        return tuple(Range(*pair) for pair in self.grounds)


class Hold(models.Model):
    """Rows that must not be destroyed yet, by a written assessment: who, why, until when, which (art. 85)."""

    model = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    area = models.CharField(max_length=19)  # code of the area whose rows are held
    grounds = models.JSONField()  # [[first, last]]: all that the area owned then, what was merged into it too
    assessment = models.CharField(max_length=120)  # number of the written assessment
    why = models.CharField(max_length=500)
    until = models.DateTimeField()
    placed_at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["model", "key"], name="retention_hold_of", condition=models.Q(lifted_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.assessment} {self.model} {self.key}"

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The ground."""
        return tuple(Range(*pair) for pair in self.grounds)


class Backup(models.Model):
    """A copy of the database outside of it, and until when it lives: a destruction names it."""

    name = models.CharField(max_length=120)
    where = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    lives_until = models.DateTimeField()
    noted_at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.name


class Certificate(models.Model):
    """What a run destroyed, signed; the text is the file that everyone can have."""

    run = models.OneToOneField(DestructionRun, on_delete=models.PROTECT, related_name="certificate")
    number = models.CharField(max_length=40, unique=True)
    text = models.TextField()  # canonical JSON with its signature
    digest = models.CharField(max_length=64)
    destroyed = models.BigIntegerField()
    held = models.BigIntegerField()
    issued_at = models.DateTimeField()
    drill = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.number


class Wish(models.Model):
    """What a person asks about own data, by the code of the purpose: a task with a clock on the owner's desk."""

    subject = models.CharField(max_length=80)  # "matters.Report:12"
    purpose = models.CharField(max_length=120)
    kind = models.CharField(max_length=7, choices=WishKind)
    words = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=7, choices=WishState, default=WishState.ASKED)
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    place = models.BigIntegerField()
    task = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            # Asked twice is asked once.
            models.UniqueConstraint(
                fields=["subject", "kind"], name="retention_wish_once", condition=models.Q(decided_at=None)
            )
        ]
        indexes = [models.Index(fields=["subject"], name="retention_wish_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Purpose(models.Model):
    """A purpose for which a room declares to hold something of persons: it cites the articles on which it rests."""

    model = models.CharField(max_length=60)
    fields = models.CharField(max_length=200)  # the columns, as they are declared

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "fields"], name="retention_purpose_once")]

    def __str__(self) -> str:
        return f"{self.model} {self.fields}"
