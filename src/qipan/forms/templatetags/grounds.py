"""How a ground is named on pages of this room and of those above it."""

from django import template

from qipan.kernel.place import Range
from qipan.territory.api import ground_name as name_of

register = template.Library()


@register.simple_tag
def ground_name(first: int, last: int) -> str:
    """This tag will name the area that is exactly this range of places; its numbers where there is none."""
    return name_of(Range(first, last))
