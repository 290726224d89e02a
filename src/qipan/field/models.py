"""What was missing when a phone's list of what it finished was compared with what the server holds."""

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet


class DeviceList(models.Model):
    """The numbered, hash-chained list of one phone under one pass or post, as far as it was compared.

    It holds no count of what anybody finished, only where the chain stands and what is missing.
    """

    device = models.UUIDField(unique=True)  # the phone's own number for this holder, made by it
    holder = models.CharField(max_length=60)  # the pass's serial or the post: who may compare it
    team = models.ForeignKey("deployment.Team", on_delete=models.PROTECT)
    place = models.BigIntegerField()  # the team's
    head = models.CharField(max_length=64)  # the hash of the last line that was told
    before = models.CharField(max_length=64, blank=True)  # and the one before that: an answer may have been lost
    missing = models.JSONField(default=list)  # [id, place]: finished on the phone, held by nobody here
    broken_at = models.DateTimeField(null=True)  # when it did not go on where it had stood
    emptied_at = models.DateTimeField(null=True)  # when the phone came back without it: its store had been emptied
    compared_at = models.DateTimeField()
    erase_at = models.DateTimeField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["erase_at"], name="field_list_erase")]

    def __str__(self) -> str:
        return str(self.device)
