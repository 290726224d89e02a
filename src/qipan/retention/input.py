"""What people type into the pages of the room. What is missing is refused by the act, which says why."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Held
from qipan.webkit.forms import ActForm, offer

from .terms import WishKind


def _text(length: int, label: Any, **attributes: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "maxlength": length, **attributes})
    return forms.CharField(max_length=length, label=label, required=False, widget=widget)


def _day(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )


def _check(label: Any) -> forms.BooleanField:
    return forms.BooleanField(
        label=label, required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )


class PrepareInput(ActForm):
    """Which lots, why, and that every backup is listed."""

    lots = forms.TypedMultipleChoiceField(label=_("Lines that are due"), coerce=int, required=False)
    reason = _text(300, _("Why they are destroyed"))
    backups_listed = _check(_("Every backup that holds these data is listed below."))

    def __init__(self, *args: Any, keys: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "lots", [(key, str(key)) for key in keys])


class HoldInput(ActForm):
    """Which rows are held, by which assessment, why and until when."""

    lot = forms.TypedChoiceField(label=_("Which data"), coerce=int, widget=forms.Select(attrs={"class": "form-select"}))
    area = _text(19, _("Code of the area"), inputmode="numeric")
    assessment = _text(120, _("Number of the written assessment"))
    why = _text(500, _("Why they must not be destroyed yet"))
    until = _day(_("Held until"))

    def __init__(self, *args: Any, lots: Sequence[tuple[int, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "lot", lots)


class BackupInput(ActForm):
    """A backup, and until when it lives."""

    name = _text(120, _("Name of the backup"))
    where = _text(120, _("Where it lies"))
    made_at = _day(_("Made"))
    lives_until = _day(_("Destroyed at the latest"))


class DecideInput(ActForm):
    """The second person's word, or the owner's on a wish."""

    reason = _text(300, _("Reason, where you refuse"))


class PurposeInput(ActForm):
    """The article on which a purpose rests."""

    article = forms.ChoiceField(label=_("Article of the register"), widget=forms.Select(attrs={"class": "form-select"}))

    def __init__(self, *args: Any, articles: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "article", articles)


class WishInput(ActForm):
    """What a person asks about own data."""

    kind = forms.ChoiceField(
        label=_("What you ask"), choices=WishKind.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    words = _text(500, _("What is wrong, and what is right instead (to correct)"))


class CorrectInput(ActForm):
    """What is wrong, of what may be corrected at once, and what stands instead."""

    name = forms.ChoiceField(
        label=_("What is wrong"), required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    value = _text(120, _("What is right instead"))

    def __init__(self, *args: Any, held: Sequence[Held] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "name", [(one.correct, one.label) for one in held if one.correct])


class CodeInput(ActForm):
    """The code that a person holds."""

    code = _text(20, _("Your code"), autocapitalize="characters", spellcheck="false", **{"class": "form-control code"})
