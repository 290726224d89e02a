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
from .terms import REPORT

CONTROL = {"class": "form-control", "autocomplete": "off"}


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


def steps_of(playbook: Playbook) -> Sequence[tuple[str, dict[str, Any]]]:
    """This function will return the steps that have something a lesson may change, by key."""
    return [(step["key"], step) for step in playbook.steps if rules.CHANGEABLE & set(step)]
