"""What people send in: lists of temporary workers and the forms of the pages."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit
from qipan.kernel.refusal import BadInput
from qipan.webkit.forms import offer

from .actions import WorkerRow
from .models import Role

MOST_BYTES = 5_000_000
MOST_ROWS = 20_000
COLUMNS = {
    "label": ("label", "name", "称呼", "姓名"),
    "code": ("area", "code", "区划代码", "位置"),
    "team": ("team", "班组", "编组"),
}


def read_workers(raw: bytes) -> list[WorkerRow]:
    """This function will read a list of workers: CSV in UTF-8 or GB18030 with a header line.

    Columns: ``label`` (称呼), and if wanted ``area`` (区划代码) and ``team`` (编组). A line that cannot be
    understood keeps its fault, so that enrolling names all bad lines at once. Raises ``BadInput`` when
    the file is no such list.
    """
    if len(raw) > MOST_BYTES:
        raise BadInput([gettext("the file is larger than 5 MB")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")  # what spreadsheet programs in China write
        except UnicodeDecodeError:
            raise BadInput([gettext("the file is neither UTF-8 nor GB18030 text")]) from None
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip().lower() for cell in next(reader, [])]
    where = {
        column: next((header.index(name) for name in names if name in header), None)
        for column, names in COLUMNS.items()
    }
    if where["label"] is None:
        raise BadInput([gettext("line 1: there is no column “label” (称呼)")])
    rows: list[WorkerRow] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) >= MOST_ROWS:
            raise BadInput([gettext("the list is longer than %(most)s people") % {"most": MOST_ROWS}])
        value = {
            column: cells[place].strip() if place is not None and place < len(cells) else ""
            for column, place in where.items()
        }
        team = value["team"]
        is_number = team.isascii() and team.isdigit() and len(team) < 18
        fault = "" if is_number or not team else gettext("the team is not a number")
        number = int(team) if is_number else None
        rows.append(WorkerRow(value["label"], value["code"], number, reader.line_num, fault))
    return rows


class TabledForm(forms.Form):
    """A form whose fields carry the classes of the design system."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            choice = isinstance(field.widget, forms.Select)
            tick = isinstance(field.widget, forms.CheckboxInput)
            field.widget.attrs["class"] = "form-check-input" if tick else "form-select" if choice else "form-control"


class EnrolForm(TabledForm):
    """A list of temporary workers to enrol."""

    file = forms.FileField(label=_("List (CSV)"))
    role = forms.ModelChoiceField(Role.objects.none(), label=_("Role"), to_field_name="code", empty_label=None)
    last_day = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].queryset = Role.objects.filter(for_passes=True).order_by("pk")  # type: ignore[attr-defined]

    def expires_at(self) -> datetime:
        """This method will return the end of the last day, in the city's civil time."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["last_day"], time(23, 59, 59)))


class PostForm(TabledForm):
    """A post to give, and the account to open for it where there is none."""

    username = forms.SlugField(label=_("User name"), max_length=60)
    display_name = forms.CharField(label=_("Name shown"), max_length=60, required=False)
    password = forms.CharField(
        label=_("First password (new accounts)"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    role = forms.ModelChoiceField(Role.objects.none(), label=_("Role"), to_field_name="code")
    unit = forms.ModelChoiceField(
        Unit.objects.filter(valid_to=None), label=_("Code of the unit"), to_field_name="code", widget=forms.TextInput
    )
    title = forms.CharField(label=_("Title of the post"), max_length=80, required=False)
    sponsors_area = forms.BooleanField(label=_("Named leader of the area"), required=False)
    published_name = forms.CharField(
        label=_("Name as the list of leaders publishes it (residents read it)"), max_length=40, required=False
    )

    emergency = forms.ChoiceField(
        label=_("For an emergency: the release ends the post"), required=False, choices=[("", _("no, it lasts"))]
    )

    def __init__(self, *args: Any, emergencies: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "emergency", [("", _("no, it lasts")), *emergencies])
        self.fields["role"].queryset = Role.objects.filter(for_passes=False).order_by("code")  # type: ignore[attr-defined]
