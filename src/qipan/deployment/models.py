"""Teams on their ground and duty shifts at their places."""

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet


class Team(models.Model):
    """A mixed team of a unit on its ground for a time (FRC-3); members hold passes or posts."""

    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    name = models.CharField(max_length=80)
    place = models.BigIntegerField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    formed_at = models.DateTimeField()
    stands_down_at = models.DateTimeField()  # planned; released at the latest then
    released_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["place"], name="deployment_team_place")]

    def __str__(self) -> str:
        return self.name


class Shift(models.Model):
    """A duty shift at a place (a gate, say); filling it is a task on the unit's desk (SCR-8)."""

    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    title = models.CharField(max_length=80)
    place = models.BigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    task = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT)
    filled_by = models.CharField(max_length=80, blank=True)
    filled_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["place", "starts_at"], name="deployment_shift_place"),
            models.Index(
                fields=["starts_at"],
                name="deployment_shift_empty",
                condition=models.Q(filled_at=None, released_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.title
