"""Registers that hold a field and are read by the clock (ORG-12)."""

from datetime import datetime
from urllib.parse import urlsplit

from django.db import models

from qipan.kernel.refusal import worded
from qipan.kernel.sealed import SealedField

from ..terms import Rhythm, SourceKind


class DataSource(models.Model):
    """The one register of a field that is pulled: where it is, what is read of it, how the last reading went.

    Whose it is says the dictionary: the owner of the field. What it brought are deliveries (``FieldValues``) as an upload's.
    """

    field_code = models.CharField(max_length=40)
    title = models.CharField(max_length=80)
    url = SealedField()  # an address may carry a key
    kind = models.CharField(max_length=4, choices=SourceKind)
    records = models.CharField(max_length=200, blank=True)  # JSON: members on the way to the list, "result.items"
    place_name = models.CharField(max_length=80)  # the column, or the member of a record, of the place number
    value_name = models.CharField(max_length=80)
    secret = SealedField(blank=True)  # what the header Authorization says; read back to nobody
    every = models.CharField(max_length=6, choices=Rhythm)
    active = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()  # of what is read and how, not of the switch
    ended_at = models.DateTimeField(null=True)
    by_label = models.CharField(max_length=200)
    due_at = models.DateTimeField(null=True)  # none while it is off
    tried_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)  # the last time that it was read whole, changed or not
    # By what the register tells that nothing has changed: its marks, whose they are, and the digest of what was read.
    validators = models.JSONField(null=True)
    failures = models.PositiveIntegerField(default=0)  # since then
    failing_since = models.DateTimeField(null=True)
    refusal = models.JSONField(null=True)  # why the last try failed (kernel.refusal.kept)

    class Meta:
        constraints = [
            # Each field has one source.
            models.UniqueConstraint(
                fields=["field_code"], name="forms_source_of_field", condition=models.Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="forms_source_due_while_on",
                condition=models.Q(active=True, due_at__isnull=False, ended_at=None)
                | models.Q(active=False, due_at=None),
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="forms_source_due", condition=models.Q(active=True))]

    def __str__(self) -> str:
        return self.title

    @property
    def host(self) -> str:
        """The name of the machine that it is read from; empty when no key here opens the address."""
        return urlsplit(self.url).hostname or ""

    @property
    def why(self) -> str:
        """Why the last try failed, in the active language; empty when it did not."""
        return worded(self.refusal)

    @property
    def not_modified(self) -> bool:
        """Whether the register last said that nothing has changed, without sending it again."""
        return bool((self.validators or {}).get("not_modified"))

    def task_source(self, since: datetime) -> str:
        """This method will return what names the one task of a row of failures that began then."""
        return f"source:{self.pk}:{int(since.timestamp())}"
