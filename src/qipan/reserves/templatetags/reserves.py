"""Template filters of the room."""

from django import template

from .. import rules

register = template.Library()


@register.filter
def yuan(fen: int | None) -> str:
    """This filter will write an amount of fen in yuan, exact to the last one."""
    return "–" if fen is None else rules.yuan(fen)
