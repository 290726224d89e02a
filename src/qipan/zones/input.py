"""What people type into the pages of the room."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from qipan.webkit.forms import ActForm, offer

from .rules.sets import inputs
from .terms import ZoneLevel


def _text(label: Any, length: int, *, required: bool = True, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attributes})
    return forms.CharField(max_length=length, label=label, required=required, widget=widget)


def _day(label: Any, *, required: bool = True) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget)


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "form-select"})


def _inputs() -> list[tuple[str, str]]:
    english = (get_language() or "").startswith("en")
    return [(code, one.name_en if english else one.name) for code, one in inputs().items()]


class CountInput(ActForm):
    """One count of an area and a day."""

    area = _text(_("Area, by code"), 19, inputmode="numeric")
    day = _day(_("Day"))
    input = forms.ChoiceField(label=_("What is counted"), widget=_select())
    n = forms.IntegerField(
        label=_("How many on this day"),
        min_value=0,
        max_value=1_000_000,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )
    source = _text(_("Source"), 200)
    reason = _text(_("Reason, if it corrects a count"), 300, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "input", _inputs())


class CountFileInput(ActForm):
    """A file of counts."""

    file = forms.FileField(
        label=_("CSV or XLSX file"),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.xlsx"}),
    )
    totals = forms.BooleanField(
        label=_("The numbers are running totals"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    source = _text(_("Source"), 200)
    reason = _text(_("Reason, if it corrects counts"), 300, required=False)


class ConfirmInput(ActForm):
    """A level that an official confirms."""

    rule_set = forms.IntegerField(widget=forms.HiddenInput())
    proposed = forms.TypedChoiceField(choices=ZoneLevel.choices, coerce=int, widget=forms.HiddenInput())
    level = forms.TypedChoiceField(label=_("Level"), choices=ZoneLevel.choices, coerce=int, widget=_select())
    words = _text(_("Why it is lower than the rule gives"), 300, required=False)
    starts_at = forms.DateTimeField(
        label=_("Takes effect; empty is now"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )


class RuleFileInput(ActForm):
    """A rule set as JSON."""

    text = forms.CharField(
        label=_("Rule set (JSON)"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"class": "form-control font-monospace", "rows": 14, "spellcheck": "false"}),
    )


class EndInput(ActForm):
    """The end of a rule set."""

    on = _day(_("First day without it"))
    basis = _text(_("Basis"), 300)
