"""How a source is set up."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.webkit.forms import ActForm, offer

from ..actions.sources import MOST_SECRET, Reads
from ..models import DataSource, FieldEntry
from ..terms import Rhythm, SourceKind

TEXT = {"class": "form-control", "autocomplete": "off"}


class SourceForm(ActForm):
    """Where a field is pulled from, and what is read there; the header is read back to nobody."""

    field = forms.ChoiceField(label=_("Field"), widget=forms.Select(attrs={"class": "form-select"}))
    title = forms.CharField(label=_("Name of the source"), max_length=80, widget=forms.TextInput(attrs=TEXT))
    url = forms.CharField(
        label=_("Address to read (https)"),
        max_length=500,
        help_text=_("Read by one GET request. A key belongs into the header below."),
        widget=forms.URLInput(attrs={**TEXT, "placeholder": "https://"}),
    )
    kind = forms.ChoiceField(
        label=_("Answers with"), choices=SourceKind.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    records = forms.CharField(
        label=_("JSON: where the list of records stands"),
        required=False,
        max_length=200,
        help_text=_("Names of members with dots, as result.items; empty when the document is the list."),
        widget=forms.TextInput(attrs=TEXT),
    )
    place_name = forms.CharField(
        label=_("Column or member of the place number"),
        max_length=80,
        help_text=_("19 digits for a door, 15 for a compound, 12 for a community; about units also 9, 6 and 4."),
        widget=forms.TextInput(attrs=TEXT),
    )
    value_name = forms.CharField(
        label=_("Column or member of the value"), max_length=80, widget=forms.TextInput(attrs=TEXT)
    )
    every = forms.ChoiceField(
        label=_("How often it is read"),
        choices=Rhythm.choices,
        initial=Rhythm.DAILY,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    secret = forms.CharField(
        label=_("Header Authorization, if one is needed"),
        required=False,
        max_length=MOST_SECRET,
        help_text=_("Kept sealed and shown to nobody."),
        widget=forms.PasswordInput(attrs={**TEXT, "autocomplete": "new-password"}),
    )
    no_secret = forms.BooleanField(
        label=_("No header is needed any more"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(
        self, *args: Any, fields: Sequence[FieldEntry] = (), source: DataSource | None = None, **more: Any
    ) -> None:
        if source is not None:
            names = ("title", "url", "kind", "records", "place_name", "value_name", "every")
            more["initial"] = {name: getattr(source, name) for name in names}
        super().__init__(*args, **more)
        self.holds_secret = bool(source and source.secret)
        if source is not None:
            del self.fields["field"]
        else:
            offer(self, "field", [(one.code, f"{one.label} ({one.owner.label})") for one in fields])
        if not self.holds_secret:
            del self.fields["no_secret"]

    @property
    def reads(self) -> Reads:
        """What was typed, for the act; a header that nobody types again stays."""
        given = self.cleaned_data
        secret = given["secret"].strip()
        keep = self.holds_secret and not secret and not given["no_secret"]
        names = ("title", "url", "kind", "records", "place_name", "value_name", "every")
        return Reads(**{name: given[name] for name in names}, secret=None if keep else secret)
