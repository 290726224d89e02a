"""Steps of playbooks in the words of an official: names of fields, values by their names, changes line by line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qipan.duties.api import OrganType
from qipan.forms.api import Form
from qipan.laws.api import Article
from qipan.posture.api import measure_words
from qipan.webkit.templatetags.qipan import is_chinese

from .. import rules
from ..models import Playbook
from ..terms import STEP_FIELDS, OnRelease, PlaybookPosture, StepKind

IN_TWO_LANGUAGES = frozenset({"title", "body", "on_duty", "first_hour", "first_day"})
Line = tuple[str, str]  # ("same" | "removed" | "added", text)


@dataclass(frozen=True)
class ChangedField:
    """A field of a step whose value differs, line by line."""

    label: str
    lines: list[Line]


@dataclass(frozen=True)
class ChangedStep:
    """A step that was added, removed, moved or changed, and how."""

    title: str
    change: str
    fields: list[ChangedField]


class Wording:
    """How the steps of some versions of a playbook are said in the active language; reads the names once."""

    def __init__(self, *playbooks: Playbook | None) -> None:
        steps = [step for playbook in playbooks if playbook for step in playbook.steps]
        self._organs = {kind.code: kind.label for kind in OrganType.objects.all()}
        codes = {step["form"] for step in steps if step.get("form")}
        self._forms = {
            form.code: form.title if is_chinese() else form.title_en or form.title
            for form in Form.objects.filter(code__in=codes).order_by("version")
        }
        self._titles = {step["key"]: self._own(step, "title") for step in steps}
        self._measures = measure_words()
        cited = {step["article"] for step in steps if step.get("article")}
        articles = Article.objects.filter(code__in=cited).select_related("law").order_by("valid_from")
        self._articles = {article.code: article.label for article in articles}

    @staticmethod
    def _own(step: Mapping[str, Any], name: str) -> Any:
        return step.get(name) if is_chinese() else step.get(f"{name}_en") or step.get(name)

    def label(self, name: str, *, both: bool = False) -> str:
        """This method will return a field's name; ``both`` says which language, where a field has two."""
        base = name.removesuffix("_en")
        text = str(STEP_FIELDS.get(base, base))
        if not both or base not in IN_TWO_LANGUAGES:
            return text
        return (_("%(name)s (English)") if name != base else _("%(name)s (Chinese)")) % {"name": text}

    def lines(self, name: str, value: Any) -> list[str]:
        """This method will return a field's value as lines of text; none where there is nothing."""
        if value is None or value == "":
            return []
        if isinstance(value, list):
            return [line for part in value for line in self.lines(name, part)]
        known: dict[str, Any] = {
            "organ_types": self._organs,
            "organ_type": self._organs,
            "form": self._forms,
            "campaign": self._titles,
            "measure": self._measures,
            "article": self._articles,
            "posture": dict(PlaybookPosture.choices),
            "on_release": dict(OnRelease.choices),
            "kind": dict(StepKind.choices),
        }
        return str(known.get(name, {}).get(value, value)).splitlines()

    def facts(self, step: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
        """This method will return what a step says, field by field, in the active language."""
        return [
            (str(label), lines)
            for name, label in STEP_FIELDS.items()
            if name not in ("key", "kind", "title") and (lines := self.lines(name, self._own(step, name)))
        ]

    def changes(self, changes: Iterable[rules.StepChange]) -> list[ChangedStep]:
        """This method will return what differs between two versions, readable."""
        return [
            ChangedStep(
                title=change.title if is_chinese() else change.title_en or change.title,
                change=change.change,
                fields=[
                    ChangedField(
                        self.label(name, both=True),
                        rules.text_changes("\n".join(self.lines(name, old)), "\n".join(self.lines(name, new))),
                    )
                    for name, old, new in change.fields
                ],
            )
            for change in changes
        ]
