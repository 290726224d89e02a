"""What people type into the pages of the room. What is missing is refused by the act, which says why."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.command.api import Activation, Playbook, Wording
from qipan.duties.api import Unit
from qipan.posture.api import Declaration
from qipan.webkit.forms import ActForm, LongSelect, offer

from . import rules
from .actions.provisions import Line
from .terms import REPORT

CONTROL = {"class": "form-control", "autocomplete": "off"}
COLUMNS = ("name", "measure", "amount", "per_day")  # of the list of what is stored


def _line(length: int, label: Any, **options: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={**CONTROL, "maxlength": length})
    return forms.CharField(max_length=length, label=label, required=False, widget=widget, **options)


def _text(label: Any, *, rows: int = 4, length: int = 4000, **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={**CONTROL, "rows": rows})
    return forms.CharField(max_length=length, label=label, required=False, widget=widget, **options)


def _key(label: Any, **options: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        coerce=int,
        empty_value=None,
        required=False,
        widget=LongSelect(attrs={"class": "form-select"}),
        **options,
    )


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"])


def _yes_no(label: Any, yes: Any, no: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=[("", "—"), ("1", yes), ("0", no)],
        coerce=lambda text: text == "1",
        empty_value=None,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class ReportInput(ActForm):
    """The evaluation report."""

    planned = _text(REPORT["planned"], length=8000)
    happened = _text(REPORT["happened"], length=8000)
    why = _text(REPORT["why"], length=8000)
    change = _text(REPORT["change"], length=8000)


class AnswerInput(ActForm):
    """The answer to one of the five tests."""

    met = _yes_no(_("Was it so?"), _("yes"), _("no"))
    evidence = _text(_("Evidence"), rows=2, length=1000)


class WeaknessInput(ActForm):
    """Something that is weak, who mends it and until when."""

    title = _line(160, _("What is weak"))
    text = _text(_("What was seen, and what would be better"), rows=3)
    owner_id = _key(
        _("Who mends it"),
        help_text=_(
            "Organs only. Communities and property companies are not listed: work reaches their desks through work "
            "admission alone, for all who ask alike."
        ),
    )
    due_on = _day(_("Until"))
    activation = _key(_("Found in a drill"))

    def __init__(
        self, *args: Any, owners: Iterable[Unit], drills: Iterable[Activation] | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        offer(self, "owner_id", [("", "—"), *((unit.pk, unit.label) for unit in owners)])
        if drills is None:
            del self.fields["activation"]
        else:
            offer(self, "activation", [("", "—"), *((one.pk, f"{one.playbook.label} {one.pk}") for one in drills)])


class MendInput(ActForm):
    """What was done about a weakness."""

    done = _text(_("What was done"), rows=2, length=500)


class CloseInput(ActForm):
    """Closing an event asks for nothing more than what is there."""


class LessonInput(ActForm):
    """What a unit learned."""

    title = _line(120, _("The lesson in one sentence"))
    text = _text(_("What happened, and what the playbook should say"))
    playbook = forms.ChoiceField(
        label=_("Playbook"), required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    declaration = _key(_("Learned in"))

    def __init__(
        self, *args: Any, playbooks: Iterable[Playbook], events: Iterable[Declaration], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        offer(self, "playbook", [("", "—"), *((one.code, one.label) for one in playbooks)])
        offer(self, "declaration", [("", "—"), *((one.pk, f"{one.number} {one.matter}"[:80]) for one in events)])


class DecisionInput(ActForm):
    """Accepted or declined, and why."""

    accept = _yes_no(_("Decision"), _("accept"), _("decline"))
    reason = _text(_("Reason"), rows=2, length=300)


class PublishInput(ActForm):
    """The step that a lesson changes, field by field as the step has it, and why there is a new version."""

    note = _line(300, _("Why this version"))
    after = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, step: Mapping[str, Any] | None, wording: Wording, **options: Any) -> None:
        super().__init__(*args, **options)
        self.changed: list[str] = []
        for name, value in (step or {}).items():
            if name not in rules.CHANGEABLE:
                continue
            label = wording.label(name, both=True)
            if isinstance(value, list):
                self.fields[name] = _text(label, initial="\n".join(map(str, value)), help_text=_("One line each."))
            elif isinstance(value, str) and len(value) > 80:
                self.fields[name] = _text(label, initial=value)
            else:
                self.fields[name] = _line(200, label, initial=value)
            self.changed.append(name)

    def given(self) -> dict[str, str]:
        """This method will return the texts of the step as they were typed."""
        return {name: self.cleaned_data[name] for name in self.changed}


def _count(label: Any, most: int, **options: Any) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"class": "form-control", "min": "0", "inputmode": "numeric"})
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=most, widget=widget, **options)


class ProvisionInput(ActForm):
    """What a community holds for an emergency: a short list, and two counts."""

    households = _count(_("Households that cannot help themselves"), rules.MOST_HOUSEHOLDS)
    with_helper = _count(_("Of them, households with a helper arranged"), rules.MOST_HOUSEHOLDS)

    def __init__(self, *args: Any, usual: Iterable[str], held: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.usual = frozenset(usual)
        self.numbers = range(1, max(rules.MOST_ITEMS, held) + 1)  # a merge may have made the list longer
        for n in self.numbers:
            self.fields[f"name_{n}"] = _line(40, _("Item %(n)s: what is stored") % {"n": n})
            self.fields[f"measure_{n}"] = _line(12, _("Item %(n)s: unit of measure") % {"n": n})
            self.fields[f"amount_{n}"] = _count(_("Item %(n)s: on hand") % {"n": n}, rules.MOST_AMOUNT)
            self.fields[f"per_day_{n}"] = _count(_("Item %(n)s: used in a day") % {"n": n}, rules.MOST_AMOUNT)
            for name in COLUMNS:  # the head of the table says it to the eye, this to the ear
                self.fields[f"{name}_{n}"].widget.attrs["aria-label"] = self.fields[f"{name}_{n}"].label

    def rows(self) -> list[list[forms.BoundField]]:
        """This method will return the fields of the list, row by row: those that say something, and two for more."""
        rows = [[self[f"{name}_{n}"] for name in COLUMNS] for n in self.numbers]
        filled = [n for n, row in enumerate(rows, 1) if any(field.value() not in (None, "") for field in row)]
        return rows[: max(filled, default=0) + 2]

    def counts(self) -> list[forms.BoundField]:
        """This method will return the fields of the two counts."""
        return [self["households"], self["with_helper"]]

    def lines(self) -> list[Line]:
        """This method will return the rows that say something: one whose name was only offered says nothing."""
        found = []
        for n in self.numbers:
            name, measure, amount, per_day = (self.cleaned_data[f"{column}_{n}"] for column in COLUMNS)
            if amount is None and per_day is None and (name in self.usual or not (name or measure)):
                continue
            found.append(Line(n, name, measure, amount, per_day))
        return found


def steps_of(playbook: Playbook) -> Sequence[tuple[str, dict[str, Any]]]:
    """This function will return the steps that have something a lesson may change, by key."""
    return [(step["key"], step) for step in playbook.steps if rules.CHANGEABLE & set(step)]
