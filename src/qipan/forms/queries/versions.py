"""Reading the versions of filled forms: as the rules see them, what two changed to different answers, the audit."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from ..models import FormQuestion, Submission
from ..rules.versions import Version, flat, merge, nested, roots
from ..terms import HELD_BY_ID, Standing
from .answers import masks_of

SHOWN = 50


@dataclass(frozen=True)
class Side:
    """One answer to a contested question, with the version that gives it."""

    version: Submission
    text: str


@dataclass(frozen=True)
class Question:
    """A contested question: what stands, and what each side says; of a sensitive field only that they differ."""

    path: str
    label: str
    before: str
    sides: list[Side]
    masked: bool


@dataclass(frozen=True)
class Contested:
    """A record with the questions that a person has to decide."""

    record: Submission
    questions: list[Question]


def version_of(row: Submission) -> Version:
    """This function will return a row as the rules see it."""
    return Version(row.instance_id, row.based_on or "", dict(flat(row.answers)), row.chosen, row.opening_id or 0)


def text_of(value: Any) -> str:
    """This function will write an answer as it is read on a page."""
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def contested_for(actor: Actor) -> list[Contested]:
    """This function will return the records on the actor's ground that wait for a decision, the oldest first."""
    rows = Submission.objects.within(actor.scope).filter(contested=True)
    firsts = list(rows.select_related("form", "unit").order_by("received_at", "pk")[:SHOWN])
    versions: dict[int, list[Submission]] = defaultdict(list)
    of_them = Submission.objects.within(actor.scope).filter(record__in=firsts, standing=Standing.CHANGE)
    for one in of_them.defer("xml").select_related("unit").order_by("pk"):
        versions[one.record_id or 0].append(one)
    asked = {
        (one.form_id, one.path): one for one in FormQuestion.objects.filter(form__in={one.form_id for one in firsts})
    }
    masks = {code: masks_of(code) for code in {one.form.code for one in firsts}}
    told = []
    for first in firsts:
        by_id = {one.instance_id: one for one in (first, *versions[first.pk])}
        contests = merge([version_of(one) for one in by_id.values()]).contests
        questions = []
        for contest in contests:
            path = f"/data/{contest.path}"
            question = asked.get((first.form_id, path))
            # A repeated group is one answer: it is masked with what stands in it.
            masked = any(one == path or one.startswith(f"{path}/") for one in masks[first.form.code])
            questions.append(
                Question(
                    contest.path,
                    question.label if question is not None else contest.path,
                    "" if masked else text_of(contest.before),
                    [Side(by_id[one], "" if masked else text_of(value)) for one, value in contest.sides.items()],
                    masked,
                )
            )
        told.append(Contested(first, questions))
    return told


@dataclass(frozen=True)
class Otherwise:
    """A filled form that says otherwise than a register, question by question."""

    row: Submission
    questions: list[tuple[str, str, str, str, bool]]  # path, label, what is held, what was sent, masked


def otherwise_for(actor: Actor) -> list[Otherwise]:
    """This function will return the filled forms on the actor's ground whose held values were changed and on which nobody
    has decided, the oldest first."""
    rows = Submission.objects.within(actor.scope).filter(differs__isnull=False, standing__in=HELD_BY_ID)
    found = list(rows.defer("xml").select_related("form", "unit").order_by("received_at", "pk")[:SHOWN])
    asked = FormQuestion.objects.filter(form__in={one.form_id for one in found}, held=True)
    labels = {(one.form_id, one.path.removeprefix("/data/")): one.label for one in asked}
    masks = {code: masks_of(code) for code in {one.form.code for one in found}}
    told = []
    for row in found:
        held, questions = dict(flat(row.answers)), []
        for path, sent in row.differs.items():
            masked = f"/data/{path}" in masks[row.form.code]
            sides = ("", "") if masked else (text_of(held.get(path)), text_of(sent))
            questions.append((path, labels.get((row.form_id, path), path), *sides, masked))
        told.append(Otherwise(row, questions))
    return told


def get_otherwise(pk: int, *, actor: Actor) -> Submission:
    """This function will return a filled form whose held values may wait for a decision. Raises ``NotFound``, ``NotAllowed``."""
    found = Submission.objects.within(actor.scope).filter(pk=pk, standing__in=HELD_BY_ID).first()
    if found is None:
        raise NotFound
    actor.require("conflict.decide")
    return found


def get_contested(pk: int, *, actor: Actor) -> Submission:
    """This function will return the first row of a record. Raises ``NotFound``, ``NotAllowed``."""
    found = Submission.objects.within(actor.scope).filter(pk=pk, standing=Standing.STANDS).first()
    if found is None:
        raise NotFound
    actor.require("conflict.decide")
    return found


def audit_versions() -> list[str]:
    """This function will put every record that has versions together again and return what differs."""
    rows = Submission.objects.everywhere("an audit of all").filter(standing__in=HELD_BY_ID)
    changed = rows.filter(Q(record__isnull=False) | Q(merged__isnull=False) | Q(contested=True))
    records: dict[int, list[Submission]] = defaultdict(list)
    for one in changed.defer("xml").order_by("pk").iterator(chunk_size=500):
        records[one.record_id or one.pk].append(one)
    once = rows.filter(standing=Standing.STANDS, opening__isnull=False).order_by().values_list("place", "opening")
    apart = once.annotate(first=Min("pk"), n=Count("pk")).filter(n__gt=1).order_by("first")
    return [
        *(
            f"record {pk} is not what its versions are together"
            for pk, found in records.items()
            if not _holds(pk, found)
        ),
        *(f"record {first} is not held against what was filled in beside it" for *_of, first, _n in apart),
    ][:200]


def _holds(pk: int, versions: Iterable[Submission]) -> bool:
    found = list(versions)
    first = next((one for one in found if one.pk == pk), None)
    told = merge([version_of(one) for one in found])
    return (
        first is not None
        and first.standing == Standing.STANDS
        and set(roots([version_of(one) for one in found]).values()) == {first.instance_id}
        and first.merged == (nested(told.answers) if len(found) > 1 else None)
        and first.contested == bool(told.contests)
    )
