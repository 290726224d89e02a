"""What was declined and is to be left out of the rates: proposed by who declined it, decided by another."""

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet

from ..terms import Closing, Leaving
from .loop import Matter


class Exclusion(models.Model):
    """One declined matter: who decides whether it leaves the rates, and what was decided."""

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="exclusions")
    place = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Closing)
    ended_at = models.DateTimeField()  # when it was declined
    # Another system had declined it: the import that brought it so.
    batch = models.ForeignKey(
        "matters.Import", null=True, on_delete=models.PROTECT, related_name="exclusions", db_index=False
    )
    account = models.BigIntegerField(null=True)  # who declined it, only so that another person decides
    judge = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    task = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Leaving, blank=True)
    note = models.CharField(max_length=500, blank=True)
    unit = models.ForeignKey(
        "duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # decided
    at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)  # the matter was taken up again

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["matter"], name="matters_exclusion_once", condition=models.Q(dropped_at=None)
            )
        ]
        indexes = [
            models.Index(
                fields=["place"], name="matters_exclusion_open", condition=models.Q(verdict="", dropped_at=None)
            ),
            models.Index(
                fields=["batch", "ended_at"],
                name="matters_exclusion_batch",
                condition=models.Q(batch__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.matter_id} {self.verdict}"
