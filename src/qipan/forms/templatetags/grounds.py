"""How a ground is named on pages of this room and of those above it."""

from django import template

from qipan.kernel.place import Range, code_for, place_text
from qipan.kernel.refusal import NotFound
from qipan.territory.api import get_area

register = template.Library()


@register.simple_tag
def ground_name(first: int, last: int) -> str:
    """This tag will name the area that is exactly this range of places; its numbers where there is none."""
    code = code_for(Range(first, last))
    try:
        return get_area(code).label if code else f"{place_text(first)}–{place_text(last)}"
    except NotFound:
        return code or ""
