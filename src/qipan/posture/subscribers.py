"""What the room does when a zone is confirmed or an article is repealed."""

from django.conf import settings
from django.utils.translation import ngettext

from qipan.desk.api import TaskKind, send_task
from qipan.duties.api import Unit
from qipan.kernel.place import range_of
from qipan.laws.api import ArticleRepealed, Use, units_citing
from qipan.zones.api import RuleSetEnded, ZoneConfirmed, ZoneLost

from .actions.ending import weigh_measures
from .actions.noting import clock_of_measures
from .actions.reviewing import ANSWER_WITHIN


def on_zone_confirmed(event: ZoneConfirmed) -> None:
    """This handler will hold the measures on the ground against the level that its zone has, or will have."""
    weigh_measures(event.ranges, hazard=event.hazard, since=event.starts_at, by=clock_of_measures(), at=event.at)


def on_zone_lost(event: ZoneLost) -> None:
    """This handler will hold the measures on the ground against what is left when the map has lost their area."""
    weigh_measures(event.ranges, hazard=event.hazard, since=event.at, by=clock_of_measures(), at=event.at)


def on_rule_set_ended(event: RuleSetEnded) -> None:
    """This handler will hold every measure against the levels that are left when a rule set ends."""
    ground, clock = [range_of(settings.CITY)], clock_of_measures()
    weigh_measures(ground, hazard=event.hazard, since=event.ends_at, by=clock, at=event.at)


def on_article_repealed(event: ArticleRepealed) -> None:
    """This handler will ask each issuer whose measures rest on the article to look at them, by one task."""
    for unit_id, count in units_citing(event.versions, use=Use.MEASURE).items():
        issuer = Unit.objects.get(pk=unit_id)
        title = ngettext(
            "The basis of %(count)s measure of yours ends on %(on)s: %(reason)s",
            "The basis of %(count)s measures of yours ends on %(on)s: %(reason)s",
            count,
        ) % {"count": count, "on": event.since.isoformat(), "reason": event.reason}
        send_task(
            kind=TaskKind.MEASURE,
            source=f"basis:{event.versions[0]}:measures",
            title=title[:200],
            asker=issuer,
            owner=issuer,
            place=issuer.place,
            basis=event.article,
            due_at=event.at + ANSWER_WITHIN,
            by=clock_of_measures(),
            at=event.at,
        )
