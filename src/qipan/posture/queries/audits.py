"""What ``qipan verify`` compares in measures: the short rows of their ends with the measures themselves."""

from django.db.models import F
from django.db.models.functions import Coalesce, Least

from qipan.journal.api import last_recorded
from qipan.kernel.clock import now

from ..models import Measure, OpenEnd


def audit_ends() -> list[str]:
    """This function will return the measures whose open end is another than their own, or is missing before its time."""
    ended = Least("expires_at", Coalesce("lifted_at", "expires_at"))
    own = Least("measure__expires_at", Coalesce("measure__lifted_at", "measure__expires_at"))
    differing = OpenEnd.objects.annotate(own=own).exclude(ends_at=F("own")).order_by("pk")
    until = max(filter(None, (now(), last_recorded())))
    missing = Measure.objects.annotate(end=ended).filter(open_end=None, end__gt=until).order_by("pk")
    return [f"end of measure {one.pk}: kept {one.ends_at}, measure {one.own}" for one in differing] + [
        f"end of measure {one.pk}: not kept, measure {one.end}" for one in missing
    ]
