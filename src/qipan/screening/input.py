"""What people type into the pages of campaigns, checked field by field."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import Admission
from qipan.kernel.actor import Scope
from qipan.kernel.refusal import NotFound
from qipan.posture.api import Declaration
from qipan.territory.api import AreaView, get_area
from qipan.webkit.forms import ActForm

from .rules import MINUTES_PER_VISIT, MOST_MINUTES, RECOUNT_SHARE

PLAIN = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})

BETWEEN_CODES = str.maketrans(",，、;；", "     ")


class AreasField(forms.CharField):
    """Areas by their codes, one a line (commas and spaces do as well); the picker writes the same lines."""

    def __init__(self, **options: Any) -> None:
        box = forms.Textarea(attrs={"class": "form-control", "rows": 3, "spellcheck": "false"})
        super().__init__(max_length=20_000, widget=box, **options)
        self.scope = Scope()

    def clean(self, value: Any) -> list[AreaView]:
        """This method will return the areas, each once; a code that is none of the scope's own is named."""
        found, unknown = {}, []
        for code in super().clean(value).translate(BETWEEN_CODES).split():
            area = self.area(code)
            if area is None:
                unknown.append(code)
            else:
                found[area.code] = area
        if unknown:
            raise forms.ValidationError(
                _("No area of your ground has this code: %(codes)s."), params={"codes": ", ".join(unknown[:10])}
            )
        return list(found.values())

    def area(self, code: str) -> AreaView | None:
        """This method will return the area with a code when all of it lies in the scope."""
        try:
            area = get_area(code)
        except NotFound:
            return None
        return area if area.ranges and all(self.scope.covers(part) for part in area.ranges) else None


def until(missing: Any) -> forms.DateTimeField:
    """This function will make the field that says until when something runs; ``missing`` is said when it is not told."""
    return forms.DateTimeField(
        label=_("Runs until"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": missing, "invalid": missing},
    )


class CampaignInput(forms.Form):
    """A campaign's title, what it rests on, and whether it is a drill."""

    rests_on = forms.ChoiceField(
        label=_("Rests on"),
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text=_(
            "In an emergency its declaration, as long as it covers the ground; else a work admission of the lead organisation."
        ),
        error_messages={
            "required": _("Choose a declaration or a work admission."),
            "invalid_choice": _("Choose a declaration or a work admission."),
        },
    )

    title = forms.CharField(label=_("Title"), max_length=120, widget=PLAIN)
    basis = forms.CharField(label=_("Basis"), max_length=300, widget=PLAIN)
    drill = forms.BooleanField(
        label=_("This is a drill"), required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )

    def __init__(
        self, *arguments: Any, declarations: Iterable[Declaration], admissions: Iterable[Admission], **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.declarations = {f"declaration:{one.pk}": one for one in declarations}
        self.admissions = {f"admission:{one.pk}": one for one in admissions}
        choices = [(key, f"{one.number} {one.matter}") for key, one in self.declarations.items()]
        choices += [(key, one.title) for key, one in self.admissions.items()]
        rests_on = self.fields["rests_on"]
        assert isinstance(rests_on, forms.ChoiceField)
        rests_on.choices = [("", "—"), *choices]
        # The newest declaration in force; in routine somebody chooses.
        rests_on.initial = next(iter(self.declarations), "")

    @property
    def given(self) -> dict[str, Any]:
        """What the act takes."""
        given = dict(self.cleaned_data)
        chosen = given.pop("rests_on")
        return given | {"declaration": self.declarations.get(chosen), "admission": self.admissions.get(chosen)}


class RoundInput(forms.Form):
    """Where the next round runs, until when, and what a visit takes."""

    areas = AreasField(label=_("Areas"), error_messages={"required": _("Choose at least one area for the round.")})
    closes_at = until(_("Say until when the round runs."))
    minutes_per_visit = forms.IntegerField(
        label=_("Minutes for a visit"),
        initial=MINUTES_PER_VISIT,
        min_value=1,
        max_value=MOST_MINUTES,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
        help_text=_(
            "Times the doors they stand on the burden meter, community by community. Against what was admitted one door "
            "in fifty of each community counts twice: the independent recount sees it again."
        ),
    )

    def __init__(self, *arguments: Any, scope: Scope, **options: Any) -> None:
        super().__init__(*arguments, **options)
        areas = self.fields["areas"]
        assert isinstance(areas, AreasField)
        areas.scope = scope

    @property
    def chosen(self) -> list[AreaView]:
        """The areas among the codes in the box that are on the scope's ground: the picker shows their names."""
        box = self.fields["areas"]
        assert isinstance(box, AreasField)
        codes = dict.fromkeys(str(self["areas"].value() or "").translate(BETWEEN_CODES).split())
        return [area for code in codes if (area := box.area(code))]


class RecountInput(ActForm):
    """How many of the settled doors are seen again, and until when."""

    permille = forms.IntegerField(
        label=_("Share per thousand"),
        initial=RECOUNT_SHARE,
        widget=forms.NumberInput(attrs={"class": "form-control", "min": 1, "max": 200}),
        help_text=_("The doors that are drawn stand on the burden meter too, as those of the round do."),
    )
    closes_at = until(_("Say until when the recount runs."))
