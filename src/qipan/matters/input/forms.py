"""The forms of the room's pages. What is missing or not allowed is refused by the act, which says why."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal
from qipan.webkit.forms import ActForm, LongSelect, offer

from ..models import Category
from ..rules.photos import MOST_BYTES, MOST_PHOTOS, PhotoTooLarge, Picture, TooManyPhotos, clean
from ..terms import DECLINING, RESULTS, Channel, TimeWish, Way

TEXT = {"class": "form-control"}
LOOK = "look"  # the button that looks places up; what was typed goes with it, in the body and never in the address


def moment(label: Any, **how: Any) -> forms.DateTimeField:
    """This function will make a field for a day and time."""
    return forms.DateTimeField(
        label=label,
        **how,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", **TEXT}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Photographs, each taken apart and written anew before anything else sees it."""

    def clean(self, data: Any, initial: Any = None) -> list[Picture]:
        files: list[UploadedFile] = [one for one in (data or []) if one]
        try:
            if len(files) > MOST_PHOTOS:
                raise TooManyPhotos
            pictures = []
            for file in files:
                if (file.size or 0) > MOST_BYTES:
                    raise PhotoTooLarge
                pictures.append(clean(file.read()))
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return pictures


def photos_field() -> PhotosField:
    return PhotosField(
        label=_("Photographs, at most three, if they help"),
        help_text=_("Where and when they were taken is removed. Please show no faces."),
        required=False,
        widget=ManyFiles(attrs={"class": "form-control", "accept": "image/jpeg,image/png,image/webp"}),
    )


def grouped(categories: list[Category]) -> list[Any]:
    """This function will return the catalogue as choices, by class."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in categories:
        groups.setdefault(one.group_label, []).append((one.code, one.label))
    return [("", _("Choose what it is about")), *groups.items()]


def category_choice(categories: list[Category], chosen: str) -> SafeString:
    """This function will write the choice among all categories above a list; whoever chooses sees it at once."""
    choices = [("", _("Every category")), *grouped(categories)[1:]]
    attrs = {"class": "form-select", "aria-label": _("Category"), "data-submit": True}
    return LongSelect(attrs, choices).render("category", chosen)


class ReportForm(ActForm):
    """A report by the public page."""

    category = forms.ChoiceField(label=_("What is it about?"), widget=LongSelect(attrs={"class": "form-select"}))
    text = forms.CharField(
        label=_("What is wrong there?"),
        min_length=2,
        max_length=2000,
        help_text=_("Please write no names, telephone numbers or numbers of papers here."),
        widget=forms.Textarea(attrs={**TEXT, "rows": 4}),
    )
    spot = forms.CharField(
        label=_("Where exactly, in your words (if you like)"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={**TEXT, "autocomplete": "off"}),
    )
    photos = photos_field()
    reach = forms.CharField(
        label=_("How we can reach you (if you like)"),
        required=False,
        max_length=120,
        help_text=_(
            "A mobile number or an e-mail address: only to ask back about this and to tell you how it goes. Kept sealed and apart, each look is written down for you to see, erased 30 days after the end; with your code you can erase it before."
        ),
        widget=forms.TextInput(attrs={**TEXT, "autocomplete": "off"}),
    )
    private = forms.BooleanField(
        label=_("Keep it off the public list"),
        required=False,
        help_text=_(
            "It is then on no list for everyone, and a company that handles it reads none of your words; what you join of others stays there, without anything of yours."
        ),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, categories: list[Category], **how: Any) -> None:
        super().__init__(*args, **how)
        offer(self, "category", grouped(categories))


class StaffReportForm(ReportForm):
    """A report that a post takes down, for itself or for somebody who called."""

    channel = forms.ChoiceField(
        label=_("How it came in"),
        choices=[
            (one.value, one.label) for one in Channel if one not in (Channel.WEB, Channel.PARTNER, Channel.IMPORT)
        ],
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class ReasonForm(ActForm):
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={**TEXT, "rows": 2}))


class NoteForm(ActForm):
    note = forms.CharField(
        label=_("Note (if needed)"), max_length=500, required=False, widget=forms.TextInput(attrs=TEXT)
    )


class FileForm(NoteForm):
    category = forms.ChoiceField(
        label=_("Category, put right if needed"), required=False, widget=LongSelect(attrs={"class": "form-select"})
    )


class DeclineForm(ReasonForm):
    kind = forms.ChoiceField(
        label=_("Why it is not filed"),
        choices=[(kind.value, kind.label) for kind in DECLINING],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    field_order = ["kind", "reason"]


class ExcludeForm(ReasonForm):
    confirmed = forms.ChoiceField(
        label=_("Decision"),
        choices=[("1", _("Leave it out of the rates")), ("0", _("It stays in the rates"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    field_order = ["confirmed", "reason"]


class PointForm(ReasonForm):
    """Where on the map it is; beside it the page offers a map to tap on."""

    point = forms.CharField(
        label=_("Point on the map"),
        help_text=_(
            "Longitude and latitude in degrees (WGS 84), as 104.06575,30.65748; leave it empty to take it away."
        ),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={**TEXT, "autocomplete": "off"}),
    )
    field_order = ["point", "reason"]


class UnitForm(ActForm):
    unit = forms.CharField(label=_("Unit"), max_length=60, widget=forms.TextInput(attrs={**TEXT, "list": "units"}))


class RulingForm(UnitForm, ReasonForm):
    pass


class HelpForm(UnitForm, NoteForm):
    due_at = moment(
        _("Its own time, if it is not the catalogue's"),
        required=False,
    )
    field_order = ["unit", "due_at", "note"]


class ShelveForm(ReasonForm):
    plan = forms.CharField(label=_("Plan"), max_length=400, widget=forms.Textarea(attrs={**TEXT, "rows": 2}))
    review_at = moment(_("Looked at again on"))


class DoneForm(ActForm):
    kind = forms.ChoiceField(
        label=_("What came of it"),
        choices=[(kind.value, kind.label) for kind in RESULTS],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    result = forms.CharField(
        label=_("What was done; who reported it reads this"),
        max_length=1000,
        widget=forms.Textarea(attrs={**TEXT, "rows": 3}),
    )
    photos = photos_field()


class ResultForm(ActForm):
    result = forms.CharField(
        label=_("What was done"), max_length=1000, widget=forms.Textarea(attrs={**TEXT, "rows": 2})
    )


class VerifyForm(NoteForm):
    way = forms.ChoiceField(
        label=_("Solved by which way"), choices=Way.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    field_order = ["way", "note"]


class TimeForm(ReasonForm):
    wish = forms.ChoiceField(
        label=_("What is asked"), choices=TimeWish.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    until = moment(_("Until"))
    field_order = ["wish", "until", "reason"]


class DecideTimeForm(ReasonForm):
    part = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)
    granted = forms.ChoiceField(
        label=_("Decision"),
        choices=[("1", _("Grant")), ("0", _("Do not grant"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class PartForm(ReasonForm):
    part = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)


class MergeForm(ActForm):
    into = forms.CharField(label=_("Number of the other matter"), max_length=20, widget=forms.TextInput(attrs=TEXT))


class LookForm(ActForm):
    report = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)
    why = forms.CharField(
        label=_("Why it is needed; the reporter reads this"), max_length=200, widget=forms.TextInput(attrs=TEXT)
    )
