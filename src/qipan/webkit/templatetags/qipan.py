"""Template tags and filters of every page."""

from django import template

from qipan.kernel.place import place_text

register = template.Library()


@register.filter
def place(value: int) -> str:
    """This filter will write a place number as text."""
    return place_text(value)
