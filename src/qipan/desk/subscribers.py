"""What desks do when something happens in a room below."""

from collections import Counter

from django.utils.translation import gettext as _

from qipan.duties.api import ListsChanged, Unit, UnitsMerged, ground_of, items_on, lead_body
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import Kind, due_time
from qipan.kernel.text import in_city_language
from qipan.laws.api import ArticleRepealed, Use, get_version, units_citing

from .actions.inheriting import hand_over_desks
from .actions.sending import send_task
from .terms import ClockKind, TaskKind

REVIEW_DAYS = 10  # working days in which an owner reviews what lost its legal basis
SETTLE_DAYS = 5  # working days in which the lead organisation settles who is primary


@in_city_language
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


def on_units_merged(event: UnitsMerged) -> None:
    """This function will put what lies on the desks of units that were just merged on those of their heirs."""
    hand_over_desks(by=Actor.system("merged unit"), at=event.at)


@in_city_language
def on_article_repealed(event: ArticleRepealed) -> None:
    """This function will ask each unit whose forms, lists, work, responses or purposes rest on an article that was
    repealed or replaced for one review of them all (LAW-1); the room of measures asks their issuers itself.

    What is owned by units that only execute is asked of the lead organisation: they decide no basis.
    """
    cited: Counter[int] = Counter()
    for use in Use:
        if use != Use.MEASURE:
            cited.update(units_citing(event.versions, use=use))
    if not cited:
        return
    lead, article = lead_body(), get_version(event.versions[0])
    counts: Counter[Unit] = Counter()
    for unit in Unit.objects.filter(pk__in=cited).select_related("organ_type").order_by("pk"):
        counts[lead if unit.organ_type.executes_only else unit] += cited[unit.pk]
    by = Actor.system("register of laws", ranges=ground_of(lead))
    for owner, n in counts.items():
        told = {"n": n, "article": article.label, "day": event.since.isoformat()}
        send_task(
            kind=TaskKind.REQUEST,
            source=f"laws:article:{event.versions[0]}",
            title=(_("To review what rests on %(article)s, which ends on %(day)s: %(n)s") % told)[:200],
            asker=lead,
            owner=owner,
            place=owner.place,
            basis=event.reason[:300],
            due_at=due_time(event.at, REVIEW_DAYS, Kind.WORKING_DAYS).at,
            by=by,
            at=event.at,
            clock=ClockKind.WORKING_DAYS,
        )
