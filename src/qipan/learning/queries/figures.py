"""What was kept of an emergency, counted for the five tests (PRI-4). Units and acts are counted, never persons."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Q

from qipan.access.api import posts_by_unit
from qipan.command.api import Activation, activations_under, directives_under, plan_view, source_of
from qipan.desk.api import Task, TaskState, lead_times
from qipan.kernel.place import COMMUNITY
from qipan.posture.api import Declaration, contradictions_of, measures_to_review
from qipan.screening.api import coverage_total

from .. import rules
from .days import ground_of, measures_at, rounds_under


def sources_under(declaration: Declaration, activations: list[Activation]) -> dict[str, datetime]:
    """This function will return what asked units for a receipt in an emergency, each with the moment of its decision."""
    found = {directive.source: directive.decided_at for directive in directives_under(declaration)}
    for activation in activations:
        for item in activation.items.all():
            source = source_of(item)
            if source and item.opened_at is not None:
                found.setdefault(source, activation.activated_at)
    return found


def _unmanned(sources: Iterable[str], *, at: datetime) -> int:
    """How many units were asked in which nobody holds a post: their receipts wait for nobody.

    Down to communities; compounds are reached on paper or through their property company.
    """
    tasks = Task.objects.everywhere("a count of units").filter(source__in=list(sources))
    asked = tasks.filter(owner__organ_type__level__lte=COMMUNITY).values_list("owner", flat=True).distinct()
    return len(set(asked) - posts_by_unit(asked, at=at).keys())


def counted_of(declaration: Declaration, *, at: datetime) -> rules.Counted:
    """This function will count what stands beside the five tests of an emergency, from the rows as they are now."""
    activations = activations_under(declaration)
    items = [item for activation in activations for item in sorted(activation.items.all(), key=lambda one: one.order)]
    plan = plan_view(declaration, at=at)
    sources = sources_under(declaration, activations)
    tasks = Task.objects.everywhere("a count without names").filter(source__in=list(sources))
    receipts = tasks.aggregate(
        asked=Count("pk"), read=Count("read_at"), objected=Count("pk", filter=Q(state=TaskState.OBJECTED))
    )
    last = [found for source, since in sources.items() if (found := lead_times(source, since=since).last_s) is not None]
    ground = ground_of(declaration)
    rounds = rounds_under(declaration)
    covered = coverage_total(rounds[-1].pk, ground) if rounds else None
    first = min((one.activated_at for one in activations), default=None)
    return rules.Counted(
        opened=plan.lines,
        left=len(plan.open_rows),
        handed_over=sum(row.state == "GIVEN" for row in plan.open_rows),
        measures=declaration.measure_set.count(),
        in_force=measures_at(declaration, at=at),
        overdue=measures_to_review(ground, at=at).filter(declaration=declaration).count(),
        asked=receipts["asked"],
        read=receipts["read"],
        objected=receipts["objected"],
        conflicts=contradictions_of(declaration).count(),
        unmanned=_unmanned(sources, at=at) if sources else 0,
        out_of_order=sum(
            rules.out_of_order([item.opened_at for item in sorted(one.items.all(), key=lambda item: item.order)])
            for one in activations
        ),
        blocked=sum(bool(item.blocked) for item in items),
        first_minutes=round((first - declaration.decided_at).total_seconds() / 60, 1) if first else None,
        last_minutes=round(max(last) / 60, 1) if last else None,
        doors=covered.doors if covered else None,
        reached=covered.settled if covered else None,
    )
