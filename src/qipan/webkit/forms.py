"""What the forms of all rooms share: choices that are known when the page is asked for, refusals beside their field."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.forms.utils import flatatt
from django.http import QueryDict
from django.utils.choices import flatten_choices
from django.utils.datastructures import MultiValueDict
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from qipan.kernel.clock import FIRST_YEAR, LAST_YEAR
from qipan.kernel.refusal import Refusal
from qipan.kernel.text import plain_text


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


class LongSelect(forms.Select):
    """A choice among hundreds: the same HTML as Django's, which goes through three templates for each option."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """This method will write the list with its groups, what is chosen marked."""
        wanted = set(self.format_value(value))
        parts: list[str] = []

        def write(choices: Iterable[Any]) -> None:
            for key, label in choices:
                if isinstance(label, (list, tuple)):
                    parts.append(f'<optgroup label="{conditional_escape(key)}">')
                    write(label)
                    parts.append("</optgroup>")
                    continue
                key = str(key if key is not None else "")
                marked = " selected" if key in wanted else ""
                wanted.discard(key)
                parts.append(f'<option value="{conditional_escape(key)}"{marked}>{conditional_escape(label)}</option>')

        write(self.choices)
        given = flatatt({"name": name}) + flatatt(self.build_attrs(self.attrs, attrs))
        return mark_safe(f"<select{given}>{''.join(parts)}</select>")  # noqa: S308 - each part is escaped above


class ActForm(forms.Form):
    """A page's form for an act: shows a refusal beside the field that it names and keeps what was typed."""

    field_of: ClassVar[Mapping[str, str]] = {}  # parameters of the act whose field has another name

    @classmethod
    def typed(cls, sent: QueryDict) -> dict[str, Any]:
        """This method will return what was typed so far, as initial values of a form that is not judged yet."""
        there = {name: field for name, field in cls.base_fields.items() if name in sent}
        return {name: field.widget.value_from_datadict(sent, MultiValueDict(), name) for name, field in there.items()}

    def clean(self) -> dict[str, Any]:
        """This method will judge what was sent before a form judges it together: text is kept without control characters,
        and no year is out of this world.
        """
        for name, value in list(self.cleaned_data.items()):
            if isinstance(value, str):
                self.cleaned_data[name] = plain_text(value)
            elif isinstance(value, date) and not FIRST_YEAR <= value.year <= LAST_YEAR:
                words = _("Enter a year between %(first)s and %(last)s.")
                self.add_error(name, words % {"first": FIRST_YEAR, "last": LAST_YEAR})
        return super().clean() or self.cleaned_data

    def refuse(self, refusal: Refusal) -> None:
        """This method will put the refusal's sentence where it belongs, and after it every problem that it names."""
        self.is_valid()  # what was typed is read first, if it was not yet
        name = str(refusal.data.get("field", ""))
        name = self.field_of.get(name, name)
        self.add_error(name if name in self.fields else None, str(refusal))
        for problem in getattr(refusal, "problems", []):
            self.add_error(None, problem)
