"""What people type into the pages of the room. What is missing or wrong is refused by the act, beside its field."""

import uuid
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ids import uuid7
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.territory.api import AreaView, get_area
from qipan.webkit.forms import ActForm, LongSelect, offer

from . import rules
from .actions.calling import Item
from .models import AgreementLine, CallLine, Offer
from .terms import Capital

ITEMS = 4  # lines of an inventory on one page


def _text(length: int, label: Any, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attributes})
    return forms.CharField(max_length=length, label=label, required=False, widget=widget)


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"])


def _number(label: Any, most: int = rules.MOST_QUANTITY) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"class": "form-control", "min": "0", "inputmode": "numeric"})
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=most, widget=widget)


def _yuan(label: Any) -> forms.DecimalField:
    widget = forms.NumberInput(attrs={"class": "form-control", "min": "0", "step": "0.01", "inputmode": "decimal"})
    return forms.DecimalField(
        label=label, required=False, min_value=Decimal(0), max_digits=11, decimal_places=2, widget=widget
    )


def _choice(label: Any, widget: type[forms.Select] = forms.Select) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, widget=widget(attrs={"class": "form-select"}))


def fen(given: Decimal | None) -> int | None:
    """This function will read an amount in yuan, two digits behind the point, as whole fen."""
    return None if given is None else int(given * 100)


def nonce_of(given: str) -> str:
    """This function will return the sender's nonce, or a new one where none was sent."""
    try:
        return str(uuid.UUID(given[:36]))
    except ValueError:
        return str(uuid7())


def kind_choices() -> list[tuple[Any, Any]]:
    """This function will return the kinds of this city in the reader's language, by capital."""
    english = (get_language() or "").startswith("en")
    return [
        ("", "—"),
        *(
            (
                Capital(capital).label,
                [
                    (kind.code, f"{kind.name_en} ({kind.unit_en})" if english else f"{kind.name}（{kind.unit}）")
                    for kind in rules.kinds().values()
                    if kind.capital == capital
                ],
            )
            for capital in Capital.values
        ),
    ]


class GroundInput(ActForm):
    """A form that names one area: from a list, or a smaller one by its code."""

    def offer_areas(self, areas: Sequence[AreaView]) -> None:
        """This method will offer areas."""
        offer(self, "area", [("", "—"), *((area.code, area.label) for area in areas)])

    def ground(self) -> Range:
        """This method will return the ground of the area that was chosen or typed; raises ``NotFound``."""
        code = self.cleaned_data["smaller"].strip() or self.cleaned_data["area"]
        if not code:
            raise NotFound(field="area")
        return get_area(code).ranges[0]


def _smaller() -> forms.CharField:
    return _text(19, _("Or a smaller area, by its code"), inputmode="numeric")


class OfferInput(GroundInput):
    """What a firm can lend."""

    kind = _choice(_("What"))
    quantity = _number(_("How many at once"))
    rate = _yuan(_("Price for one and a day, yuan"))
    area = _choice(_("Where"))
    smaller = _smaller()
    conditions = _text(300, _("Conditions"))
    valid_until = _moment(_("Valid until"))

    def __init__(self, *args: Any, areas: Sequence[AreaView], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "kind", kind_choices())
        self.offer_areas(areas)


def _add_quantities(form: forms.Form, lines: Iterable[Offer | AgreementLine], words: Any) -> None:
    for line in lines:
        field = _number(words % {"what": line.label, "most": line.quantity, "unit": line.unit_label})
        if line.conditions:
            field.help_text = line.conditions
        form.fields[f"quantity_{line.pk}"] = field


def _quantities(form: forms.Form) -> dict[int, int]:
    return {
        int(name.partition("_")[2]): value
        for name, value in form.cleaned_data.items()
        if name.startswith("quantity_") and value
    }


class AgreementInput(ActForm):
    """A standby agreement with one firm."""

    number = _text(60, _("Number"))
    starts_at = _moment(_("Start"))
    ends_at = _moment(_("Until"))
    notice_hours = _number(_("Notice before a call, hours"), 720)
    payment_days = _number(_("Paid within, days"), 365)

    def __init__(self, *args: Any, offers: Sequence[Offer], **options: Any) -> None:
        super().__init__(*args, **options)
        _add_quantities(self, offers, _("%(what)s: how many of %(most)s (%(unit)s)"))

    def quantities(self) -> dict[int, int]:
        """This method will return how many of which offers."""
        return _quantities(self)


class OrderInput(GroundInput):
    """What every order to lend says."""

    declaration = _choice(_("Under declaration"))
    article = _choice(_("Legal basis"))
    area = _choice(_("Area"))
    smaller = _smaller()
    purpose = _text(200, _("What it is for"))
    expected_until = _moment(_("Expected until"))

    def offer_bases(
        self,
        *,
        declarations: Sequence[tuple[int, str]],
        articles: Sequence[tuple[str, str]],
        areas: Sequence[AreaView],
    ) -> None:
        """This method will offer what an order may rest on, and the areas."""
        offer(self, "declaration", [("", "—"), *((str(key), label) for key, label in declarations)])
        offer(self, "article", [("", "—"), *articles])
        self.offer_areas(areas)


