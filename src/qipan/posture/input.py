"""What people type into the pages of the room. What is missing is refused by the act, which cites the law."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from qipan.territory.api import AreaView
from qipan.webkit.forms import ActForm, offer

from . import rules
from .terms import ResponseLevel


def _text(length: int, label: Any, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attributes})
    return forms.CharField(max_length=length, label=label, required=False, widget=widget)


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )


def word_choices(name: str) -> list[tuple[str, str]]:
    """This function will return a word list of this city in the reader's language, with an empty first choice."""
    english = (get_language() or "").startswith("en")
    return [("", "—"), *((code, pair[1] if english else pair[0]) for code, pair in rules.words(name).items())]


class ActInput(ActForm):
    """A page's form for an act over areas."""

    field_of = {"ground_codes": "areas", "grounds": "areas"}

    def offer_areas(self, areas: Sequence[AreaView]) -> None:
        """This method will offer areas as check boxes; others are named by their code."""
        offer(self, "areas", [(area.code, area.label) for area in areas])

    def area_codes(self) -> list[str]:
        """This method will return the codes of the areas that were ticked or typed."""
        return [*self.cleaned_data["areas"], *self.cleaned_data["more_areas"].split()]


def _areas() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=_("Areas"), required=False, widget=forms.CheckboxSelectMultiple)


def _codes() -> forms.CharField:
    field = _text(400, _("Smaller areas, by code"), inputmode="numeric")
    field.help_text = _(
        "Codes of subdistricts, communities or compounds, with spaces between. The smallest that suffices."
    )
    return field


class DeclarationInput(ActInput):
    """A new declaration: everything that Emergency Response Law 2024, art. 72 asks for."""

    number = _text(60, _("Number"))
    matter = _text(200, _("Matter"))
    hazard = forms.ChoiceField(label=_("Hazard"), required=False, widget=forms.Select(attrs={"class": "form-select"}))
    level = forms.TypedChoiceField(
        label=_("Level"),
        required=False,
        coerce=int,
        empty_value=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    basis = _text(300, _("Basis"))
    areas = _areas()
    more_areas = _codes()
    starts_at = _moment(_("Start"))
    expected_until = _moment(_("Expected until"))
    measures = forms.CharField(
        label=_("Measures, one a line"),
        required=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 5}),
    )
    drill = forms.BooleanField(
        label=_("Drill"), required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )

    def __init__(self, *args: Any, levels: Sequence[int], areas: Sequence[AreaView], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "hazard", word_choices("hazards"))
        offer(self, "level", [("", "—"), *((level, ResponseLevel(level).label) for level in levels)])
        self.offer_areas(areas)


class LevelInput(ActInput):
    """Raise or lower the level."""

    level = forms.TypedChoiceField(
        label=_("New level"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "—"), *ResponseLevel.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    reason = _text(300, _("Reason"))


class ExtensionInput(ActInput):
    """A later expected end."""

    expected_until = _moment(_("New expected end"))
    reason = _text(300, _("Reason"))


class EndInput(ActInput):
    """The end of a response."""

    reason = _text(300, _("Reason"))


class MeasureInput(ActInput):
    """A measure under a declaration."""

    kind = forms.ChoiceField(label=_("Kind"), required=False, widget=forms.Select(attrs={"class": "form-select"}))
    title = _text(200, _("What is to be done"))
    basis = _text(300, _("Basis"))
    areas = _areas()
    more_areas = _codes()
    starts_at = _moment(_("Start"))
    review_at = _moment(_("Reviewed on"))
    expires_at = _moment(_("Expires"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "kind", word_choices("measures"))


class MeasureExtensionInput(ActInput):
    """A later end of a measure, with a basis of its own."""

    expires_at = _moment(_("New expiry"))
    review_at = _moment(_("Reviewed on"))
    basis = _text(300, _("Basis"))
