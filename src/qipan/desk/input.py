"""Checking what people type on the desk's pages, and what clients send."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from django import forms
from django.utils.timezone import localdate
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import OrganType, Unit
from qipan.laws.api import Use, article_choices
from qipan.webkit.forms import ActForm, LongSelect, offer

from .models import Terminal
from .queries.admissions import fields_of_form
from .rules import MOST_ACCOUNTS
from .terms import Activity, HowOften, TerminalKind


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
    article = forms.ChoiceField(
        label=_("Article of the register"),
        required=False,
        help_text=_("With one, everybody is told when it is repealed."),
        widget=LongSelect,
    )
    activity = forms.ChoiceField(label=_("Kind of work"), choices=Activity.choices)
    questions = forms.IntegerField(label=_("How many questions each unit answers"), min_value=0, max_value=1000)
    form_code = forms.SlugField(
        label=_("Code of the form or its draft, if there is one"), max_length=40, required=False
    )
    asks = forms.MultipleChoiceField(
        label=_("Which fields of the dictionary are asked"),
        required=False,
        help_text=_("None ticked: those of the form that is named."),
        widget=forms.CheckboxSelectMultiple,
    )
    how_often = forms.ChoiceField(label=_("How often"), choices=HowOften.choices)
    minutes_per_unit = forms.IntegerField(
        label=_("Minutes it takes each unit, each time"), min_value=0, max_value=100_000
    )
    organ_types = forms.MultipleChoiceField(label=_("Who would do it"), widget=forms.CheckboxSelectMultiple)
    areas = forms.MultipleChoiceField(
        label=_("Where it would be done"),
        required=False,
        help_text=_("None ticked: on the whole ground of your unit. Nothing is asked outside."),
        widget=forms.CheckboxSelectMultiple,
    )
    valid_from = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    valid_to = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(
        self, *args: object, at: datetime, areas: list[tuple[str, str]], labels: dict[str, str], **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        offer(self, "areas", areas)
        offer(self, "asks", list(labels.items()))
        kinds = OrganType.objects.filter(executes_only=True).order_by("level", "pk")
        offer(self, "organ_types", [(kind.code, kind.label) for kind in kinds])
        self.at = at
        articles = article_choices(Use.WORK, on=localdate(at))
        offer(self, "article", [("", gettext("none: the basis stands in words only")), *articles])

    def clean(self) -> dict[str, Any]:
        """This method will ask for the number of questions where a form is named, and take its fields where none is ticked."""
        given = super().clean() or self.cleaned_data
        if given.get("form_code") and given.get("asks") == []:
            asked = fields_of_form(given["form_code"], at=self.at)
            if asked is None:
                self.add_error("asks", _("Say which fields the form asks: there is no form or draft of this code yet."))
            given["asks"] = asked or []
        if given.get("form_code") and given.get("questions") == 0:
            self.add_error("questions", _("Say how many questions the form asks."))
        return given


class DecisionForm(ActForm):
    """A decision on an application."""

    admitted = forms.ChoiceField(choices=[("1", _("Admit")), ("0", _("Refuse"))])
    reason = forms.CharField(label=_("Reason"), max_length=300)
    basis = forms.CharField(label=_("Basis on which it is admitted"), max_length=300, required=False)
    questions = forms.IntegerField(label=_("Questions admitted"), min_value=0, max_value=1000, required=False)
    asks = forms.MultipleChoiceField(label=_("Fields admitted"), required=False)
    valid_to = forms.DateField(label=_("Admitted until"), required=False)
    field_of: ClassVar[Mapping[str, str]] = {"fields": "asks"}

    def __init__(self, *args: Any, fields: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "asks", [(code, code) for code in fields])


class ReasonForm(forms.Form):
    """A reason that others will read."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


def _text(label: Any, most: int, *, required: bool = True) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control"})
    return forms.CharField(label=label, max_length=most, required=required, widget=widget)


def _chosen(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, widget=forms.Select(attrs={"class": "form-select"}))


class TerminalForm(ActForm):
    """An app or system that the own unit must keep."""

    terminal = _chosen(_("From the registry"))
    name = _text(_("Or another one: its name"), 80, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), choices=TerminalKind.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    owner = _chosen(_("Whose it is"))
    basis = _text(_("Basis that was named, if any"), 300, required=False)
    accounts = forms.IntegerField(
        label=_("Log-ins of your unit"),
        min_value=0,
        max_value=MOST_ACCOUNTS,
        initial=1,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )
    last_used = forms.DateField(
        label=_("Last used on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, terminals: list[Terminal], units: list[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "terminal", [("", "—"), *((str(one.pk), f"{one.name} · {one.owner.label}") for one in terminals)])
        offer(self, "owner", [("", "—"), *((str(one.pk), one.label) for one in units)])

    def clean(self) -> dict[str, Any]:
        """This method will want one of the registry, or a name and whose it is."""
        given = super().clean() or self.cleaned_data
        if not given.get("terminal"):
            for name in ("name", "owner"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, _("Choose one of the registry, or say its name and whose it is."))
        return given


class EndTerminalForm(ActForm):
    """The end of a terminal."""

    instead = _text(_("How its data are had instead"), 300)


class SignReportForm(ActForm):
    """A plaque that is not on the list."""

    words = _text(_("What stands on the plaque"), 80)
    demander = _chosen(_("Who wants it there"))

    def __init__(self, *args: Any, units: list[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "demander", [("", "—"), *((str(one.pk), one.label) for one in units)])


class SignForm(ActForm):
    """A line of the list of what may hang."""

    name = _text(_("Name in Chinese"), 80)
    name_en = _text(_("Name in English"), 120, required=False)
    basis = _text(_("Basis"), 300)


class SignDecisionForm(ActForm):
    """A decision on a report."""

    may_hang = forms.ChoiceField(choices=[("1", _("Put on the list")), ("0", _("Take down"))])
    reason = _text(_("Reason"), 300)
