"""Forms that were filled in and sent, as far as they are kept, with what was sent beside the answers."""

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet

from ..terms import Standing
from .passports import Form


class Submission(models.Model):
    """One filled form; the client made its ``instance_id``, so a resend is harmless.

    It says which unit and which team handed it in, never which person. Other content under a known id is a row of
    its own, DISPUTED until a person decides which of the two stands.
    """

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="submissions")
    instance_id = models.CharField(max_length=120)
    standing = models.CharField(max_length=9, choices=Standing, default=Standing.STANDS)
    place = models.BigIntegerField()  # the door it is about, else the ground of who handed it in
    # As it was sent, less what is not kept: the device, when somebody began, of points more than 50 metres.
    xml = models.TextField()
    answers = models.JSONField()  # by question, groups and repeats as they stand in the form
    digest = models.CharField(max_length=64)  # of the content; the journal holds nothing else of it
    awaits = models.JSONField(default=list)  # names of attachments that the answers speak of and that are not here
    unit = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+")
    team = models.BigIntegerField(null=True)  # deployment team, a higher room
    device_at = models.DateTimeField(null=True)  # when it was finished, by the device's clock
    received_at = models.DateTimeField()
    erase_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            # Settles the race of two posts of one form: whatever comes second is a resend or a dispute.
            models.UniqueConstraint(
                fields=["instance_id"], name="forms_submission_stands", condition=models.Q(standing=Standing.STANDS)
            ),
            models.UniqueConstraint(fields=["instance_id", "digest"], name="forms_submission_once"),
        ]
        indexes = [
            models.Index(fields=["form", "place"], name="forms_submission_place"),
            models.Index(fields=["erase_at"], name="forms_submission_erase"),
            models.Index(
                fields=["place"], name="forms_submission_disputed", condition=models.Q(standing=Standing.DISPUTED)
            ),
        ]

    def __str__(self) -> str:
        return self.instance_id


class Attachment(models.Model):
    """A photograph or another file that an answer speaks of by its name."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=150)
    media_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)  # of the file as it came: the same again is a resend
    content = models.BinaryField()  # a photograph is written anew, without where and by which camera
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "name"], name="forms_attachment_once")]

    def __str__(self) -> str:
        return self.name
