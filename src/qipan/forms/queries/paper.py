"""A form as a sheet of paper shows it, in the active language: what is asked, what may be ticked, what is filled in."""

from dataclasses import dataclass

from ..models import Form, FormQuestion
from ..models.definitions import label_of
from ..rules.paper import read_paper
from .submissions import asked_by


@dataclass(frozen=True)
class PaperLine:
    """One question of a sheet, or a note of the author; ``held`` is the field that a register fills in."""

    label: str
    hint: str
    choices: tuple[str, ...]
    many: bool
    conditional: bool
    repeated: bool
    note: bool
    held: str


def paper_of(form: Form) -> list[PaperLine]:
    """This function will return the lines of a form's sheet; which place it is about is the row of the sheet itself."""
    place = asked_by(form).place
    held = dict(FormQuestion.objects.filter(form=form, held=True).values_list("path", "field_code"))
    return [
        PaperLine(
            label_of(dict(one.words)) or one.path.rpartition("/")[2],
            label_of(dict(one.hint)),
            tuple(label_of(dict(words)) for words in one.choices),
            one.many,
            one.conditional,
            one.repeated,
            one.note,
            held.get(one.path, ""),
        )
        for one in read_paper(form.xform)
        if one.path.rpartition("/")[2] != place
    ]
