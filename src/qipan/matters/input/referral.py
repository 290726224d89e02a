"""The forms of referrals: choices only, and how to reach somebody."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Proposal
from qipan.territory.api import Door
from qipan.webkit.forms import ActForm, offer

from ..rules.referral import CARRIED
from ..terms import Hours, NotTaken, Purpose, Result, ToDo
from .forms import TEXT

SELECT = {"class": "form-select"}
CHOOSE = ("", "–")


def receiver_choices(found: Iterable[Proposal]) -> list[tuple[str, str]]:
    """This function will return who may receive, each with the line of the lists that says so."""
    return [(one.unit.code, f"{one.unit.label} ({one.why})") for one in found]


class HandOverForm(ActForm):
    """Exactly the fields that the purpose carries: what it does not need is not on the form."""

    door = forms.TypedChoiceField(label=_("Door"), coerce=int, widget=forms.Select(attrs=SELECT))
    need = forms.ChoiceField(label=_("Found at the door"), widget=forms.Select(attrs=SELECT))
    reach = forms.CharField(
        label=_("Telephone number or e-mail address (if the person gives one)"),
        required=False,
        max_length=40,
        help_text=_("No name, no number of a paper: the receiver asks for what it needs."),
        widget=forms.TextInput(attrs={**TEXT, "autocomplete": "off"}),
    )
    hours = forms.ChoiceField(label=_("When to come"), choices=Hours.choices, widget=forms.Select(attrs=SELECT))
    receiver = forms.ChoiceField(label=_("To whom"), widget=forms.Select(attrs=SELECT))
    ground = forms.ChoiceField(label=_("Why it may be handed over"), widget=forms.Select(attrs=SELECT))
    nonce = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, purpose: Purpose, doors: list[Door], receivers: Iterable[Proposal], **how: Any
    ) -> None:
        super().__init__(*args, **how)
        carried = CARRIED[purpose]
        for name in ("need", "hours"):
            if name not in carried.fields:
                del self.fields[name]
        offer(self, "door", [CHOOSE, *((door.place, str(door)) for door in doors)])
        if "need" in self.fields:
            offer(self, "need", [CHOOSE, *((need.value, need.label) for need in carried.needs)])
        offer(self, "receiver", receiver_choices(receivers))
        offer(self, "ground", [CHOOSE, *((ground.value, ground.label) for ground in carried.grounds)])


class NotTakenForm(ActForm):
    reason = forms.ChoiceField(label=_("Reason"), choices=NotTaken.choices, widget=forms.Select(attrs=SELECT))


class HandOnForm(ActForm):
    receiver = forms.ChoiceField(label=_("To whom"), widget=forms.Select(attrs=SELECT))

    def __init__(self, *args: Any, receivers: Iterable[Proposal] = (), **how: Any) -> None:
        super().__init__(*args, **how)
        offer(self, "receiver", receiver_choices(receivers))


class GiveBackForm(ActForm):
    result = forms.ChoiceField(label=_("How it stands"), choices=Result.choices, widget=forms.Select(attrs=SELECT))
    to_do = forms.ChoiceField(
        label=_("What the sender does now"),
        choices=ToDo.choices,
        help_text=_("No diagnosis: the sender learns how it stands and what to do, and nothing else."),
        widget=forms.Select(attrs=SELECT),
    )
    to_do_by = forms.DateField(
        label=_("Until or on which day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", **TEXT}, format="%Y-%m-%d"),
    )


class WordForm(ActForm):
    """An act that needs no words."""
