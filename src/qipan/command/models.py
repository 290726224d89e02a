"""Directives to any set of units, playbooks, and their activation and release."""

from django.db import models
from django.utils.translation import get_language

from qipan.kernel.refusal import worded
from qipan.kernel.scoped import ScopedQuerySet

from .terms import Rhythm, StepKind


class Directive(models.Model):
    """An order to units on chosen grounds; its receipts are the tasks with source ``directive:<id>`` (EMG-4).

    Where it asks for its form ``every`` week or month, each further round is a directive of the same number and version
    with its own tasks and due time, opened by the clock; ``series`` is the one that a person issued.
    """

    number = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField(default=1)
    round = models.PositiveSmallIntegerField(default=1)
    series = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="rounds")
    every = models.CharField(max_length=10, choices=Rhythm, blank=True)
    repeat_until = models.DateField(null=True)  # no round opens after this day
    next_at = models.DateTimeField(null=True)  # when the next round opens; null when none will
    ended = models.JSONField(null=True)  # why the clock could not go on, as kernel.refusal.kept makes it
    title = models.CharField(max_length=200)
    body = models.TextField()
    issuer = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    admission = models.ForeignKey("desk.Admission", null=True, on_delete=models.PROTECT)
    # What units are asked to fill in; it is open on their ground as long as this version stands.
    form = models.ForeignKey("forms.Form", null=True, on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=300)
    decided_at = models.DateTimeField()  # the clock of lead time starts here, not at sending
    issued_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    named_person = models.CharField(max_length=80, blank=True)
    recipients = models.PositiveIntegerField(default=0)
    supersedes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")
    changes = models.JSONField(default=list)  # list of [field, old, new] against the version before
    recalled_at = models.DateTimeField(null=True)
    recalled_by = models.CharField(max_length=120, blank=True)
    recall_reason = models.CharField(max_length=300, blank=True)
    drill = models.BooleanField(default=False)

    class Meta:
        constraints = [
            # Two workers that open one round at the same moment open it once.
            models.UniqueConstraint(fields=["number", "version", "round"], name="command_directive_round")
        ]
        indexes = [
            # "What was issued last?"
            models.Index(fields=["-issued_at"], name="command_directive_recent"),
            # Which series is due for its next round?
            models.Index(fields=["next_at"], name="command_directive_next", condition=models.Q(next_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.number} v{self.version} {self.title}"

    @property
    def source(self) -> str:
        """What its receipts carry as their source on the desks."""
        return f"directive:{self.pk}"

    @property
    def why_ended(self) -> str:
        """Why the clock opened no further round, in the reader's language."""
        return worded(self.ended)


class DirectiveTarget(models.Model):
    """One chosen ground and kind of unit of a directive."""

    directive = models.ForeignKey(Directive, on_delete=models.CASCADE, related_name="targets")
    organ_type = models.SlugField(max_length=40)
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.organ_type} {self.first}"


class Playbook(models.Model):
    """One version of what an activation opens, per hazard and posture, as data. A version is never edited."""

    code = models.SlugField(max_length=40)
    version = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=160, blank=True)
    hazard = models.SlugField(max_length=40)
    posture = models.CharField(max_length=10)
    steps = models.JSONField()  # list of {kind, ...}; rules.py says which kinds and fields
    targets = models.JSONField(default=dict)  # what a drill of it is scored against (rules.TARGETS)
    note = models.CharField(max_length=300, blank=True)  # why this version
    # What was learned that this version holds for the first time: [{"number", "title", "href"}] (EMG-18).
    lessons = models.JSONField(default=list)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="command_playbook_version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"

    @property
    def label(self) -> str:
        """Its title in the reader's language."""
        return self.title if (get_language() or "").startswith("zh") else self.title_en or self.title


