"""Forms with a passport, and where they are open."""

from django.db import models
from django.utils.translation import get_language

from ..terms import Subject


class Form(models.Model):
    """One version of a form with its passport (Statistics Law, art. 17): without it, none is opened."""

    code = models.SlugField(max_length=40)
    version = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=160, blank=True)
    subject = models.CharField(max_length=10, choices=Subject)
    number = models.CharField(max_length=60)
    issuer = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    approval = models.CharField(max_length=120)
    basis = models.CharField(max_length=300)
    purpose = models.CharField(max_length=200)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField()
    # The XForm made from ``source``, with ``code`` as its id and ``version`` as its version; empty where a form is
    # only a passport and its questions stand elsewhere.
    xform = models.TextField(blank=True)
    source = models.BinaryField(null=True)
    # Why sensitive fields are asked, and who of another unit approved it; both are shown on the form.
    reason = models.CharField(max_length=300, blank=True)
    approved_by = models.CharField(max_length=200, blank=True)
    # A door is asked once while it is open: what is filled in there apart is held against each other.
    once = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="forms_form_version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"

    @property
    def label(self) -> str:
        """The title in the active language."""
        return self.title_en if (get_language() or "").startswith("en") and self.title_en else self.title


class FormOpening(models.Model):
    """A form is open on a ground for a time."""

    form = models.ForeignKey(Form, on_delete=models.PROTECT)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    emergency = models.CharField(max_length=60, blank=True)  # number of the declaration for which it is open
    # The tasks with which units are asked to fill it in ("directive:12"); empty where rounds or cards ask for it.
    source = models.CharField(max_length=40, blank=True)
    drill = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.form} at {self.first}"
