from django.apps import AppConfig


class ZonesConfig(AppConfig):
    name = "qipan.zones"

    def ready(self) -> None:
        from qipan.journal.api import subscribe
        from qipan.laws.api import name_subjects
        from qipan.territory.api import AreaMerged, AreasClosed, AreaSplit

        from .queries.zones import zone_names
        from .subscribers import on_area_merged, on_area_split, on_areas_closed

        subscribe(AreaMerged, on_area_merged)
        subscribe(AreaSplit, on_area_split)
        subscribe(AreasClosed, on_areas_closed)
        name_subjects("zones.RiskZone", zone_names)
