"""Referrals: somebody in need handed from one unit to another. Who it is stands apart and is erased (EMG-9)."""

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet
from qipan.kernel.sealed import SealedField

from ..terms import Ground, Hours, Need, NotTaken, Purpose, ReferralState, ReferralStepKind, Result, ToDo


class Referral(models.Model):
    """From whom, to whom, for what, and how it stands. It tells nobody apart: the place is the community's.

    There is no field for a diagnosis, for a name or for free words: what is not here cannot be passed on.
    """

    purpose = models.CharField(max_length=8, choices=Purpose)
    ground = models.CharField(max_length=6, choices=Ground)
    place = models.BigIntegerField()  # the community's; the door stands in the handover
    sender = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)
    receiver = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+", db_index=False)
    task = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT, related_name="+")  # the receiver's
    back = models.ForeignKey(
        "desk.Task", null=True, on_delete=models.PROTECT, related_name="+"
    )  # the sender's, at the end
    state = models.CharField(max_length=9, choices=ReferralState, default=ReferralState.SENT)
    hops = models.PositiveSmallIntegerField(default=1)
    code_hash = models.CharField(max_length=64, unique=True)  # of the code on the person's slip
    nonce = models.CharField(max_length=64, unique=True)  # the same form sent twice is one referral
    handed_at = models.DateTimeField()
    accept_by = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    answer_by = models.DateTimeField(null=True)
    not_taken = models.CharField(max_length=10, choices=NotTaken, blank=True)
    result = models.CharField(max_length=12, choices=Result, blank=True)
    to_do = models.CharField(max_length=12, choices=ToDo, blank=True)
    to_do_by = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)
    erase_at = models.DateTimeField()  # at the latest; earlier when it is closed or taken back
    erased_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [
            # A unit's referrals, the newest first.
            models.Index(fields=["sender", "ended_at", "id"], name="matters_referral_sender"),
            models.Index(fields=["receiver", "ended_at", "id"], name="matters_referral_receiver"),
            models.Index(fields=["erase_at"], name="matters_referral_erase", condition=models.Q(erased_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Handover(models.Model):
    """What was handed over: only the fields of the purpose, sealed. This row is deleted when the purpose is over."""

    referral = models.OneToOneField(Referral, on_delete=models.CASCADE)
    door = models.BigIntegerField()
    need = SealedField(choices=Need, blank=True)
    reach = SealedField(blank=True)  # at most 40 characters
    hours = SealedField(choices=Hours, blank=True)

    def __str__(self) -> str:
        return f"{self.referral_id}"


class HandoverLook(models.Model):
    """Which post looked at what was handed over, and when; the person reads it by the code on the slip."""

    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="looks")
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.referral_id} {self.at:%F}"


class ReferralStep(models.Model):
    """One step with its unit, actor and time; no words."""

    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=9, choices=ReferralStepKind)
    unit = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.referral_id} {self.kind}"
