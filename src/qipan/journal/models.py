"""The record of acts and the messages that wait to leave."""

from django.db import models


class Entry(models.Model):
    """One act: who did what to which subject, when, and how the record is chained.

    An entry is written unsealed in the act's own transaction; a single sealer then gives it
    ``seq`` and ``hash`` (SHA-256 over the previous hash and this entry's digest). So acts never
    wait for each other, and the chain is broken by any later change (ADR 0004).
    """

    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    by_account = models.BigIntegerField(null=True)
    by_post = models.BigIntegerField(null=True)
    by_pass = models.CharField(max_length=36, blank=True)
    act = models.CharField(max_length=60)  # "command.issue_directive"
    subject = models.CharField(max_length=80)  # "command.Directive:12"
    place = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    drill = models.BooleanField(default=False)
    digest = models.CharField(max_length=64)
    seq = models.BigIntegerField(null=True, unique=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            # "What happened to this subject?"
            models.Index(fields=["subject", "id"], name="journal_subject"),
            # "What is still unsealed?" stays a few rows long.
            models.Index(fields=["id"], name="journal_unsealed", condition=models.Q(seq=None)),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.act} {self.subject}"


class Message(models.Model):
    """A message that leaves after commit (outbox): written with the act, sent and retried by a job."""

    channel = models.CharField(max_length=30)
    key = models.CharField(max_length=120, unique=True)  # a second write of the same message is harmless
    payload = models.JSONField()
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failed_reason = models.CharField(max_length=200, blank=True)
    drill = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["not_before"], name="journal_waiting", condition=models.Q(sent_at=None))]

    def __str__(self) -> str:
        return self.key
