"""The front door of territory: areas by date, their outlines and counts, the register of doors."""

from .actions.changes import DayNotReached, HeldIsNewer
from .actions.denominators import seed_denominators, set_denominator
from .actions.divisions import ImportReport, RealTerritoryHeld, TooMuchRemoved, generate_territory, import_divisions
from .actions.governing import GoverningReport, import_governing
from .actions.outlines import OutlineReport, import_outlines
from .actions.register import (
    RegisterExists,
    RegisterReport,
    ScaleOutOfRange,
    TerritoryMissing,
    generate_register,
    import_register,
)
from .actions.restructure import AreaMerged, AreaSplit, CannotMerge, CannotSplit, merge_area, split_area
from .ingest.divisions import PACKAGE_DATE, PACKAGE_SOURCE, package_folder, read_package
from .models import Area, Compound, Denominator, Door
from .queries import (
    GOVERNING,
    OFFICIAL,
    AreaView,
    DataMarks,
    Mark,
    Rate,
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
    rate,
    territory_mark,
)
from .rules.divisions import DivisionRow
from .terms import CompoundKind, DenominatorKind, Hierarchy, Level

__all__ = [
    "GOVERNING",
    "OFFICIAL",
    "PACKAGE_DATE",
    "PACKAGE_SOURCE",
    "Area",
    "AreaMerged",
    "AreaSplit",
    "AreaView",
    "CannotMerge",
    "CannotSplit",
    "Compound",
    "CompoundKind",
    "DataMarks",
    "DayNotReached",
    "Denominator",
    "DenominatorKind",
    "DivisionRow",
    "Door",
    "GoverningReport",
    "HeldIsNewer",
    "Hierarchy",
    "ImportReport",
    "Level",
    "Mark",
    "OutlineReport",
    "Rate",
    "RealTerritoryHeld",
    "RegisterExists",
    "RegisterReport",
    "ScaleOutOfRange",
    "TerritoryMissing",
    "TooMuchRemoved",
    "area_at",
    "areas_within",
    "children",
    "compounds_within",
    "data_marks",
    "denominator",
    "doors_within",
    "generate_register",
    "generate_territory",
    "get_area",
    "import_divisions",
    "import_governing",
    "import_outlines",
    "import_register",
    "merge_area",
    "outlines",
    "package_folder",
    "path_to",
    "rate",
    "read_package",
    "seed_denominators",
    "set_denominator",
    "split_area",
    "territory_mark",
]
