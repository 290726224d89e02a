"""What is typed into the page of partners. What is missing is refused by the act, which says why."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.webkit.forms import ActForm, offer

MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class PartnerInput(ActForm):
    """Which partner works in which compounds, until when."""

    partner = forms.TypedChoiceField(
        label=_("Partner"), coerce=int, widget=forms.Select(attrs={"class": "form-select"})
    )
    compounds = forms.TypedMultipleChoiceField(
        label=_("Compounds"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    stands_down_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        input_formats=MOMENTS,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format=MOMENTS[0]),
        help_text=_("Teams, their passes and the help end then by themselves."),
    )

    def __init__(
        self, *args: Any, partners: Iterable[Any] = (), compounds: Iterable[tuple[int, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "partner", partners)
        offer(self, "compounds", compounds)


class PassesInput(ActForm):
    """The people of a team, as the team calls them."""

    people = forms.CharField(
        label=_("People, one to a line"),
        required=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3, "autocomplete": "off"}),
    )


def _line(length: int, **options: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
    return forms.CharField(max_length=length, required=False, widget=widget, **options)


class FirmInput(ActForm):
    """A firm to register: which kind, under which code, where, and the account of its manager."""

    kind = forms.ChoiceField(label=_("Kind of firm"), widget=forms.Select(attrs={"class": "form-select"}))
    name = _line(120, label=_("Registered name"))
    name_en = _line(160, label=_("English name"))
    credit_code = _line(
        18, label=_("Unified social credit code"), help_text=_("18 characters; the last one checks the others.")
    )
    compounds = forms.TypedMultipleChoiceField(
        label=_("Compounds that a property company looks after"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    takes_over = forms.BooleanField(
        label=_("Takes over compounds that another company looks after"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
        help_text=_("The other company's teams stand down there today, with their passes."),
    )
    community = forms.ChoiceField(
        label=_("Community where any other firm stands"),
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    username = forms.SlugField(
        label=_("User name of its manager"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        help_text=_("Left empty, no account is opened."),
    )
    display_name = _line(60, label=_("Name shown"), help_text=_("The post, as “project manager”."))
    password = forms.CharField(
        label=_("First password"),
        required=False,
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "new-password"}),
    )

    def __init__(
        self,
        *args: Any,
        kinds: Iterable[tuple[str, str]],
        compounds: Iterable[tuple[int, str]],
        communities: Iterable[tuple[str, str]],
        with_account: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", kinds)
        offer(self, "compounds", compounds)
        offer(self, "community", [("", "-"), *communities])
        if not with_account:
            for name in ("username", "display_name", "password"):
                del self.fields[name]


class ContactInput(ActForm):
    """Which post of a company answers, and on which line."""

    post = _line(80, label=_("Post"), help_text=_("The post that answers for the contract, not a person's name."))
    line = _line(40, label=_("Line of the post"), help_text=_("The post's own line: a landline or a short number."))
