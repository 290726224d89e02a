"""What the forms of all rooms share: choices that are known when the page is asked for, refusals beside their field."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.choices import flatten_choices

from qipan.kernel.refusal import Refusal


def offer(form: forms.BaseForm, name: str, choices: Iterable[Any]) -> None:
    """This function will offer choices in a field, pairs of value and label or groups of them."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} offers no choices")
    field.choices = choices


def said(form: forms.BaseForm, name: str) -> str:
    """This function will return what is chosen in a field in words, for paper; empty when it is none of the choices."""
    field, wanted = form.fields[name], form[name].value()
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} offers no choices")
    choices: Any = field.choices
    return str(dict(flatten_choices(choices)).get(wanted, ""))


class ActForm(forms.Form):
    """A page's form for an act: shows a refusal beside the field that it names and keeps what was typed."""

    field_of: ClassVar[Mapping[str, str]] = {}  # parameters of the act whose field has another name

    def refuse(self, refusal: Refusal) -> None:
        """This method will put the refusal's sentence where it belongs."""
        self.is_valid()  # what was typed is read first, if it was not yet
        name = str(refusal.data.get("field", ""))
        name = self.field_of.get(name, name)
        self.add_error(name if name in self.fields else None, str(refusal))
