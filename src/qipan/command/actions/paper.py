"""Signing for directives that reach a compound on a printed sheet."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import ngettext_lazy

from qipan.desk.api import Task, TaskState, receive
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import Refusal

from ..models import Directive


class NotOnPaper(Refusal):
    """A receipt that is no printed sheet of this directive on the actor's ground."""

    code = "not_on_paper"
    sentence = ngettext_lazy(
        "%(count)s of these is no printed sheet of this directive in your area; nothing was entered.",
        "%(count)s of these are no printed sheets of this directive in your area; nothing was entered.",
        "count",
    )


SIGN_BATCH = 500


@transaction.atomic
def sign_on_paper(
    directive: Directive, *, task_ids: Sequence[int], signed_at: datetime, by: Actor, at: datetime
) -> int:
    """This function will enter the signatures that a community collected on printed sheets; returns how many.

    Each compound counts as having accepted at ``signed_at``. Entering one twice is harmless. Raises
    ``NotAllowed``, ``NotOnPaper``, and the desk's own refusal when a receipt is closed.
    """
    by.require("task.answer")
    wanted = list(dict.fromkeys(task_ids))
    known = Task.objects.within(by.scope).filter(pk__in=wanted, source=directive.source, on_paper=True).count()
    if known != len(wanted) or not wanted:
        raise NotOnPaper(count=len(wanted) - known)
    stored = 0
    for start in range(0, len(wanted), SIGN_BATCH):
        batch = [(pk, TaskState.ACCEPTED, signed_at) for pk in wanted[start : start + SIGN_BATCH]]
        stored += sum(answer.answer == "stored" for answer in receive(batch, by=by, at=at))
    record(
        "command.sign_on_paper",
        subject=directive,
        by=by,
        at=at,
        place=by.scope.ranges[0].first,
        data={"receipts": wanted, "stored": stored},
        drill=directive.drill,
    )
    return stored
