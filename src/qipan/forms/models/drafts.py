"""A form before it is published: its author uploads, corrects, asks for approval."""

from django.db import models

from ..terms import Subject
from .passports import Form


class FormDraft(models.Model):
    """A form that is being written. It holds no answers and is open nowhere."""

    code = models.SlugField(max_length=40)
    title = models.CharField(max_length=120, blank=True)
    title_en = models.CharField(max_length=160, blank=True)
    subject = models.CharField(max_length=10, choices=Subject, default=Subject.DOOR)
    number = models.CharField(max_length=60, blank=True)
    issuer = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="form_drafts")
    approval = models.CharField(max_length=120, blank=True)
    basis = models.CharField(max_length=300, blank=True)
    article = models.CharField(max_length=60, blank=True)  # code of the article of the register that it rests on
    purpose = models.CharField(max_length=200, blank=True)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    file_name = models.CharField(max_length=120)
    source = models.BinaryField()
    # Chosen on the page where the sheet does not say it: path of a question to a field of the dictionary.
    fields = models.JSONField(default=dict)
    reuse = models.BooleanField(default=False)  # what is held is filled in, not asked
    several = models.BooleanField(default=False)  # it may be filled in several times for one door
    reason = models.CharField(max_length=300, blank=True)  # why sensitive fields are asked, shown on the form
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")  # whose draft it is
    account = models.BigIntegerField(null=True)  # who wrote it: kept only so that somebody else approves
    by_label = models.CharField(max_length=200)
    changed_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=200, blank=True)
    approved_digest = models.CharField(max_length=64, blank=True)  # of what was approved: a change ends the approval
    form = models.OneToOneField(Form, null=True, on_delete=models.PROTECT, related_name="draft")  # what it became

    def __str__(self) -> str:
        return f"{self.code} ({self.file_name})"


class DraftMedia(models.Model):
    """A file that a draft's form needs beside it."""

    draft = models.ForeignKey(FormDraft, on_delete=models.CASCADE, related_name="media")
    name = models.CharField(max_length=120)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "name"], name="forms_draft_media_name")]

    def __str__(self) -> str:
        return self.name
