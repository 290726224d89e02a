"""What a form asks, as clients fetch it."""

from django.db import models

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