class Activation(models.Model):
    """A playbook at work on chosen grounds; released in the reverse order."""

    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT)
    declaration = models.ForeignKey("posture.Declaration", null=True, on_delete=models.PROTECT)
    admission = models.ForeignKey("desk.Admission", null=True, on_delete=models.PROTECT)
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    grounds = models.JSONField()  # list of area codes
    ground_key = models.CharField(max_length=64)  # digest of playbook, declaration and grounds
    activated_at = models.DateTimeField()
    activated_by = models.CharField(max_length=120)
    release_started_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)

    class Meta:
        constraints = [
            # The same activation twice is one activation, whoever pressed first.
            models.UniqueConstraint(
                fields=["ground_key"], name="command_activation_once", condition=models.Q(released_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.playbook} at {', '.join(self.grounds)}"


class ActivatedGround(models.Model):
    """One range on which an activation works."""

    activation = models.ForeignKey(Activation, on_delete=models.CASCADE, related_name="ranges")
    code = models.CharField(max_length=19)
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    def __str__(self) -> str:
        return self.code


class ReleasePlan(models.Model):
    """The release of a whole emergency: its items are all that was opened under the declaration, whoever opened it (EMG-8).

    ``runs`` counts the presses of the button: whoever presses says which state of the plan he saw, so of two at the same
    moment one runs it and the other is told; after a crash the page is read again, and the next press goes on.
    """

    declaration = models.OneToOneField("posture.Declaration", on_delete=models.PROTECT, related_name="+")
    runs = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField()
    run_at = models.DateTimeField()
    run_by = models.CharField(max_length=120)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.declaration)


class ActivationItem(models.Model):
    """One thing that was opened for an emergency, and whether it is closed again.

    A step of an activation is planned when it begins, ``opened_at`` when the step is done, ``blocked`` names why it was
    refused. What the release finds open beside that has a plan and no activation. ``detail`` is what its closing needs.
    """

    activation = models.ForeignKey(Activation, null=True, on_delete=models.CASCADE, related_name="items")
    plan = models.ForeignKey(ReleasePlan, null=True, on_delete=models.CASCADE, related_name="items")
    order = models.PositiveIntegerField()
    key = models.CharField(max_length=140)
    kind = models.CharField(max_length=20, choices=StepKind)
    reference = models.CharField(max_length=140, blank=True)  # "screening.Campaign:3"
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    count = models.PositiveIntegerField(default=0)  # teams formed, shifts opened, receipts sent ...
    detail = models.JSONField(default=dict)
    opened_at = models.DateTimeField(null=True)
    blocked = models.JSONField(null=True)  # as kernel.refusal.kept makes it
    closed_at = models.DateTimeField(null=True)
    still_open = models.JSONField(null=True)  # why it could not be closed yet, likewise
    handed_over = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["activation", "order"], name="command_item_order"),
            models.UniqueConstraint(fields=["activation", "key"], name="command_item_key"),
            # What two releases find at the same moment is found once.
            models.UniqueConstraint(
                fields=["plan", "key"], name="command_item_found", condition=models.Q(activation=None)
            ),
            models.CheckConstraint(
                condition=models.Q(activation__isnull=False) | models.Q(plan__isnull=False), name="command_item_of"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def label(self) -> str:
        """Its title in the reader's language."""
        return self.title if (get_language() or "").startswith("zh") else self.title_en or self.title

    @property
    def why_open(self) -> str:
        """Why it could not be closed yet, in the reader's language."""
        return worded(self.still_open)

    @property
    def why_blocked(self) -> str:
        """Why it could not be opened, in the reader's language."""
        return worded(self.blocked)


class Watch(models.Model):
    """A turn of duty in a command, from when to when, held by a post that its line reaches (EMG-3).

    A post and its line, never a person; what the next turn must know stands in the handover note.
    """

    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    place = models.BigIntegerField()
    post = models.CharField(max_length=80)
    line = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)
    handed_over_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "post", "starts_at"],
                name="command_watch_once",
                condition=models.Q(cancelled_at=None),
            ),
            models.CheckConstraint(condition=models.Q(starts_at__lt=models.F("ends_at")), name="command_watch_order"),
        ]
        indexes = [
            # Who is on duty in these commands now, and next?
            models.Index(fields=["unit", "ends_at"], name="command_watch_unit")
        ]

    def __str__(self) -> str:
        return f"{self.post} {self.starts_at:%F %H:%M}"
