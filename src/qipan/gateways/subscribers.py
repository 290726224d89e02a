"""What the gateways learn from matters: each step that the public may know is told to those who asked for it."""

from qipan.kernel.rows import Reading
from qipan.matters.api import Matter, MatterMoved

from .actions.telling import tell
from .models import Subscription
from .queries.requests import whole
from .queries.standing import TOLD
from .terms import Standing

_ACTIVE = Reading[Subscription](lambda: Subscription.objects.filter(standing=Standing.ACTIVE).order_by("pk"))


def tell_partners(event: MatterMoved) -> None:
    """This function will queue a step for the partners who subscribed to its kind, in the step's own transaction."""
    kind = TOLD.get(event.step)
    if kind is None:
        return
    wanted = [one for one in _ACTIVE() if kind in one.kinds]
    if not wanted:
        return
    matter = whole(Matter.objects.everywhere("an event of the matter itself")).get(pk=event.matter)
    if not matter.private:
        tell(matter, kind, wanted, at=matter.changed_at)
