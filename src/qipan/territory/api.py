"""The front door of territory: areas by date, their outlines and counts, the register of doors."""

from .models import Area, Compound, Denominator, Door
from .queries import (
    GOVERNING,
    OFFICIAL,
    AreaView,
    DataMarks,
    area_at,
    areas_within,
    children,
    compounds_within,
    data_marks,
    denominator,
    doors_within,
    get_area,
    outlines,
    path_to,
)
from .terms import CompoundKind, DenominatorKind, Hierarchy, Level

__all__ = [
    "GOVERNING",
    "OFFICIAL",
    "Area",
    "AreaView",
    "Compound",
    "CompoundKind",
    "DataMarks",
    "Denominator",
    "DenominatorKind",
    "Door",
    "Hierarchy",
    "Level",
    "area_at",
    "areas_within",
    "children",
    "compounds_within",
    "data_marks",
    "denominator",
    "doors_within",
    "get_area",
    "outlines",
    "path_to",
]
