"""How units and lines of the lists are called on the pages of rooms below."""

from collections.abc import Sequence

from ..models import Responsibility, ResponsibilityItem, Unit


def names_of_units(keys: Sequence[int]) -> dict[int, str]:
    """This function will return the labels of units by their keys."""
    return {unit.pk: unit.label for unit in Unit.objects.filter(pk__in=keys)}


def names_of_lines(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """This function will return what lines of the lists say, with the page of their item, by their keys."""
    lines = list(Responsibility.objects.filter(pk__in=keys).select_related("organ_type", "unit"))
    codes = {line.item_code for line in lines}
    items = {item.code: item.label for item in ResponsibilityItem.objects.filter(code__in=codes).order_by("pk")}
    return {
        line.pk: (
            f"{items.get(line.item_code, line.item_code)} · {line.organ.label} · {line.get_role_display()}",
            f"/duties/items/{line.item_code}",
        )
        for line in lines
    }
