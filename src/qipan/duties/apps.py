from django.apps import AppConfig


class DutiesConfig(AppConfig):
    name = "qipan.duties"

    def ready(self) -> None:
        from qipan.journal.api import subscribe
        from qipan.territory.api import AreaMerged, AreaSplit

        from .subscribers import on_area_merged, on_area_split

        subscribe(AreaMerged, on_area_merged)
        subscribe(AreaSplit, on_area_split)
