"""What people type into the pages of the room."""

import re
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


def _article() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Legal basis"), widget=_select())


def _offer_articles(form: ActForm, articles: list[tuple[str, str]]) -> None:
    """One is chosen wherever the register has one that may carry a risk level."""
    if articles:
        offer(form, "article", articles)
    else:
        del form.fields["article"]


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
    article = _article()
    words = _text(_("Why it is lower than the rule gives"), 300, required=False)
    starts_at = forms.DateTimeField(
        label=_("Takes effect; empty is now"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )

    def __init__(self, *args: Any, articles: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        _offer_articles(self, articles)


class LinesField(forms.Field):
    """The proposals that were ticked: "rule set:area:level" each, as the page showed them."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> list[tuple[int, str, int]]:
        """This method will read them; none at all is refused."""
        if not value:
            raise forms.ValidationError(_("Tick what is to be confirmed."))
        read = [LINE.fullmatch(one) for one in value]
        if None in read:
            raise forms.ValidationError(_("What was ticked cannot be read; look at the page again."))
        return [(int(one["rule"]), one["code"], int(one["level"])) for one in read if one is not None]


LINE = re.compile(r"(?P<rule>[0-9]{1,9}):(?P<code>[0-9]{4,19}):(?P<level>[1-3])", re.ASCII)


class ConfirmManyInput(ActForm):
    """Several proposed levels that an official confirms at once."""

    lines = LinesField()
    article = _article()

    def __init__(self, *args: Any, articles: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        _offer_articles(self, articles)


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
