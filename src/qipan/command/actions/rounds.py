"""Each next round of a directive that asks again: opened by the clock, once, with its own tasks and due time (SVC-9, SVC-13)."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext, override

from qipan.desk.api import TaskKind, send_task
from qipan.forms.api import get_form
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import touches_night
from qipan.kernel.place import Range
from qipan.kernel.refusal import Refusal, kept

from .. import rules
from ..models import Directive
from .asking import check_form
from .directives import send_out

log = logging.getLogger(__name__)


def open_rounds(*, by: Actor, at: datetime) -> int:
    """This function will open the rounds whose time has come; returns how many. Run it every minute; at night it waits.

    Each is a transaction of its own: after a crash it is there whole or not at all, and the next run goes on. One that
    fails is told to the log, tried again the next minute, and holds up no other. Raises ``NotAllowed`` (needs
    ``directive.issue``).
    """
    by.require("directive.issue")
    if touches_night(at, at, get_default_timezone()):
        return 0
    waiting = Directive.objects.filter(next_at__lte=at).order_by("next_at", "pk").values_list("pk", flat=True)
    opened = 0
    for pk in list(waiting):
        try:
            opened += _open_next(pk, by=by, at=at)
        except Exception:  # whatever it is, the rounds after it open as well
            log.exception("The next round of directive %s cannot be opened", pk)
    return opened


@transaction.atomic
def _open_next(pk: int, *, by: Actor, at: datetime) -> bool:
    """Opens the round of one series that is due, if no other worker was faster; what is refused ends the series."""
    head = Directive.objects.select_for_update(of=("self",)).select_related("issuer", "admission", "form").get(pk=pk)
    if head.next_at is None or head.next_at > at or head.form is None or head.repeat_until is None:
        return False
    plan = dict(
        rules.rounds_after_first(
            first=head.issued_at, every=head.every, until=head.repeat_until, zone=get_default_timezone()
        )
    )
    # Where the clock stood still for longer than a round, only the newest is asked: nobody answers for a week that is over.
    number = max(n for n, opening in plan.items() if opening <= at)
    head.next_at = plan.get(number + 1)
    opened = True
    try:
        with transaction.atomic():
            _send_round(head, number, planned=plan[number], by=by, at=at)
    except Refusal as refusal:
        opened, head.next_at, head.ended = False, None, kept(refusal)
        _tell_issuer(head, number, refusal, by=by, at=at)
    head.save(update_fields=["next_at", "ended"])
    return opened


def _send_round(head: Directive, number: int, *, planned: datetime, by: Actor, at: datetime) -> None:
    assert head.form is not None and head.due_at is not None
    form = get_form(head.form.code, at=at)  # a version that was published since asks now
    check_form(form, issuer=head.issuer, admission=head.admission)
    targets = list(head.targets.order_by("pk"))
    directive = Directive.objects.create(
        number=head.number,
        version=head.version,
        round=number,
        series=head,
        every=head.every,
        title=head.title,
        body=head.body,
        issuer=head.issuer,
        admission=head.admission,
        form=form,
        basis=head.basis,
        decided_at=planned,
        issued_at=at,
        due_at=rules.round_due(
            planned=planned, span=head.due_at - head.issued_at, opened=at, zone=get_default_timezone()
        ),
        drill=head.drill,
    )
    send_out(
        directive,
        organ_types=list(dict.fromkeys(target.organ_type for target in targets)),
        grounds=sorted({Range(target.first, target.last) for target in targets}),
        by=by,
        at=at,
    )


def _tell_issuer(head: Directive, number: int, refusal: Refusal, *, by: Actor, at: datetime) -> None:
    """A series that cannot go on is said in the journal and on the desk of whoever asked."""
    with override(settings.LANGUAGE_CODE):
        title = gettext("%(number)s asks no more: %(reason)s") % {"number": head.number, "reason": refusal}
    send_task(
        kind=TaskKind.CARD,
        source=f"series:{head.pk}",
        title=title[:200],
        asker=head.issuer,
        owner=head.issuer,
        place=head.issuer.place,
        basis=head.basis,
        by=by,
        at=at,
        drill=head.drill,
    )
    data = {"number": head.number, "round": number, "reason": refusal.code}
    record("command.end_series", subject=head, by=by, at=at, place=head.issuer.place, data=data, drill=head.drill)
