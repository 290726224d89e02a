"""What a form asks, as clients fetch it and as its answers are returned."""

from django.db import models
from django.utils.translation import get_language

from .passports import Form


class FormMedia(models.Model):
    """A file that belongs to one version of a form, such as a long list of choices."""

    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="media")
    name = models.CharField(max_length=120)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "name"], name="forms_media_name")]

    def __str__(self) -> str:
        return self.name


class FormQuestion(models.Model):
    """One question of a published version: where its answer stands, and which field of the dictionary it is."""

    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="questions")
    order = models.PositiveSmallIntegerField()
    path = models.CharField(max_length=400)
    kind = models.CharField(max_length=80)
    labels = models.JSONField()  # language: label
    field_code = models.CharField(max_length=40, blank=True)
    held = models.BooleanField(default=False)  # filled from a register, not asked

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "path"], name="forms_question_path")]
        indexes = [models.Index(fields=["field_code"], name="forms_question_field")]

    def __str__(self) -> str:
        return self.path

    @property
    def label(self) -> str:
        """The label in the active language, else any label, else the name."""
        return label_of(self.labels) or self.path.rsplit("/", 1)[-1]


def label_of(labels: dict[str, str]) -> str:
    """This function will choose a label by the active language: "English (en)" for English, else the Chinese one."""
    english = (get_language() or "").startswith("en")
    for language, label in labels.items():
        said = language.lower()
        if ("en" in said) if english else any(mark in said for mark in ("zh", "中", "汉", "chinese")):
            return label
    return next(iter(labels.values()), "")


class ColumnOrder(models.Model):
    """The columns that another system wants, in its order: answers leave as that system reads them."""

    form_code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    columns = models.JSONField()  # [{"header": ..., "path": ...}] or, for a constant, {"header": ..., "text": ...}
    at = models.DateTimeField()
    by_label = models.CharField(max_length=200)
    unit = models.ForeignKey(
        "duties.Unit", null=True, on_delete=models.PROTECT, related_name="+"
    )  # it alone replaces it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form_code", "name"], name="forms_column_order")]

    def __str__(self) -> str:
        return f"{self.form_code}: {self.name}"
