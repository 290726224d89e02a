"""Directives to any set of units, playbooks, and their activation and release."""

from django.db import models


class Directive(models.Model):
    """An order to units on chosen grounds; its receipts are the tasks with source ``directive:<id>`` (EMG-4)."""

    number = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(max_length=200)
    body = models.TextField()
    issuer = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    admission = models.ForeignKey("desk.Admission", null=True, on_delete=models.PROTECT)
    basis = models.CharField(max_length=300)
    decided_at = models.DateTimeField()  # the clock of lead time starts here, not at sending
    issued_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    recipients = models.PositiveIntegerField(default=0)
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    recalled_at = models.DateTimeField(null=True)
    recall_reason = models.CharField(max_length=300, blank=True)
    drill = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["number", "version"], name="command_directive_version")]

    def __str__(self) -> str:
        return f"{self.number} v{self.version} {self.title}"


class DirectiveTarget(models.Model):
    """One chosen ground and kind of unit of a directive."""

    directive = models.ForeignKey(Directive, on_delete=models.CASCADE, related_name="targets")
    organ_type = models.SlugField(max_length=40)
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.organ_type} {self.first}"


class Playbook(models.Model):
    """One version of what an activation opens, per hazard and posture, as data."""

    code = models.SlugField(max_length=40)
    version = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=160, blank=True)
    hazard = models.SlugField(max_length=40)
    posture = models.CharField(max_length=10)
    steps = models.JSONField()  # list of {kind, ...}; rules.py says which kinds and fields
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="command_playbook_version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"


class Activation(models.Model):
    """A playbook at work on chosen grounds; released in the reverse order."""

    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT)
    declaration = models.ForeignKey("posture.Declaration", null=True, on_delete=models.PROTECT)
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    grounds = models.JSONField()  # list of area codes
    activated_at = models.DateTimeField()
    activated_by = models.CharField(max_length=120)
    release_started_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.playbook} at {', '.join(self.grounds)}"


class ActivationItem(models.Model):
    """One thing that an activation opened, and whether it is closed again."""

    activation = models.ForeignKey(Activation, on_delete=models.CASCADE, related_name="items")
    order = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)  # POSTURE, FORM, TEAMS, SHIFTS, DIRECTIVE, CAMPAIGN, PASSES, MEASURE
    reference = models.CharField(max_length=80)  # "screening.Campaign:3"
    title = models.CharField(max_length=200)
    owner = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    still_open = models.CharField(max_length=300, blank=True)  # why it could not be closed yet

    class Meta:
        constraints = [models.UniqueConstraint(fields=["activation", "order"], name="command_item_order")]

    def __str__(self) -> str:
        return self.title
