"""Values that another register brings."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.webkit.forms import ActForm, offer

from ..models import FieldEntry


class ValuesForm(ActForm):
    """A delivery of values of one field."""

    field = forms.ChoiceField(label=_("Field"), widget=forms.Select(attrs={"class": "form-select"}))
    as_of = forms.DateField(
        label=_("As of"), widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")
    )
    values = forms.FileField(
        label=_("Table with the columns place and value, CSV or XLSX"),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.xlsx"}),
    )

    def __init__(self, *args: Any, fields: Sequence[FieldEntry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = bool(fields)  # whether the reader's unit brings any
        offer(self, "field", [(one.code, one.label) for one in fields])