class CallInput(OrderInput):
    """A call of lines of an agreement."""

    starts_at = _moment(_("Start"))
    field_order = ("declaration", "article", "area", "smaller", "purpose", "starts_at", "expected_until")

    def __init__(self, *args: Any, lines: Sequence[AgreementLine], **options: Any) -> None:
        super().__init__(*args, **options)
        _add_quantities(self, lines, _("%(what)s: how many of %(most)s (%(unit)s)"))

    def quantities(self) -> dict[int, int]:
        """This method will return how many of which lines."""
        return _quantities(self)


class RequisitionInput(OrderInput):
    """A requisition with its inventory."""

    firm = _choice(_("Firm"), LongSelect)
    field_order = ("firm", "declaration", "article", "area", "smaller", "purpose", "expected_until")

    def __init__(self, *args: Any, firms: Sequence[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "firm", [("", "—"), *((str(key), label) for key, label in firms)])
        for n in range(1, ITEMS + 1):
            self.fields[f"kind_{n}"] = _choice(_("%(n)s. What is taken") % {"n": n})
            offer(self, f"kind_{n}", kind_choices())
            self.fields[f"quantity_{n}"] = _number(_("%(n)s. How many") % {"n": n})
            self.fields[f"rate_{n}"] = _yuan(_("%(n)s. Price for one and a day, yuan") % {"n": n})
            self.fields[f"described_{n}"] = _text(200, _("%(n)s. Which exactly") % {"n": n})
            self.fields[f"condition_{n}"] = _text(200, _("%(n)s. In which condition") % {"n": n})

    def items(self) -> list[Item]:
        """This method will return the lines of the inventory that were filled in."""
        given = self.cleaned_data
        return [
            Item(
                given[f"kind_{n}"],
                given[f"quantity_{n}"],
                fen(given[f"rate_{n}"]),
                given[f"described_{n}"],
                given[f"condition_{n}"],
            )
            for n in range(1, ITEMS + 1)
            if given[f"kind_{n}"] or given[f"described_{n}"]
        ]


class DeclineInput(ActForm):
    """An agreement is declined."""

    reason = _text(300, _("Reason"))


class LongerInput(ActForm):
    """A later end of a call."""

    expected_until = _moment(_("New expected end"))
    reason = _text(300, _("Reason"))


class EndInput(ActForm):
    """The end of a call before its time."""

    reason = _text(300, _("Reason"))


class LineInput(ActForm):
    """A form about one line of a call."""

    line = _choice(_("Line"))

    def __init__(self, *args: Any, lines: Sequence[CallLine], **options: Any) -> None:
        super().__init__(*args, **options)
        self.lines = {str(line.pk): line for line in lines}
        offer(self, "line", [(key, _line_label(line)) for key, line in self.lines.items()])

    def chosen(self) -> CallLine:
        """This method will return the line that was chosen; raises ``NotFound``."""
        line = self.lines.get(self.cleaned_data["line"])
        if line is None:
            raise NotFound(field="line")
        return line


def _line_label(line: CallLine) -> str:
    return f"{line.label} · {line.quantity} {line.unit_label}" + (f" · {line.described}" if line.described else "")


class UseInput(LineInput):
    """What was used of a line on a day."""

    day = _day(_("Day"))
    quantity = _number(_("How many were used"))


class CostInput(ActForm):
    """A cost outside the agreement."""

    day = _day(_("Day"))
    what = _text(200, _("What for"))
    amount = _yuan(_("Amount, yuan"))
    reason = _text(300, _("Why it was needed"))


class ReturnInput(LineInput):
    """A requisitioned thing went back."""

    condition = _text(200, _("In which condition it went back"))
    damage = _yuan(_("Damage or loss, yuan (0 for none)"))


class PayInput(ActForm):
    """A cost sheet was paid."""

    paid_on = _day(_("Paid on"))
    voucher = _text(60, _("Voucher number"))


class ObjectInput(ActForm):
    """A line is objected to."""

    line = _number(_("Line"), 2**62)
    objection = _text(300, _("Objection, with its reason"))


class StoreInput(ActForm):
    """One thing that an office stores."""

    name = _text(60, _("What is stored"))
    measure = _text(12, _("Unit of measure"))
    amount = _number(_("On hand"))
    per_day = _number(_("Used in a day, where it is used up"))
    kept_at = _text(120, _("Where it is kept"))
    use_by = _day(_("May be used until"))


class CountInput(ActForm):
    """How much of it is there now."""

    amount = _number(_("On hand"))
    per_day = _number(_("Used in a day, where it is used up"))
    use_by = _day(_("May be used until"))
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)


class HandOutInput(ActForm):
    """So much of it is handed out."""

    quantity = _number(_("How many"))
    to = _text(80, _("To which unit, by its code"), list="units")
    purpose = _text(120, _("What for"))
    back_by = _day(_("To be back by, where it comes back"))
    declaration = _choice(_("For which emergency"))
    nonce = forms.CharField(max_length=36, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, declared: Iterable[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "declaration", [("", _("for none")), *declared])


class BackInput(ActForm):
    """What came back of what was handed out."""

    came_back = _number(_("How many came back"))
    missing_why = _text(120, _("Why less came back"))


class StoresFile(ActForm):
    """A file of what an office stores."""

    file = forms.FileField(
        label=_("File (CSV or XLSX)"),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.xlsx"}),
    )
