"""What stands around the figures: outlines, the governing hierarchy, and the search for places."""

from functools import lru_cache
from time import monotonic
from typing import Any

from django.db import connection
from django.db.models import Q

from qipan.kernel.actor import Actor
from qipan.kernel.place import CITY, COMMUNITY, COMPOUND, code_of
from qipan.kernel.refusal import NotFound
from qipan.territory.api import GOVERNING, OFFICIAL, AreaView, areas_within, children, compounds_within
from qipan.territory.api import outlines as stored_outlines

from .board import in_scope, look, may_look
from .parts import TREE_SECONDS, family

FOUND = 12  # answers of one search


def hierarchy_of(by: str | None) -> str:
    """This function will return the hierarchy that an address names; the official one unless it says otherwise."""
    return str(GOVERNING if (by or "").upper() == GOVERNING else OFFICIAL)


@lru_cache(maxsize=64)
def _governing(code: str, bucket: int) -> bool:
    return bool(children(code, hierarchy=GOVERNING))


def has_governing(code: str) -> bool:
    """This function will say whether the area can also be seen by governing areas."""
    read = _governing.__wrapped__ if connection.in_atomic_block else _governing
    return read(code, int(monotonic() // TREE_SECONDS))


def outlines_of(code: str, *, actor: Actor, hierarchy: str) -> dict[str, Any]:
    """This function will return a GeoJSON collection: the areas right below, those that have an outline.

    Raises as ``look``.
    """
    _area, _path, below = look(code, actor=actor, hierarchy=hierarchy)
    shapes: dict[str, Any] = {}
    for kind in {area.hierarchy for area in below}:
        shapes |= stored_outlines([area.code for area in below if area.hierarchy == kind], hierarchy=kind)
    return {
        "type": "FeatureCollection",
        # Areas without an outline are named beside the map; where most have none, squares are the better map.
        "usable": len(shapes) * 4 >= len(below) * 3 > 0,
        "missing": [area.label for area in below if area.code not in shapes],
        "features": [
            {
                "type": "Feature",
                "id": number,
                "properties": {"code": area.code, "label": area.label},
                "geometry": shapes[area.code],
            }
            for number, area in enumerate(below, 1)
            if area.code in shapes
        ],
    }


@lru_cache(maxsize=32)
def _areas(ranges: tuple[Any, ...], bucket: int) -> list[AreaView]:
    found: list[AreaView] = []
    for level in range(CITY, COMMUNITY + 1):
        found += areas_within(ranges, level)
    return found


def places_like(text: str, *, actor: Actor) -> list[dict[str, str]]:
    """This function will return areas and compounds on the actor's ground that match; persons are never searched.

    Areas whose name begins so come first, then those that hold it, then compounds. Raises ``NotAllowed``.
    """
    may_look(actor)
    if not text:
        return []
    wanted = text.casefold()
    read = _areas.__wrapped__ if connection.in_atomic_block else _areas
    areas = [
        area
        for area in read(actor.scope.ranges, int(monotonic() // TREE_SECONDS))
        if in_scope(area, actor)
        and (wanted in area.name.casefold() or wanted in area.name_en.casefold() or area.code.startswith(text))
    ]
    areas.sort(key=lambda area: (not area.label.casefold().startswith(wanted), area.level, area.code))
    answers = [_answer(area.code, area.label, area.parent_code) for area in areas[:FOUND]]
    if len(answers) < FOUND:
        compounds = compounds_within(actor.scope.ranges).filter(Q(name__icontains=text) | Q(name_en__icontains=text)).order_by("place")
        for compound in compounds[: FOUND - len(answers)]:
            code = code_of(compound.place, COMPOUND)
            answers.append(_answer(code, compound.label, code_of(compound.place, COMMUNITY)))
    return answers


def _answer(code: str, label: str, parent_code: str) -> dict[str, str]:
    try:
        within = family(parent_code, OFFICIAL)[0].label if len(parent_code) > 2 else ""
    except NotFound:  # the parent may have ended
        within = ""
    return {"code": code, "label": label, "within": within, "href": f"/board/{code}"}
