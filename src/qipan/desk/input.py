"""Checking what people type on the desk's pages, and what clients send."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import OrganType
from qipan.webkit.forms import ActForm, offer

from .terms import Activity, HowOften


class ReceiptIn(msgspec.Struct, forbid_unknown_fields=True):
    """One receipt as a client sends it."""

    task: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # what a key can be
    state: str
    at: datetime | None = None
    note: str = ""


class ReceiptsIn(msgspec.Struct, forbid_unknown_fields=True):
    """A batch of receipts."""

    receipts: list[ReceiptIn]


class AdmissionForm(forms.Form):
    """An application for work to be admitted."""

    title = forms.CharField(label=_("What is to be done"), max_length=200)
    basis = forms.CharField(
        label=_("Legal or list basis"),
        max_length=300,
        required=False,
        help_text=_("Without one the list says that none was named."),
    )
    activity = forms.ChoiceField(label=_("Kind of work"), choices=Activity.choices)
    questions = forms.IntegerField(label=_("How many questions each unit answers"), min_value=0, max_value=1000)
    form_code = forms.SlugField(
        label=_("Code of the form or its draft, if there is one"), max_length=40, required=False
    )
    how_often = forms.ChoiceField(label=_("How often"), choices=HowOften.choices)
    minutes_per_unit = forms.IntegerField(
        label=_("Minutes it takes each unit, each time"), min_value=0, max_value=100_000
    )
    organ_types = forms.MultipleChoiceField(label=_("Who would do it"), widget=forms.CheckboxSelectMultiple)
    valid_from = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    valid_to = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        kinds = OrganType.objects.filter(executes_only=True).order_by("level", "pk")
        offer(self, "organ_types", [(kind.code, kind.label) for kind in kinds])

    def clean(self) -> dict[str, Any]:
        """This method will ask for the number of questions where a form is named."""
        given = self.cleaned_data
        if given.get("form_code") and given.get("questions") == 0:
            self.add_error("questions", _("Say how many questions the form asks."))
        return given


class DecisionForm(ActForm):
    """A decision on an application."""

    admitted = forms.ChoiceField(choices=[("1", _("Admit")), ("0", _("Refuse"))])
    reason = forms.CharField(label=_("Reason"), max_length=300)
    basis = forms.CharField(label=_("Basis on which it is admitted"), max_length=300, required=False)
    questions = forms.IntegerField(label=_("Questions admitted"), min_value=0, max_value=1000, required=False)
    valid_to = forms.DateField(label=_("Admitted until"), required=False)


class ReasonForm(forms.Form):
    """A reason that others will read."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
