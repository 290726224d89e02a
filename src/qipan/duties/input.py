"""What people send in: which lists they want to see, a file of lists, one line."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.webkit.forms import LongSelect, offer

from .terms import FaultKind, ItemKind, Role

ANY = [("", _("all"))]


def _class(widget: forms.Widget, name: str) -> forms.Widget:
    widget.attrs["class"] = name
    return widget


class DayInput(forms.DateField):
    """A day, from the browser's own field."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})
        super().__init__(input_formats=["%Y-%m-%d"], widget=widget, **kwargs)


class LookInput(forms.Form):
    """Which day, which items."""

    on = DayInput(label=_("As of"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[*ANY, *ItemKind.choices])
    organ = forms.ChoiceField(label=_("Organ"), required=False)
    role = forms.ChoiceField(label=_("Responsibility"), required=False, choices=[*ANY, *Role.choices])
    fault = forms.ChoiceField(
        label=_("Faults"), required=False, choices=[*ANY, ("ANY", _("with a fault")), *FaultKind.choices]
    )
    q = forms.CharField(
        label=_("Words"), required=False, max_length=40, widget=forms.TextInput(attrs={"class": "form-control"})
    )

    def __init__(self, *args: Any, organs: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "organ", [*ANY, *organs])
        for name in ("kind", "organ", "role", "fault"):
            _class(self.fields[name].widget, "form-select")


class ListsInput(forms.Form):
    """A file of whole lists, with the name of the list and the day on which it begins."""

    file = forms.FileField(
        label=_("File (CSV or XLSX)"),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.xlsx"}),
    )
    version = forms.CharField(
        label=_("Name of the list"), max_length=80, widget=forms.TextInput(attrs={"class": "form-control"})
    )
    begins = DayInput(label=_("In force from"))


class LineInput(forms.Form):
    """One line: an organ and what it is to the item."""

    organ = forms.CharField(
        label=_("Organ (code)"),
        max_length=60,
        widget=forms.TextInput(attrs={"class": "form-control", "list": "organs", "autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=_("Responsibility"), required=False, choices=[("", _("none: the line ends")), *Role.choices]
    )
    basis = forms.CharField(
        label=_("Legal basis"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    basis_en = forms.CharField(
        label=_("Legal basis in English"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    article = forms.ChoiceField(
        label=_("Article of the register"), required=False, widget=LongSelect(attrs={"class": "form-select"})
    )
    begins = DayInput(label=_("In force from"))
    field_order = ("organ", "role", "article", "basis", "basis_en", "begins")

    def __init__(self, *args: Any, articles: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _class(self.fields["role"].widget, "form-select")
        offer(self, "article", [("", _("none: the basis stands in words only")), *articles])
