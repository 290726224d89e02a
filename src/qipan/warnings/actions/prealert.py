"""The pre-alert: what a warning starts on the desk of whoever issued it, and how it ends with the warning (EMG-5).

Tasks of the issuer to itself, one for each thing that the law makes due at the colour. A higher colour adds, a lower one
takes back; a cancellation and the lapse take back what is open. What was done stays done.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.desk.api import TaskKind, TaskState, recall_sources, send_task
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of

from .. import rules
from ..models import Warning
from ..queries import chain_of, prealert_tasks, source_of
from ..terms import MessageKind


def follow_warning(sent: Warning, *, by: Actor, at: datetime) -> None:
    """This function will start what a message makes due and take back what it does no longer, in its transaction."""
    held = prealert_tasks(chain_of(sent))
    due = {} if sent.msg_type == MessageKind.CANCEL else {one.code: one for one in rules.due_at_colour(sent.colour)}
    over = [task.source for code, task in held.items() if code not in due and task.closed_at is None]
    with override(settings.LANGUAGE_CODE):  # a task is a document of the city
        if over:
            recall_sources(over, note=_("The warning does not require it any more"), by=by, at=at)
        for code, action in due.items():
            if code in held and held[code].state != TaskState.RECALLED:
                continue
            send_task(
                kind=TaskKind.CARD,
                source=source_of(sent, code),
                title=(_("Pre-alert: %(what)s · %(headline)s") % {"what": action.name, "headline": sent.headline})[
                    :200
                ],
                asker=sent.issuer,
                owner=sent.issuer,
                place=sent.issuer.place,
                basis=_("Emergency Response Law 2024, art. %(article)s") % {"article": action.article},
                due_at=rules.due_by(sent.starts_at, at),
                by=by,
                at=at,
                drill=sent.drill,
            )


@transaction.atomic
def note_lapsed(*, at: datetime) -> int:
    """This function will take back what warnings started that have expired, once each; returns how many warnings.

    Whether a warning holds is never asked of this: it ends to the second without any job.
    """
    by = Actor.system("warnings", ranges=[range_of(settings.CITY)])
    over = Warning.objects.select_for_update(of=("self",)).filter(lapsed_at=None, expires_at__lte=at, replaced_by=None)
    rows = list(over.exclude(msg_type=MessageKind.CANCEL).select_related("issuer").order_by("pk")[:500])
    for warning in rows:
        open_ones = [task.source for task in prealert_tasks(chain_of(warning)).values() if task.closed_at is None]
        with override(settings.LANGUAGE_CODE):
            recall_sources(open_ones, note=_("The warning has expired"), by=by, at=at)
        warning.lapsed_at = at
        warning.save(update_fields=["lapsed_at"])
        record(
            "warnings.lapse", subject=warning, by=by, at=at, place=warning.issuer.place,
            data={"identifier": warning.identifier, "taken_back": len(open_ones)}, drill=warning.drill,
        )  # fmt: skip
    return len(rows)
