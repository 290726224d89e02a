"""What was joined: which matter a report follows, and which reports follow a matter."""

from django.db.models import Q, QuerySet

from ..models import Matter, Report


def followed(report: Report) -> Matter:
    """This function will return the matter that a report follows: where the joining of its own ends, if it was joined."""
    return report.matter.root or report.matter


def following(matter: int) -> QuerySet[Report]:
    """This function will return the reports that follow a matter, by its key: its own and those of all joined to it.

    Of a matter that is joined itself only its own: the others follow where the joining ends.
    """
    # Which matters first, each by its index: an OR over both tables reads every report there is.
    every: QuerySet[Matter] = Matter.objects.everywhere("whose reports follow a matter that was gated")
    return Report.objects.filter(matter__in=every.filter(Q(pk=matter) | Q(root=matter)).values("pk"))
