"""What is held of the person whom a filled form is about, for whoever holds the code that the form made."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.duties.api import is_partner
from qipan.kernel.actor import Actor
from qipan.kernel.retention import Held, Look, Own
from qipan.kernel.sealed import keyed_digests

from ..models import AnswerLook, Form, FormQuestion, Submission
from ..rules.owning import may_write
from ..rules.submission import tidy_code
from ..terms import Standing, Subject
from .submissions import keep_days, told_in

MODEL = "forms.Submission"
LENGTH = 60  # of what stands for a code


def hashes_of(code: str) -> list[str]:
    """This function will return what a person's code may be stored as, with each key; nothing for what is no code."""
    tidy = tidy_code(code)
    return [one[:LENGTH] for one in keyed_digests(f"own:{tidy}")] if tidy else []


def subjects_of(code: str) -> list[str]:
    """This function will return what a code may be called where something was asked about it."""
    return [f"{MODEL}:{one}" for one in hashes_of(code)]


def about_persons(code: str) -> bool:
    """This function will say whether a form, in any version, is about persons."""
    return Form.objects.filter(code=code, subject=Subject.PERSON).exists()


def rows_with(hashes: Sequence[str]) -> QuerySet[Submission]:
    """This function will return every filled form of a person's code, with all versions of its record."""
    rows: QuerySet[Submission] = Submission.objects.everywhere("opened by its own code")
    mine = rows.filter(code_hash__in=hashes).values_list("pk", "record")
    keys = {key for pair in mine for key in pair if key is not None}
    return rows.filter(Q(pk__in=keys) | Q(record__in=keys)).order_by("pk")


def open_answers(code: str, at: datetime) -> Own | None:
    """This function will return what was answered about whoever holds a code, until when it is held, who looked and why;
    None when it opens nothing.
    """
    hashes = hashes_of(code)
    rows = list(rows_with(hashes).defer("xml").select_related("form__issuer")) if hashes else []
    if not rows:
        return None
    first = next((one for one in rows if one.standing == Standing.STANDS), rows[0])
    form, held = first.form, []
    for row in (one for one in rows if one.record_id is None):
        held += _answers(row)
    files = sum(one.attachments.count() for one in rows)
    if files:
        held.append(Held(_("Pictures and files"), str(files), *_end(first)))
    if versions := sum(one.record_id is not None for one in rows):
        held.append(Held(_("Versions that changed it, kept as they were sent"), str(versions), *_end(first)))
    return Own(
        subject=f"{MODEL}:{next(one.code_hash for one in rows if one.code_hash in hashes)}",
        purpose=f"{form.label}: {form.purpose}",
        held=held,
        looks=_looks(rows),
        unit_id=form.issuer_id,  # who asks decides what for, and answers for it
        place=form.issuer.place,
        drill=first.drill,
    )


def _answers(row: Submission) -> list[Held]:
    """The answers of a record, or of a filled form that another one stands beside."""
    asked = {one.path.split("/", 2)[-1]: one for one in FormQuestion.objects.filter(form=row.form)}
    found = []
    for path, value in told_in(row.now):
        question = asked.get("/".join(step.partition("[")[0] for step in path.split("/")))
        label = question.label if question else path
        if row.standing != Standing.STANDS:
            label = f"{label} ({row.get_standing_display()})"
        own = question is not None and row.standing == Standing.STANDS and "[" not in path
        writes = question is not None and own and may_write(question.kind, held=question.held)
        found.append(Held(label, value, *_end(row), correct=path if writes else ""))
    return found


def _end(row: Submission) -> tuple[datetime | None, str]:
    if row.erase_at is not None and not row.emergency:
        return row.erase_at, ""
    if row.erase_at is not None:
        day = f"{localtime(row.erase_at):%Y-%m-%d}"
        return None, _("the destruction of what the emergency asked for, due from %(day)s") % {"day": day}
    days = keep_days(row.form)
    said = ngettext(
        "%(n)s day after the end of the emergency for which it was asked",
        "%(n)s days after the end of the emergency for which it was asked",
        days,
    )
    return None, said % {"n": days}


def _looks(rows: Sequence[Submission]) -> list[Look]:
    codes = {(one.form.code, one.drill) for one in rows}
    found = [
        look
        for code, drill in sorted(codes)
        for look in AnswerLook.objects.filter(form_code=code, drill=drill, at__gte=rows[0].received_at).order_by("pk")
        if any(look.shows(row) for row in rows)
    ]
    return [
        Look(
            one.at, one.by_label, _("%(why)s (your answers were read)") % {"why": one.why} if one.code_hash else one.why
        )
        for one in found
    ]


def looks_of_nothing() -> QuerySet[AnswerLook]:
    """This function will return the looks of which every answer that they showed is gone."""
    left = Submission.objects.everywhere("what is left of what was looked at").filter(
        form__code=OuterRef("form_code"), drill=OuterRef("drill"), received_at__lte=OuterRef("at")
    )
    own = left.filter(code_hash=OuterRef("code_hash"))
    return AnswerLook.objects.filter(Q(code_hash="") & ~Exists(left) | ~Q(code_hash="") & ~Exists(own))


def readable_by(actor: Actor, rows: QuerySet[Submission]) -> QuerySet[Submission]:
    """This function will return those of some answers about persons that an actor may read in full: for what was asked, in
    a post of the unit that asks it or of the unit that handed it in, no partner's, and where the person can be shown it.
    """
    if actor.post_id is None or actor.unit_id is None or actor.partner or is_partner(actor.unit_id):
        return rows.none()
    whose = Q(form__issuer=actor.unit_id) | Q(unit=actor.unit_id)
    return rows.filter(whose, form__subject=Subject.PERSON).exclude(code_hash="")


def answers_in_full(row: Submission) -> list[tuple[str, str]]:
    """This function will return what a filled form says, question by question, as it was said."""
    return [(one.label, one.value) for one in _answers(row)]
