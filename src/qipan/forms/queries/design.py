"""A form as its designer sees it before it is published: questions, faults by row, what is known already."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from .. import rules
from ..models import FieldEntry, Form
from ..rules.dictionary import Fault, Problem
from ..terms import Sensitivity
from .fields import asked_elsewhere, entries, fields_on

SENTENCES: Mapping[Fault, Promise] = {
    Fault.RED: _(
        "“%(detail)s”: ethnicity and religion are asked by no form; they are not in the field dictionary (red line 4)"
    ),
    Fault.SEALED: _(
        "“%(detail)s”: how somebody is in mind is asked by no form; a referral leads to who listens (red line 7)"
    ),
    Fault.MEASURES: _("“%(detail)s” follows or times whoever fills the form in; no form does that (red line 9)"),
    Fault.UNMAPPED: _("no field of the dictionary is chosen"),
    Fault.UNKNOWN: _("the dictionary holds no field “%(detail)s”"),
    Fault.DOUBLE: _("the field “%(detail)s” is asked twice in this form"),
    Fault.SENSITIVE_WORDS: _(
        "“%(detail)s” is sensitive, but the chosen field is not: choose a field of that kind (red line 4)"
    ),
    Fault.PERSON_FIELD: _(
        "the field “%(detail)s” is about a person, so the form is about persons: say so in its passport (EMG-19)"
    ),
    Fault.PICTURE: _(
        "“%(detail)s” is a photograph or a film: it is never required, whoever is asked may leave it out (red lines 4 and 10)"
    ),
    Fault.IN_REPEAT: _("“%(detail)s” is held by a register, but stands in a repeat: ask about one place in one form"),
}


@dataclass(frozen=True)
class Line:
    """One question beside its field, what is held of it and by whom, and who asks it already."""

    question: rules.Question
    entry: FieldEntry | None
    held: bool
    asked_by: tuple[Form, ...]
    problems: tuple[str, ...]
    untranslated: tuple[str, ...]  # languages


@dataclass(frozen=True)
class Design:
    """Everything that decides whether a form may be published, but for its passport."""

    converted: rules.Converted
    lines: tuple[Line, ...]
    problems: tuple[str, ...]  # each with its row
    overlap: rules.Overlap
    sensitive: tuple[FieldEntry, ...]
    reuse: bool

    @property
    def kinds(self) -> dict[str, str]:
        """The sensitive fields, each with its kind."""
        return {one.code: one.sensitivity for one in self.sensitive}

    @property
    def must_reuse(self) -> bool:
        """Whether too much of it is known already."""
        return self.overlap.must_reuse(reuse=self.reuse)

    @property
    def held(self) -> dict[str, str]:
        """Paths of the questions that a register fills in, with their fields; the place itself is chosen."""
        found = {line.question.path: line.question.field for line in self.lines if line.held}
        return found if self.reuse else {}

    @property
    def asked_fields(self) -> list[str]:
        """The field of each question that somebody would answer, "" where none is chosen: what is held is not asked."""
        held = self.held
        return [
            line.question.field if line.entry else ""
            for line in self.lines
            if rules.asked(line.question) and line.question.path not in held
        ]

    @property
    def asks(self) -> int:
        """How many questions somebody would answer."""
        return len(self.asked_fields)

    @property
    def names_place(self) -> bool:
        """Whether a question says which door or unit an answer is about."""
        return any(rules.asked(line.question) and line.question.field == rules.PLACE_FIELD for line in self.lines)

    @property
    def known(self) -> list[str]:
        """What is known already, one sentence for each field: who holds it, or which form asks it."""
        said = []
        for line in self.lines:
            if line.entry is None:
                continue
            if line.held:
                said.append(
                    _now("%(field)s: held by %(source)s (%(owner)s)")
                    % {"field": line.entry.label, "source": line.entry.source_label, "owner": line.entry.owner.label}
                )
            elif line.asked_by:
                forms = ", ".join(f"{one.label} {one.number}" for one in line.asked_by)
                said.append(_now("%(field)s: asked by %(forms)s") % {"field": line.entry.label, "forms": forms})
        return said


def sentence_of(problem: Problem) -> str:
    """This function will say what is wrong with a question, without its row."""
    return str(SENTENCES[problem.fault] % {"detail": problem.detail})


@lru_cache(maxsize=16)
def _converted(source: bytes, media: tuple[rules.Media, ...], code: str, language: str | None) -> rules.Converted:
    """The conversion of a draft, which its page and every public list of applications would do again."""
    return rules.convert_xlsform(source, code=code, version=1, media=media)


@lru_cache(maxsize=16)
def _in_files(media: tuple[rules.Media, ...]) -> tuple[tuple[str, Fault, str], ...]:
    """What the lists beside a form offer that no form asks: a list in a file is as good as one in the sheet."""
    found = []
    for one in media:
        words = rules.words_of(one.name, one.content)
        for fault, word in ((Fault.RED, rules.red_words(words)), (Fault.SEALED, rules.sealed_words(words))):
            if word:
                found.append((one.name, fault, word))
    return tuple(found)


def read_design(definition: rules.Definition, *, code: str, subject: str, at: datetime) -> Design:
    """This function will convert a definition and compare it with the dictionary, the registers and the other forms.

    Raises ``FormBroken``.
    """
    converted = _converted(definition.source, definition.media, code, get_language())
    questions = tuple(replace(one, field=definition.fields.get(one.path) or one.field) for one in converted.questions)
    known = entries(subject)
    held = {code for code, entry in known.items() if entry.held}
    asking = [one for one in questions if rules.asked(one) and one.field in known]
    codes = [one.field for one in asking]
    elsewhere = asked_elsewhere(codes, except_code=code, at=at)
    faults = rules.problems_of(questions, known, subject=subject, pictures=converted.pictures)
    by_row: dict[int, list[str]] = {}
    for fault in faults:
        by_row.setdefault(fault.row, []).append(sentence_of(fault))
    untranslated: dict[int, list[str]] = {}
    for row, _name, language in rules.missing_translations(questions, converted.languages):
        untranslated.setdefault(row, []).append(language)
    dictionary = {one.code: one for one in fields_on()}
    missing = rules.choice_lists(questions) - {one.name for one in definition.media}
    lines = tuple(
        Line(
            question=one,
            entry=dictionary.get(one.field),
            held=rules.asked(one) and one.field in held,
            asked_by=tuple(elsewhere.get(one.field, ())) if one.field not in held else (),
            problems=tuple(by_row.get(one.row, ())),
            untranslated=tuple(untranslated.get(one.row, ())),
        )
        for one in questions
    )
    return Design(
        converted=replace(converted, questions=questions),
        lines=lines,
        problems=(
            *(
                _now("row %(row)s, %(name)s: %(problem)s")
                % {"row": fault.row, "name": fault.name, "problem": sentence_of(fault)}
                for fault in faults
            ),
            *(
                _now("the file %(name)s: %(problem)s") % {"name": name, "problem": SENTENCES[fault] % {"detail": word}}
                for name, fault, word in _in_files(definition.media)
            ),
            *(
                _now("the file %(name)s is missing: upload it with the form") % {"name": name}
                for name in sorted(missing)
            ),
        ),
        overlap=rules.overlap(codes, held=held, elsewhere=elsewhere),
        sensitive=tuple(
            dictionary[code] for code in dict.fromkeys(codes) if dictionary[code].sensitivity != Sensitivity.NONE
        ),
        reuse=definition.reuse,
    )
