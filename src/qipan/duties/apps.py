from django.apps import AppConfig


class DutiesConfig(AppConfig):
    name = "qipan.duties"

    def ready(self) -> None:
        from qipan.journal.api import subscribe
        from qipan.laws.api import name_owners, name_subjects
        from qipan.territory.api import AreaMerged, AreaSplit

        from .queries.naming import names_of_lines, names_of_units
        from .subscribers import on_area_merged, on_area_split

        subscribe(AreaMerged, on_area_merged)
        subscribe(AreaSplit, on_area_split)
        name_owners(names_of_units)
        name_subjects("duties.Responsibility", names_of_lines)
