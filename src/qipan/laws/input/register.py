"""What people send in about the register: which articles they want to see, a file, one article, a repeal."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.webkit.forms import ActForm, offer

from ..actions.importing import CODE
from ..terms import RANKS, LawKind, Use

ANY = [("", _("all"))]


def text(label: Any, most: int, *, required: bool = True, **attributes: Any) -> forms.CharField:
    """This function will return a field of one line."""
    widget = forms.TextInput(attrs={"class": "form-control", **attributes})
    return forms.CharField(label=label, max_length=most, required=required, widget=widget)


def area(label: Any, most: int, *, required: bool = True, rows: int = 2) -> forms.CharField:
    """This function will return a field of several lines."""
    widget = forms.Textarea(attrs={"class": "form-control", "rows": rows})
    return forms.CharField(label=label, max_length=most, required=required, widget=widget)


def choice(label: Any, choices: Any, *, required: bool = True) -> forms.ChoiceField:
    """This function will return a choice of one."""
    widget = forms.Select(attrs={"class": "form-select"})
    return forms.ChoiceField(label=label, choices=choices, required=required, widget=widget)


def tick(label: Any, *, initial: bool = False) -> forms.BooleanField:
    """This function will return a box to tick."""
    widget = forms.CheckboxInput(attrs={"class": "form-check-input"})
    return forms.BooleanField(label=label, required=False, initial=initial, widget=widget)


def day(label: Any, *, required: bool = True) -> forms.DateField:
    """This function will return a day, from the browser's own field."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})
    return forms.DateField(label=label, required=required, input_formats=["%Y-%m-%d"], widget=widget)


def link(label: Any, *, required: bool = True) -> forms.URLField:
    """This function will return an address of the web."""
    widget = forms.URLInput(attrs={"class": "form-control", "placeholder": "https://"})
    return forms.URLField(label=label, max_length=300, required=required, widget=widget, assume_scheme="https")


class RegisterLook(forms.Form):
    """Which articles, on which day."""

    q = text(_("Words"), 40, required=False)
    law = choice(_("Law"), ANY, required=False)
    use = choice(_("May carry"), [*ANY, *Use.choices], required=False)
    state = choice(
        _("State"),
        [("", _("in force")), ("ended", _("repealed or replaced")), ("ending", _("ends soon"))],
        required=False,
    )
    on = day(_("As of"), required=False)

    def __init__(self, *args: Any, laws: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "law", [*ANY, *laws])


class RegisterFile(forms.Form):
    """A file of articles."""

    file = forms.FileField(
        label=_("File (CSV or XLSX)"),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.xlsx"}),
    )


class ArticleInput(ActForm):
    """One article with its law, as a line of the file has it."""

    law = text(_("Law (code)"), 40, list="laws", autocomplete="off", placeholder="erl-2024")
    kind = choice(_("Kind"), LawKind.choices)
    law_name = text(_("Name of the law"), 120)
    law_name_en = text(_("Name of the law in English"), 200)
    law_link = link(_("Where the law can be read"))
    number = text(_("Number of the article"), 20)
    link = link(_("Where the article can be read, if elsewhere"), required=False)
    summary = area(_("What it says, in our own words (Chinese)"), 300)
    summary_en = area(_("What it says, in our own words (English)"), 500)
    minimum_rank = choice(
        _("Lowest competent organ"),
        [("", _("names none")), *((str(n), name) for n, name in RANKS.items())],
        required=False,
    )
    uses = forms.MultipleChoiceField(
        label=_("May carry"),
        choices=Use.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    valid_from = day(_("In force from"))
    reason = text(_("Reason of the change"), 300, required=False)

    def clean_law(self) -> str:
        """This method will refuse a code that no address can hold."""
        code: str = self.cleaned_data["law"]
        if not CODE.match(code):
            raise forms.ValidationError(_("Small letters, digits and hyphens, as in erl-2024."))
        return code

    def clean_number(self) -> str:
        """This method will refuse a number that cannot stand in a code."""
        number: str = self.cleaned_data["number"]
        if not CODE.match(number):
            raise forms.ValidationError(_("The number in digits, as in 72 or 12-1."))
        return number

    def row(self, code: str = "") -> dict[str, str]:
        """This method will return the line of a file that says this; ``code`` where the article exists."""
        given = self.cleaned_data
        return {
            **{name: str(value or "") for name, value in given.items()},
            "article": code or f"{given['law']}-{given['number']}",
            "uses": " ".join(given["uses"]),
            "valid_from": given["valid_from"].isoformat(),
            "valid_to": "",
            "successor": "",
        }


class RepealInput(ActForm):
    """A repeal: from when, why, what stands in its place."""

    since = day(_("Repealed from"))
    successor = text(_("Article in its place (code)"), 60, required=False, list="articles", autocomplete="off")
    reason = area(_("Reason: the decision or the new law"), 300)
