"""Outlines from GeoJSON: matched to areas, rings repaired, moved to WGS-84, simplified for the board."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.geometry import MultiPolygon, Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry

from qipan.kernel.actor import Actor
from qipan.kernel.place import CODE_LENGTHS, COMMUNITY, short_code
from qipan.kernel.refusal import BadInput

from ..models import Area, Outline
from ..queries import OFFICIAL, AreaView, get_area
from ..rules.datum import DATUMS, GCJ02, to_wgs84
from ..terms import ChangeKind
from .changes import check_day, check_ground, note

BOARD_TOLERANCE = 0.0008  # degrees, about 80 m: less than a pixel of a city on a screen
STEMS = ("新区", "市", "区", "县", "街道办事处", "街道", "镇", "乡")


@dataclass(frozen=True)
class OutlineReport:
    """What came of a file: outlines stored, rings repaired, features that match no area."""

    stored: int
    repaired: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)


def _stem(name: str) -> str:
    """This function will take the kind of area off a name, so that 新津县 finds 新津区."""
    for ending in STEMS:
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name.removesuffix(ending)
    return name


def repaired(geometry: BaseGeometry) -> Polygon | MultiPolygon | None:
    """This function will make broken rings valid and keep what has a surface; None when nothing has."""
    whole = geometry if geometry.is_valid else shapely.make_valid(geometry)
    parts = [p for p in shapely.get_parts(whole, return_index=False) if p.geom_type in ("Polygon", "MultiPolygon")]
    surface = shapely.union_all(parts) if len(parts) > 1 else (parts[0] if parts else None)
    return surface if isinstance(surface, Polygon | MultiPolygon) and not surface.is_empty else None


def _geojson(geometry: BaseGeometry) -> dict[str, Any]:
    rounded = shapely.set_precision(geometry, 1e-6)
    plain: dict[str, Any] = json.loads(json.dumps(mapping(rounded)))
    return plain


def _read(path: Path) -> list[dict[str, Any]]:
    """This function will read the features of a GeoJSON file. Raises ``BadInput``."""
    try:
        data = json.loads(path.read_text("utf-8-sig"))
        features = data["features"] if data["type"] == "FeatureCollection" else [data]
        if not all(isinstance(f["properties"], dict) and isinstance(f["geometry"], dict) for f in features):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput([_("%(name)s is not a GeoJSON file of areas.") % {"name": path.name}]) from error
    found: list[dict[str, Any]] = features
    return found


class _Matcher:
    """Finds the area that a feature's properties name: by code, by name, by the stem of a name."""

    def __init__(self, hierarchy: str) -> None:
        self.official = hierarchy == OFFICIAL
        areas = Area.objects.filter(hierarchy=hierarchy, valid_to=None)
        self.codes: set[str] = set()
        self.names: dict[str, set[str]] = defaultdict(set)
        for code, name in (
            areas.order_by("-level").values_list("code", "name")
            if hierarchy != OFFICIAL
            else (areas.filter(level__lte=3).values_list("code", "name"))
        ):
            self.codes.add(code)
            self.names[name].add(code)
            self.names[_stem(name)].add(code)

    def _known(self, code: str) -> bool:
        """Communities are many and their names alike: they are matched by code only."""
        community = self.official and len(code) == CODE_LENGTHS[COMMUNITY]
        return code in self.codes or (
            community and Area.objects.filter(hierarchy=OFFICIAL, valid_to=None, code=code).exists()
        )

    def code_for(self, properties: dict[str, Any], within: list[str]) -> str | None:
        for key in ("adcode", "code", "id", "describe", "name"):
            value = str(properties.get(key) or "")
            if self._known(value):
                return value
            if value.isascii() and value.isdigit() and len(value) <= 12:
                try:
                    if self._known(short_code(value)):
                        return short_code(value)
                except ValueError:
                    continue
        for key in ("describe", "name"):
            for name in (str(properties.get(key) or ""), _stem(str(properties.get(key) or ""))):
                found = {code for code in self.names.get(name, ()) if not within or code.startswith(tuple(within))}
                if name and len(found) == 1:
                    return found.pop()
        return None


@transaction.atomic
def import_outlines(
    path: Path,
    *,
    datum: str,
    valid_from: date,
    source: str,
    by: Actor,
    at: datetime,
    hierarchy: str = OFFICIAL,
    within: str = "",
    synthetic: bool = False,
) -> OutlineReport:
    """This function will store the outlines of a GeoJSON file (``datum``: GCJ02 or WGS84) from a day on.

    Features are matched by ``adcode``, ``code`` or ``id``, then by ``describe`` or ``name``; ``within`` keeps
    official names to the areas whose code begins so. Several features of one area become one outline.
    Raises ``BadInput``, ``DayNotReached``, ``NotAllowed``, ``NotFound``.
    """
    by.require("territory.import")
    check_day(valid_from, at)
    if datum not in DATUMS:
        raise BadInput([_("The datum must be one of %(datums)s.") % {"datums": ", ".join(DATUMS)}])
    matcher = _Matcher(hierarchy)
    parts: dict[str, list[Polygon | MultiPolygon]] = defaultdict(list)
    problems: list[str] = []
    mended: list[str] = []
    unmatched: list[str] = []
    for number, feature in enumerate(_read(Path(path)), start=1):
        properties = feature["properties"]
        name = str(properties.get("describe") or properties.get("name") or number)
        code = matcher.code_for(properties, [within] if within else [])
        if code is None:
            unmatched.append(name)
            continue
        try:
            raw = shape(feature["geometry"])
            surface = repaired(raw)
            box = surface.bounds if surface is not None else (0, 0, 0, 0)
            if surface is None or not (-180 <= box[0] <= box[2] <= 180 and -90 <= box[1] <= box[3] <= 90):
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError):
            problems.append(
                _("Feature %(number)s (%(name)s) has no usable outline.") % {"number": number, "name": name}
            )
            continue
        if not raw.is_valid:
            mended.append(name)
        parts[code].append(surface)
    if problems:
        raise BadInput(problems)
    if not parts:
        raise BadInput([_("No outline matches an area on the map."), *unmatched])
    areas: list[AreaView] = [get_area(code, hierarchy=hierarchy) for code in parts]
    check_ground(by, [ground for area in areas for ground in area.ranges])
    for area in areas:
        whole = shapely.union_all(parts[area.code]) if len(parts[area.code]) > 1 else parts[area.code][0]
        if datum == GCJ02:
            whole = repaired(shapely.transform(whole, to_wgs84)) or whole
        small = repaired(shapely.simplify(whole, BOARD_TOLERANCE, preserve_topology=True)) or whole
        Outline.objects.update_or_create(
            hierarchy=hierarchy,
            code=area.code,
            valid_from=valid_from,
            defaults={
                "geometry": _geojson(whole),
                "simplified": _geojson(small),
                "source_datum": datum,
                "source": source[:200],
                "synthetic": synthetic,
            },
        )
    note(
        "import_outlines",
        ChangeKind.OUTLINES,
        subject="territory.Outline",
        source=source,
        valid_from=valid_from,
        synthetic=synthetic,
        place=areas[0].place,
        data={"stored": len(areas), "repaired": len(mended), "unmatched": len(unmatched), "datum": datum},
        by=by,
        at=at,
    )
    return OutlineReport(stored=len(areas), repaired=mended, unmatched=unmatched)
