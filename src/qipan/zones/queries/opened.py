"""Which levels above the lowest are in force on an emergency's ground, and what the counts give for them now (EMG-8)."""

from dataclasses import dataclass
from datetime import datetime

from qipan.kernel.opened import Emergency, OpenLine
from qipan.kernel.refusal import NotFound, later
from qipan.territory.api import get_area, named_area

from ..models import RiskZone
from ..terms import ZoneLevel
from .proposals import proposal_for
from .zones import PUBLIC, holding, zones_over


def open_lines(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the areas on the ground that are above the lowest level for the hazard, one line each.

    The same area has the same reference whatever its level. An exercise has no zones.
    """
    if emergency.drill:
        return []
    rows = zones_over(emergency.grounds, hazard=emergency.hazard, at=at).filter(level__gt=ZoneLevel.LOW)
    found: dict[str, OpenLine] = {}
    for zone in rows.order_by("first", "area_level", "pk"):
        found.setdefault(
            zone.code,
            OpenLine(
                "ZONE",
                f"zones.RiskZone:{zone.hazard}:{zone.code}",
                later(_title, zone.code, zone.level),
                zone.unit_id or emergency.issuer,
                zone.starts_at,
                detail={"code": zone.code, "hazard": zone.hazard, "address": f"/zones/areas/{zone.code}"},
            ),
        )
    return list(found.values())


def _title(code: str, level: int) -> str:
    return f"{named_area(code).label} · {ZoneLevel(level).label}"


@dataclass(frozen=True)
class Held:
    """A level above the lowest that is in force; ``given`` is what the counts give in its place, None where the same."""

    level: ZoneLevel
    given: ZoneLevel | None


def held_level(code: str, *, hazard: str, at: datetime) -> Held | None:
    """This function will return the level of an area above the lowest, and what the counts give now; None where it has none."""
    rows = RiskZone.objects.everywhere(PUBLIC).filter(holding(at), hazard=hazard, code=code, level__gt=ZoneLevel.LOW)
    zone = rows.select_related("rule_set").order_by("pk").first()
    if zone is None:
        return None
    try:
        proposed = proposal_for(zone.rule_set, get_area(code), at=at)
    except NotFound:
        proposed = None
    return Held(ZoneLevel(zone.level), ZoneLevel(proposed.level) if proposed else None)
