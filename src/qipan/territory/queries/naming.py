"""Naming areas in what was written about them earlier, also when they have ended since."""

from datetime import date, timedelta

from qipan.kernel.place import CODE_LENGTHS, Range, code_for, place_text, range_of
from qipan.kernel.refusal import NotFound

from ..models import Area
from .areas import OFFICIAL, AreaView, area_views, get_area
from .kept import MOST_KEPT, fresh


def named_area(code: str, *, on: date | None = None, hierarchy: str = OFFICIAL) -> AreaView:
    """This function will return an area as it was on a day, for what was ordered or told about it then.

    Where the map had none that day, it is the area of today, else as it was last, else one that has only its code for a
    name: whoever reads what was written earlier reads it whatever became of the area.
    """
    kept = fresh()
    key = f"named {hierarchy} {code} {on}"
    found: AreaView | None = kept.get(key) if kept is not None else None
    if found is None:
        found = _named(code, on=on, hierarchy=hierarchy)
        if kept is not None and len(kept) < MOST_KEPT:
            kept[key] = found
    return found


def _named(code: str, *, on: date | None, hierarchy: str) -> AreaView:
    for day in dict.fromkeys((on, None)):
        try:
            return get_area(code, on=day, hierarchy=hierarchy)
        except NotFound:
            continue
    ended = Area.objects.filter(hierarchy=hierarchy, code=code).exclude(valid_to=None).order_by("-valid_to").first()
    if ended is not None and ended.valid_to is not None:
        return area_views([ended], on=ended.valid_to - timedelta(days=1))[0]
    level = next((n for n, length in enumerate(CODE_LENGTHS) if length >= len(code)), len(CODE_LENGTHS) - 1)
    return AreaView(
        code=code,
        name=code,
        name_en="",
        level=level,
        parent_code=code[: CODE_LENGTHS[level - 1]] if level else "",
        hierarchy=hierarchy,
        ranges=(range_of(code),) if hierarchy == OFFICIAL else (),
        synthetic=False,
    )


def ground_name(ground: Range, *, on: date | None = None) -> str:
    """This function will name the area that is exactly this ground, as ``named_area`` does; its numbers where none is."""
    code = code_for(ground)
    return named_area(code, on=on).label if code else f"{place_text(ground.first)}–{place_text(ground.last)}"
