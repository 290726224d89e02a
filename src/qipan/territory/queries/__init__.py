"""Reading the territory."""

from .areas import (
    GOVERNING,
    OFFICIAL,
    AreaView,
    Rate,
    area_at,
    areas_within,
    children,
    compounds_within,
    denominator,
    doors_within,
    get_area,
    joined,
    known_place,
    moved_ranges,
    official_ranges,
    parts_of,
    path_to,
    rate,
)
from .kept import Mark, territory_mark
from .marks import DataMarks, audit_register, data_marks
from .naming import ground_name, named_area
from .outlines import area_holding, metres_outside, outline_ruler, outlines, points_in

__all__ = [
    "GOVERNING",
    "OFFICIAL",
    "AreaView",
    "DataMarks",
    "Mark",
    "Rate",
    "area_at",
    "area_holding",
    "areas_within",
    "audit_register",
    "children",
    "compounds_within",
    "data_marks",
    "denominator",
    "doors_within",
    "get_area",
    "ground_name",
    "joined",
    "known_place",
    "metres_outside",
    "moved_ranges",
    "named_area",
    "official_ranges",
    "outline_ruler",
    "outlines",
    "parts_of",
    "path_to",
    "points_in",
    "rate",
    "territory_mark",
]
