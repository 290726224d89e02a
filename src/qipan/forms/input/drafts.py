"""What designers of forms type and upload, checked."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.laws.api import Use, article_choices
from qipan.webkit.forms import ActForm, offer

from .. import rules
from ..models import FormDraft
from ..terms import Subject

ONE_DAY = timedelta(days=1)


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files."""

    def clean(self, data: Any, initial: Any = None) -> list[rules.Media]:
        files: list[UploadedFile] = [one for one in (data or []) if one]
        return [rules.Media(one.name or "", one.read()) for one in files]


def _files() -> FilesField:
    return FilesField(
        label=_("Files that it names (lists of choices as CSV or XML, pictures), if any"),
        required=False,
        widget=ManyFiles(attrs={"class": "form-control", "accept": ".csv,.xml,.geojson,.png,.jpg,.jpeg,.mp3"}),
    )


class UploadForm(ActForm):
    """A new XLSForm."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_(
            "Short name of the form, for example heating-check. The code of a published form: its next version."
        ),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("XLSForm (XLSX, XLS or CSV)"),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".xlsx,.xls,.csv"}),
    )
    beside = _files()


class AgainForm(ActForm):
    """A corrected XLSForm, or files that were missing."""

    file = forms.FileField(
        label=_("Corrected XLSForm"),
        required=False,
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".xlsx,.xls,.csv"}),
    )
    beside = _files()


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
    )


class DraftForm(ActForm):
    """Passport, reuse and reason of a draft. All may wait until it is published, which says what is missing."""

    title = forms.CharField(label=_("Title in Chinese"), max_length=120, required=False)
    title_en = forms.CharField(label=_("Title in English"), max_length=160, required=False)
    subject = forms.ChoiceField(label=_("Asks about"), choices=Subject.choices)
    number = forms.CharField(label=_("Form number"), max_length=60, required=False)
    issuer = forms.ChoiceField(label=_("Issuing body"))
    approval = forms.CharField(label=_("Approval or filing number"), max_length=120, required=False)
    basis = forms.CharField(label=_("Basis"), max_length=300, required=False)
    article = forms.ChoiceField(label=_("Article of the register"), required=False, widget=forms.Select())
    purpose = forms.CharField(label=_("Purpose"), max_length=200, required=False)
    valid_from = _day(_("Valid from"))
    valid_to = _day(_("Valid until and with this day"))
    reuse = forms.BooleanField(label=_("Fill in what is held, read-only, and do not ask it again"), required=False)
    several = forms.BooleanField(
        label=_("May be filled in several times for one door"),
        required=False,
        help_text=_(
            "Without this a form about doors asks each door once while it is open: what two fill in apart is put together, "
            "and where they answer differently a person decides. Choose it where each visit is an answer of its own."
        ),
    )
    reason = forms.CharField(
        label=_("Why sensitive facts are asked"),
        max_length=300,
        required=False,
        help_text=_("Shown at the top of the form to whoever is asked."),
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 2}),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput | forms.Select):
                kind = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
                field.widget.attrs.setdefault("class", kind)
        for name in ("reuse", "several"):
            self.fields[name].widget.attrs["class"] = "form-check-input"
        articles = article_choices(Use.FORM, on=timezone.localdate())
        offer(self, "article", [("", gettext("none: the basis stands in words only")), *articles])
        own = Q(pk=actor.unit_id)
        above = Q(organ_type__executes_only=False, organ_type__level__lte=2)  # the city's and the districts'
        units = (
            Unit.objects.filter(own | above, valid_to=None)
            .select_related("organ_type")
            .order_by("organ_type__level", "code")
        )
        offer(self, "issuer", [("", "—"), *((str(one.pk), one.label) for one in units)])
        self.fields["issuer"].required = False

    @property
    def passport(self) -> dict[str, object]:
        """What of the passport was typed; the last day itself is inside."""
        given = self.cleaned_data
        kept: dict[str, object] = {
            name: given[name]
            for name in ("title", "title_en", "subject", "number", "approval", "basis", "article", "purpose")
        }
        kept["issuer"] = Unit.objects.filter(pk=int(given["issuer"])).first() if given["issuer"] else None
        kept["valid_from"] = midnight(given["valid_from"])
        kept["valid_to"] = midnight(given["valid_to"], later=ONE_DAY)
        return kept


def midnight(day: date | None, *, later: timedelta = timedelta()) -> datetime | None:
    """This function will return the moment at which a day begins here, or a while later."""
    return None if day is None else timezone.make_aware(datetime.combine(day + later, time()))


def initial_of(draft: FormDraft) -> dict[str, object]:
    """This function will return what the page shows of a draft before anything is typed."""
    names = (
        "title", "title_en", "subject", "number", "approval", "basis", "article", "purpose", "reuse", "several", "reason"
    )  # fmt: skip
    shown: dict[str, object] = {name: getattr(draft, name) for name in names}
    shown["issuer"] = str(draft.issuer_id or "")
    shown["valid_from"] = timezone.localtime(draft.valid_from).date() if draft.valid_from else None
    shown["valid_to"] = timezone.localtime(draft.valid_to - ONE_DAY).date() if draft.valid_to else None
    return shown


def passport_of_sheet(read: dict[str, str]) -> dict[str, object]:
    """This function will turn a passport sheet into values; days that are none are left for the page."""
    kept: dict[str, object] = {name: value for name, value in read.items() if name not in ("valid_from", "valid_to")}
    for name, later in (("valid_from", timedelta()), ("valid_to", ONE_DAY)):
        try:
            kept[name] = midnight(date.fromisoformat(read.get(name, "")), later=later)
        except (ValueError, OverflowError):
            continue
    return kept
