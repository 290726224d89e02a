"""What the room does when an article is repealed."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import ngettext

from qipan.desk.api import TaskKind, send_task
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.laws.api import ArticleRepealed, Use, units_citing

ANSWER_WITHIN = timedelta(hours=24)  # as for measures


def on_article_repealed(event: ArticleRepealed) -> None:
    """This handler will ask each office whose risk levels in force cite the article to look at them, by one task."""
    by = Actor.system("risk levels", ranges=[range_of(settings.CITY)])
    counts = units_citing(event.versions, use=Use.ZONE)
    for unit in Unit.objects.filter(pk__in=counts):  # what a job confirmed is nobody's
        title = ngettext(
            "The basis of %(count)s risk level of yours ends on %(on)s: %(reason)s",
            "The basis of %(count)s risk levels of yours ends on %(on)s: %(reason)s",
            counts[unit.pk],
        ) % {"count": counts[unit.pk], "on": event.since.isoformat(), "reason": event.reason}
        send_task(
            kind=TaskKind.REQUEST,
            source=f"basis:{event.versions[0]}:zones",
            title=title[:200],
            asker=unit,
            owner=unit,
            place=unit.place,
            basis=event.article,
            due_at=event.at + ANSWER_WITHIN,
            by=by,
            at=event.at,
        )
