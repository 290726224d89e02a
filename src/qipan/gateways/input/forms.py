"""The forms of the administrator's pages. What is missing or not allowed is refused by the act, which says why."""

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit
from qipan.webkit.forms import ActForm

from ..terms import Audience, EventKind, NoticeKind

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


class ChannelForm(ActForm):
    """Where a unit's notices go, or how reporters are told; the address is read back to nobody."""

    unit = forms.ModelChoiceField(
        Unit.objects.filter(valid_to=None),
        label=_("Code of the unit"),
        to_field_name="code",
        widget=forms.TextInput(attrs={**TEXT, "autocomplete": "off"}),
    )
    name = forms.CharField(
        label=_("Name of the channel"), max_length=80, required=False, widget=forms.TextInput(attrs=TEXT)
    )
    audience = forms.ChoiceField(
        label=_("Whom it tells"), choices=Audience.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    url = forms.CharField(
        label=_("Address, as Apprise writes it (a secret)"),
        max_length=500,
        required=False,
        help_text=_(
            "dingtalk://…, wecombot://…, feishu://…, mailtos://…, jsons://…, or the https address that the robot's own "
            "page gives; for DingTalk with a signature dingtalk://SECRET@TOKEN. For reporters {to} stands where the "
            "number or mailbox goes."
        ),
        widget=forms.PasswordInput(attrs={**TEXT, "autocomplete": "off"}, render_value=False),
    )
    kinds = forms.MultipleChoiceField(
        label=_("Told of (for a unit)"),
        choices=NoticeKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class KindsForm(forms.Form):
    """Of what a unit's channel tells."""

    kinds = forms.MultipleChoiceField(
        label=_("Told of"), choices=NoticeKind.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
