"""Units as matters see them."""

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound


def unit_of(actor: Actor) -> Unit:
    """This function will return the unit of the actor's post with its kind; raises ``NotFound`` without a post."""
    unit = Unit.objects.select_related("organ_type").filter(pk=actor.unit_id or 0).first()
    if unit is None:
        raise NotFound
    return unit
