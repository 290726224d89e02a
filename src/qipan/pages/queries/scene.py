"""What stands around the figures: outlines, the governing hierarchy, and the search for places."""

from typing import Any

from django.db.models import Q

from qipan.kernel.actor import Actor
from qipan.kernel.place import CITY, COMMUNITY, COMPOUND, Range, code_of
from qipan.kernel.refusal import NotFound
from qipan.territory.api import GOVERNING, OFFICIAL, AreaView, areas_within, children, compounds_within
from qipan.territory.api import outlines as stored_outlines

from .board import in_scope, look, may_look
from .kept import kept
from .parts import family

FOUND = 12  # answers of one search


def hierarchy_of(by: str | None) -> str:
    """This function will return the hierarchy that an address names; the official one unless it says otherwise."""
    return str(GOVERNING if (by or "").upper() == GOVERNING else OFFICIAL)


@kept(64)
def has_governing(code: str) -> bool:
    """This function will say whether the area can also be seen by governing areas."""
    return bool(children(code, hierarchy=GOVERNING))


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


@kept(32)
def _areas(ranges: tuple[Range, ...]) -> list[AreaView]:
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
    areas = [
        area
        for area in _areas(actor.scope.ranges)
        if in_scope(area, actor)
        and (wanted in area.name.casefold() or wanted in area.name_en.casefold() or area.code.startswith(text))
    ]
    areas.sort(key=lambda area: (not area.label.casefold().startswith(wanted), area.level, area.code))
    answers = [_answer(area.code, area.label, area.parent_code) for area in areas[:FOUND]]
    if len(answers) < FOUND:
        compounds = (
            compounds_within(actor.scope.ranges)
            .filter(Q(name__icontains=text) | Q(name_en__icontains=text))
            .order_by("place")
        )
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
