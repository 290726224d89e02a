"""Warnings of the city, each message a row, and alerts that came from outside."""

from django.db import models
from django.utils.timezone import localtime
from django.utils.translation import get_language

from .terms import Certainty, Colour, MessageKind, ReceivedState, Urgency


def _in_language(chinese: str, english: str) -> str:
    return chinese if (get_language() or "").startswith("zh") else english or chinese


class Warning(models.Model):
    """One message of a warning: it warns, updates or cancels, and is never changed afterwards (EMG-13).

    Kind, colour, start, area, points of caution, measures, issuer and time: Emergency Response Law 2024, art. 64.
    What holds is the last message of a chain, until it expires.
    """

    identifier = models.CharField(max_length=80, unique=True)
    msg_type = models.CharField(max_length=6, choices=MessageKind)
    kind = models.SlugField(max_length=40)  # data/kinds.csv
    colour = models.PositiveSmallIntegerField(choices=Colour)
    urgency = models.CharField(max_length=9, choices=Urgency)
    certainty = models.CharField(max_length=8, choices=Certainty)
    issuer = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    basis = models.CharField(max_length=300)
    headline = models.CharField(max_length=160)
    headline_en = models.CharField(max_length=160, blank=True)
    description = models.TextField()
    description_en = models.TextField(blank=True)
    instruction = models.TextField()
    instruction_en = models.TextField(blank=True)
    reason = models.CharField(max_length=300, blank=True)  # of an update or a cancellation
    starts_at = models.DateTimeField()  # CAP: onset
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    lapsed_at = models.DateTimeField(null=True)  # its lapse was written down, what it started taken back
    drill = models.BooleanField(default=False)

    class Meta:
        # "What was sent last?"
        indexes = [models.Index(fields=["-sent_at"], name="warnings_recent")]

    def __str__(self) -> str:
        return self.headline

    @property
    def said(self) -> dict[str, str]:
        """Its headline, description and instruction in the reader's language."""
        names = ("headline", "description", "instruction")
        return {name: _in_language(getattr(self, name), getattr(self, f"{name}_en")) for name in names}

    @property
    def sender(self) -> str:
        """The issuer as CAP names a sender: without spaces, commas and colons."""
        return f"{self.issuer.code.replace(':', '.')}.qipan"

    @property
    def reference(self) -> str:
        """How a later message names this one (CAP 1.2: sender,identifier,sent)."""
        return f"{self.sender},{self.identifier},{localtime(self.sent_at).isoformat(timespec='seconds')}"


class WarningGround(models.Model):
    """One area that a message speaks of."""

    warning = models.ForeignKey(Warning, on_delete=models.CASCADE, related_name="grounds")
    code = models.CharField(max_length=19)
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    def __str__(self) -> str:
        return self.code


class ReceivedAlert(models.Model):
    """A CAP alert from outside as it was read; it warns nobody before an official issues or sets it aside."""

    sender = models.CharField(max_length=200)
    identifier = models.CharField(max_length=200)
    sent_at = models.DateTimeField()
    status = models.CharField(max_length=10)
    msg_type = models.CharField(max_length=6)
    event = models.CharField(max_length=200)
    severity = models.CharField(max_length=10)
    headline = models.CharField(max_length=300)
    areas = models.TextField()  # area descriptions, one a line
    expires_at = models.DateTimeField(null=True)
    cap = models.TextField()  # as it was read: without contacts, pictures and signature
    state = models.CharField(max_length=10, choices=ReceivedState, default=ReceivedState.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    warning = models.ForeignKey(Warning, null=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")  # whose official brought it
    received_at = models.DateTimeField()
    by_label = models.CharField(max_length=200)

    class Meta:
        # CAP 1.2, 3.2.1: these three name a message.
        constraints = [
            models.UniqueConstraint(fields=["sender", "identifier", "sent_at"], name="warnings_received_once")
        ]

    def __str__(self) -> str:
        return self.headline
