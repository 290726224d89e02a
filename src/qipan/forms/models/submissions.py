"""Forms that were filled in and sent, as far as they are kept, with what was sent beside the answers."""

from typing import Any

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet
from qipan.kernel.sealed import SealedBinaryField, SealedField, SealedJSONField

from ..terms import HELD_BY_ID, Standing
from .passports import Form, FormOpening


class Submission(models.Model):
    """One filled form; the client made its ``instance_id``, so a resend is harmless.

    It says which unit and which team handed it in, never which person. Other content under a known id is a row of
    its own, DISPUTED until a person decides which of the two stands.

    Who changes a filled form sends the whole of it again under a new id and names the one that he had before him. Such
    a version is a row like any other; together they are one record, which its first row stands for (ADR 0015).

    Whatever was answered is sealed in the database (ADR 0024).
    """

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="submissions")
    instance_id = models.CharField(max_length=120)
    standing = models.CharField(max_length=9, choices=Standing, default=Standing.STANDS)
    place = models.BigIntegerField()  # the door it is about, else the ground of who handed it in
    # As it was sent, less what is not kept: the device, when somebody began, any point.
    xml = SealedField()
    answers = SealedJSONField()  # by question, groups and repeats as they stand in the form; points to 50 metres
    points_until = models.DateTimeField(null=True)  # when its points are forgotten; null where it has none (any more)
    digest = models.CharField(max_length=64)  # of the content, keyed; the journal holds nothing else of it
    code_hash = models.CharField(max_length=64, blank=True)  # of the code that the person holds, keyed
    awaits = models.JSONField(default=list)  # files that the answers speak of and that are not here, by ``file_keys``
    unit = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+")
    team = models.BigIntegerField(null=True)  # deployment team, a higher room
    device_at = models.DateTimeField(null=True)  # when it was finished, as the device says, its clock's error taken out
    # The instance that its editor had before him. Null, not empty: few rows have one, so both indexes stay small.
    based_on = models.CharField(max_length=120, null=True)  # noqa: DJ001 - as said above
    record = models.ForeignKey(  # the first row of the record that it belongs to
        "self", null=True, on_delete=models.SET_NULL, related_name="versions", db_index=False
    )
    # The asking in which it was filled in, of a form that asks each door once: what comes apart in it is one record.
    opening = models.ForeignKey(FormOpening, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    merged = SealedJSONField(null=True)  # of a first row that has versions: the answers of all together
    contested = models.BooleanField(default=False)  # of a first row: a question that a person has to decide
    chosen = models.JSONField(default=dict)  # by question: the versions over which a person chose this one's answer
    # By question: what was sent where a register holds something else, until a person decides; that stands meanwhile.
    differs = SealedJSONField(null=True)
    received_at = models.DateTimeField()
    # Number of the declaration for which it was asked: its end starts the clock, until then ``erase_at`` is null.
    emergency = models.CharField(max_length=60, blank=True)
    erase_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            # Settles the race of two posts of one form: whatever comes second is a resend or a dispute.
            models.UniqueConstraint(
                fields=["instance_id"], name="forms_submission_held", condition=models.Q(standing__in=HELD_BY_ID)
            ),
            models.UniqueConstraint(fields=["instance_id", "digest"], name="forms_submission_once"),
        ]
        indexes = [
            models.Index(fields=["form", "place"], name="forms_submission_place"),
            models.Index(fields=["erase_at"], name="forms_submission_erase"),
            models.Index(
                fields=["points_until"], name="forms_submission_points", condition=models.Q(points_until__isnull=False)
            ),
            # What was asked for this emergency?
            models.Index(fields=["emergency"], name="forms_submission_emergency", condition=~models.Q(emergency="")),
            # What came before the one that it is based on; the versions of a record; what waits for a person.
            models.Index(
                fields=["based_on"], name="forms_submission_based", condition=models.Q(based_on__isnull=False)
            ),
            models.Index(fields=["record"], name="forms_submission_record", condition=models.Q(record__isnull=False)),
            models.Index(fields=["place"], name="forms_submission_contested", condition=models.Q(contested=True)),
            models.Index(fields=["place"], name="forms_submission_differs", condition=models.Q(differs__isnull=False)),
            models.Index(fields=["code_hash"], name="forms_submission_code", condition=~models.Q(code_hash="")),
            models.Index(
                fields=["place"], name="forms_submission_disputed", condition=models.Q(standing=Standing.DISPUTED)
            ),
        ]

    def __str__(self) -> str:
        return self.instance_id

    @property
    def now(self) -> Any:
        """The answers of the record as they are now."""
        return self.answers if self.merged is None else self.merged


class Attachment(models.Model):
    """A photograph or another file that an answer speaks of by its name, which is sealed as the answer is: it may name
    a person."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="attachments")
    name = SealedField()
    name_digest = models.CharField(max_length=64, blank=True)  # keyed: one file under one name (``file_keys``)
    media_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)  # of the file as it came: the same again is a resend
    content = SealedBinaryField()  # a photograph is written anew, without where and by which camera
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "name_digest"],
                name="forms_attachment_file",
                condition=~models.Q(name_digest=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.media_type}"


class AnswerLook(models.Model):
    """Somebody looked at what was answered in a form about persons, all that had come by then on a ground: who, when, why.

    One row for each look, however many answers it showed; each person is shown the looks at the own answer. It showed
    tokens, unless it is one person's: then that answer was read in full.
    """

    form_code = models.SlugField(max_length=40)
    drill = models.BooleanField(default=False)
    grounds = models.JSONField()  # [[first, last]]
    # Whose answers alone were shown, where not everybody's on the ground.
    unit = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+")
    team = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    why = models.CharField(max_length=200)
    code_hash = models.CharField(max_length=64, blank=True)  # of whose answer was read in full

    class Meta:
        indexes = [models.Index(fields=["form_code", "at"], name="forms_look_at")]

    def __str__(self) -> str:
        return f"{self.form_code} {self.at}"

    def shows(self, row: Submission) -> bool:
        """This method will say whether it showed a filled form."""
        return (
            row.received_at <= self.at
            and row.drill == self.drill
            and any(first <= row.place <= last for first, last in self.grounds)
            and self.unit_id in (None, row.unit_id)
            and self.team in (None, row.team)
            and self.code_hash in ("", row.code_hash)
        )
