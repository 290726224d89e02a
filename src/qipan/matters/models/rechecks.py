"""The sampled review after the close: how much is looked at again, and each matter that was drawn."""

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet

from ..rules import sampling
from ..terms import Verdict
from .loop import Matter


class Sampling(models.Model):
    """Which share of the closed matters is looked at again, and after how many days: in force from a day on."""

    share = models.PositiveSmallIntegerField()  # percent
    after_days = models.PositiveSmallIntegerField()
    valid_from = models.DateField(unique=True)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.share} % from {self.valid_from:%F}"

    @property
    def sample(self) -> sampling.Sample:
        """The setting as the rules read it."""
        return sampling.Sample(self.share, self.after_days)


class Recheck(models.Model):
    """One closed matter that was drawn: who closed it, when somebody else looks, and what was found."""

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="rechecks")
    place = models.BigIntegerField()
    closer = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)
    ended_at = models.DateTimeField()  # of the close that was drawn
    look_at = models.DateTimeField()
    task = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict, blank=True)
    note = models.CharField(max_length=500, blank=True)
    unit = models.ForeignKey(
        "duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # looked
    at = models.DateTimeField(null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["matter", "ended_at"], name="matters_recheck_once")]
        indexes = [models.Index(fields=["look_at"], name="matters_recheck_open", condition=models.Q(verdict=""))]

    def __str__(self) -> str:
        return f"{self.matter_id} {self.verdict}"
