"""Which ground a page of forces is about: the area that is asked for, as far as it is the actor's."""

from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, Range
from qipan.kernel.refusal import NotFound
from qipan.territory.api import AreaView, children, get_area


def ground_asked(actor: Actor, code: str) -> tuple[AreaView | None, list[Range]]:
    """This function will return the area that was asked for, and the part of it that lies in the actor's scope."""
    if not code:
        return None, list(actor.scope.ranges)
    area = get_area(code)
    return area, [part for ground in area.ranges for part in actor.scope.narrowed(ground).ranges]


def areas_below(actor: Actor, area: AreaView | None) -> list[AreaView]:
    """This function will return the areas one level down that the actor may look into."""
    if area is None or area.level >= COMMUNITY:
        return []
    return [
        child
        for child in children(area.code)
        if any(ground.meets(mine) for ground in child.ranges for mine in actor.scope.ranges)
    ]


def own_area(actor: Actor) -> AreaView | None:
    """This function will return the area that the actor's own ground is, where it is one."""
    if len(actor.scope.ranges) != 1:
        return None
    digits = f"{actor.scope.ranges[0].first:019d}"
    for length in (4, 6, 9, 12):
        if not digits[length:].strip("0"):
            try:
                return get_area(digits[:length])
            except NotFound:  # closed on the map
                return None
    return None
