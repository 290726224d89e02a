"""What people type into the composer and the activation page, checked field by field."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .terms import Rhythm


class DayField(forms.DateField):
    """A day as the browser's own picker sends it."""

    widget = forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")


class SplitListField(forms.Field):
    """Several values under one name, in the order given, each once."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[str]:
        return list(dict.fromkeys(part.strip() for part in value or [] if part.strip()))


class MomentField(forms.DateTimeField):
    """A moment as the browser's own picker sends it, on the local clock."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **options)


def _text(length: int, **options: Any) -> forms.CharField:
    return forms.CharField(
        max_length=length, widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}), **options
    )


class DirectiveInput(forms.Form):
    """The composer: where, to whom, what, on which basis, until when."""

    areas = SplitListField(label=_("Areas"), error_messages={"required": _("Choose at least one area.")})
    organ_types = SplitListField(label=_("To"), error_messages={"required": _("Choose who shall receive it.")})
    number = _text(60, label=_("Document number"))
    title = _text(200, label=_("Heading"))
    body = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"class": "form-control", "rows": 8}))
    basis = _text(300, label=_("Basis"), help_text=_("The law, the list or the decision that it rests on."))
    decided_at = MomentField(label=_("Decided at"), help_text=_("Lead time counts from here."))
    due_at = MomentField(label=_("Due"), required=False)
    named_person = _text(
        80,
        label=_("Leader who answers for it"),
        required=False,
        help_text=_("Needed at night when there are less than two hours to answer, at level I or II."),
    )
    admission = forms.IntegerField(label=_("Work admission"), required=False)
    form = forms.SlugField(label=_("Form to fill in"), max_length=40, required=False)
    every = forms.ChoiceField(
        label=_("Ask for it again"),
        choices=[("", _("no, only once")), *Rhythm.choices],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    repeat_until = DayField(label=_("Ask until"), required=False, help_text=_("No round opens after this day."))
    drill = forms.BooleanField(
        label=_("Drill"), required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )

    def clean(self) -> dict[str, Any]:
        """This method will name what a form that is asked again lacks, beside its field."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("every"):
            needed = {
                "form": ("every", _("Choose the form that is asked again.")),
                "due_at": ("due_at", _("Say when the first round is due; each further round has as much time.")),
                "repeat_until": ("repeat_until", _("Say until when it is asked again.")),
            }
            for name, (field, words) in needed.items():
                if not given.get(name) and name not in self.errors:
                    self.add_error(field, words)
        return given


class RevisionInput(forms.Form):
    """The next version of a directive."""

    title = _text(200, label=_("Heading"))
    body = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"class": "form-control", "rows": 10}))
    basis = _text(300, label=_("Basis"))
    decided_at = MomentField(label=_("Decided at"))
    due_at = MomentField(label=_("Due"), required=False)
    repeat_until = DayField(label=_("Ask until"), required=False)
    named_person = _text(80, label=_("Leader who answers for it"), required=False)


class RecallInput(forms.Form):
    reason = _text(300, label=_("Reason"))


class SignInput(forms.Form):
    """The community enters what was signed on the printed sheets."""

    tasks = SplitListField(label=_("Compounds"), error_messages={"required": _("Tick at least one compound.")})
    signed_at = MomentField(label=_("Signed at"))


class ActivationInput(forms.Form):
    """Which playbook, for which districts, on which declaration."""

    playbook = forms.CharField(label=_("Playbook"))
    areas = SplitListField(label=_("Areas"), error_messages={"required": _("Choose at least one area.")})
    declaration = forms.IntegerField(label=_("Declaration"), required=False)
    admission = forms.IntegerField(label=_("Work admission"), required=False)


class PlaybookInput(forms.Form):
    """A new version, its steps as JSON."""

    title = _text(120, label=_("Heading"))
    title_en = _text(160, label=_("Heading in English"), required=False)
    note = _text(300, label=_("Why this version"), required=False)
    steps = forms.JSONField(
        label=_("Steps"), widget=forms.Textarea(attrs={"class": "form-control font-monospace", "rows": 28})
    )


class WatchInput(forms.Form):
    """A turn of duty in the command, on one day or on several in a row."""

    post = _text(80, label=_("Post"), help_text=_("The post that is on duty, not a person's name."))
    line = _text(40, label=_("Telephone line"), help_text=_("The post's own line: a landline or a short number."))
    starts_at = MomentField(label=_("From"))
    ends_at = MomentField(label=_("Until"))
    days = forms.IntegerField(
        label=_("Days in a row"),
        min_value=1,
        max_value=31,
        initial=1,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )


class HandoverInput(forms.Form):
    """What the next turn must know."""

    note = forms.CharField(
        max_length=500, required=False, widget=forms.Textarea(attrs={"class": "form-control", "rows": 2})
    )


class RunInput(forms.Form):
    """A press of the release's button: which state of the plan was seen."""

    seen = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
