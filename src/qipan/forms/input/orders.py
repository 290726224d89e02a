"""A column order as it is typed, and why somebody looks at answers about persons."""

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.webkit.forms import ActForm


class OrderForm(ActForm):
    """The columns of another system, one a line."""

    name = forms.CharField(
        label=_("Name of the system"), max_length=80, widget=forms.TextInput(attrs={"class": "form-control"})
    )
    lines = forms.CharField(
        label=_("Its columns in its order, one a line: header = question"),
        max_length=20_000,
        help_text=_(
            "A question by its name, path or field; @place, @received, @version or @id; or a constant in quotation marks."
        ),
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 8, "spellcheck": "false"}),
    )


class LookForm(ActForm):
    """Why somebody looks: whoever gave the answers reads it. ``answer`` is the one to read in full."""

    answer = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput(attrs={"id": "look-answer"})
    )
    why = forms.CharField(
        label=_("Why you look, for which task"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
