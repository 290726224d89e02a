"""What people type into the pages of the room. What is missing is refused by the act, which cites the law."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from qipan.territory.api import AreaView
from qipan.webkit.forms import ActForm, offer

from . import rules
from .terms import Certainty, Colour, Urgency


def _text(length: int, label: Any, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attributes})
    return forms.CharField(max_length=length, label=label, required=False, widget=widget)


def _long(label: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"class": "form-control", "rows": 4})
    return forms.CharField(max_length=4000, label=label, required=False, widget=widget)


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M")
    formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    return forms.DateTimeField(label=label, required=False, widget=widget, input_formats=formats)


def _choice(label: Any, choices: Any = ()) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=choices, widget=forms.Select(attrs={"class": "form-select"})
    )


class WarningInput(ActForm):
    """A warning or its update: everything that Emergency Response Law 2024, art. 64 asks for."""

    field_of = {"ground_codes": "areas"}

    kind = _choice(_("Kind of warning"))
    colour = forms.TypedChoiceField(
        label=_("Colour"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "—"), *Colour.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    urgency = _choice(_("How soon one must act"), Urgency.choices)
    certainty = _choice(_("How sure it is"), Certainty.choices)
    basis = _text(300, _("Basis"))
    areas = forms.MultipleChoiceField(label=_("Areas"), required=False, widget=forms.CheckboxSelectMultiple)
    more_areas = _text(400, _("Smaller areas, by code"), inputmode="numeric")
    starts_at = _moment(_("Start"))
    expires_at = _moment(_("Ends"))
    headline = _text(160, _("Headline"))
    description = _long(_("What is to be expected"))
    instruction = _long(_("What people should do"))
    headline_en = _text(160, _("Headline in English"))
    description_en = _long(_("What is to be expected, in English"))
    instruction_en = _long(_("What people should do, in English"))
    reason = _text(300, _("Reason of the change"))
    drill = forms.BooleanField(
        label=_("Drill"), required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )

    def __init__(self, *args: Any, areas: Sequence[AreaView], update: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        english = not (get_language() or "").startswith("zh")
        kinds = [(one.code, one.name_en if english else one.name) for one in rules.kinds().values()]
        offer(self, "kind", [("", "—"), *kinds])
        offer(self, "areas", [(area.code, area.label) for area in areas])
        del self.fields["drill" if update else "reason"]

    def content(self) -> dict[str, Any]:
        """This method will return what the act takes."""
        data = dict(self.cleaned_data)
        codes = [*data.pop("areas"), *data.pop("more_areas").split()]
        return {**data, "ground_codes": codes}


class ReasonInput(ActForm):
    """Why a warning is cancelled, or an alert set aside."""

    reason = _text(300, _("Reason"))


class AlertInput(ActForm):
    """A CAP message from outside, as a file."""

    file = forms.FileField(
        label=_("CAP 1.2 message (XML)"),
        widget=forms.ClearableFileInput(attrs={"class": "form-control", "accept": ".xml,.cap,application/xml"}),
    )
