"""What was taken over from other systems: mappings, files that wait, imports and their lines."""

from django.db import models

from ..terms import Leaving
from .loop import Matter


class ImportMapping(models.Model):
    """How the columns and words of another system become matters, by name (``rules.importing.Rules``)."""

    name = models.CharField(max_length=60, unique=True)
    rules = models.JSONField()
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.name


class ImportDraft(models.Model):
    """A file that somebody is mapping: only who brought it sees it, and it is erased with the import or the next day."""

    name = models.CharField(max_length=120)
    content = models.BinaryField()  # compressed
    account = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    erase_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Import(models.Model):
    """A file that was taken over, whole or not at all; undone as a whole too."""

    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    mapping = models.CharField(max_length=60)
    lines = models.PositiveIntegerField()
    matters = models.PositiveIntegerField()
    held = models.PositiveIntegerField()  # lines that an earlier import had brought
    left_out = models.PositiveIntegerField()  # bad lines that were left out on purpose
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=120, blank=True)
    # What was decided as one of all that it brought as declined and that was not decided singly before.
    verdict = models.CharField(max_length=8, choices=Leaving, blank=True)
    note = models.CharField(max_length=500, blank=True)
    unit = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True)
    decided = models.PositiveIntegerField(default=0)
    task = models.ForeignKey(
        "desk.Task", null=True, on_delete=models.PROTECT, related_name="+"
    )  # asks for the decision

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sha256", "mapping"], name="matters_import_once", condition=models.Q(undone_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.name


class ImportLine(models.Model):
    """From which line of which file a matter came, with its number there."""

    batch = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="rows")
    matter = models.OneToOneField(Matter, on_delete=models.CASCADE, related_name="imported")
    line = models.PositiveIntegerField()
    number = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return f"{self.batch_id}, {self.line}"
