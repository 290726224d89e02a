from django.apps import AppConfig


class ZonesConfig(AppConfig):
    name = "qipan.zones"

    def ready(self) -> None:
        from qipan.laws.api import name_subjects

        from .queries.zones import zone_names

        name_subjects("zones.RiskZone", zone_names)
