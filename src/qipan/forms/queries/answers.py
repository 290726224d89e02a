"""Data return: a unit sees what was given on its ground, and takes it along in the columns of another system."""

from collections.abc import Iterator, Sequence

from django.db.models import Q, QuerySet

from qipan.kernel.actor import Actor
from qipan.kernel.masking import token
from qipan.kernel.place import place_text
from qipan.kernel.refusal import NotFound

from ..models import ColumnOrder, FieldEntry, Form, FormQuestion, Submission
from ..rules.columns import Column, answer_at
from ..terms import Sensitivity, Standing, Subject

READERS = ("campaign.view", "desk.view", "visit.submit")
CALCULATED = ("calculate", "hidden")  # types of questions whose answer the client makes from others


def answers_of(code: str, *, actor: Actor, drill: bool = False) -> QuerySet[Submission]:
    """This function will return what stands of a form's answers on the actor's ground, in any version, newest first.

    Those of drills stand apart (red line 15). Who does not see the screening as a whole, partners above all, sees what
    the own unit handed in, and of that the own team's, when it works in one (SCR-7, red line 6): also what was held
    against another team's at the same door, each as it was sent (``as_sent``).
    """
    rows: QuerySet[Submission] = Submission.objects.within(actor.scope)
    shown = Q(standing=Standing.STANDS)
    if as_sent(actor):
        shown |= Q(standing=Standing.CHANGE, opening__isnull=False)
        rows = rows.filter(unit=actor.unit_id) if actor.unit_id is not None else rows.none()
        rows = rows.filter(team=actor.team_id) if actor.team_id is not None else rows
    return (
        rows.filter(shown, form__code=code, drill=drill)
        .select_related("form")
        .only("place", "answers", "merged", "opening", "received_at", "instance_id", "form__version")
        .order_by("-received_at", "-pk")
    )


def as_sent(actor: Actor) -> bool:
    """This function will say whether an actor sees what was filled in for one asking as it was sent, not as it is together
    with what others filled in there."""
    return not actor.can("campaign.view")


def questions_of(form: Form) -> list[FormQuestion]:
    """This function will return the questions of a form that have an answer, in their order."""
    return [one for one in form.questions.order_by("order") if one.field_code]


def usual_columns(questions: Sequence[FormQuestion]) -> list[Column]:
    """This function will return the columns of a form's own order."""
    facts = [Column("place", "@place"), Column("received", "@received"), Column("version", "@version")]
    return [*facts, *(Column(one.path.rsplit("/", 1)[-1], one.path) for one in questions)]


def column_order(code: str, name: str) -> list[Column]:
    """This function will return a stored column order; raises ``NotFound``."""
    order = ColumnOrder.objects.filter(form_code=code, name=name).first()
    if order is None:
        raise NotFound
    return [Column(one["header"], one.get("path", ""), one.get("text", "")) for one in order.columns]


def paths_by_word(questions: Sequence[FormQuestion]) -> dict[str, str]:
    """This function will lead from the name, the path and the field of each question to its path."""
    found: dict[str, str] = {}
    for one in questions:
        for word in (one.path, one.field_code, one.path.rsplit("/", 1)[-1]):
            found.setdefault(word, one.path)
    return found


def masks_of(code: str) -> dict[str, str]:
    """This function will return the paths whose answers are shown as typed tokens: of persons, or sensitive.

    What any version of the form asked so stays masked: its answers are still here, and a column order may name them.
    What is calculated in such a form may say the same, so it is masked too.
    """
    asked = FormQuestion.objects.filter(form__code=code).order_by("form__version", "order")
    questions = list(asked.values_list("path", "field_code", "kind"))
    kinds: dict[str, str] = {}
    fields = FieldEntry.objects.filter(code__in={field for _path, field, _kind in questions})
    for entry in fields.order_by("valid_from", "pk"):
        if entry.sensitivity != Sensitivity.NONE:
            kinds[entry.code] = entry.sensitivity
        elif entry.about == Subject.PERSON:
            kinds[entry.code] = "PERSON"
    masks = {path: kinds[field] for path, field, _kind in questions if field in kinds}
    derived = {path: "CALCULATED" for path, _field, kind in questions if kind in CALCULATED}
    return derived | masks if masks else {}


def rows_of(
    answers: QuerySet[Submission],
    columns: Sequence[Column],
    masks: dict[str, str],
    *,
    own: bool = False,
    most: int | None = None,
) -> Iterator[list[str]]:
    """This function will give one line for each answer in the order of the columns, the newest first; ``own`` to whoever
    sees each as it was sent (``as_sent``)."""
    rows = answers[:most] if most is not None else answers.iterator(chunk_size=2_000)
    for one in rows:
        facts = {
            "@place": place_text(one.place),
            "@received": one.received_at.isoformat(timespec="seconds"),
            "@version": str(one.form.version),
            "@id": one.instance_id,
        }
        line = []
        for column in columns:
            if not column.path:
                line.append(column.text)
            elif column.path in facts:
                line.append(facts[column.path])
            else:
                said = answer_at(one.answers if own and one.opening_id is not None else one.now, column.path)
                line.append(token(masks[column.path]) if said and column.path in masks else said)
        yield line
