"""What desks do when something happens in a room below."""

from django.utils.translation import gettext as _

from qipan.duties.api import ListsChanged, ground_of, items_on, lead_body
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import Kind, due_time

from .actions.sending import send_task
from .terms import ClockKind, TaskKind

SETTLE_DAYS = 5  # working days in which the lead organisation settles who is primary


def on_lists_changed(event: ListsChanged) -> None:
    """This function will put each new overlap of the responsibility lists on the lead organisation's desk (ORG-4)."""
    if not event.overlaps:
        return
    lead = lead_body()
    by = Actor.system("responsibility lists", ranges=ground_of(lead))
    for item in items_on(event.begins).filter(code__in=event.overlaps):
        told = {"item": item.label, "organs": " / ".join(event.overlaps[item.code])}
        send_task(
            kind=TaskKind.REQUEST,
            source=f"duties:overlap:{item.pk}:{event.begins:%Y%m%d}",
            title=(_("To settle who is primary for “%(item)s”: %(organs)s") % told)[:200],
            asker=lead,
            owner=lead,
            place=lead.place,
            basis=_("Responsibility lists: one item, one primary organ on the same ground"),
            due_at=due_time(event.at, SETTLE_DAYS, Kind.WORKING_DAYS).at,
            by=by,
            at=event.at,
            clock=ClockKind.WORKING_DAYS,
        )
