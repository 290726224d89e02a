"""What may be chosen on the page of figures; choices combine."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit
from qipan.territory.api import AreaView
from qipan.webkit.forms import ActForm, LongSelect, offer

from ..models import Category
from ..terms import By, Channel
from .forms import grouped

SELECT = {"class": "form-select"}
MOST_MONTHS = 36


def month(label: Any) -> forms.DateField:
    """This function will make a field for a month, "2026-11"."""
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m"],
        widget=forms.DateInput(attrs={"type": "month", "class": "form-control"}, format="%Y-%m"),
    )


class FiguresForm(ActForm):
    by = forms.ChoiceField(label=_("Table by"), required=False, choices=By.choices, widget=forms.Select(attrs=SELECT))
    area = forms.ChoiceField(label=_("Area"), required=False, widget=LongSelect(attrs=SELECT))
    unit = forms.ChoiceField(label=_("Unit"), required=False, widget=LongSelect(attrs=SELECT))
    category = forms.ChoiceField(label=_("Category"), required=False, widget=LongSelect(attrs=SELECT))
    channel = forms.ChoiceField(
        label=_("Channel"),
        required=False,
        choices=[("", _("Every channel")), *Channel.choices],
        widget=forms.Select(attrs=SELECT),
    )
    since = month(_("From month"))
    until = month(_("To month"))

    def __init__(
        self, *args: Any, areas: list[AreaView], units: list[Unit], categories: list[Category], **how: Any
    ) -> None:
        super().__init__(*args, **how)
        offer(self, "area", [("", _("Whole area")), *((one.code, one.label) for one in areas)])
        offer(self, "unit", [("", _("Every unit")), *((one.code, one.label) for one in units)])
        classes = {one.code[:2]: one.group_label for one in categories}
        _blank, *groups = grouped(categories)
        offer(
            self,
            "category",
            [("", _("Every category")), (_("Whole classes"), list(classes.items())), *groups],
        )

    def clean(self) -> dict[str, Any]:
        """The months in order, and not more than three years of them."""
        data: dict[str, Any] = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until:
            months = (until.year - since.year) * 12 + until.month - since.month
            if not 0 <= months < MOST_MONTHS:
                self.add_error(
                    "until",
                    _("The last month is not before the first, and at most %(most)s months are shown.")
                    % {"most": MOST_MONTHS},
                )
        return data
