"""The forms of joint work: calls, hazards, review sessions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.webkit.forms import LongSelect, offer

from ..models import Category
from ..rules.sampling import MOST_DAYS, MOST_SHARE
from ..terms import Grade, Urgency
from .forms import TEXT, ActForm, grouped, moment

KEY = 2**63 - 1
SELECT = {"class": "form-select"}
NUMBER = forms.NumberInput(attrs=TEXT)
SCALE = [(n, str(n)) for n in range(1, 6)]


class MeetingForm(ActForm):
    units = forms.MultipleChoiceField(label=_("Units called"), widget=forms.CheckboxSelectMultiple)
    meets_where = forms.CharField(label=_("Where to meet"), max_length=120, widget=forms.TextInput(attrs=TEXT))
    meets_at = moment(_("When to meet"))

    def __init__(self, *args: Any, units: list[tuple[str, str]], **how: Any) -> None:
        super().__init__(*args, **how)
        offer(self, "units", units)


class CallForm(MeetingForm):
    what = forms.CharField(
        label=_("What is to be done there"), max_length=300, widget=forms.Textarea(attrs={**TEXT, "rows": 2})
    )
    urgency = forms.ChoiceField(
        label=_("How soon"),
        choices=Urgency.choices,
        initial=Urgency.PRESSING,
        widget=forms.Select(attrs=SELECT),
    )
    field_order = ["what", "urgency", "units", "meets_where", "meets_at"]


class ProblemForm(CallForm):
    """A call for a problem that has no matter yet; it becomes one."""

    category = forms.ChoiceField(label=_("What is it about?"), widget=LongSelect(attrs=SELECT))
    nonce = forms.CharField(max_length=64, widget=forms.HiddenInput)
    field_order = ["category", "what", "urgency", "units", "meets_where", "meets_at", "nonce"]

    def __init__(self, *args: Any, categories: list[Category], **how: Any) -> None:
        super().__init__(*args, **how)
        offer(self, "category", grouped(categories))


class ComingForm(ActForm):
    post = forms.CharField(
        label=_("Which post comes"),
        max_length=60,
        help_text=_("A function, as “duty officer”: no name of a person, no number."),
        widget=forms.TextInput(attrs={**TEXT, "autocomplete": "off"}),
    )


class OneForm(ActForm):
    """An act on one called unit."""

    called = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=KEY)


class CameForm(OneForm):
    came = forms.ChoiceField(choices=[("1", ""), ("0", "")])


class RefusalForm(OneForm):
    excused = forms.ChoiceField(choices=[("1", ""), ("0", "")])
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.TextInput(attrs=TEXT))


class FoundForm(ActForm):
    found = forms.CharField(
        label=_("What was found at the place"),
        max_length=2000,
        help_text=_("By units and posts. No names of residents."),
        widget=forms.Textarea(attrs={**TEXT, "rows": 4}),
    )


class AgreedForm(ActForm):
    """One thing that was agreed at a site meeting."""

    text = forms.CharField(
        label=_("What needs to be done"), max_length=300, widget=forms.Textarea(attrs={**TEXT, "rows": 2})
    )
    owner = forms.ChoiceField(label=_("By which unit"), widget=LongSelect(attrs=SELECT))
    due_at = moment(_("By when"))


class TakeBackForm(ActForm):
    agreed = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=KEY)
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.TextInput(attrs=TEXT))


class RatingForm(OneForm):
    first = forms.TypedChoiceField(choices=SCALE, coerce=int, widget=forms.Select(attrs=SELECT))
    second = forms.TypedChoiceField(choices=SCALE, coerce=int, widget=forms.Select(attrs=SELECT))
    words = forms.CharField(label=_("One sentence"), max_length=200, widget=forms.TextInput(attrs=TEXT))


class GradeForm(ActForm):
    grade = forms.ChoiceField(label=_("Grade"), choices=Grade.choices, widget=forms.Select(attrs=SELECT))
    measure = forms.CharField(
        label=_("What keeps people safe until it is remedied"),
        max_length=500,
        widget=forms.Textarea(attrs={**TEXT, "rows": 2}),
    )


class InspectionForm(ActForm):
    remedied = forms.ChoiceField(
        label=_("What was found"),
        choices=[("0", _("the hazard stands")), ("1", _("the hazard is remedied"))],
        widget=forms.Select(attrs=SELECT),
    )
    note = forms.CharField(label=_("What was seen"), max_length=500, widget=forms.Textarea(attrs={**TEXT, "rows": 2}))


class ConclusionForm(ActForm):
    text = forms.CharField(
        label=_("What needs to be done"), max_length=300, widget=forms.Textarea(attrs={**TEXT, "rows": 2})
    )
    owner = forms.ChoiceField(label=_("By which unit"), widget=LongSelect(attrs=SELECT))
    due_at = moment(_("By when"))
    item = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1, max_value=KEY)

    def __init__(self, *args: Any, units: list[tuple[str, str]], **how: Any) -> None:
        super().__init__(*args, **how)
        offer(self, "owner", units)


class MinutesForm(ActForm):
    minutes = forms.CharField(
        label=_("Minutes"),
        max_length=4000,
        help_text=_("What was said and agreed, by organs. No names of residents."),
        widget=forms.Textarea(attrs={**TEXT, "rows": 6}),
    )


class RecheckForm(ActForm):
    solved = forms.ChoiceField(
        label=_("What was found"),
        choices=[("1", _("it is solved")), ("0", _("it is not solved: reopen it"))],
        widget=forms.Select(attrs=SELECT),
    )
    note = forms.CharField(label=_("What was seen"), max_length=500, widget=forms.Textarea(attrs={**TEXT, "rows": 2}))
    field_of = {"reason": "note"}


class SamplingForm(ActForm):
    share = forms.IntegerField(
        label=_("Share of the matters closed as solved, percent"), min_value=0, max_value=MOST_SHARE, widget=NUMBER
    )
    after_days = forms.IntegerField(
        label=_("Looked at so many days after the close"), min_value=1, max_value=MOST_DAYS, widget=NUMBER
    )
    valid_from = forms.DateField(label=_("In force from"), widget=forms.DateInput(attrs={"type": "date", **TEXT}))
