"""Units as matters see them."""

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.place import DISTRICT
from qipan.kernel.refusal import NotFound
from qipan.kernel.rows import Reading

_UNIT = Reading[Unit](lambda pk: Unit.objects.select_related("organ_type").filter(pk=pk))


def unit_of(actor: Actor) -> Unit:
    """This function will return the unit of the actor's post with its kind; raises ``NotFound`` without a post."""
    unit = _UNIT.one(actor.unit_id or 0)
    if unit is None:
        raise NotFound
    return unit


def departments() -> list[Unit]:
    """This function will return the units of the city and of its districts that are asked to joint work, by level and
    code: they do not only execute, and they are not the lead organisation."""
    rows = Unit.objects.filter(valid_to=None, organ_type__executes_only=False, organ_type__is_lead=False)
    rows = rows.filter(organ_type__level__lte=DISTRICT).select_related("organ_type")
    return list(rows.order_by("organ_type__level", "code"))
