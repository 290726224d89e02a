"""The forms of the partners' page. What is missing or not allowed is refused by the act, which says why."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ..terms import EventKind

TEXT = {"class": "form-control"}


class EndpointForm(forms.Form):
    """How the endpoint answers."""

    jurisdiction = forms.CharField(label="jurisdiction_id", max_length=60, widget=forms.TextInput(attrs=TEXT))
    contact = forms.CharField(
        label=_("Contact, shown to everyone"), max_length=200, required=False, widget=forms.TextInput(attrs=TEXT)
    )
    keys_needed = forms.BooleanField(
        label=_("Reporting needs a key"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


class PartnerForm(forms.Form):
    """A partner to let in."""

    name = forms.CharField(label=_("Organisation"), max_length=80, widget=forms.TextInput(attrs=TEXT))
    most_an_hour = forms.IntegerField(
        label=_("Reports an hour at most"),
        min_value=0,
        max_value=100_000,
        initial=200,
        widget=forms.NumberInput(attrs=TEXT),
    )


class SubscriptionForm(forms.Form):
    """Where a partner is told of what."""

    url = forms.CharField(
        label=_("Address (https)"), max_length=500, widget=forms.URLInput(attrs={**TEXT, "placeholder": "https://"})
    )
    kinds = forms.MultipleChoiceField(
        label=_("Told when a public matter is"), choices=EventKind.choices, widget=forms.CheckboxSelectMultiple
    )
