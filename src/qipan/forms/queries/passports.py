"""A form's passport as a page or a phone shows it, line by line, in the active language."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from ..models import Form


def names_of_forms(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """This function will return the titles of forms by their keys, with the page of each."""
    rows = Form.objects.filter(pk__in=keys).only("code", "version", "title", "title_en")
    return {form.pk: (f"{form.label} v{form.version}", reverse("form", args=[form.code])) for form in rows}


def passport_lines(form: Form) -> list[tuple[str, str]]:
    """This function will return the parts of a passport with their names; the end of the validity with its hour."""
    first = formats.date_format(timezone.localtime(form.valid_from), "DATE_FORMAT")
    last = formats.date_format(timezone.localtime(form.valid_to), "DATETIME_FORMAT")
    lines = [
        (_("Form number"), form.number),
        (_("Issuing body"), form.issuer.label),
        (_("Approval or filing number"), form.approval),
        (_("Valid"), f"{first} – {last}"),
        (_("Basis"), form.basis),
        (_("Purpose"), form.purpose),
        (_("Asks about"), str(form.get_subject_display())),
    ]
    if form.reason:
        lines.append((_("Why sensitive facts are asked"), form.reason))
    if form.approved_by:
        lines.append((_("Approved by another unit"), form.approved_by))
    return lines
