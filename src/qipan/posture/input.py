"""What people type into the pages of the room. What is missing is refused by the act, which cites the law."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import TaskKind
from qipan.kernel.refusal import Refusal
from qipan.territory.api import AreaView
from qipan.webkit.forms import ActForm, offer

from . import rules
from .terms import ResponseLevel

LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*")


def _text(length: int, label: Any, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attributes})
    return forms.CharField(max_length=length, label=label, required=False, widget=widget)


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )


def _choice(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, widget=forms.Select(attrs={"class": "form-select"}))


def _words(label: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"class": "form-control", "rows": 2})
    return forms.CharField(label=label, required=False, max_length=1000, widget=widget)


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
    hazard = _choice(_("Hazard"))
    level = forms.TypedChoiceField(
        label=_("Level"),
        required=False,
        coerce=int,
        empty_value=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    basis = _text(300, _("Basis"))
    article = _choice(_("Article of the register"))
    follows = _choice(_("Warning that came before (pre-alert)"))
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

    def __init__(
        self,
        *args: Any,
        levels: Sequence[int],
        areas: Sequence[AreaView],
        articles: Sequence[tuple[str, str]],
        warned: Sequence[tuple[str, str]] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        offer(self, "article", [("", _("none: the basis stands in words only")), *articles])
        offer(self, "follows", [("", _("none: it comes without a warning")), *warned])
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
    """A measure, under a declaration or by itself."""

    field_of = {**ActInput.field_of, "guidance": "guidance_zh"}

    kind = _choice(_("Kind"))
    title = _text(200, _("What is to be done"))
    article = _choice(_("Legal basis"))
    hazard = _choice(_("Hazard"))
    areas = _areas()
    more_areas = _codes()
    starts_at = _moment(_("Start"))
    review_at = _moment(_("Reviewed on"))
    expires_at = _moment(_("Expires"))
    over_reason = _text(300, _("Reason for going beyond the risk zones"))
    guidance_zh = _words(_("What residents are told, in Chinese"))
    guidance_en = _words(_("What residents are told, in English"))
    guidance_more = _words(_("In other languages"))

    def __init__(self, *args: Any, articles: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "kind", word_choices("measures"))
        offer(self, "article", [("", "—"), *articles])
        offer(self, "hazard", word_choices("hazards"))
        self.fields["review_at"].help_text = _("Left empty: after the days of this kind; no later than that.")
        self.fields["over_reason"].help_text = _("Only of a higher organ, and for a few days.")
        self.fields["guidance_zh"].help_text = _("Left empty: what is usual for this kind.")
        self.fields["guidance_more"].help_text = _(
            "One a line, with the sign of the language before it, as in “ja: …”."
        )

    def clean(self) -> dict[str, Any]:
        """This method will fill in the review date that is usual for the kind where none was typed."""
        given = super().clean()
        starts_at, expires_at = given.get("starts_at"), given.get("expires_at")
        if given.get("review_at") is None and "review_at" not in self.errors and starts_at and expires_at:
            given["review_at"] = rules.proposed_review(given.get("kind", ""), since=starts_at, until=expires_at)
        return given

    def guidance(self) -> dict[str, str]:
        """This method will return what residents are told, by language; raises ``LanguageUnread``."""
        texts = {"zh": self.cleaned_data["guidance_zh"], "en": self.cleaned_data["guidance_en"]}
        for line in self.cleaned_data["guidance_more"].splitlines():
            if not line.strip():
                continue
            language, colon, text = line.partition(":")
            if not colon or not LANGUAGE.fullmatch(language.strip()) or not text.strip():
                raise LanguageUnread(line=line[:60], field="guidance_more")
            texts[language.strip().lower()] = text.strip()
        return texts


class LanguageUnread(Refusal):
    code = "guidance_language_unread"
    sentence = _("“%(line)s” does not begin with the sign of a language and a colon.")
    status = 400


class MeasureExtensionInput(ActInput):
    """A later end of a measure, with a basis of its own."""

    expires_at = _moment(_("New expiry"))
    review_at = _moment(_("Reviewed on"))
    article = _choice(_("Legal basis"))
    over_reason = _text(300, _("Reason for going beyond the risk zones"))

    def __init__(self, *args: Any, articles: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "article", [("", "—"), *articles])


class MeasureReviewInput(ActInput):
    """A measure was looked at again and stays."""

    reason = _text(300, _("Why it is still needed"))
    next_review_at = _moment(_("Reviewed next on"))


class LiftInput(ActInput):
    """A measure is lifted before its time."""

    reason = _text(300, _("Reason"))


class OrderTaskInput(ActInput):
    """Work under a measure."""

    task = _choice(_("What is to be done"))
    title = _text(200, _("In which words"))
    due_at = _moment(_("Due"))

    def __init__(self, *args: Any, kinds: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "task", [("", "—"), *((kind, TaskKind(kind).label) for kind in kinds)])
