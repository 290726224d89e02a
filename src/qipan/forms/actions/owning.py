"""What a person does about the own answers by the code that the form made: correct them, have them erased; and the looks
at answers about persons, which that person is shown (red line 5)."""

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.retention import Opener
from qipan.kernel.sealed import keyed_digests

from ..models import AnswerLook, Form, Submission
from ..queries.answers import READERS, answers_of
from ..queries.clock import under_hold
from ..queries.held import otherwise_held
from ..queries.own import answers_in_full, looks_of_nothing, open_answers, readable_by, rows_with, subjects_of
from ..queries.submissions import asked_by, subject_of
from ..rules.owning import corrected, written
from ..rules.submission import answered, read_submission
from ..rules.versions import flat
from ..terms import Standing
from .submitting import Wanted, kept
from .versions import lock, lock_words, put_together, versions_of


class LookReasonNeeded(Refusal):
    code = "look_reason_needed"
    sentence = _("Say why you look at answers about persons: whoever gave them reads it.")
    status = 400


class NotYoursToRead(Refusal):
    """Red lines 1 and 5: person data stay inside their purpose, and nobody reads what the person could not be shown."""

    code = "answer_not_yours_to_read"
    sentence = _(
        "An answer about a person is read by the unit that asks it and by the unit that handed it in, from a post, and only "
        "where the person has a code to see who read it."
    )
    status = 403


class AnswersKeptByHold(Refusal):
    code = "answers_kept_by_hold"
    sentence = _("A written assessment keeps this for now; it is erased when that ends.")


@transaction.atomic
def look_at_answers(form: Form, *, why: str, drill: bool, by: Actor, at: datetime) -> AnswerLook:
    """This function will write down who looks at what was answered about persons on the actor's ground, when and why.

    Raises ``NotAllowed``, ``LookReasonNeeded``.
    """
    by.require(*READERS)
    if not why.strip():
        raise LookReasonNeeded(field="why")
    whole = by.can("campaign.view")
    look = AnswerLook.objects.create(
        form_code=form.code,
        drill=drill,
        grounds=[list(ground) for ground in by.scope.ranges],
        unit_id=None if whole else by.unit_id,
        team=None if whole else by.team_id,
        at=at,
        by_label=by.label[:120],
        why=why.strip()[:200],
    )
    shown = answers_of(form.code, actor=by, drill=drill).count()
    data = {"form": form.code, "answers": shown}
    record("forms.look_at_answers", subject=look, by=by, at=at, data=data, drill=drill)
    return look


@transaction.atomic
def read_answer(form: Form, pk: int, *, why: str, drill: bool, by: Actor, at: datetime) -> list[tuple[str, str]]:
    """This function will return what was answered about one person, question by question, and write down for that person who
    read it and why. One answer at a time; ``readable_by`` says whose.

    Raises ``NotAllowed``, ``NotFound`` (none on the actor's ground), ``NotYoursToRead``, ``LookReasonNeeded``.
    """
    by.require(*READERS)
    here = answers_of(form.code, actor=by, drill=drill).filter(pk=pk)
    if not here.exists():
        raise NotFound
    row = readable_by(by, here).first()
    if row is None:
        raise NotYoursToRead
    if not why.strip():
        raise LookReasonNeeded(field="why")
    look = AnswerLook.objects.create(
        form_code=form.code,
        drill=drill,
        grounds=[list(ground) for ground in by.scope.ranges],
        at=at,
        by_label=by.label[:120],
        why=why.strip()[:200],
        code_hash=row.code_hash,
    )
    record("forms.read_answer", subject=look, by=by, at=at, data={"form": form.code, "digest": row.digest}, drill=drill)
    return answers_in_full(row)


def _of(subject: str) -> list[Submission]:
    """The filled forms of a subject, without what was sent as XML."""
    rows = rows_with([subject.partition(":")[2]]).select_related("form").defer("xml", "form__source", "form__xform")
    return list(rows)


@transaction.atomic
def correct_answer(subject: str, name: str, value: str, *, by: Actor, at: datetime) -> None:
    """This function will put a person's own answer right: a version like any other, which stands over all before it.

    It is held against the form as what a phone sends. Raises ``NotFound``, ``SubmissionBroken``, ``TooManyVersions``,
    ``InProgress``, ``StoreUnavailable``.
    """
    rows = [one for one in _of(subject) if one.standing in (Standing.STANDS, Standing.CHANGE)]
    before = next((one for one in reversed(rows) if written(dict(flat(one.answers)), name)), None)
    if before is None:
        raise NotFound
    instance_id, form = f"uuid:{uuid4()}", Form.objects.defer("source").get(pk=before.form_id)
    try:
        raw = corrected(before.xml, name, value, instance_id=instance_id, based_on=before.instance_id)
    except LookupError:
        raise NotFound from None
    # The files stand with the version that brought them.
    asks, ground = asked_by(form), Range(before.place, before.place)
    said = replace(answered(read_submission(raw), asks), files=())
    digests = keyed_digests(said.digest)
    kept(
        Wanted(
            form=form,
            instance_id=instance_id,
            based_on=before.instance_id,
            answered=replace(said, digest=digests[0]),
            held=otherwise_held(form, said.answers, place=before.place, asks_place=asks.place, ranges=[ground], at=at),
            code_hash=subject.partition(":")[2],
            known=frozenset({said.digest, *digests}),
            place=before.place,
            files=(),
            left_out=0,
            emergency=before.emergency,
            opening=before.opening_id,
            ground=ground,
            drill=before.drill,
            erase_at=before.erase_at,
            by=by,
            at=at,
        )
    )
    # Whatever others wrote there at the same time: whose answer it is decides.
    new = Submission.objects.everywhere("written just now").get(instance_id=instance_id)
    versions = versions_of([new.record_id or new.pk])
    mine = next(one for one in versions if one.pk == new.pk)
    mine.chosen = {name: sorted(one.instance_id for one in versions if one.pk != new.pk)}
    mine.save(update_fields=["chosen"])
    put_together(versions)


@transaction.atomic
def erase_answers(subject: str, *, by: Actor, at: datetime) -> None:
    """This function will erase what was answered about whoever holds a code, in every version, with its files.

    Raises ``AnswersKeptByHold`` while a written assessment keeps it.
    """
    rows = _of(subject)
    if not rows:
        return
    lock(*lock_words(*(one.place for one in rows)))
    keys = [one.pk for one in rows]
    held = Submission.objects.everywhere("by the wish of whoever holds its code").filter(pk__in=keys)
    if held.filter(under_hold(at=at)).exists():
        raise AnswersKeptByHold
    held.delete()
    looks_of_nothing().delete()
    data = {"submissions": len(keys)}
    record("forms.erase_answers", subject=subject_of(rows[0].digest), by=by, at=at, data=data, drill=rows[0].drill)


OWN_ANSWERS = Opener(
    _("answers of a form about a person"), open_answers, correct_answer, erase_answers, subjects=subjects_of
)
