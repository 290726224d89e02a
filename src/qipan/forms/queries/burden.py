"""What work admission and the burden meter are told about forms: what is known already, what is asked twice (SVC-10, SVC-13)."""

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext as _

from qipan.desk.api import Known

from .. import rules
from ..models import FieldEntry, Form, FormDraft, FormQuestion
from .design import Design, read_design
from .drafts import definition_of
from .fields import fields_on


def _drafted(code: str, at: datetime) -> Design | None:
    """The design of the newest draft of a form; None without one, or where it is broken."""
    draft = FormDraft.objects.filter(code=code, form=None).order_by("-changed_at", "-pk").first()
    if draft is None:
        return None
    try:
        return read_design(definition_of(draft), code=draft.code, subject=draft.subject, at=at)
    except rules.FormBroken:  # a converter of another version reads it no more; its page says so
        return None


def fields_of(code: str, at: datetime) -> list[str] | None:
    """This function will return the fields that a form would ask: of its newest draft, else of its newest version.

    None without either, or while no question of the draft is a field of the dictionary.
    """
    design = _drafted(code, at)
    if design is not None:
        return list(dict.fromkeys(field for field in design.asked_fields if field)) or None
    form = Form.objects.filter(code=code, valid_from__lte=at).order_by("-version").only("pk").first()
    if form is None:
        return None
    asked = form.questions.filter(held=False).exclude(field_code="").order_by("order")
    return list(dict.fromkeys(asked.values_list("field_code", flat=True)))


def labels_of_fields() -> dict[str, str]:
    """This function will return the dictionary in force: codes and what they are called, in the active language."""
    return {entry.code: entry.label for entry in fields_on()}


def known_of(code: str, at: datetime) -> Known | None:
    """This function will say how much of the newest draft of a form is held or asked already; None without a draft."""
    design = _drafted(code, at)
    if design is None:
        return None
    questions = sum(1 for line in design.lines if rules.asked(line.question))
    return Known(questions, design.overlap.known, tuple(design.known))


def asked_twice(at: datetime) -> list[str]:
    """This function will name each field that more than one valid form asks, the newest version of each form counting."""
    newest: dict[str, int] = {}
    titles: dict[int, str] = {}
    rows = Form.objects.filter(valid_from__lte=at).only("code", "title", "number")
    for form in rows.order_by("code", "version"):
        newest[form.code] = form.pk
        titles[form.pk] = f"{form.label} {form.number}"
    asking = FormQuestion.objects.filter(
        form__in=newest.values(), form__valid_to__gt=at, held=False, field_code__in=FieldEntry.objects.values("code")
    )
    found: dict[str, list[int]] = {}
    for code, pk in asking.order_by("field_code", "form").values_list("field_code", "form").distinct():
        found.setdefault(code, []).append(pk)
    labels = {entry.code: entry.label for entry in FieldEntry.objects.filter(code__in=found, valid_to=None)}
    return [
        _("%(field)s: asked by %(forms)s")
        % {"field": labels.get(code, code), "forms": ", ".join(titles[pk] for pk in forms)}
        for code, forms in found.items()
        if len(forms) > 1
    ]


def titles_of(codes: Collection[str]) -> dict[str, str]:
    """This function will return the titles of forms by their codes, of the newest version, in the active language."""
    forms = Form.objects.filter(code__in=codes).order_by("version").only("code", "title", "title_en")
    return {form.code: form.label for form in forms}
